from datetime import date

from attendance.engine import Mark, PlanKind, ShiftPlan, assign, windows

MIDNIGHT = 29_803_200
FIRST = date(2026, 9, 1)


def shift(start, end, before=60, after=60, kind=PlanKind.SEGMENTS):
    segments = ((MIDNIGHT + start, MIDNIGHT + end),)
    return ShiftPlan(
        kind=kind,
        work_date=FIRST,
        opens=segments[0][0] - before,
        closes=segments[0][1] + after,
        segments=segments,
    )


def tap(minute, second=0):
    return Mark((MIDNIGHT + minute) * 60 + second)


def test_the_windows_limits_are_inclusive_at_whole_minutes():
    taken, left = assign([shift(480, 720)], [tap(419, 59), tap(420), tap(780, 59), tap(781)])

    assert taken == [(tap(420), tap(780, 59))]
    assert left == [tap(419, 59), tap(781)]


def test_the_earlier_shift_keeps_punches_up_to_and_including_its_end():
    early, late = shift(480, 720), shift(720, 960)

    taken, _ = assign([early, late], [tap(479), tap(720, 59), tap(721), tap(961)])

    assert taken == [(tap(479), tap(720, 59)), (tap(721), tap(961))]


def test_windows_that_meet_after_the_end_part_where_the_later_one_opens():
    early, late = shift(480, 720, after=120), shift(840, 960, before=60)

    assert windows([early, late]) == [
        (MIDNIGHT + 420, MIDNIGHT + 779),
        (MIDNIGHT + 780, MIDNIGHT + 1020),
    ]


def test_a_shift_takes_its_punches_before_a_day_off_does():
    night, off = shift(1380, 1860), shift(1440, 2879, before=0, after=0, kind=PlanKind.OFF)

    taken, left = assign([night, off], [tap(1378), tap(1865), tap(2000), tap(2100)])

    assert taken == [(tap(1378), tap(1865)), (tap(2000), tap(2100))]
    assert left == []


def test_without_plans_every_punch_is_left():
    assert assign([], [tap(5)]) == ([], [tap(5)])
