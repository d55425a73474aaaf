"""Our themes. Nothing is ever said by colour alone: these only help the eye."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.theme import BUILTIN_THEMES, Theme

if TYPE_CHECKING:
    from collections.abc import Mapping

DARK = Theme(
    name="dark",
    primary="#3b82c4",
    secondary="#7aa2c8",
    accent="#e5c07b",
    warning="#e0a030",
    error="#f06a6a",
    success="#5fc98a",
    foreground="#d8dee6",
    background="#101418",
    surface="#161b21",
    panel="#222a33",
)
LIGHT = Theme(
    name="light",
    primary="#1f5f99",
    secondary="#3f6f96",
    accent="#8a5a00",
    warning="#9a6200",
    error="#b3261e",
    success="#14713d",
    foreground="#1c2228",
    background="#fbfbf9",
    surface="#f2f2ee",
    panel="#e2e4e2",
    dark=False,
)
BLUE_ORANGE = Theme(
    name="blue-orange",
    primary="#4c8fd6",
    secondary="#8fb4dc",
    accent="#f2e06c",
    warning="#f2c14e",
    error="#ff9440",
    success="#5aa9ff",
    foreground="#dce2e8",
    background="#101418",
    surface="#161b21",
    panel="#222a33",
    variables={"up": "#5aa9ff", "down": "#ff9440"},
)
_ANSI_DARK = BUILTIN_THEMES["ansi-dark"]
TERMINAL = Theme(
    name="ansi",
    ansi=True,
    primary=_ANSI_DARK.primary,
    secondary=_ANSI_DARK.secondary,
    accent=_ANSI_DARK.accent,
    warning=_ANSI_DARK.warning,
    error=_ANSI_DARK.error,
    success=_ANSI_DARK.success,
    foreground=_ANSI_DARK.foreground,
    background=_ANSI_DARK.background,
    surface=_ANSI_DARK.surface,
    panel=_ANSI_DARK.panel,
    boost=_ANSI_DARK.boost,
    variables=_ANSI_DARK.variables,
)

OWN: Mapping[str, Theme] = {theme.name: theme for theme in (DARK, LIGHT, BLUE_ORANGE, TERMINAL)}
ALL: Mapping[str, Theme] = {**OWN, **BUILTIN_THEMES}


def variables(theme: Theme) -> dict[str, str]:
    """What our style sheet names beyond Textual's own colours; a theme may bring its own of these names."""
    if theme.ansi:
        return {
            "up": "ansi_green",
            "down": "ansi_red",
            "stale": "ansi_yellow",
            "topic": "ansi_yellow",
            "title-background": "ansi_default",
            "title-foreground": "ansi_default",
            "title-focused-background": "ansi_blue",
            "title-focused-foreground": "ansi_bright_white",
            "selected": "ansi_blue",
        }
    return {
        "up": theme.success or "#4ebf71",
        "down": theme.error or "#ba3c5b",
        "stale": theme.warning or theme.primary,
        "topic": theme.accent or theme.primary,
        "title-background": theme.panel or theme.surface or ("#222222" if theme.dark else "#dddddd"),
        "title-foreground": theme.foreground or ("#dddddd" if theme.dark else "#222222"),
        "title-focused-background": theme.primary,
        "title-focused-foreground": "auto 95%",
        "selected": f"{theme.primary} 40%",
    }
