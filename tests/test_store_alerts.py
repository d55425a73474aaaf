"""Alerts, their delivery, and the rules' memory."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.models import AlertKind, Severity
from monitor.store.reader import Reader
from monitor.store.records import AlertFilter
from monitor.store.writer import Writer
from tests.store_samples import BASELINE_REF, HEADLINE_REF, NOW, QUOTE_REF, alert, minutes, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FULL = alert(
    "full",
    severity=Severity.WARNING,
    kind=AlertKind.CANNOT_EVALUATE,
    text='엔비디아 "-3.1 %"',
    headlines=(HEADLINE_REF,),
    quotes=(QUOTE_REF,),
    simulated=True,
    baseline=BASELINE_REF,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    with Writer.open(path) as writer:
        yield writer


def waiting(writer: Writer, sink: str = "file", *, after: timedelta = timedelta(0), limit: int = 100) -> list[str]:
    return [alert.id for alert, _ in writer.pending_deliveries(sink, now=NOW + after, limit=limit)]


def test_an_alert_comes_back_as_it_was_given(writer: Writer, path: Path) -> None:
    writer.record_alerts([FULL], ["file"])
    assert writer.pending_deliveries("file", now=NOW, limit=1) == [(FULL, 0)]
    with closing(Reader.open(path)) as reader:
        assert reader.alerts() == [FULL]
        assert reader.alerts_after(0) == [(1, FULL)]


def test_an_alert_known_already_is_kept_once_and_not_delivered_again(writer: Writer, path: Path) -> None:
    writer.record_alerts([alert("a")], ["file"])
    writer.delivered("a", "file", NOW)
    writer.record_alerts([alert("a", text="again"), alert("b")], ["file"])
    assert waiting(writer) == ["b"]
    with closing(Reader.open(path)) as reader:
        assert [each.text for each in reader.alerts()] == ["NVDA -3.1 %", "NVDA -3.1 %"]


def test_an_alert_waits_for_each_sink_by_itself_also_after_a_restart(writer: Writer, path: Path) -> None:
    writer.record_alerts([alert("a"), alert("b")], ["file", "command"])
    writer.delivered("a", "file", NOW)
    writer.close()
    with Writer.open(path) as again:
        assert waiting(again, "file") == ["b"]
        assert waiting(again, "command") == ["a", "b"]
        assert waiting(again, "nobody") == []


def test_alerts_wait_in_the_order_they_fired_and_come_as_many_as_asked_for(writer: Writer) -> None:
    writer.record_alerts([alert(str(number)) for number in range(10)], ["file"])
    assert waiting(writer, limit=3) == ["0", "1", "2"]


def test_an_alert_that_a_sink_did_not_take_waits_for_its_next_try_and_counts_attempts(writer: Writer) -> None:
    writer.record_alerts([alert("a")], ["file"])
    writer.delivery_failed("a", "file", error="no such folder", next_try_at=NOW + seconds(30))
    assert waiting(writer) == []
    assert writer.pending_deliveries("file", now=NOW + seconds(30), limit=1) == [(alert("a"), 1)]
    writer.delivery_failed("a", "file", error="no such folder", next_try_at=NOW + seconds(90))
    assert writer.pending_deliveries("file", now=NOW + seconds(90), limit=1)[0][1] == 2
    writer.delivered("a", "file", NOW + seconds(90))
    assert waiting(writer, after=timedelta(days=1)) == []


def test_a_next_try_set_before_the_clock_was_put_back_does_not_hold_an_alert_up(writer: Writer) -> None:
    writer.record_alerts([alert("a")], ["file"])
    writer.delivery_failed("a", "file", error="?", next_try_at=NOW + minutes(10))
    assert waiting(writer, after=-timedelta(days=1)) == ["a"]


def test_an_alert_for_no_sink_is_kept_all_the_same(writer: Writer, path: Path) -> None:
    writer.record_alerts([alert("a")], [])
    with closing(Reader.open(path)) as reader:
        assert len(reader.alerts()) == 1
        assert reader.counts().undelivered == 0


def test_nothing_to_record_is_no_commit(writer: Writer, path: Path) -> None:
    with closing(Reader.open(path)) as reader:
        version = reader.data_version()
        writer.record_alerts([], ["file"])
        writer.remember_rules({})
        assert reader.data_version() == version


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (AlertFilter(), ["d", "c", "b", "a"]),
        (AlertFilter(limit=2), ["d", "c"]),
        (AlertFilter(rule="Feeds"), ["b"]),
        (AlertFilter(severity=Severity.WARNING), ["c"]),
        (AlertFilter(ticker="NVDA"), ["d", "a"]),
        (AlertFilter(since=NOW + minutes(1), until=NOW + minutes(2)), ["b"]),
        (AlertFilter(rule="Shock", ticker="NVDA", severity=Severity.CRITICAL, since=NOW), ["d"]),
        (AlertFilter(ticker="' OR 1=1 --"), []),
    ],
    ids=str,
)
def test_alerts_are_listed_newest_first_and_filtered(
    writer: Writer, path: Path, wanted: AlertFilter, found: list[str]
) -> None:
    writer.record_alerts(
        [
            alert("a"),
            alert("b", rule="Feeds", subject="Example News", fired_at=NOW + minutes(1)),
            alert("c", severity=Severity.WARNING, subject="", fired_at=NOW + minutes(2)),
            alert("d", rule="Shock", subject="", quotes=(QUOTE_REF,), fired_at=NOW + minutes(3)),
        ],
        [],
    )
    with closing(Reader.open(path)) as reader:
        assert [each.id for each in reader.alerts(wanted)] == found


def test_a_follower_gets_the_alerts_recorded_since(writer: Writer, path: Path) -> None:
    writer.record_alerts([alert("a")], [])
    with closing(Reader.open(path)) as reader:
        seen = reader.newest().alert
        writer.record_alerts([alert("b", fired_at=NOW - minutes(9)), alert("c")], [])
        followed = reader.alerts_after(seen)
        assert [each.id for _, each in followed] == ["b", "c"]
        assert reader.alerts_after(followed[-1][0]) == []
        assert reader.newest().alert == followed[-1][0]


def test_what_the_rules_remember_survives_a_restart(writer: Writer, path: Path) -> None:
    writer.remember_rules({("shock", "NVDA"): '{"armed": false}', ("shock", ""): "1", ("급락", "AMD"): "2"})
    writer.remember_rules({("shock", ""): None, ("급락", "AMD"): "3", ("never", "known"): None})
    writer.close()
    with Writer.open(path) as again:
        assert again.rule_memory() == {("shock", "NVDA"): '{"armed": false}', ("급락", "AMD"): "3"}


def test_alerts_and_what_the_rules_remember_are_kept_together_or_not_at_all(writer: Writer) -> None:
    def fire_and_die() -> None:
        with writer.transaction():
            writer.record_alerts([alert("a")], ["file"])
            writer.remember_rules({("shock", "NVDA"): "fired"})
            raise KeyError

    with pytest.raises(KeyError):
        fire_and_die()
    assert (waiting(writer), writer.rule_memory()) == ([], {})


def test_a_sink_that_the_settings_no_longer_name_is_offered_nothing_more_and_the_alert_stays(
    writer: Writer, path: Path
) -> None:
    writer.record_alerts([alert("a")], ["file", "gone"])
    assert writer.give_up_deliveries(but_to=["file"]) == 1
    assert (waiting(writer), waiting(writer, "gone")) == (["a"], [])
    writer.delivered("a", "file", NOW)
    assert writer.give_up_deliveries(but_to=[]) == 0
    with closing(Reader.open(path)) as reader:
        assert reader.counts().undelivered == 0
        assert len(reader.alerts()) == 1
