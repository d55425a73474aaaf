"""Alerts, newest first: how bad, when, by which rule, and what; to acknowledge, to snooze, to follow to their cause."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Protocol

from msgspec import Struct, field
from rich.style import Style
from textual.binding import Binding
from textual.message import Message

from monitor.models import AlertKind, Severity
from monitor.tui import cells
from monitor.tui.widgets.line_list import LineList
from monitor.when import recent_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import tzinfo

    from textual import events
    from textual.binding import BindingType

    from monitor.models import Alert
    from monitor.tui.widgets.strips import Pieces

MOST = 1000  # alerts shown; those beyond are `monitor alerts`' affair
SLACK = 200
WIDE, NARROW = 60, 36  # cells from which severity words have eight of them, and from which there is room for a ratio
ROOMY = 40  # cells from which the rule's name is told beside its words, which mostly say the same
MORNING = time(6)  # after the New York night of somebody in Asia, and before anybody's day

# Mark and word, which say it without colour; a rule that cannot be evaluated has its own, whatever its severity.
CANNOT = ("? ", "CANNOT")
SIGNS = {
    Severity.CRITICAL: ("!!", "CRITICAL"),
    Severity.WARNING: ("! ", "WARNING"),
    Severity.INFO: ("i ", "INFO"),
}
RANKED = tuple(Severity)  # the least first
FILTERS = {Severity.INFO: "", Severity.WARNING: "warning and above", Severity.CRITICAL: "critical"}
SHORT = {"CRITICAL": "CRIT", "WARNING": "WARN"}
SEEN = "ok"
ASLEEP = "z"

RATIO = Style(bold=True)


class AlertMarks(Protocol):
    """What the user has acknowledged, by alert id, and until when rules are snoozed. It may be past."""

    @property
    def acknowledged(self) -> AbstractSet[str]: ...

    @property
    def snoozed(self) -> Mapping[str, datetime]: ...


class NoAlertMarks(Struct, frozen=True):
    """Nothing acknowledged, nothing snoozed."""

    acknowledged: frozenset[str] = frozenset()
    snoozed: Mapping[str, datetime] = field(default_factory=dict)


class _Question(Struct, frozen=True):
    """What stands in place of the title until it is answered. `about` is the alert under the cursor, if it matters."""

    text: str
    answers: Mapping[str, Message]
    about: str | None = None


class AlertList(LineList[str]):
    """Before each alert stands !! critical, ! warning, i information, ? a rule that cannot be evaluated, or ok for what
    was acknowledged; z after it means that the rule is snoozed. Then the time (the date before today), the severity,
    the move as a multiple of the documented one where they can be compared, the rule and its words.

    It may be filtered by severity; what it counts as unacknowledged is of all.

    Marks are the owner's: this list asks for a change by a message, and shows it on `marks_changed`. It asks back in
    its title line. `clock` is the database's, aware; `zone` None is this machine's.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "alert-list--critical",
        "alert-list--warning",
        "alert-list--info",
        "alert-list--cannot",
        "alert-list--acknowledged",
    }
    DEFAULT_CSS = """
    AlertList {
        & > .alert-list--critical { color: $error; text-style: bold; }
        & > .alert-list--warning { color: $warning; }
        & > .alert-list--cannot { text-style: italic; }
        & > .alert-list--acknowledged { text-style: dim; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "acknowledge", "acknowledge", id="alerts.acknowledge"),
        Binding("A", "acknowledge_all", "acknowledge all", id="alerts.acknowledge_all"),
        Binding("z", "snooze", "snooze its rule", id="alerts.snooze"),
        Binding("v", "severity", "only warnings and above, only critical ones, all", id="alerts.severity"),
        # Answers have no ids: the question names their keys.
        *(Binding(key, f"answer('{key}')", show=False) for key in "yn0123"),
    ]

    class Highlighted(LineList.Highlighted):
        """`key` is the id of the alert under the cursor, or None."""

    class Opened(LineList.Opened):
        """Where it leads: to `headline` (an id), to `symbol`, to both or to nothing."""

        def __init__(self, source: AlertList, key: str) -> None:
            super().__init__(source, key)
            self.alert = source.alert(key)
            self.headline = next((ref.id for ref in self.alert.headlines), None)
            self.symbol = symbol(self.alert)

    class Acknowledged(Message):
        """These have been seen."""

        def __init__(self, alerts: tuple[Alert, ...]) -> None:
            super().__init__()
            self.alerts = alerts

    class Counted(Message):
        """So many of those held have not been acknowledged."""

        def __init__(self, unacknowledged: int) -> None:
            super().__init__()
            self.unacknowledged = unacknowledged

    class Snoozed(Message):
        """The rule is to keep still until then (aware); None: no longer."""

        def __init__(self, rule: str, until: datetime | None) -> None:
            super().__init__()
            self.rule = rule
            self.until = until

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        zone: tzinfo | None = None,
        id: str | None = None,  # noqa: A002 (Textual's)
    ) -> None:
        super().__init__("Alerts", when_empty="No alerts.", id=id)
        self._clock = clock
        self._zone = zone
        self._marks: AlertMarks = NoAlertMarks()
        self._alerts: dict[str, Alert] = {}  # newest first
        self._least = Severity.INFO
        self._asleep: frozenset[str] = frozenset()
        self._recent: datetime | None = None
        self._question: _Question | None = None
        self._counted = 0

    # What its owner tells it

    def show(self, alerts: Sequence[Alert], now: datetime) -> None:
        """Show these, newest first, in place of all others."""
        self._recent = recent_from(now, self._zone)
        self._alerts = {alert.id: alert for alert in alerts[:MOST]}
        self.replace(self._admitted())
        self.redraw()
        self._look_at_marks(now)

    def arrive(self, alerts: Iterable[Alert]) -> None:
        """Take these in at the top, in the order in which they were recorded. One that is held already stays."""
        new = {alert.id: alert for alert in alerts if alert.id not in self._alerts}
        if not new:
            return
        self._alerts = {key: new[key] for key in reversed(new)} | self._alerts
        self.insert(0, [key for key in reversed(new) if self._admits(new[key])])
        if len(self._alerts) > MOST + SLACK:
            self._alerts = dict(islice(self._alerts.items(), MOST))
            self.replace(self._admitted())
        self._count()

    def now(self, now: datetime) -> None:
        """The clock has gone on: another day makes times into dates, and snoozes end."""
        if (recent := recent_from(now, self._zone)) != self._recent:
            self._recent = recent
            self.redraw()
        self._look_at_marks(now)

    def use_marks(self, marks: AlertMarks) -> None:
        self._marks = marks
        self.redraw()
        self._look_at_marks(self._clock())

    def marks_changed(self, headlines: Iterable[int] = (), alerts: Iterable[str] = ()) -> None:
        """These alerts have been acknowledged, or rules have been snoozed or woken."""
        del headlines
        if keys := [key for key in alerts if key in self._alerts]:
            self.redraw(*keys)
        self._look_at_marks(self._clock())

    @property
    def unacknowledged(self) -> int:
        """How many of those held, whatever the filter, have not been acknowledged."""
        return sum(key not in self._marks.acknowledged for key in self._alerts)

    def alert(self, key: str) -> Alert:
        """One of those held. Raises KeyError for any other."""
        return self._alerts[key]

    # Keys

    def action_acknowledge(self) -> None:
        alert = self._under_cursor()
        if alert is not None and alert.id not in self._marks.acknowledged:
            self.post_message(self.Acknowledged((alert,)))

    def action_acknowledge_all(self) -> None:
        """Of those that the filter lets through. Asks first. What arrives between question and answer is not
        acknowledged: nobody has seen it.
        """
        alerts = tuple(self._alerts[key] for key in self.keys if key not in self._marks.acknowledged)
        if alerts:
            count = f"all {len(alerts):,}" if len(alerts) > 1 else "the one left"
            self._ask(_Question(f"Acknowledge {count}?  y yes  n no", {"y": self.Acknowledged(alerts)}))

    def action_snooze(self) -> None:
        """Asks for how long."""
        alert = self._under_cursor()
        if alert is None:
            return
        now = self._clock()
        morning = next_morning(now, self._zone)
        answers = {
            "1": self.Snoozed(alert.rule, now + timedelta(minutes=15)),
            "2": self.Snoozed(alert.rule, now + timedelta(hours=1)),
            "3": self.Snoozed(alert.rule, morning),
        }
        offered = f"1 for 15 min  2 for 1 h  3 till {morning.astimezone(self._zone):%a %H:%M}"
        until = self._marks.snoozed.get(alert.rule)
        if until is not None and until > now:
            answers["0"] = self.Snoozed(alert.rule, None)
            offered = f"0 wake  {offered}"
        room = self.size.width - cells.width(f"Snooze : {offered}")
        rule = f" {cells.cut(alert.rule, room)}" if room >= len(ASLEEP) else ""
        self._ask(_Question(f"Snooze{rule}: {offered}", answers, about=alert.id))

    def action_severity(self) -> None:
        """The next filter."""
        self._least = RANKED[(RANKED.index(self._least) + 1) % len(RANKED)]
        said = FILTERS[self._least]
        self._title, self._when_empty = (f"Alerts {said}", f"No alerts: {said}.") if said else ("Alerts", "No alerts.")
        self.replace(self._admitted())
        self.redraw()

    def action_answer(self, key: str) -> None:
        if self._question is not None and (message := self._question.answers.get(key)) is not None:
            self.post_message(message)
        self._ask(None)

    def action_let_go(self) -> None:
        """Escape: first out of a question."""
        if self._question is not None:
            self._ask(None)
        else:
            super().action_let_go()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "answer":
            return self._question is not None and (parameters == ("n",) or parameters[0] in self._question.answers)
        return (action == "let_go" and self._question is not None) or super().check_action(action, parameters)

    def on_blur(self, event: events.Blur) -> None:
        del event
        self._ask(None)

    def on_alert_list_highlighted(self, event: Highlighted) -> None:
        """A question about one alert ends when the cursor leaves it."""
        if self._question is not None and self._question.about not in (None, event.key):
            self._ask(None)

    def _under_cursor(self) -> Alert | None:
        if self.highlighted is None:
            self.action_move(0)
        return None if self.highlighted is None else self._alerts[self.highlighted]

    def _ask(self, question: _Question | None) -> None:
        if question is not self._question:
            self._question = question
            self._draw()

    # Drawing

    def line(self, key: str, width: int) -> Pieces:
        alert = self._alerts[key]
        seen = key in self._marks.acknowledged
        ground = self.style_of("alert-list--acknowledged") if seen else None
        look = ground or self.style_of(f"alert-list--{_kind(alert)}")
        mark, word = _signs(alert)
        mark = (SEEN if seen else mark) + (ASLEEP if alert.rule in self._asleep else " ")
        word = cells.fit(word if width >= WIDE else SHORT.get(word, word), 8 if width >= WIDE else 6)
        parts: Pieces = [(f"{mark} ", look), (f"{self._time(alert)} ", ground), (f"{word} ", look)]
        if alert.baseline is not None and width >= NARROW:
            parts.append((f"{alert.baseline.ratio:.2f}x ", ground + RATIO if ground else RATIO))
        room = max(0, width - sum(cells.width(part) for part, _ in parts))
        said = alert.text
        if room >= ROOMY:
            rule = cells.cut(alert.rule, max(room // 3, room - cells.width(f": {alert.text}"))).rstrip()
            said = f"{rule}: {alert.text}"
        return [*parts, *((part, ground) for part, _ in cells.pieces(said, (), room))]

    def _title_text(self) -> str:
        return self._question.text if self._question is not None else super()._title_text()

    def _time(self, alert: Alert) -> str:
        at = alert.fired_at.astimezone(self._zone)
        return f"{at:%H:%M}" if self._recent is None or at >= self._recent else f"{at:%m-%d}"

    def _admits(self, alert: Alert) -> bool:
        return RANKED.index(alert.severity) >= RANKED.index(self._least)

    def _admitted(self) -> list[str]:
        return [key for key, alert in self._alerts.items() if self._admits(alert)]

    def _look_at_marks(self, now: datetime) -> None:
        asleep = frozenset(rule for rule, until in self._marks.snoozed.items() if until > now)
        changed = asleep ^ self._asleep
        self._asleep = asleep
        if keys := [key for key in self.visible_keys if self._alerts[key].rule in changed]:
            self.redraw(*keys)
        self._count()

    def _count(self) -> None:
        """How many wait, and of which severity those are that others may have pushed out of sight."""
        waiting = Counter(alert.severity for key, alert in self._alerts.items() if key not in self._marks.acknowledged)
        new = waiting.total()
        parts = [f"{'all' if new == len(self._alerts) else f'{new:,}'} unacknowledged"] if self._alerts else []
        if worse := [f"{waiting[each]:,} {each}" for each in reversed(RANKED[1:]) if waiting[each]]:
            parts = [f"{parts[0]}: {', '.join(worse)}"]
        if self._asleep:
            parts.append(f"{len(self._asleep)} snoozed")
        self.note = ", ".join(parts)
        if new != self._counted:
            self._counted = new
            self.post_message(self.Counted(new))


def symbol(alert: Alert) -> str | None:
    """The ticker that an alert is about, the first where there are several; None where there is none."""
    quoted = [ref.symbol for ref in alert.quotes]
    if alert.subject and (alert.subject in quoted or alert.kind is AlertKind.CANNOT_EVALUATE):
        return alert.subject
    return alert.baseline.symbol if alert.baseline is not None else next(iter(quoted), None)


def next_morning(now: datetime, zone: tzinfo | None) -> datetime:
    """The next six o'clock that is more than an hour away, in UTC; `zone` None is this machine's.

    Not midnight: whoever watches New York from Asia is awake then, and means the end of the night.
    """
    today = now.astimezone(zone).date()
    mornings = (datetime.combine(today + timedelta(days=days), MORNING, tzinfo=zone).astimezone(UTC) for days in (0, 1))
    return next((at for at in mornings if at - now > timedelta(hours=1)), now + timedelta(days=1))


def _signs(alert: Alert) -> tuple[str, str]:
    return CANNOT if alert.kind is AlertKind.CANNOT_EVALUATE else SIGNS[alert.severity]


def _kind(alert: Alert) -> str:
    return "cannot" if alert.kind is AlertKind.CANNOT_EVALUATE else alert.severity.value
