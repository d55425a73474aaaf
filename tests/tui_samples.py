"""Headlines for the tests of the screen, and an app that has nothing but a list and what stands around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from textual.app import App

from monitor.models import Headline, Mention, Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.message import Message
    from textual.widget import Widget

NOW = datetime(2025, 1, 27, 14, 30, tzinfo=UTC)
BEGAN = NOW - timedelta(hours=2)
DEEPSEEK = Topic(name="DeepSeek", terms=(), style="bold yellow")
OPENAI = Topic(name="OpenAI", terms=(), style="green")
TITLES = (
    "Nvidia sinks as DeepSeek's cheap model rattles the chip trade and its believers",
    "딥시크 충격에 엔비디아 급락…반도체주 줄줄이 하락",
    "深度求索发布新模型，英伟达盘前大跌，投资者重新评估算力需求",
    "Treasury yields fall as investors look for cover",
    "Fed seen holding rates; OpenAI says it will answer",
    "삼성전자·SK하이닉스 개장 후 약세, 외국인 순매도 전환",
)
SOURCES = ("Reuters Markets", "연합뉴스 증권", "新浪财经", "CNBC", "FT", "한국경제")
NAMES = (("topic", "DeepSeek", "DeepSeek"), ("topic", "DeepSeek", "딥시크"), ("topic", "DeepSeek", "深度求索"))
TICKERS = (("ticker", "NVDA", "Nvidia"), ("ticker", "NVDA", "엔비디아"), ("ticker", "NVDA", "英伟达"))


def headline(number: int, *, title: str | None = None, at: datetime | None = None, **fields: Any) -> Headline:
    """The one with this id; each is ten seconds newer than the one with the id before."""
    text = TITLES[number % len(TITLES)] if title is None else title
    moment = at or BEGAN + timedelta(seconds=10 * number)
    given: dict[str, Any] = {
        "feed_url": f"https://feed{number % 6}.example/rss",
        "feed_name": SOURCES[number % len(SOURCES)],
        "published_at": moment,
        "language": "en",
        "mentions": mentions(text),
        "story_url": None,
    }
    return Headline(
        id=number,
        key=str(number),
        title=text,
        link=f"https://feed.example/{number}",
        summary="",
        author=None,
        updated_at=None,
        first_seen_at=moment,
        sort_at=moment,
        **{**given, **fields},
    )


def mentions(title: str) -> tuple[Mention, ...]:
    return tuple(
        Mention(kind=kind, name=name, field="title", start=title.index(text), end=title.index(text) + len(text))  # type: ignore[arg-type]
        for kind, name, text in (*NAMES, *TICKERS)
        if text in title
    )


def fetched(ids: Sequence[int]) -> list[Headline]:
    return [headline(number) for number in ids]


class Alone(App[None]):
    """`widget` and nothing else. `said` are the messages of the kinds in `heard` that reached the app, in order."""

    def __init__(self, widget: Widget, *heard: type[Message]) -> None:
        super().__init__()
        self.widget = widget
        self.heard = heard
        self.said: list[Any] = []
        self.call_when_ready: Callable[[], object] = lambda: None

    def compose(self) -> ComposeResult:
        yield self.widget

    def on_mount(self) -> None:
        self.widget.focus()
        self.call_when_ready()

    def post_message(self, message: Message) -> bool:
        if isinstance(message, self.heard):
            self.said.append(message)
        return super().post_message(message)


def shown(widget: Widget) -> list[str]:
    """What the widget draws, line by line, without the blanks at the ends."""
    return [strip.text.rstrip() for strip in widget.render_lines(widget.size.region)]
