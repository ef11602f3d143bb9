"""What holds for every day, whoever's it is."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from attendance.engine import (
    LONG_AFTER,
    Correction,
    DayInput,
    DayType,
    Mark,
    OvertimeClass,
    OvertimeMode,
    OvertimePlan,
    Pairing,
    PlanKind,
    Rounding,
    ShiftPlan,
    Span,
    Status,
    assign,
    evaluate_day,
)

# Drawing a day costs a hundred times what judging it does.
law = settings(max_examples=40, deadline=None)
WORK_DATE = date(2026, 9, 1)
MIDNIGHT = 29_803_200
UNJUDGED = {Status.PENDING, Status.REVIEW, Status.NOT_REQUIRED}

# Often on the quarter, so that things meet.
wall = st.one_of(st.integers(0, 1440), st.integers(0, 96).map(lambda quarter: 15 * quarter))
tiers = st.none() | st.integers(0, 300)
overtime_plans = st.none() | st.builds(
    OvertimePlan,
    kind=st.just(OvertimeClass.WORKDAY),
    mode=st.sampled_from(OvertimeMode),
    start_after=st.integers(0, 60),
    minimum=st.integers(0, 60),
    maximum=st.none() | st.integers(60, 300),
    unit=st.sampled_from([1, 15, 30]),
    rounding=st.sampled_from(Rounding),
    count_before_shift=st.booleans(),
)


@st.composite
def segmented(draw, most=3):
    """Draw a plan of segments, each perhaps with a break inside."""
    count = draw(st.integers(1, most))
    first = MIDNIGHT + draw(wall)
    within = st.lists(wall, min_size=2 * count, max_size=2 * count, unique=True)
    edges = sorted(first + minute for minute in draw(within))
    spans = list(zip(edges[::2], edges[1::2], strict=True))
    breaks = []
    for start, end in spans:
        if end - start > 2 and draw(st.booleans()):
            begin = draw(st.integers(start, end - 1))
            breaks.append((begin, draw(st.integers(begin + 1, end))))
    net = sum(b - a for a, b in spans) - sum(b - a for a, b in breaks)
    severe, absent = draw(tiers), draw(tiers)
    return ShiftPlan(
        kind=PlanKind.SEGMENTS,
        work_date=WORK_DATE,
        opens=spans[0][0] - draw(st.integers(0, 300)),
        closes=spans[-1][1] + draw(st.integers(0, 300)),
        segments=tuple(spans),
        breaks=tuple(breaks),
        required=net,
        late_grace=draw(st.integers(0, 30)),
        early_grace=draw(st.integers(0, 30)),
        severe_late_after=severe,
        absent_late_after=absent,
        absent_early_after=draw(tiers),
        half_day_below=draw(tiers),
        absent_by_segment=draw(st.booleans()),
        lone_in_until_end=draw(st.booleans()),
        overtime=draw(overtime_plans),
    )


@st.composite
def flexible(draw):
    plan = draw(segmented())
    return replace(plan, early_flex=draw(st.integers(0, 120)), late_flex=draw(st.integers(0, 120)))


@st.composite
def with_core(draw):
    plan = draw(segmented(most=1))
    start, end = plan.segments[0]
    assume(end - start > 2)
    core = draw(st.integers(start, end - 1))
    return replace(
        plan,
        kind=PlanKind.CORE,
        core=(core, draw(st.integers(core + 1, end))),
        required=draw(st.integers(1, plan.required)) if plan.required else 0,
    )


amounts = st.builds(
    ShiftPlan,
    kind=st.just(PlanKind.AMOUNT),
    work_date=st.just(WORK_DATE),
    opens=st.just(MIDNIGHT),
    closes=st.just(MIDNIGHT + 1439),
    required=st.sampled_from([0, 240, 480]),
    pairing=st.sampled_from(Pairing),
    overtime=overtime_plans,
)
plans = st.one_of(segmented(), flexible(), with_core(), amounts)
marks = st.lists(
    st.builds(
        Mark,
        st.builds(
            lambda day, minute, second: (MIDNIGHT + day * 1440 + minute) * 60 + second,
            st.integers(0, 1),
            wall,
            st.integers(0, 59),
        ),
        st.sampled_from([None, None, "in", "out"]),
        st.integers(1, 99),
    ),
    max_size=8,
).map(tuple)
undirected = marks.map(lambda found: tuple(mark._replace(direction=None) for mark in found))


@st.composite
def spans(draw):
    start = MIDNIGHT + draw(wall)
    return Span(start, start + draw(wall))


def days(plan=plans, marks=marks):
    absences = st.lists(spans(), max_size=2).map(tuple)
    return st.builds(
        DayInput,
        work_date=st.just(WORK_DATE),
        day_type=st.just(DayType.WORKDAY),
        plan=plan,
        marks=marks,
        corrections=st.lists(
            st.builds(
                Correction,
                st.sampled_from(["in", "out", "in2"]),
                st.integers(MIDNIGHT, MIDNIGHT + 2000),
            ),
            max_size=2,
        ).map(lambda made: tuple(one._replace(id=n) for n, one in enumerate(made))),
        leaves=absences,
        outings=absences,
        overtime=absences,
        previous_out=st.none() | st.integers(MIDNIGHT - 300, MIDNIGHT),
        as_of=st.just(LONG_AFTER) | st.integers(MIDNIGHT, MIDNIGHT + 3200),
        merge_seconds=st.sampled_from([0, 300]),
    )


@law
@given(days(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(day, chance):
    def shuffled(items):
        return tuple(chance.sample(items, len(items)))

    again = day._replace(
        marks=shuffled(day.marks),
        corrections=shuffled(day.corrections),
        leaves=shuffled(day.leaves),
        outings=shuffled(day.outings),
        overtime=shuffled(day.overtime),
    )

    assert evaluate_day(again) == evaluate_day(day)


@law
@given(days(plan=segmented(most=1), marks=undirected), st.data())
def test_a_punch_between_first_and_last_moves_neither_lateness_nor_leaving(day, data):
    assume(len(day.marks) > 1)
    inside = [mark for mark in day.marks if day.plan.opens <= mark.at // 60 <= day.plan.closes]
    assume(len(inside) > 1)
    between = data.draw(
        st.integers(min(mark.at for mark in inside), max(mark.at for mark in inside))
    )

    before = evaluate_day(day)
    after = evaluate_day(day._replace(marks=(*day.marks, Mark(between))))

    assert (after.late, after.early) == (before.late, before.early)


@law
@given(days())
def test_nobody_works_longer_than_the_schedule(day):
    result = evaluate_day(day)

    assert result.worked >= 0
    if day.plan.segments:
        assert result.worked <= sum(end - start for start, end in day.plan.segments)
    elif day.plan.required:
        assert result.worked <= day.plan.required


@law
@given(days(plan=segmented()))
def test_worked_and_leave_and_shortage_add_up(day):
    result = evaluate_day(day)

    if result.status not in UNJUDGED:
        assert result.worked + result.leave + result.shortage == result.required


@law
@given(days())
def test_nothing_is_negative_and_penalties_end_at_a_day(day):
    result = evaluate_day(day)

    numbers = (result.late, result.early, result.leave, result.outing, result.overtime)
    assert min(*numbers, result.shortage, result.required) >= 0
    assert 0 <= result.absent_days <= 1


@law
@given(days())
def test_a_missing_slot_is_never_filled(day):
    result = evaluate_day(day)

    if day.plan.kind is PlanKind.SEGMENTS:
        assert not {slot.name for slot in result.slots} & set(result.missing)


@law
@given(days(), st.integers(1, 10_000))
def test_once_the_window_is_closed_the_time_of_judging_changes_nothing(day, later):
    closed = day._replace(as_of=day.plan.closes + 1)

    assert evaluate_day(closed._replace(as_of=closed.as_of + later)) == evaluate_day(closed)


@law
@given(days())
def test_an_open_window_declares_nobody_missing_or_absent(day):
    result = evaluate_day(day._replace(as_of=day.plan.closes))

    assert result.status not in (Status.MISSING, Status.ABSENT) or not result.missing


@law
@given(days())
def test_every_note_can_be_stored(day):
    for code, facts in evaluate_day(day).notes:
        assert isinstance(code, str)
        assert all(type(value) in (int, float, str) for value in facts.values())


def month(shift, days_off):
    """Return the plans of ten dates that work the same hours, some of them days off."""
    start, length, before, after = shift
    found = []
    for index in range(10):
        midnight = MIDNIGHT + index * 1440
        segments = ((midnight + start, midnight + start + length),)
        opens, closes = segments[0][0] - before, segments[0][1] + after
        kind = PlanKind.OFF if index in days_off else PlanKind.SEGMENTS
        if kind is PlanKind.OFF:
            opens, closes = min(opens, midnight), max(closes, midnight + 1439)
        work_date = date(2026, 9, 1 + index)
        found.append(
            ShiftPlan(kind=kind, work_date=work_date, opens=opens, closes=closes, segments=segments)
        )
    return found


shifts = st.tuples(
    st.integers(0, 1439), st.integers(60, 780), st.integers(0, 240), st.integers(0, 240)
)
months = st.builds(month, shifts, st.sets(st.integers(0, 9)))
month_marks = st.lists(
    st.integers((MIDNIGHT - 600) * 60, (MIDNIGHT + 11 * 1440) * 60), max_size=40
).map(lambda found: [Mark(at, None, index) for index, at in enumerate(found)])


@law
@given(months, month_marks)
def test_one_punch_never_serves_two_days(plans, marks):
    taken, left = assign(plans, marks)

    ids = [mark.id for own in taken for mark in own] + [mark.id for mark in left]
    assert sorted(ids) == list(range(len(marks)))


@law
@given(months, month_marks)
def test_every_punch_lies_in_the_window_of_its_day(plans, marks):
    taken, _ = assign(plans, marks)

    for plan, own in zip(plans, taken, strict=True):
        assert all(plan.opens <= mark.at // 60 <= plan.closes for mark in own)


@law
@given(months, month_marks)
def test_a_day_alone_with_its_neighbours_gets_what_it_gets_within_a_month(plans, marks):
    whole, _ = assign(plans, marks)

    for before, day in pairwise(range(1, 9)):
        alone, _ = assign(plans[before - 1 : day + 2], marks)
        assert alone[day - before + 1] == whole[day]


@law
@given(months, month_marks, st.randoms(use_true_random=False))
def test_plans_and_punches_may_come_in_any_order(plans, marks, chance):
    shuffled = chance.sample(plans, len(plans))

    taken, left = assign(plans, marks)
    again, left_again = assign(shuffled, chance.sample(marks, len(marks)))

    ordered = [again[shuffled.index(plan)] for plan in plans]
    assert [{m.id for m in own} for own in ordered] == [{m.id for m in own} for own in taken]
    assert {m.id for m in left_again} == {m.id for m in left}
