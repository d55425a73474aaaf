"""The commands. Each is imported when it is called: `monitor --help` costs click and nothing more."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

import monitor
from monitor.cli import COMMANDS, INTERRUPTED, options

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Commands(click.Group):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] == "--headless":
            args = ["collect", *args[1:]]
        return super().parse_args(ctx, args)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: object
    ) -> click.Context:
        with _said_plainly():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """As ever, but Ctrl-C and a reader of the output who goes away end a command without a word."""
        try:
            try:
                with _said_plainly():
                    return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            from monitor.cli.rows import is_read

            if is_read():
                raise
            # Python would complain at exit when it flushes what is left; give it a place to flush to.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for stream in (sys.stdout, sys.stderr):
                os.dup2(nowhere, stream.fileno())
            ctx.exit(0)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"monitor.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@contextmanager
def _said_plainly() -> Iterator[None]:
    """What a mistake repeats of the command line steers no terminal and forges no line."""
    try:
        yield
    except click.ClickException as error:
        from monitor.cli.rows import shown

        error.message = shown(error.message)  # type: ignore[misc]  # click never writes it again, no more does it care
        raise


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(monitor.__version__, "-V", "--version", prog_name="monitor")
@click.option("--headless", is_flag=True, help="As the first word: the same as `monitor collect`.")
@options.config
@options.database
@click.option("--theme", metavar="NAME", help="dark, light, blue-orange, ansi, or one of Textual's.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
@click.option("--no-collect", is_flag=True, help="Only look: start no collector where none runs.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    headless: bool,
    config: Path | None,
    database: Path | None,
    theme: str | None,
    no_mouse: bool,
    no_collect: bool,
) -> None:
    """News and prices of the AI trade, beside what 27 January 2025 looked like.

    Without a command: opens the screen, a viewer of the database in this terminal. Where nobody collects into that
    database, it starts a collector that ends with it.

    Times are shown in this machine's zone and in New York's. Settings come from --config, $MONITOR_CONFIG, the user's
    configuration folder, or the packaged feeds.yaml, in this order.
    """
    if headless:
        raise click.UsageError("--headless comes first and stands for `collect`: monitor --headless --once")
    if ctx.invoked_subcommand is None:
        from monitor.cli.view import open_screen

        ctx.exit(open_screen(config=config, database=database, theme=theme, mouse=not no_mouse, collect=not no_collect))
    for parameter in ctx.command.params:
        if ctx.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[0]} comes after the command: {ctx.invoked_subcommand} {parameter.opts[0]} ..."
            )
