"""Sound patterns of every kind, as the form makes them: without what their kind never reads."""

from hypothesis import assume
from hypothesis import strategies as st

from scheduling.pattern import (
    Flexible,
    FlexMode,
    Free,
    Kind,
    LateArrival,
    LonePunch,
    Overtime,
    OvertimeMode,
    OvertimeTerms,
    PairingMode,
    RoundingMode,
    ShiftPattern,
    problems,
)

minutes = st.integers(0, 600)
maybe = st.none() | minutes
days = st.floats(0, 1, allow_nan=False)
walls = st.integers(0, 2880)
spans = st.tuples(walls, walls).filter(lambda span: span[0] < span[1])

terms = st.builds(
    OvertimeTerms,
    start_after=minutes,
    min=st.integers(0, 60),
    max=st.none() | st.integers(60, 900),
    unit=st.integers(1, 60),
    rounding=st.sampled_from(RoundingMode),
    count_before_shift=st.booleans(),
    rest=st.lists(spans, max_size=2).map(tuple),
    rest_tiers=st.lists(st.tuples(minutes, minutes), max_size=2).map(tuple),
)
overtimes = st.none() | st.builds(
    Overtime,
    mode=st.sampled_from(OvertimeMode),
    workday=st.none() | terms,
    restday=st.none() | terms,
    holiday=st.none() | terms,
).filter(lambda overtime: overtime.workday or overtime.restday or overtime.holiday)
flexibles = st.one_of(
    st.builds(
        Flexible,
        mode=st.just(FlexMode.SHIFT),
        early_max=st.integers(0, 360),
        late_max=st.integers(0, 360),
    ),
    st.builds(
        Flexible,
        mode=st.just(FlexMode.CORE),
        core_start=st.integers(600, 700),
        core_end=st.integers(701, 800),
        required=maybe,
        day_boundary=walls,
    ),
    st.builds(
        Flexible,
        mode=st.just(FlexMode.DAILY_HOURS),
        required=st.integers(1, 600),
        day_boundary=walls,
    ),
)
frees = st.builds(Free, day_boundary=walls, pairing=st.sampled_from(PairingMode), required=maybe)
# 09:00-12:00, 13:00-18:00 and the like; nights; 24 hours round the clock.
hours = st.sampled_from(
    (
        (((540, 1080),), ((720, 780),)),
        (((540, 720), (780, 1080)), ()),
        (((480, 840),), ((500, 510), (600, 615))),
        (((1320, 1800),), ((1560, 1590),)),
        (((1320, 1560), (1620, 1800)), ()),
        (((540, 1980),), ()),
        (((0, 1440),), ()),
    )
)


@st.composite
def sound_patterns(draw):
    kind = draw(st.sampled_from(Kind))
    flexible = draw(flexibles) if kind is Kind.FLEXIBLE else None
    segments, breaks = draw(hours)
    if kind is Kind.FREE or (flexible and flexible.mode is FlexMode.DAILY_HOURS):
        segments = ()
    ladder = sorted(draw(st.lists(minutes, min_size=4, max_size=4)))
    moves = flexible is not None and flexible.mode is FlexMode.SHIFT
    pattern = ShiftPattern(
        kind=kind,
        segments=segments,
        breaks=breaks,
        flexible=flexible,
        free=draw(frees) if kind is Kind.FREE else None,
        late_grace=0 if moves else ladder[0],
        early_grace=0 if moves else ladder[1],
        severe_late_after=draw(st.sampled_from((None, ladder[2]))),
        absent_late_after=draw(st.sampled_from((None, ladder[3]))),
        absent_late_days=draw(days),
        absent_early_after=draw(st.sampled_from((None, ladder[3]))),
        absent_early_days=draw(days),
        absent_below=draw(st.sampled_from((None, ladder[0]))),
        half_day_below=draw(st.sampled_from((None, ladder[1]))),
        absent_by_segment=draw(st.booleans()),
        window_before=draw(minutes),
        window_after=draw(minutes),
        lone_punch=draw(st.sampled_from(LonePunch)),
        overtime=draw(overtimes),
        late_arrivals=draw(
            st.sampled_from(
                (
                    (),
                    (LateArrival(left_from=1320, arrive_by=600),),
                    (
                        LateArrival(left_from=1260, arrive_by=570),
                        LateArrival(left_from=1500, arrive_by=660),
                    ),
                )
            )
        ),
        worked_unit=draw(st.integers(1, 60)),
        worked_rounding=draw(st.sampled_from(RoundingMode)),
    )
    assume(problems(pattern) == [])
    return pattern
