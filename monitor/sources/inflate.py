"""Compressed bodies, inflated no further than asked. Pure.

httpx inflates a whole chunk at once, so half a megabyte can become half a gigabyte before anybody counts; here zlib is
told how much it may give.
"""

from __future__ import annotations

import zlib

from monitor.models import FailureKind
from monitor.sources.fault import Fault

ACCEPTED = "gzip, deflate"

_GZIP = 31  # zlib's window bits: a gzip header is expected,
_ZLIB = 15  # a zlib header,
_RAW = -15  # no header at all
_GZIP_MAGIC = b"\x1f\x8b"
_PIECE = 64 * 1024  # what follows a finished member is copied with each piece, so pieces are small
_MAX_MEMBERS = 1000  # of one gzip body; each costs some 10 µs however empty it is


def inflate(body: bytes, content_encoding: str, *, max_bytes: int) -> bytes:
    """`body` without its Content-Encoding, at most `max_bytes`. Holds the body and its result in memory, no more.

    Raises Fault: TOO_LARGE when it would be longer, CUT_OFF when the compressed data ends early, ENCODING when it is
    damaged, encoded more than once or in a way that was not offered.
    """
    encodings = [name for part in content_encoding.lower().split(",") if (name := part.strip()) not in {"", "identity"}]
    if not encodings:
        return body
    if len(encodings) > 1:
        raise Fault(FailureKind.ENCODING, f"the answer is compressed {len(encodings)} times over")
    if not body:
        return body
    try:
        match encodings[0]:
            case "gzip" | "x-gzip":
                return _gunzip(body, max_bytes)
            case "deflate":
                return _undeflate(body, max_bytes)
    except zlib.error as error:
        raise Fault(FailureKind.ENCODING, f"the compressed answer is damaged: {error}") from None
    raise Fault(FailureKind.ENCODING, f"the answer is encoded as {encodings[0][:40]}, which was not asked for")


def _gunzip(body: bytes, max_bytes: int) -> bytes:
    """All members of a gzip body; what follows the last and is no member is padding."""
    out = bytearray()
    rest = 0
    for _ in range(_MAX_MEMBERS):
        rest = _member(body, rest, _GZIP, out, max_bytes)
        if body[rest : rest + 2] != _GZIP_MAGIC:
            return bytes(out)
    raise Fault(FailureKind.ENCODING, f"the compressed answer has more than {_MAX_MEMBERS} parts")


def _undeflate(body: bytes, max_bytes: int) -> bytes:
    """HTTP says that deflate has a zlib header; some servers leave it out."""
    out = bytearray()
    with_header = body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    _member(body, 0, _ZLIB if with_header else _RAW, out, max_bytes)
    return bytes(out)


def _member(body: bytes, start: int, window_bits: int, out: bytearray, max_bytes: int) -> int:
    """Inflate one stream that begins at `start` onto `out`; where it ends."""
    stream = zlib.decompressobj(window_bits)
    for at in range(start, len(body), _PIECE):
        room = max_bytes - len(out)
        piece = stream.decompress(body[at : at + _PIECE], room + 1)
        if len(piece) > room:
            raise too_large(max_bytes)
        out += piece
        if stream.eof:
            return min(at + _PIECE, len(body)) - len(stream.unused_data)
    raise Fault(FailureKind.CUT_OFF, "the compressed answer ends before its end")


def too_large(max_bytes: int) -> Fault:
    size = f"{max_bytes / 2**20:.3g} MiB" if max_bytes >= 2**20 else f"{max_bytes} bytes"
    return Fault(FailureKind.TOO_LARGE, f"the document is larger than {size} (poll.max_bytes)")
