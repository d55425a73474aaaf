"""Which panels a terminal of some size shows, and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.tui.layout import Choice, Fit, Panel, Place, fit, places, pressed, too_small

QUOTES, HEADLINES, ALERTS, BASELINE = Panel
CHOICES = st.builds(
    Choice,
    chosen=st.sampled_from(Panel),
    pair=st.permutations(list(Panel)).map(lambda panels: (panels[0], panels[1])),
    maximised=st.booleans(),
)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (120, 40, Fit.FOUR),
        (100, 30, Fit.FOUR),
        (99, 30, Fit.TWO),
        (100, 29, Fit.TWO),
        (200, 20, Fit.TWO),
        (80, 24, Fit.TWO),
        (60, 16, Fit.TWO),
        (59, 16, Fit.ONE),
        (60, 15, Fit.ONE),
        (40, 10, Fit.ONE),
        (39, 10, Fit.NOTHING),
        (200, 9, Fit.NOTHING),
        (1, 1, Fit.NOTHING),
        (0, 0, Fit.NOTHING),
    ],
)
def test_a_size_holds_so_many_panels(width: int, height: int, expected: Fit) -> None:
    assert fit(width, height) is expected


def test_the_settings_can_ask_for_fewer_panels_but_not_for_more() -> None:
    assert fit(200, 60, at_most=Fit.TWO) is Fit.TWO
    assert fit(200, 60, at_most=Fit.ONE) is Fit.ONE
    assert fit(80, 24, at_most=Fit.FOUR) is Fit.TWO


def test_what_is_too_small_says_what_is_needed_where_it_can_still_be_read() -> None:
    assert "30x9" in too_small(30, 9)
    assert "40x10" in too_small(30, 9)
    assert len(too_small(39, 9)) < 40


@given(st.integers(40, 400), st.integers(10, 150), st.integers(1, 4), st.sampled_from(Fit), CHOICES)
def test_panels_lie_within_the_area_and_never_on_each_other(
    width: int, height: int, lines: int, at_most: Fit, choice: Choice
) -> None:
    fits = fit(width, height, at_most=at_most)
    height -= lines  # for the top line, the hint and what has to be said
    found = places(width, height, fits, choice)
    assert choice.chosen in found or fits in (Fit.TWO, Fit.NOTHING)
    cells: set[tuple[int, int]] = set()
    for place in found.values():
        mine = {(x, y) for x in (place.x, place.x + place.width - 1) for y in range(place.y, place.y + place.height)}
        assert place.width > 0
        assert place.height > 0
        assert all(0 <= x < width and 0 <= y < height for x, y in mine)
        assert not mine & cells
        cells |= mine


def test_four_panels_have_quotes_over_alerts_and_headlines_over_the_baseline_in_the_wider_column() -> None:
    at = places(120, 38, Fit.FOUR, Choice())
    assert list(at) == [QUOTES, HEADLINES, ALERTS, BASELINE]
    assert at[QUOTES].x == at[ALERTS].x == 0
    assert at[HEADLINES].x == at[BASELINE].x == at[QUOTES].width + 1
    assert at[HEADLINES].width > at[QUOTES].width
    assert at[QUOTES].y == at[HEADLINES].y == 0
    assert at[ALERTS].y == at[QUOTES].height
    assert at[BASELINE].y == at[HEADLINES].height
    assert at[ALERTS].y + at[ALERTS].height == at[BASELINE].y + at[BASELINE].height == 38


def test_two_panels_stand_one_over_the_other_where_the_lines_are_short_and_beside_each_other_where_they_are_long() -> (
    None
):
    assert places(80, 22, Fit.TWO, Choice()) == {QUOTES: Place(0, 0, 80, 11), HEADLINES: Place(0, 11, 80, 11)}
    beside = places(120, 22, Fit.TWO, Choice())
    assert beside[QUOTES].height == beside[HEADLINES].height == 22
    assert beside[HEADLINES].x == beside[QUOTES].width + 1


def test_one_panel_has_all_the_room() -> None:
    assert places(40, 9, Fit.ONE, Choice()) == {HEADLINES: Place(0, 0, 40, 9)}
    assert places(120, 38, Fit.FOUR, Choice(chosen=ALERTS, maximised=True)) == {ALERTS: Place(0, 0, 120, 38)}
    assert places(20, 5, Fit.NOTHING, Choice()) == {}


def test_a_key_shows_its_panel_in_the_half_that_was_not_asked_for_last() -> None:
    choice = Choice(chosen=HEADLINES, pair=(QUOTES, HEADLINES))
    choice = pressed(choice, ALERTS, Fit.TWO, focused=HEADLINES)
    assert choice == Choice(chosen=ALERTS, pair=(ALERTS, HEADLINES))
    choice = pressed(choice, BASELINE, Fit.TWO, focused=ALERTS)
    assert choice == Choice(chosen=BASELINE, pair=(ALERTS, BASELINE))


def test_a_key_of_a_panel_that_is_shown_only_goes_to_it() -> None:
    choice = Choice(chosen=HEADLINES, pair=(QUOTES, HEADLINES))
    assert pressed(choice, QUOTES, Fit.TWO, focused=HEADLINES) == Choice(chosen=QUOTES, pair=(QUOTES, HEADLINES))
    assert places(120, 38, Fit.FOUR, pressed(choice, ALERTS, Fit.FOUR, focused=HEADLINES)).keys() == set(Panel)


@pytest.mark.parametrize("fits", [Fit.TWO, Fit.FOUR])
def test_the_same_key_again_gives_all_the_room_and_a_third_time_takes_it_back(fits: Fit) -> None:
    choice = Choice(chosen=HEADLINES, pair=(QUOTES, HEADLINES))
    large = pressed(choice, HEADLINES, fits, focused=HEADLINES)
    assert large.maximised
    assert pressed(large, HEADLINES, fits, focused=HEADLINES) == choice


def test_another_key_while_one_panel_has_all_the_room_shows_the_halves_again() -> None:
    large = Choice(chosen=HEADLINES, pair=(QUOTES, HEADLINES), maximised=True)
    assert pressed(large, QUOTES, Fit.TWO, focused=HEADLINES) == Choice(chosen=QUOTES, pair=(QUOTES, HEADLINES))
    assert pressed(large, ALERTS, Fit.TWO, focused=HEADLINES) == Choice(chosen=ALERTS, pair=(ALERTS, HEADLINES))


def test_every_panel_can_be_reached_where_there_is_room_for_one_and_none_is_ever_maximised_there() -> None:
    choice = Choice()
    for panel in (*Panel, BASELINE):
        choice = pressed(choice, panel, Fit.ONE, focused=choice.chosen)
        assert list(places(40, 9, Fit.ONE, choice)) == [panel]
        assert not choice.maximised
