"""Real documents spoilt in a few places, step by step, so that a step can be drawn, repeated and left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

LARGEST = 32_768  # bytes of what comes out; time bounds are for a document of that size
LONGEST = 400  # bytes that one step takes out or repeats
MOST_STEPS = 12


@dataclass(frozen=True, slots=True)
class Step:
    """`kind` names a function of this module. `at` and `other` are places, as parts of the whole, from 0 to 1.

    `size` counts bytes, or how often something is repeated.
    """

    kind: str
    at: float
    other: float
    size: int
    piece: bytes


def mutated(sample: bytes, steps: Sequence[Step]) -> bytes:
    """`sample` after each of `steps` in turn, at most `LARGEST` bytes of it."""
    for step in steps:
        sample = KINDS[step.kind](sample, step)[:LARGEST]
    return sample


def drawn(random: Random, pieces: Sequence[bytes]) -> list[Step]:
    """Between one and `MOST_STEPS` of them, mostly few."""
    return [_step(random, pieces) for _ in range(1 + int(random.random() ** 2 * MOST_STEPS))]


def _step(random: Random, pieces: Sequence[bytes]) -> Step:
    size = int(random.random() ** 3 * LONGEST)
    return Step(random.choice(list(KINDS)), random.random(), random.random(), size, random.choice(pieces))


def _insert(sample: bytes, step: Step) -> bytes:
    at = _place(sample, step.at)
    return sample[:at] + step.piece + sample[at:]


def _overwrite(sample: bytes, step: Step) -> bytes:
    at = _place(sample, step.at)
    return sample[:at] + step.piece + sample[at + len(step.piece) :]


def _remove(sample: bytes, step: Step) -> bytes:
    at = _place(sample, step.at)
    return sample[:at] + sample[at + step.size :]


def _cut_off(sample: bytes, step: Step) -> bytes:
    return sample[: _place(sample, step.at)]


def _flip(sample: bytes, step: Step) -> bytes:
    at = _place(sample, step.at)
    return sample[:at] + bytes(byte ^ (1 << step.size % 8) for byte in sample[at : at + 1]) + sample[at + 1 :]


def _copy(sample: bytes, step: Step) -> bytes:
    """A part of it once more, somewhere else."""
    start, at = _place(sample, step.other), _place(sample, step.at)
    return sample[:at] + sample[start : start + step.size] + sample[at:]


def _many(sample: bytes, step: Step) -> bytes:
    at = _place(sample, step.at)
    return sample[:at] + step.piece * step.size + sample[at:]


def _nest(sample: bytes, step: Step) -> bytes:
    """The same many times before and many times behind a part of it."""
    first, last = sorted((_place(sample, step.at), _place(sample, step.other)))
    return sample[:first] + step.piece * step.size + sample[first:last] + step.piece * step.size + sample[last:]


def _number(sample: bytes, step: Step) -> bytes:
    """Another number where the next digit stands."""
    at = next((place for place in range(_place(sample, step.at), len(sample)) if 48 <= sample[place] < 58), None)
    if at is None:
        return sample
    digits = f"{step.other:.18f}"[2 : 3 + step.size % 18].encode()
    return sample[:at] + digits + sample[at + 1 :]


def _place(sample: bytes, part: float) -> int:
    return min(int(part * (len(sample) + 1)), len(sample))


KINDS: dict[str, Callable[[bytes, Step], bytes]] = {
    "insert": _insert,
    "overwrite": _overwrite,
    "remove": _remove,
    "cut off": _cut_off,
    "flip": _flip,
    "copy": _copy,
    "many": _many,
    "nest": _nest,
    "number": _number,
}
