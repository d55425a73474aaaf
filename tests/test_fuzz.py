"""The fuzz targets, for some seconds and with inputs that are always the same; `make fuzz` goes on for longer."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz import feeds, promises
from fuzz import settings as settings_file
from fuzz.mutation import KINDS, LARGEST, LONGEST, Step, drawn, mutated
from monitor.config import parse
from monitor.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
steady = settings(
    max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def spoilt(samples: tuple[bytes, ...], pieces: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    part = st.floats(0, 1)
    step = st.builds(Step, st.sampled_from(sorted(KINDS)), part, part, st.integers(0, LONGEST), st.sampled_from(pieces))
    return st.builds(mutated, st.sampled_from(samples), st.lists(step, min_size=1, max_size=6))


@steady
@given(spoilt(feeds.samples(), feeds.PIECES) | st.binary(max_size=300))
def test_any_answer_is_a_document_or_a_failure_in_words(data: bytes) -> None:
    feeds.fuzz_parse(data)


@steady
@given(spoilt(settings_file.samples(), settings_file.PIECES) | st.binary(max_size=300))
def test_any_settings_file_is_usable_or_has_mistakes_with_places(data: bytes) -> None:
    settings_file.fuzz_settings(data)


@pytest.mark.parametrize("sample", [*feeds.samples(), *settings_file.samples()[1:]])
def test_the_samples_themselves_keep_the_promises(sample: bytes) -> None:
    (settings_file.fuzz_settings if b"feeds:" in sample else feeds.fuzz_parse)(sample)


# What was found


def test_quotes_without_end_on_the_first_line_take_no_quadratic_time() -> None:
    many = b"</title>\"' encoding='" * 1000
    feeds.fuzz_parse(b":status 200\n\n<rss><channel><item><title>a</title><link>" + many + b"</item></channel></rss>")


def test_a_mistake_at_the_end_is_on_a_line_that_there_is() -> None:
    settings_file.fuzz_settings(b"feeds:\n  - {url: ")


def test_a_name_that_is_no_clean_line_spoils_no_suggestion() -> None:
    settings_file.fuzz_settings(
        "feeds: []\ntopics: []\nwatchlist: [{name: C\U000e0041hips, tickers: [{symbol: ON}]}]\n"
        "rules: [{name: x, severity: info, when: {quote: {group: Chips, price: {at_least: 1}}}}]".encode()
    )


@pytest.mark.parametrize("host", ["exa\u2100mple.com", "[::1", "x:abc"])
def test_an_address_that_is_impossible_is_not_repeated_with_its_password(host: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(f'feeds: [{{url: "https://user:secret@{host}/", name: x}}]', "feeds.yaml")
    assert "secret" not in str(error.value)


# The tools themselves


@pytest.mark.parametrize("text", ["a\x1b[31m", "a\nb", "\x9b", "\u202e", "\u2028", "\ud800"])
def test_a_text_that_is_no_clean_line_is_noticed(text: str) -> None:
    with pytest.raises(AssertionError):
        promises.one_clean_line(text)


def test_what_is_touched_and_what_takes_long_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="open"), promises.nothing_touched():
        (tmp_path / "x").write_text("x")
    with pytest.raises(AssertionError, match=r"socket\."), promises.nothing_touched(), socket.socket() as one:
        one.connect_ex(("127.0.0.1", 9))
    with promises.nothing_touched():
        sum(range(10))
    (tmp_path / "x").write_text("afterwards")
    with pytest.raises(AssertionError, match="processor time"), promises.within(0.0):
        sum(range(1000))


def test_the_same_seed_spoils_alike_and_nothing_grows_without_end() -> None:
    def some(seed: int) -> list[bytes]:
        random = Random(seed)
        return [mutated(feeds.samples()[0], drawn(random, feeds.PIECES)) for _ in range(50)]

    assert some(1) == some(1) != some(2)
    assert all(len(data) <= LARGEST for data in some(3))


@pytest.mark.parametrize("target", ["parse", "settings"])
def test_it_can_be_driven_for_long(target: str) -> None:
    words = [sys.executable, "-m", "fuzz", target, "--minutes", "0.005"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 found" in done.stdout
