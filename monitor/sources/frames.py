"""How a collector and its parser process speak: each message behind its length."""

from __future__ import annotations

from typing import IO

_HEADER = 4  # bytes of a frame's length, big-endian


def read_frame(stream: IO[bytes]) -> bytes:
    """The next frame; b"" when the other side has gone, also in the middle of one."""
    header = stream.read(_HEADER)
    if len(header) < _HEADER:
        return b""
    size = int.from_bytes(header)
    frame = stream.read(size)
    return frame if len(frame) == size else b""


def write_frame(stream: IO[bytes], frame: bytes) -> None:
    """Send `frame`, which is not empty. Raises BrokenPipeError when the other side has gone."""
    stream.write(len(frame).to_bytes(_HEADER) + frame)
    stream.flush()
