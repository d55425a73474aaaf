"""When a rule cannot be evaluated for want of a quote: said once, for all symbols together, and again only after they
could be evaluated in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from monitor.alerts.memory import Gap

SETTLING = timedelta(minutes=2)
"""How long a rule waits from the first symbol that it misses. When a source falls silent its symbols turn stale one
after the other, as each one's last trade ages; so an outage gives one alert a rule and not one a symbol.
"""


def judge(
    gap: Gap, missing: Mapping[str, str], *, cooldown: timedelta, speaking: bool, now: datetime
) -> tuple[Gap, frozenset[str]]:
    """The next gap, and the symbols to name in an alert now.

    Not `speaking` (outside the rule's hours, or before the quotes were first asked for), no time counts.
    """
    if not speaking:
        return replace(gap, since=None), frozenset()
    told = gap.told & missing.keys()
    untold = frozenset(missing.keys() - told)
    cooling = gap.told_at is not None and abs(now - gap.told_at) < cooldown
    if not untold:
        return Gap(told=told, told_at=gap.told_at if told or cooling else None), frozenset()
    since = gap.since or now
    if cooling or abs(now - since) < SETTLING:
        return Gap(since=since, told=told, told_at=gap.told_at), frozenset()
    return Gap(told=told | untold, told_at=now), untold
