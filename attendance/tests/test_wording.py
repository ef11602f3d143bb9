from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import override

from attendance import wording
from attendance.engine import (
    NOTE_CODES,
    Anomaly,
    DayInput,
    DayType,
    Mark,
    OvertimeClass,
    Status,
    evaluate_day,
)
from attendance.planning import lay_out, minute_of, second_of
from attendance.tests.daytable import judge, rows
from scheduling.pattern import ShiftPattern

SHANGHAI = ZoneInfo("Asia/Shanghai")
TUESDAY = date(2026, 9, 1)


def told(pattern, *moments):
    plan = lay_out(pattern, TUESDAY, SHANGHAI)
    marks = tuple(
        Mark(second_of(datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI)))
        for moment in moments
    )
    result = evaluate_day(DayInput(TUESDAY, DayType.WORKDAY, plan, marks))
    with override("en"):
        return wording.sentences(result.notes, work_date=TUESDAY, zone=SHANGHAI)


def test_every_code_of_the_engine_has_a_sentence():
    assert set(wording.SENTENCES) == set(NOTE_CODES)


def test_every_word_of_the_engine_has_a_label():
    assert set(wording.STATUSES) == set(Status)
    assert set(wording.ANOMALIES) == set(Anomaly)
    assert set(wording.DAY_TYPES) == set(DayType)
    assert set(wording.OVERTIME_CLASSES) == set(OvertimeClass)


def test_lateness_is_told_with_start_punch_and_grace():
    pattern = ShiftPattern(segments=((540, 1080),), breaks=((720, 780),), late_grace=10)

    sentences = told(pattern, "2026-09-01T09:13", "2026-09-01T18:01")

    assert sentences == [
        "Start 09:00, punch 09:13, grace 10 → 13 minutes late.",
        "End 18:00, punch 18:01, grace 0 → stayed to the end.",
        "Worked 7 h 47 min of 8 h.",
    ]


def test_a_night_is_told_in_hours_past_24():
    pattern = ShiftPattern(segments=((1320, 1800),))

    sentences = told(pattern, "2026-09-01T21:55", "2026-09-02T05:59")

    assert sentences == [
        "Start 22:00, punch 21:55, grace 0 → on time.",
        "End 30:00, punch 29:59, grace 0 → left 1 minute early.",
        "Worked 7 h 59 min of 8 h.",
    ]


def test_a_segment_of_several_is_named_by_its_number():
    pattern = ShiftPattern(segments=((540, 720), (810, 1080)))

    sentences = told(pattern, "2026-09-01T09:00", "2026-09-01T12:00", "2026-09-01T18:00")

    assert sentences == [
        "Segment 1: Start 09:00, punch 09:00, grace 0 → on time.",
        "The in-punch of segment 2 is missing; the punch window closed at 22:00.",
        "Segment 1: End 12:00, punch 12:00, grace 0 → stayed to the end.",
        "Segment 2: End 18:00, punch 18:00, grace 0 → stayed to the end.",
        "Worked 3 h of 7 h 30 min.",
    ]


def test_a_time_before_the_work_date_names_its_date():
    moment = minute_of(datetime(2026, 8, 31, 23, 30, tzinfo=SHANGHAI))

    text = wording.time_text(moment, work_date=TUESDAY, zone=SHANGHAI)

    assert text == "23:30 (2026-08-31)"


def test_every_note_of_the_tables_can_be_said():
    said = set()
    for _, _, shift, facts, _ in rows():
        result = judge(shift, facts)
        for note in result.notes:
            text = wording.sentence(*note, work_date=TUESDAY, zone=SHANGHAI)
            assert text
            assert "%(" not in text
            said.add(note.code)

    # These need facts that the tables do not tell.
    untold = {"exempt", "held", "no_shift", "not_employed", "rounded"}
    assert set(NOTE_CODES) - said <= untold
