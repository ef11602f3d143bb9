import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings

from scheduling.pattern import (
    Code,
    Flexible,
    Kind,
    LateArrival,
    Overtime,
    OvertimeTerms,
    Problem,
    ShiftPattern,
    problems,
)
from scheduling.pattern_fields import read_clock
from scheduling.problem_words import SENTENCES, field_name, sentence
from scheduling.shift_form import PatternForm, next_day, pattern_initial
from scheduling.tests.patterns import sound_patterns
from scheduling.tests.posted import posted


@settings(max_examples=60)
@given(sound_patterns())
def test_any_sound_pattern_shown_and_saved_unchanged_is_equal(pattern):
    shown = PatternForm(initial=pattern_initial(pattern))

    saved = PatternForm(posted(shown))

    assert saved.is_valid(), saved.errors
    assert saved.pattern == pattern


@pytest.mark.parametrize(
    ("written", "minute"),
    [("9:00", 540), ("09:00", 540), ("0900", 540), ("9", 540), ("30:00", 1800), ("８：３０", 510),
     ("24:00", 1440), ("48:00", 2880), (" 22:15 ", 1335)],
)  # fmt: skip
def test_a_time_is_read_as_people_write_it(written, minute):
    assert read_clock(written) == minute


@pytest.mark.parametrize("written", ["noon", "25:61", "48:01", "9:5", "-1:00", "12:00:00"])
def test_what_is_no_time_is_refused_with_what_would_be_right(written):
    with pytest.raises(ValidationError) as refused:
        read_clock(written)

    assert refused.value.messages == [
        f"“{written}” is no time. Write 09:00, or 30:00 for 06:00 on the next day."
    ]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (((1320, 360),), ((1320, 1800),)),
        (((540, 540),), ((540, 1980),)),
        (((1320, 120), (180, 360)), ((1320, 1560), (1620, 1800))),
        (((540, 720), (660, 1080)), ((540, 720), (660, 1080))),
        (((780, 1080), (540, 720)), ((780, 1080), (540, 720))),
    ],
    ids=["a night", "24 hours", "after midnight", "an overlap stays", "a wrong order stays"],
)
def test_an_end_before_its_start_is_on_the_next_day(typed, meant):
    assert next_day(typed) == meant


def test_a_break_in_the_small_hours_falls_into_the_night():
    form = PatternForm(
        posted(
            PatternForm(),
            segments_0=["22:00"], segments_1=["06:00"], breaks_0=["02:00"], breaks_1=["02:30"],
        )
    )  # fmt: skip

    assert form.is_valid()
    assert form.pattern == ShiftPattern(segments=((1320, 1800),), breaks=((1560, 1590),))


DAY = {"segments_0": ["09:00"], "segments_1": ["18:00"]}


@pytest.mark.parametrize(
    ("typed", "box", "said"),
    [
        (
            {"segments_0": ["09:00", "11:00"], "segments_1": ["12:00", "18:00"]},
            "segments",
            "Working time, row 2: it overlaps row 1 from 11:00 to 12:00. Start it later.",
        ),
        (
            {"segments_0": [], "segments_1": []},
            "segments",
            "Working time: write at least one row, such as 09:00 to 18:00.",
        ),
        (
            {"segments_0": ["nine"], "segments_1": ["18:00"]},
            "segments",
            "Row 1, start: “nine” is no time. Write 09:00, or 30:00 for 06:00 on the next day.",
        ),
        (
            {**DAY, "breaks_0": ["19:00"], "breaks_1": ["20:00"]},
            "breaks",
            "Break, row 1: 19:00 to 20:00 must lie inside one working time; "
            "after midnight write 26:00 for 02:00.",
        ),
        (
            {**DAY, "late_grace": "10", "severe_late_after": "5"},
            "severe_late_after",
            "Severely late after: 5 must not be less than “Late: grace”, which is 10.",
        ),
        (
            {**DAY, "late_grace": "-1"},
            "late_grace",
            "Late: grace: -1 is below zero; write 0 or more.",
        ),
        (
            {**DAY, "absent_late_days": "1.5"},
            "absent_late_days",
            "Absence for lateness: 1.5 is not between 0 and 1 day.",
        ),
        (
            {**DAY, "overtime__workday": "on", "overtime__workday__unit": "0"},
            "overtime__workday__unit",
            "Overtime on working days, in steps of: 0 is too small; write 1 minute or more.",
        ),
        (
            {**DAY, "kind": "flexible", "late_grace": "10"},
            "late_grace",
            "Late: grace: a shift that moves as a whole has no grace; write 0 instead of 10, "
            "or let it start later.",
        ),
        (
            {**DAY, "kind": "flexible", "flexible__mode": "core"},
            "flexible__core_start",
            "Core time starts: this kind of flexible hours needs it.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)  # fmt: skip
def test_a_refusal_names_the_field_the_value_and_what_would_be_right(typed, box, said):
    form = PatternForm(posted(PatternForm(), **typed))

    assert not form.is_valid()
    assert form.errors[box] == [said]


def test_every_code_has_a_sentence():
    assert set(SENTENCES) == set(Code)


def test_a_sentence_is_made_from_the_facts_of_every_problem():
    odd = ShiftPattern(
        segments=((600, 500), (400, 2000)),
        breaks=((10, 5), (20, 30), (25, 40)),
        late_grace=5,
        severe_late_after=1,
        worked_unit=0,
        absent_late_days=2,
        kind=Kind.FLEXIBLE,
        flexible=Flexible(early_max=400, late_max=-1),
        late_arrivals=(
            LateArrival(left_from=1300, arrive_by=600),
            LateArrival(left_from=1400, arrive_by=500),
        ),
        overtime=Overtime(workday=OvertimeTerms(min=9, max=3, rest=((9, 3),))),
    )  # fmt: skip
    found = problems(odd)

    said = [sentence(problem) for problem in found]

    assert len(found) > 10
    assert all("%(" not in words for words in said)
    assert all(words.startswith(field_name(p.field)) for p, words in zip(found, said, strict=True))


def test_a_row_of_overtime_is_named_in_words():
    problem = Problem(Code.END_BEFORE_START, "overtime.restday.rest.1", {"start": 540, "end": 500})

    assert sentence(problem).startswith(
        "Overtime on rest days, rest not counted, row 2: the end 08:20"
    )
