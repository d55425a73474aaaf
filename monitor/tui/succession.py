"""Who collects next: from what is seen of the lock and of the viewer's own collector to what to do. Pure.

The lock of the database decides who collects; all that is decided here is when to try for it. Every viewer tries when
it is free, a little apart from the others. A collector that fails is tried again after a wait that doubles.
"""

from __future__ import annotations

import signal
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(seconds=60)
APART = timedelta(seconds=1)  # at most, before a lock that another process let go is tried for
STEADY = timedelta(seconds=60)  # a collector that lived so long did not fail by how it was started
LOST_THE_RACE = 3  # the exit status of a collector that finds the lock taken


class Who(StrEnum):
    ELSEWHERE = "another process collects"
    OURS = "this viewer's collector collects"
    STARTING = "a collector is starting"
    WAITING = "no collector runs, and starting one failed"
    OVER = "the replayed day is over"
    BARRED = "this account cannot start a collector here"


class ChildState(Struct, frozen=True):
    """Who collects, for the screen. It changes only when something happens, not as time passes.

    `pid` is that of who collects or starts to, None where the lock does not say. `why` is the reason to wait or not to
    start, in one printable line; `retry_at` is when it is tried again (the machine's time, UTC).
    """

    who: Who
    pid: int | None = None
    why: str = ""
    retry_at: datetime | None = None

    def words(self, zone: tzinfo | None = None) -> str:
        """One line for a person; `zone` None is this machine's."""
        match self:
            case ChildState(who=Who.ELSEWHERE | Who.OURS, pid=int(pid)):
                return f"{self.who} (process {pid})"
            case ChildState(who=Who.WAITING, retry_at=datetime() as retry_at):
                return f"no collector: {self.why}; tried again at {retry_at.astimezone(zone):%H:%M:%S}"
            case ChildState(who=Who.BARRED):
                return self.why
        return str(self.who)


class Ended(Struct, frozen=True):
    """A collector of ours that ended, or that could not even be started.

    `status` is as `subprocess` has it: negative for a signal. `said` is the last line it wrote, or empty. `done`: it
    was to end by itself some time (a replayed day), and did.
    """

    status: int
    lived: timedelta
    said: str = ""
    done: bool = False


class Seen(Struct, frozen=True):
    """At one look: who holds the lock (`lock.holder`), our collector while it runs, and whether one of ours ended."""

    holder: int | None
    child: int | None = None
    ended: Ended | None = None


class Pause(Struct, frozen=True):
    """Not to try for the lock until it is over, which it also is when the clock was set back before its beginning."""

    since: datetime
    length: timedelta
    why: str = ""

    def holds(self, now: datetime) -> bool:
        return self.since <= now < self.until

    @property
    def until(self) -> datetime:
        return self.since + self.length


class Memory(Struct, frozen=True):
    """What is kept from one look to the next. `elsewhere`: another process held the lock at the last one."""

    failures: int = 0
    pause: Pause | None = None
    elsewhere: bool = False
    over: bool = False


class Decision(Struct, frozen=True):
    memory: Memory
    state: ChildState
    start: bool = False


def decide(memory: Memory, seen: Seen, *, now: datetime, chance: float) -> Decision:
    """What to do now. `chance` in [0, 1) is how long to stay apart from other viewers when the lock has become free."""
    if seen.ended is not None:
        memory = _after(memory, seen.ended, seen, now=now, chance=chance)
    if seen.holder is not None and (seen.child is None or seen.holder not in {0, seen.child}):
        return Decision(replace(memory, elsewhere=True), ChildState(Who.ELSEWHERE, seen.holder or None))
    if seen.child is not None:
        who = Who.OURS if seen.holder == seen.child else Who.STARTING
        return Decision(replace(memory, elsewhere=False), ChildState(who, seen.child))
    return _free(memory, now, chance)


def _free(memory: Memory, now: datetime, chance: float) -> Decision:
    """Nobody holds the lock, and nobody of ours is about to."""
    if memory.over:
        return Decision(replace(memory, elsewhere=False), ChildState(Who.OVER))
    pause = memory.pause if memory.pause is not None and memory.pause.holds(now) else None
    if pause is None and memory.elsewhere:
        pause = Pause(now, chance * APART)
    memory = replace(memory, pause=pause, elsewhere=False)
    if pause is None or not pause.holds(now):
        return Decision(memory, ChildState(Who.STARTING), start=True)
    if not pause.why:
        return Decision(memory, ChildState(Who.STARTING))
    return Decision(memory, ChildState(Who.WAITING, why=pause.why, retry_at=pause.until))


def _after(memory: Memory, ended: Ended, seen: Seen, *, now: datetime, chance: float) -> Memory:
    if ended.done:
        return Memory(over=True)
    if ended.status == LOST_THE_RACE and seen.holder is not None:
        return replace(memory, elsewhere=True)
    if ended.lived >= STEADY:
        return Memory(pause=Pause(now, chance * APART))
    wait = min(FIRST_WAIT * 2 ** min(memory.failures, 10), LONGEST_WAIT)
    return Memory(failures=memory.failures + 1, pause=Pause(now, wait, _reason(ended)))


def _reason(ended: Ended) -> str:
    if ended.status < 0:
        return f"it was ended by {_name(-ended.status)}"
    if ended.status == 0:
        return "it was told to end"
    return ended.said or f"it ended with status {ended.status} and said nothing"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
