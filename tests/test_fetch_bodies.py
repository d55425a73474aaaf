"""Compressed bodies: honest ones inflated, bombs stopped, damage told apart."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.models import FailureKind
from monitor.sources.fault import Fault
from monitor.sources.inflate import inflate

KIB = 1024
MIB = 1024 * KIB
TEXT = b"<rss>" + bytes(range(256)) * 500


def raw_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(body) + stream.flush()


def kind_of(body: bytes, encoding: str, *, max_bytes: int = MIB) -> FailureKind:
    with pytest.raises(Fault) as caught:
        inflate(body, encoding, max_bytes=max_bytes)
    return caught.value.kind


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (TEXT, ""),
        (TEXT, "identity"),
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT), "x-gzip"),
        (gzip.compress(TEXT), " GZIP , identity"),
        (zlib.compress(TEXT), "deflate"),
        (raw_deflate(TEXT), "deflate"),
        (gzip.compress(TEXT[:7]) + gzip.compress(b"") + gzip.compress(TEXT[7:]), "gzip"),
        (gzip.compress(TEXT) + b"\x00" * 512, "gzip"),
        (gzip.compress(TEXT) + b"padding", "gzip"),
        (zlib.compress(TEXT) + b"padding", "deflate"),
    ],
    ids=[
        "as it is",
        "identity",
        "gzip",
        "x-gzip",
        "capitals and spaces",
        "zlib",
        "raw deflate",
        "members",
        "zeros behind",
        "padding behind",
        "padding behind zlib",
    ],
)
def test_honest_bodies_come_out_whole(body: bytes, encoding: str) -> None:
    assert inflate(body, encoding, max_bytes=MIB) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", ""])
def test_nothing_inflates_to_nothing(encoding: str) -> None:
    assert inflate(b"", encoding, max_bytes=MIB) == b""


@pytest.mark.parametrize(("compress", "encoding"), [(gzip.compress, "gzip"), (zlib.compress, "deflate")])
def test_exactly_the_limit_is_not_too_much(compress: Callable[[bytes], bytes], encoding: str) -> None:
    assert len(inflate(compress(b"x" * MIB), encoding, max_bytes=MIB)) == MIB
    assert kind_of(compress(b"x" * (MIB + 1)), encoding) is FailureKind.TOO_LARGE


def bomb(size: int, window_bits: int) -> bytes:
    stream = zlib.compressobj(9, wbits=window_bits)
    zeros = bytes(MIB)
    return b"".join(stream.compress(zeros) for _ in range(size // MIB)) + stream.flush()


@pytest.mark.parametrize(("window_bits", "encoding"), [(31, "gzip"), (15, "deflate"), (-15, "deflate")])
def test_a_bomb_takes_no_more_memory_than_allowed(window_bits: int, encoding: str) -> None:
    body = bomb(64 * MIB, window_bits)
    tracemalloc.start()
    try:
        assert kind_of(body, encoding) is FailureKind.TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 6 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip,deflate", "deflate, gzip, identity, gzip"])
def test_stacked_encodings_are_refused_unopened(encoding: str) -> None:
    assert kind_of(gzip.compress(bomb(16 * MIB, 31)), encoding) is FailureKind.ENCODING


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "aes128gcm", "gzip;q=1"])
def test_an_encoding_that_was_not_offered_is_refused(encoding: str) -> None:
    assert kind_of(TEXT, encoding) is FailureKind.ENCODING


@pytest.mark.parametrize("content", [b"", b"x"])
def test_countless_empty_members_are_refused_soon(content: bytes) -> None:
    body = gzip.compress(content) * 200_000
    started = time.process_time()
    assert kind_of(body, "gzip") is FailureKind.ENCODING
    assert time.process_time() - started < 5  # each member copying what follows it would take minutes


def test_members_may_be_of_any_size_beside_the_pieces_they_are_read_in() -> None:
    sizes = [1, 65_535, 65_536, 65_537, 200_000]
    noise = zlib.compress(TEXT, 0)
    parts = [(noise * 5)[:size] for size in sizes]
    body = b"".join(gzip.compress(part, compresslevel=0) for part in parts)
    assert inflate(body, "gzip", max_bytes=MIB) == b"".join(parts)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress, raw_deflate])
def test_a_body_cut_anywhere_is_never_taken_for_a_whole_one(compress: Callable[[bytes], bytes]) -> None:
    compressed = compress(TEXT)
    encoding = "gzip" if compress is gzip.compress else "deflate"
    for length in range(1, len(compressed)):
        assert kind_of(compressed[:length], encoding) in {FailureKind.CUT_OFF, FailureKind.ENCODING}
    assert kind_of(compressed[: len(compressed) // 2], encoding) is FailureKind.CUT_OFF


def test_a_wrong_checksum_is_damage() -> None:
    body = bytearray(gzip.compress(TEXT))
    body[-6] ^= 1
    assert kind_of(bytes(body), "gzip") is FailureKind.ENCODING


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.binary(max_size=400), st.sampled_from(["gzip", "deflate", "x-gzip", "br", "gzip, br", "", ",,"]))
def test_no_bytes_can_do_more_than_fail(body: bytes, encoding: str) -> None:
    for candidate in (body, b"\x1f\x8b\x08\x00" + body, b"\x78\x9c" + body):
        with suppress(Fault):
            assert len(inflate(candidate, encoding, max_bytes=KIB)) <= max(KIB, len(candidate))
