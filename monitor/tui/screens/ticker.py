"""One ticker: its prices with its headlines marked on them, what the documents recorded of it, its headlines."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Static

from monitor.tui import cells, keys
from monitor.tui.baseline_text import SESSIONS
from monitor.tui.listener import Listener
from monitor.tui.prices import Span
from monitor.tui.wanted import Wanted, pages
from monitor.tui.widgets.baseline_panel import BaselinePanel
from monitor.tui.widgets.chart_panel import ChartPanel
from monitor.tui.widgets.headline_list import HeadlineList, NoMarks
from monitor.tui.widgets.headline_panel import BETWEEN_PAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer
    from textual.widget import Widget

    from monitor.baseline import Baseline
    from monitor.models import Headline
    from monitor.store.reader import Reader
    from monitor.store.records import Page
    from monitor.tui.app import MonitorApp
    from monitor.tui.wanted import Marks
    from monitor.tui.widgets.chart import Chart
    from monitor.tui.widgets.line_list import LineList

ROOMY = (100, 30)  # cells, from which all three parts fit
LOW = 20  # lines, from which the chart and one other part fit


class Part(StrEnum):
    CHART = "chart"
    BASELINE = "baseline"
    HEADLINES = "headlines"


def parts(width: int, height: int, chosen: Part) -> tuple[Part, ...]:
    """Which parts a terminal of this size shows."""
    if width >= ROOMY[0] and height >= ROOMY[1]:
        return tuple(Part)
    if height >= LOW:
        return (Part.CHART, Part.HEADLINES if chosen is Part.CHART else chosen)
    return (chosen,)


class TickerScreen(Screen[None], Listener, inherit_bindings=False):
    """Of `symbol`. `open_headline` is called with the id of a headline that is to be opened."""

    app: MonitorApp
    DEFAULT_CSS = """
    TickerScreen {
        layout: vertical;
        overflow: hidden;
        & #ticker-top, & #ticker-hint { height: 1; width: 100%; }
        & #ticker-top { background: $title-background; color: $title-foreground; }
        & #ticker-chart { height: 3fr; }
        & #ticker-lower { height: 2fr; }
        & #ticker-baseline { width: 1fr; margin-right: 1; }
        & #ticker-headlines { width: 1fr; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "span('DAY')", "day", id="ticker.day"),
        Binding("w", "span('DAYS')", "five days", id="ticker.days"),
        Binding("b", "span('THEN')", "27 January 2025", id="ticker.then"),
        Binding("c", "candles", "candles/line", id="ticker.candles"),
        Binding("tab", "next(1)", "next part", id="ticker.next"),
        Binding("shift+tab", "next(-1)", "part before", id="ticker.previous", show=False),
        Binding("escape,backspace", "back", "back", id="ticker.back"),
        Binding("r", "ask", "ask the collector", id="ticker.ask", show=False),
    ]

    def __init__(self, symbol: str, *, open_headline: Callable[[int], None], marks: Marks | None = None) -> None:
        super().__init__()
        self.symbol = symbol
        self._open_headline = open_headline
        self._marks = marks if marks is not None else NoMarks()
        self._pages: Iterator[Page] = iter(())
        self._next_page: Timer | None = None
        self._chosen = Part.CHART

    def compose(self) -> ComposeResult:
        app = self.app
        self.chart = ChartPanel(
            self.symbol,
            path=app.follower.path,
            picture=lambda: app.picture,
            reading=app.reading,
            now=app.now,
            read_baseline=_read_baseline,
            zone=app.zone,
            id="ticker-chart",
        )
        self.baseline = BaselinePanel(
            picture=lambda: app.picture,
            reading=app.reading,
            now=app.now,
            read_baseline=_read_baseline,
            symbol=self.symbol,
            id="ticker-baseline",
        )
        self.headlines = HeadlineList(
            when_empty=f"No headlines on {self.symbol}.", zone=app.zone, id="ticker-headlines"
        )
        self.parts: dict[Part, Widget] = {
            Part.CHART: self.chart,
            Part.BASELINE: self.baseline,
            Part.HEADLINES: self.headlines,
        }
        self.top, self.hint = Static("", id="ticker-top", markup=False), Static("", id="ticker-hint", markup=False)
        self.lower = Horizontal(self.baseline, self.headlines, id="ticker-lower")
        yield from (self.top, self.chart, self.lower, self.hint)

    def on_mount(self) -> None:
        self.headlines.use_marks(self._marks)
        self._arrange()
        self.chart.focus()
        for listener in self._listeners():
            self.app.follower.tell(listener)

    def on_unmount(self) -> None:
        self.app.follower.leave(*self._listeners())

    def _listeners(self) -> tuple[Listener, ...]:
        return (self, self.chart, self.baseline)

    def on_resize(self, event: events.Resize) -> None:
        del event
        self._arrange()
        self.hint.update(self._hint(), layout=False)

    def _arrange(self) -> None:
        shown = parts(*self.app.size, self._chosen)
        for each, widget in self.parts.items():
            widget.display = each in shown
        self.lower.display = shown != (Part.CHART,)
        self.hint.update(self._hint(), layout=False)

    # What the follower tells

    def database_opened(self, reader: Reader) -> None:
        def fetch(ids: Sequence[int]) -> list[Headline]:
            found: list[Headline] = []
            with self.app.reading() as current:
                if current is reader:
                    found = reader.headlines_by_id(ids)
            return found

        if self._next_page is not None:
            self._next_page.stop()
        with self.app.reading() as current:
            if current is reader:
                self._pages = pages(reader, Wanted(ticker=self.symbol), self._marks)
                page = next(self._pages)
                self.headlines.show(page.ids, fetch, self.app.now(), looked=page.before)
                self._read_on()

    def headlines_arrived(self, headlines: Sequence[Headline]) -> None:
        self.headlines.arrive(headlines, [self.symbol in headline.tickers for headline in headlines])

    def feeds_changed(self) -> None:
        self.headlines.renew()

    def quotes_changed(self, symbols: frozenset[str]) -> None:
        if self.symbol in symbols:
            self._show_quote()

    def collector_changed(self) -> None:
        self._show_quote()

    def settings_changed(self) -> None:
        self.headlines.use_topics(self.app.picture.settings.topics)
        self.hint.update(self._hint(), layout=False)
        self._show_quote()

    def minute_turned(self, now: datetime) -> None:
        self.headlines.now(now)
        self._show_quote()

    def _read_on(self) -> None:
        if self.headlines.more:
            self._next_page = self.set_timer(BETWEEN_PAGES, self._show_older)

    def _show_older(self) -> None:
        with self.app.reading() as reader:
            if reader is not None:
                page = next(self._pages)
                self.headlines.append_older(page.ids, looked=page.before)
                self._read_on()

    # Words

    def _show_quote(self) -> None:
        words = cells.plain("  ".join(filter(None, self._words())))
        if words != self.top.content:
            self.top.update(words, layout=False)

    def _words(self) -> Iterator[str]:
        picture = self.app.picture
        quote, stale = picture.quotes.get(self.symbol), picture.stale.get(self.symbol)
        yield self.symbol
        yield next((each.name for each in picture.settings.tickers if self.symbol == each.symbol != each.name), "")
        if quote is None:
            yield "unknown to the source" if self.symbol in picture.source.unknown else "no quote yet"
        else:
            change, extended = cells.change(quote.change_percent), cells.change(quote.extended_change_percent)
            yield f"{cells.price(quote.price)} {quote.unit or ''}".strip()
            yield change and f"{change}%"
            yield extended and f"extended hours {extended}%"
            yield SESSIONS[quote.session]
            yield f"STALE: {stale}" if stale else ""
        yield "SIMULATED" if picture.simulated else ""

    def _hint(self) -> str:
        labels = keys.Labels(self.app.viewer.keys, self.app.get_key_display)
        actions = (binding for binding in self.BINDINGS if isinstance(binding, Binding))
        return keys.hint(actions, labels, self.app.size.width)

    # Keys

    async def action_span(self, name: str) -> None:
        await self.chart.use_span(Span[name])

    def action_candles(self) -> None:
        self.chart.candles = not self.chart.candles

    def action_ask(self) -> None:
        self.chart.ask_again()

    def action_next(self, step: int) -> None:
        order = list(Part)
        self._chosen = order[(order.index(self._chosen) + step) % len(order)]
        self._arrange()
        self.parts[self._chosen].focus()

    def action_back(self) -> None:
        self.dismiss()

    def on_chart_opened(self, event: Chart.Opened) -> None:
        event.stop()
        if isinstance(event.key, int):
            self._open_headline(event.key)
        else:
            self.baseline.select(f"record/{event.key}")

    def on_line_list_opened(self, event: LineList.Opened) -> None:
        event.stop()
        if event.source is self.headlines:
            self._open_headline(event.key)


def _read_baseline() -> Baseline:
    from monitor.baseline import load  # reads YAML, which the first screenful does without

    return load()
