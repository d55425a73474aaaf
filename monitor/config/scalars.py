"""The scalars of a settings file: what each kind of text means, and how it is written back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from monitor.config.actions import ACTIONS
from monitor.config.readers import ListOf, Pairs, Text, closest
from monitor.models import Term

E = TypeVar("E", bound=StrEnum)

LONGEST_NAME = 120
LONGEST_URL = 2048
LONGEST_TERM = 500
UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
SIZES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}

OWN_HEADERS = {
    "accept-encoding", "connection", "content-length", "host", "if-modified-since", "if-none-match", "te",
    "transfer-encoding", "upgrade",
}  # fmt: skip

# Upper case, an optional ^, then parts joined by . - or =. What Yahoo lists under fits: BRK-B, 005930.KS, ^GSPC, NQ=F,
# JPY=X, BTC-USD, DX-Y.NYB, M&M.NS, NVDA250117C00100000.
SYMBOL = re.compile(r"\^?[A-Z0-9][A-Z0-9&]{0,20}(?:[-.=][A-Z0-9]{1,10}){0,2}")


def duration(low: str, high: str) -> Text[timedelta]:
    shortest, longest = seconds(low), seconds(high)

    def convert(text: str) -> timedelta:
        value = seconds(text)
        if not shortest <= value <= longest:
            raise ValueError
        return value

    return Text(f"a duration from {low} to {high}", convert)


def seconds(text: str) -> timedelta:
    """`90s`, `1.5h`, `1d`. Raises ValueError."""
    if not (match := re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s?([wdhms])", text)):
        raise ValueError("written like 90s, 10m, 2h or 1d")
    return timedelta(seconds=float(match[1]) * UNITS[match[2]])


def written(value: timedelta) -> str:
    """The shortest text that `seconds` reads as `value`."""
    total = value.total_seconds()
    for unit, size in UNITS.items():
        if unit != "w" and total and total % size == 0:
            return f"{int(total // size)}{unit}"
    return f"{total:g}s"


def size(low: str, high: str) -> Text[int]:
    smallest, largest = _bytes(low), _bytes(high)

    def convert(text: str) -> int:
        value = _bytes(text)
        if not smallest <= value <= largest:
            raise ValueError
        return value

    return Text(f"a size from {low} to {high}", convert)


def _bytes(text: str) -> int:
    if not (match := re.fullmatch(r"([0-9]{1,12})\s?(B|KiB|MiB|GiB)", text)):
        raise ValueError("written like 512KiB or 5MiB")
    return int(match[1]) * SIZES[match[2]]


def number(low: float, high: float, unit: str = "") -> Text[float]:
    def convert(text: str) -> float:
        if not re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", text) or not low <= float(text) <= high:
            raise ValueError("without a percent sign" if text.endswith("%") else "")
        return float(text)

    return Text(f"a number from {low:,.10g} to {high:,.10g}{' ' if unit else ''}{unit}", convert)


def whole(low: int, high: int) -> Text[int]:
    def convert(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", text) or not low <= int(text) <= high:
            raise ValueError
        return int(text)

    return Text(f"a whole number from {low} to {high}", convert)


def choice(options: type[E]) -> Text[E]:
    return Text(_or(options), lambda text: options(_one_of(text, [option.value for option in options])))


def word_of(*words: str) -> Text[str]:
    return Text(_or(words), lambda text: _one_of(text, words))


def _or(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}"


def _one_of(text: str, words: Iterable[str]) -> str:
    if text not in words:
        close = closest(text, list(words))
        raise ValueError(f"did you mean {close}?" if close else "")
    return text


def _line(text: str) -> str:
    if not text or len(text) > LONGEST_NAME:
        raise ValueError
    return text


def _tag(text: str) -> str:
    if not text or len(text) > LONGEST_NAME or re.search(r"[,/]", text):
        raise ValueError
    return text


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


def _language(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", text):
        raise ValueError
    return text.lower()


def _symbol(text: str) -> str:
    if not SYMBOL.fullmatch(text):
        raise ValueError(f"did you mean {text.upper()}?" if SYMBOL.fullmatch(text.upper()) else "")
    return text


def _address(text: str) -> str:
    if not text or len(text) > LONGEST_URL or re.search(r"[\s\\<>\"{}|^`]", text):
        raise ValueError("an address holds no spaces or quotes" if text else "")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:  # whose reason repeats the password that may be in it
        raise ValueError("its host or port is not possible") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError
    if "@" in parts.netloc:
        raise ValueError("without a user name or password: they would be in every log; use headers")
    if port == 0:
        raise ValueError("port 0")
    return text


def same_address(url: str) -> str:
    """Equal for two addresses of one feed: scheme and host in lower case, no default port, no fragment."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    ending = "" if port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f":{port}"
    return parts._replace(netloc=f"{parts.hostname}{ending}", path=parts.path or "/", fragment="").geturl()


def _path(text: str) -> Path:
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise ValueError("nobody's home folder is known by that name") from None
    if not text or not path.is_absolute():
        raise ValueError
    return path


def _term(text: str) -> Term:
    if len(text) > LONGEST_TERM:
        raise ValueError(f"longer than {LONGEST_TERM} characters")
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        return Term(_pattern(text[1:-1]), regex=True)
    if not any(character.isalnum() for character in text):
        raise ValueError("it has no letter or digit" if text else "")
    return Term(text)


def _pattern(pattern: str) -> str:
    import warnings

    from monitor.topics import compile_regex  # what the matcher will refuse, refused while there is a line to name

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what re only warns of means something else in its next version
        try:
            compiled = compile_regex(pattern)
        except (re.error, Warning) as error:
            raise ValueError(f"not a regular expression to use: {error}") from None
    if compiled.search("") is not None:
        raise ValueError("it matches the empty text, so every headline")
    return pattern


def _style(text: str) -> str:
    if not all(re.fullmatch(r"#[0-9a-fA-F]{6}|[a-z][a-z0-9_]*|(color|rgb)\([0-9,]+\)", word) for word in text.split()):
        raise ValueError
    return text


def _hours(text: str) -> tuple[time, time]:
    clock = r"([01][0-9]|2[0-3]):([0-5][0-9])"
    if not (match := re.fullmatch(rf"{clock}\s?-\s?{clock}", text)):
        raise ValueError
    start, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    if start == end:
        raise ValueError("start and end are the same; leave it out for the whole day")
    return start, end


def _header_name(name: str) -> str:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}", name):
        raise ValueError("expected the name of an HTTP header")
    if name.lower() in OWN_HEADERS:
        raise ValueError("this header is the program's own to set")
    return name


def action(name: str) -> str:
    """Raises ValueError for what the screen has no action for."""
    if name not in ACTIONS:
        close = closest(name, ACTIONS)
        raise ValueError(f"no such action; {f'did you mean {close}?' if close else 'docs/viewer.md names them'}")
    return name


def _matching(pattern: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return convert


line = Text(f"one line of at most {LONGEST_NAME} characters", _line)
flag = Text("true or false", _flag)
tag = Text("a tag: one line without comma or slash", _tag)
tags = ListOf(tag, "a list of tags", unique={"": str.casefold})
language = Text("a language tag such as en, ko or zh-TW", _language)
symbol = Text("a Yahoo symbol such as NVDA, 005930.KS, ^GSPC, NQ=F or BTC-USD", _symbol)
address = Text("an http or https address", _address)
path = Text("an absolute path, or one that begins with ~", _path)
term = Text("a term, or a regular expression between slashes", _term)
style = Text("a Rich style such as bold yellow or #ff8800", _style)
hours = Text("New York hours such as 09:30-16:00", _hours)
contact = Text("an e-mail or web address, in ASCII and without brackets", _matching(r"[!-'*-~][ -'*-~]{0,198}"))
unix_group = Text("the name of a group of this machine", _matching(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}"))
key = Text("a key such as j, f2, ctrl+n or question_mark", _matching(r"[^\s,]|[A-Za-z0-9_+]{2,40}"))
argument = Text("an argument", lambda text: text)
apprise_url = Text("an Apprise address such as ntfy://topic", _matching(r"[A-Za-z][A-Za-z0-9+.-]*://\S+"), secret=True)
header = Text("a header's value in ASCII", _matching(r"[ -~]{0,2000}"), secret=True)
headers = Pairs("a mapping of header names to values", _header_name, header)
