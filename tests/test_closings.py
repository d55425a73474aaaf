from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

from monitor import new_york
from monitor.closings import closings

YEAR = 2041


def test_another_process_gives_the_closings_that_this_one_would_find() -> None:
    assert closings(YEAR) == new_york.closings(YEAR)
    assert "Independence Day" in closings(YEAR)[date(YEAR, 7, 4)]


def test_threads_that_want_the_same_year_at_once_share_one_answer() -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(closings, [YEAR + 10] * 4))
    assert all(answer is answers[0] for answer in answers)
