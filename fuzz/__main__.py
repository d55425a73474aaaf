"""Drive a target for long, with inputs that follow from the seed, and keep what breaks a promise.

python -m fuzz parse|settings [--minutes M] [--seed N]; exit status 1 when something was found. What was found lies in
fuzz/found/, made as small as leaving out steps makes it; `--replay FILE` runs one again.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import NamedTuple

from fuzz import feeds, settings
from fuzz.mutation import Step, drawn, mutated

FOUND = Path(__file__).parent / "found"
TELL_EVERY = 60.0  # seconds


class Target(NamedTuple):
    run: Callable[[bytes], None]
    samples: tuple[bytes, ...]
    pieces: tuple[bytes, ...]


TARGETS = {
    "parse": Target(feeds.fuzz_parse, feeds.samples(), feeds.PIECES),
    "settings": Target(settings.fuzz_settings, settings.samples(), settings.PIECES),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=27)
    parser.add_argument("--replay", type=Path, metavar="FILE", help="only this input")
    asked = parser.parse_args()
    target = TARGETS[asked.target]
    if asked.replay is not None:
        target.run(asked.replay.read_bytes())
    elif found := explore(asked.target, target, seconds=asked.minutes * 60, seed=asked.seed):
        sys.exit(f"{len(found)} found: {', '.join(map(str, found))}")


def explore(name: str, target: Target, *, seconds: float, seed: int) -> list[Path]:
    """Run the target for so many seconds; the files of what was found, one for each place in the code."""
    random = Random(seed)
    found: dict[str, Path] = {}
    began = told = time.monotonic()
    count = 0
    while (now := time.monotonic()) - began < seconds:
        sample, steps = random.choice(target.samples), drawn(random, target.pieces)
        count += 1
        if (where := broken(target, mutated(sample, steps))) and where not in found:
            found[where] = _kept(name, mutated(sample, _smaller(target, sample, steps, where)))
            print(f"{where} by {found[where]}", flush=True)
        if now - told > TELL_EVERY:
            told = now
            print(f"{name}: {count:,} inputs in {now - began:.0f} s, {len(found)} found", file=sys.stderr, flush=True)
    print(
        f"{name}: {count:,} inputs with seed {seed}, {time.process_time():.0f} s of processor time, {len(found)} found"
    )
    return list(found.values())


def broken(target: Target, data: bytes) -> str:
    """What came out of the target and where it was raised; empty when all is well."""
    try:
        target.run(data)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is what is looked for)
        place = traceback.extract_tb(error.__traceback__)[-1]
        said = str(error).partition(" in ")[0][:80] if isinstance(error, AssertionError) else ""
        return f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno} {said}".rstrip()
    return ""


def _smaller(target: Target, sample: bytes, steps: Sequence[Step], where: str) -> Sequence[Step]:
    """As few of the steps as still lead to the same place."""
    for step in list(steps):
        fewer = [other for other in steps if other is not step]
        if broken(target, mutated(sample, fewer)) == where:
            steps = fewer
    return steps


def _kept(name: str, data: bytes) -> Path:
    FOUND.mkdir(exist_ok=True)
    path = FOUND / f"{name}-{blake2b(data, digest_size=8).hexdigest()}"
    path.write_bytes(data)
    return path


if __name__ == "__main__":
    main()
