"""The list of alerts as a person meets it: what is drawn, what is asked, and what it asks of its owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len
from textual.containers import Horizontal
from textual.widgets import Input

from monitor.models import AlertKind, Severity
from monitor.tui.widgets.alert_list import MOST, SLACK, AlertList, next_morning
from tests.store_samples import BASELINE_REF, HEADLINE_REF, NOW, QUOTE_REF, alert, minutes
from tests.tui_samples import Alone, shown

if TYPE_CHECKING:
    from textual.geometry import Region
    from textual.pilot import Pilot

    from monitor.models import Alert

SEOUL = ZoneInfo("Asia/Seoul")
SIZE = (100, 8)


@dataclass
class Marked:
    acknowledged: set[str] = field(default_factory=set)
    snoozed: dict[str, datetime] = field(default_factory=dict)


CRITICAL = alert("critical", rule="shock", text="NVDA -9.1%", quotes=(QUOTE_REF,), baseline=BASELINE_REF)
WARNING = alert(
    "warning",
    fired_at=NOW - minutes(1),
    rule="딥시크 속보",
    severity=Severity.WARNING,
    subject="https://news.example/7",
    text="딥시크 충격에 엔비디아 급락 (Example News)",
    headlines=(HEADLINE_REF,),
    quotes=(QUOTE_REF,),
)
BLIND = alert(
    "blind",
    fired_at=NOW - minutes(2),
    rule="shock",
    severity=Severity.WARNING,
    kind=AlertKind.CANNOT_EVALUATE,
    subject="AMD",
    text="cannot evaluate: AMD (stale for 20m)",
)
FAILING = alert(
    "failing",
    fired_at=NOW - timedelta(days=1),
    rule="feeds",
    severity=Severity.INFO,
    subject="CNBC",
    text="CNBC fails since 1h",
)
FOUR = (CRITICAL, WARNING, BLIND, FAILING)


def listed(alerts: Sequence[Alert] = FOUR, marks: Marked | None = None) -> tuple[AlertList, Alone, Marked]:
    """A list whose owner does what it asks."""
    marked = marks or Marked()
    alert_list = AlertList(lambda: NOW, zone=UTC)
    app = Owner(alert_list, marked)

    def ready() -> None:
        alert_list.use_marks(marked)
        alert_list.show(alerts, NOW)

    app.call_when_ready = ready
    return alert_list, app, marked


class Owner(Alone):
    def __init__(self, alert_list: AlertList, marked: Marked) -> None:
        super().__init__(alert_list, AlertList.Acknowledged, AlertList.Snoozed, AlertList.Opened)
        self.alert_list = alert_list
        self.marked = marked

    def on_alert_list_acknowledged(self, event: AlertList.Acknowledged) -> None:
        self.marked.acknowledged |= {alert.id for alert in event.alerts}
        self.alert_list.marks_changed(alerts=[alert.id for alert in event.alerts])

    def on_alert_list_snoozed(self, event: AlertList.Snoozed) -> None:
        self.marked.snoozed.pop(event.rule, None)
        if event.until is not None:
            self.marked.snoozed[event.rule] = event.until
        self.alert_list.marks_changed()


def looks(alert_list: AlertList, row: int, text: str) -> set[str]:
    """How `text` stands out in that row, apart from colours."""
    (style,) = {segment.style for segment in alert_list.render_line(row) if text in segment.text}
    assert style is not None
    return {name for name in ("bold", "italic", "dim") if getattr(style, name)}


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


async def test_a_minute_that_changes_nothing_draws_nothing() -> None:
    class Drawing(AlertList):
        drawn = 0

        def refresh(
            self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
        ) -> Self:
            self.drawn += 1
            return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    for alerts in ((), FOUR):
        alert_list = Drawing(lambda: NOW, zone=UTC)
        async with Owner(alert_list, Marked()).run_test(size=SIZE) as pilot:
            alert_list.show(alerts, NOW)
            await pilot.pause()
            before = alert_list.drawn
            alert_list.now(NOW + minutes(1))
            assert alert_list.drawn == before
            alert_list.arrive([alert("another")])
            assert alert_list.drawn > before


async def test_severity_is_said_by_a_mark_and_a_word_and_what_cannot_be_evaluated_by_others() -> None:
    alert_list, app, _ = listed()
    async with app.run_test(size=SIZE):
        assert shown(alert_list)[:5] == [
            "Alerts 4 all unacknowledged: 1 critical, 2 warning",
            " !!  14:30 CRITICAL 0.54x shock: NVDA -9.1%",
            " !   14:29 WARNING  딥시크 속보: 딥시크 충격에 엔비디아 급락 (Example News)",
            " ?   14:28 CANNOT   shock: cannot evaluate: AMD (stale for 20m)",
            " i   01-26 INFO     feeds: CNBC fails since 1h",
        ]
        assert looks(alert_list, 1, "CRITICAL") == {"bold"}
        assert looks(alert_list, 3, "CANNOT") == {"italic"}


async def test_times_are_the_traders_and_what_is_not_recent_shows_its_date() -> None:
    alert_list = AlertList(lambda: NOW, zone=SEOUL)
    app = Alone(alert_list)
    app.call_when_ready = lambda: alert_list.show([CRITICAL], NOW)
    async with app.run_test(size=SIZE):
        assert " !!  23:30 CRITICAL" in shown(alert_list)[1]
        alert_list.now(NOW + minutes(40))
        assert " !!  23:30 CRITICAL" in shown(alert_list)[1], "midnight has passed, New York's day has not"
        alert_list.now(NOW + minutes(12.5 * 60))
        assert " !!  01-27 CRITICAL" in shown(alert_list)[1]


@pytest.mark.parametrize("width", [20, 38, 50, 59, 60, 120])
async def test_every_line_fits_at_every_width(width: int) -> None:
    long = alert("long", rule="아주 긴 규칙의 이름 " * 4, text="엔비디아 급락 " * 30, baseline=BASELINE_REF)
    alert_list, app, _ = listed((long, *FOUR), Marked({"warning"}, {"shock": NOW + minutes(5)}))
    async with app.run_test(size=(width, 8)) as pilot:
        for keys in ((), ("A",), ("n", "z")):
            await press(pilot, *keys)
            assert {cell_len(alert_list.render_line(y).text) for y in range(8)} == {width}


async def test_a_narrow_list_shortens_the_words_and_keeps_their_sense() -> None:
    alert_list, app, _ = listed()
    async with app.run_test(size=(48, 8)):
        assert [line[10:17].strip() for line in shown(alert_list)[1:5]] == ["CRIT", "WARN", "CANNOT", "INFO"]


async def test_a_long_text_shortens_the_name_of_its_rule_and_a_short_one_does_not() -> None:
    rule = "반도체 급락과 딥시크 소식이 함께"
    alert_list, app, _ = listed([alert("short", rule=rule, text="x"), alert("long", rule=rule, text="y" * 99)])
    async with app.run_test(size=(60, 8)):
        lines = shown(alert_list)
    assert lines[1].endswith(f"{rule}: x")
    assert " 반도체 급락과: yyy" in lines[2]


async def test_acknowledging_dims_the_line_marks_it_and_counts_down() -> None:
    alert_list, app, marked = listed()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "j", "j", "a", "k")
        assert marked.acknowledged == {"warning"}
        assert shown(alert_list)[2].startswith(" ok  14:29 WARNING")
        assert looks(alert_list, 2, "엔비디아") == {"dim"}
        assert alert_list.unacknowledged == 3
        assert "3 unacknowledged" in shown(alert_list)[0]
        await press(pilot, "j", "a")
        assert len(app.said) == 1


async def test_a_without_a_cursor_acknowledges_the_newest() -> None:
    _, app, marked = listed()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "a")
        assert marked.acknowledged == {"critical"}


@pytest.mark.parametrize(("answer", "done"), [("y", True), ("n", False), ("escape", False)])
async def test_acknowledging_all_asks_first(answer: str, *, done: bool) -> None:
    alert_list, app, marked = listed()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "A")
        assert shown(alert_list)[0] == "Acknowledge all 4?  y yes  n no"
        assert marked.acknowledged == set()
        await press(pilot, answer)
        assert marked.acknowledged == ({each.id for each in FOUR} if done else set())
        assert (
            shown(alert_list)[0]
            == f"Alerts 4 {'0 unacknowledged' if done else 'all unacknowledged: 1 critical, 2 warning'}"
        )


async def test_what_arrives_between_question_and_answer_is_not_acknowledged() -> None:
    alert_list, app, marked = listed()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "A")
        alert_list.arrive([alert("later", fired_at=NOW)])
        await press(pilot, "y")
        assert "later" not in marked.acknowledged
        assert alert_list.unacknowledged == 1


async def test_nothing_is_asked_when_all_are_acknowledged() -> None:
    alert_list, app, _ = listed(FOUR, Marked({each.id for each in FOUR}))
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "A")
        assert shown(alert_list)[0] == "Alerts 4 0 unacknowledged"


@pytest.mark.parametrize(
    ("answer", "until"),
    [("1", NOW + minutes(15)), ("2", NOW + minutes(60)), ("3", datetime(2025, 1, 28, 6, tzinfo=UTC))],
)
async def test_snoozing_asks_for_how_long_and_marks_every_alert_of_the_rule(answer: str, until: datetime) -> None:
    alert_list, app, marked = listed()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "j", "z")
        assert shown(alert_list)[0] == "Snooze shock: 1 for 15 min  2 for 1 h  3 till Tue 06:00"
        await press(pilot, answer)
        assert marked.snoozed == {"shock": until}
        lines = shown(alert_list)
        assert lines[0] == "Alerts 1/4 all unacknowledged: 1 critical, 2 warning, 1 snoozed"
        assert [line[1:4] for line in lines[1:5]] == ["!!z", "!  ", "? z", "i  "]


async def test_a_snooze_ends_by_itself_and_by_hand() -> None:
    alert_list, app, marked = listed(FOUR, Marked(snoozed={"shock": NOW + minutes(15), "feeds": NOW + minutes(30)}))
    async with app.run_test(size=SIZE) as pilot:
        assert shown(alert_list)[4].startswith(" i z")
        alert_list.now(NOW + minutes(16))
        assert [line[1:4] for line in shown(alert_list)[1:5]] == ["!! ", "!  ", "?  ", "i z"]
        await press(pilot, "G", "z")
        assert shown(alert_list)[0].startswith("Snooze feeds: 0 wake  1 for 15 min")
        await press(pilot, "0")
        assert "feeds" not in marked.snoozed
        assert shown(alert_list)[4].startswith(">i  ")


async def test_a_question_about_one_alert_ends_when_the_cursor_leaves_it() -> None:
    alert_list, app, marked = listed()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "z", "j")
        assert shown(alert_list)[0].startswith("Alerts 2/4")
        await press(pilot, "1")
        assert marked.snoozed == {}


async def test_a_question_ends_when_the_list_is_left() -> None:
    alert_list, app, _ = listed()

    class TwoWidgets(Alone):
        def compose(self) -> Any:
            yield Horizontal(self.widget, Input())

    both = TwoWidgets(alert_list)
    both.call_when_ready = app.call_when_ready
    async with both.run_test(size=SIZE) as pilot:
        await press(pilot, "A")
        await press(pilot, "tab")
        assert shown(alert_list)[0].startswith("Alerts 4")


async def test_digits_are_the_screens_while_nothing_is_asked() -> None:
    class Switching(Owner):
        BINDINGS = [("1", "switch", "Panel")]  # noqa: RUF012 (Textual's way)
        switched = 0

        def action_switch(self) -> None:
            self.switched += 1

    alert_list, plain, marked = listed()
    app = Switching(alert_list, marked)
    app.call_when_ready = plain.call_when_ready
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "1")
        assert app.switched == 1
        await press(pilot, "z", "1")
        assert (app.switched, set(marked.snoozed)) == (1, {"shock"})


@pytest.mark.parametrize(
    ("opened", "headline", "symbol"),
    [(CRITICAL, None, "NVDA"), (WARNING, 7, "NVDA"), (BLIND, None, "AMD"), (FAILING, None, None)],
)
async def test_enter_leads_to_the_headline_and_the_ticker(
    opened: Alert, headline: int | None, symbol: str | None
) -> None:
    alert_list, app, _ = listed()
    async with app.run_test(size=SIZE) as pilot:
        alert_list.select(opened.id)
        await press(pilot, "enter")
        (message,) = app.said
        assert (message.alert, message.headline, message.symbol) == (opened, headline, symbol)


async def test_new_alerts_come_in_at_the_top_once_and_the_cursor_stays_on_its_alert() -> None:
    alert_list, app, _ = listed()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "j")
        alert_list.arrive([alert("n1", text="first"), CRITICAL, alert("n2", text="second")])
        lines = shown(alert_list)
        assert [line.split(": ")[-1] for line in lines[1:4]] == ["second", "first", "NVDA -9.1%"]
        assert lines[3].startswith(">!!")
        assert alert_list.unacknowledged == 6


async def test_v_leaves_out_what_is_less_severe_and_what_is_left_out_still_counts() -> None:
    alert_list, app, _ = listed()
    async with app.run_test(size=SIZE) as pilot:
        alert_list.arrive([alert(f"n{number}", severity=Severity.INFO) for number in range(20)])
        assert not any("CRITICAL" in line for line in shown(alert_list))
        assert shown(alert_list)[0] == "Alerts 24 all unacknowledged: 1 critical, 2 warning"
        await press(pilot, "v")
        assert shown(alert_list)[0] == "Alerts warning and above 3 all unacknowledged: 1 critical, 2 warning"
        assert list(alert_list.keys) == [CRITICAL.id, WARNING.id, BLIND.id]
        alert_list.arrive([alert("n20", severity=Severity.INFO), alert("n21", severity=Severity.WARNING)])
        assert list(alert_list.keys) == ["n21", CRITICAL.id, WARNING.id, BLIND.id]
        await press(pilot, "A", "y")
        assert alert_list.unacknowledged == 22, "those that are not shown stay unseen"
        await press(pilot, "v")
        assert list(alert_list.keys) == [CRITICAL.id]
        await press(pilot, "v")
        assert shown(alert_list)[0] == "Alerts 26 22 unacknowledged"
        assert alert_list.keys[0] == "n21"


async def test_with_none_of_that_severity_it_says_so() -> None:
    alert_list, app, _ = listed([FAILING])
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "v")
        assert shown(alert_list)[:2] == [
            "Alerts warning and above 0 all unacknowledged",
            "No alerts: warning and above.",
        ]


async def test_a_list_open_for_days_keeps_a_bounded_number() -> None:
    alert_list, app, _ = listed()
    async with app.run_test(size=SIZE):
        alert_list.arrive([alert(f"n{number}") for number in range(MOST + SLACK)])
        assert len(alert_list.keys) == alert_list.unacknowledged == MOST
        assert alert_list.keys[0] == f"n{MOST + SLACK - 1}"


async def test_another_database_replaces_everything() -> None:
    alert_list, app, _ = listed()
    async with app.run_test(size=SIZE):
        alert_list.show([], NOW)
        assert shown(alert_list)[:2] == ["Alerts 0", "No alerts."]


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        ("2025-01-27T23:31+09:00", "2025-01-28T06:00+09:00"),
        ("2025-01-28T00:30+09:00", "2025-01-28T06:00+09:00"),
        ("2025-01-28T05:30+09:00", "2025-01-29T06:00+09:00"),
        ("2025-01-28T08:00+09:00", "2025-01-29T06:00+09:00"),
    ],
)
def test_tomorrow_begins_when_the_night_ends(now: str, morning: str) -> None:
    assert next_morning(datetime.fromisoformat(now).astimezone(UTC), SEOUL) == datetime.fromisoformat(morning)


def test_tomorrow_knows_daylight_saving() -> None:
    new_york = ZoneInfo("America/New_York")
    before = datetime(2025, 3, 8, 20, tzinfo=new_york).astimezone(UTC)
    assert next_morning(before, new_york) == datetime(2025, 3, 9, 6, tzinfo=new_york)
