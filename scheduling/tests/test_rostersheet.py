import itertools
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.rostersheet import (
    CellError,
    Person,
    Problem,
    Reading,
    count_codes,
    days_in_month,
    is_rest,
    match_people,
    read_month,
    read_sheets,
)
from scheduling.workbook import Cell, Sheet, Table, read_workbook, write_workbook

SAMPLE = Path(__file__).resolve().parents[3] / "shared/samples/roster_matrix_2026-04.xlsx"
APRIL = date(2026, 4, 1)


def read(*rows: list[Cell], name: str = "Sheet1", **said: object) -> Reading:
    return read_sheets([Sheet(name, rows)], **said)  # type: ignore[arg-type]


def said(reading: Reading) -> dict[tuple[str, date], str]:
    return {
        (line.who, day): code
        for line in reading.lines
        for day, code in zip(line.dates, line.codes, strict=True)
        if code
    }


def problems(reading: Reading) -> list[tuple[str, str, Problem]]:
    return [(error.cell, error.value, error.problem) for error in reading.errors]


@pytest.mark.needs_samples
def test_the_real_month_matrix_is_read_whole() -> None:
    reading = read_sheets(read_workbook(SAMPLE.read_bytes(), SAMPLE.name))

    assert reading.errors == []
    assert [line.name for line in reading.lines] == [f"员工{n}" for n in range(115, 151)]
    assert {line.number for line in reading.lines} == {""}
    assert list(reading.lines[0].dates) == days_in_month(APRIL)
    counts = {code: (count.count, count.cell) for code, count in count_codes(reading.lines).items()}
    assert counts == {
        "休": (385, "C4"),
        "B2": (247, "B15"),
        "B1": (239, "E15"),
        "A1": (109, "B4"),
        "A2": (100, "G4"),
    }


@pytest.mark.parametrize(
    "headings",
    [
        [date(2026, 4, 1), date(2026, 4, 2), date(2026, 4, 3)],
        [datetime(2026, 4, 1), datetime(2026, 4, 2), datetime(2026, 4, 3)],  # noqa: DTZ001
        [46113, 46114, 46115],
        ["2026-04-01", "2026-04-02", "2026-04-03"],
        ["2026/4/1", "2026.4.2", "2026年4月3日"],
        ["20260401", "20260402", "20260403"],
        ["2026-04-01 00:00:00", "2026-04-02 (四)", "2026-04-03 Fri"],
        ["4/1", "4/2", "4/3"],
        ["4月1日", "4月2日 周四", "4月3号(五)"],
        ["04-01", "04-02", "04-03"],
        ["1日", "2日", "3日"],
        ["1号", "2号", "３号"],
        [1, 2, 3],
        ["01", "02", "03"],
        ["1 Wed", "2 Thu", "3 Fri"],
    ],
)
def test_dates_are_understood_however_they_are_written(headings: list[Cell]) -> None:
    reading = read(["工号", "姓名", *headings], ["007", "Bob", "A", "B", "休"], month=APRIL)

    assert problems(reading) == []
    assert said(reading) == {
        ("007 Bob", date(2026, 4, 1)): "A",
        ("007 Bob", date(2026, 4, 2)): "B",
        ("007 Bob", date(2026, 4, 3)): "休",
    }


@pytest.mark.parametrize(
    "list_of",
    [
        [["工号", "姓名", "日期", "班次"], ["007", "Bob", "2026-04-01", "A"]],
        [["Employee No.", "Name", "Date", "Shift"], ["007", "Bob", date(2026, 4, 1), "A"]],
        [["2026年4月"], ["Shift", "NAME", "Number", "Date"], ["A", "Bob", "007", "4/1"]],
        [["班次", "姓名", "员工编号", "日期"], ["A", "Bob", "007", 46113], ["", "Eve", "8", "?"]],
    ],
)
def test_a_list_is_read_in_either_language_and_any_order(list_of: list[list[Cell]]) -> None:
    reading = read(*list_of)

    assert problems(reading) == []
    assert said(reading) == {("007 Bob", APRIL): "A"}
    assert reading.layouts == {"Sheet1": "list"}


def test_days_without_a_month_ask_for_the_month_and_nothing_else() -> None:
    rows: list[list[Cell]] = [["姓名", 1, 2, 3], ["Bob", "A", "B", "C"]]

    reading = read(*rows)

    assert problems(reading) == [("B1", "1", Problem.MONTH_NEEDED)]
    assert reading.needs_month


@pytest.mark.parametrize(
    "told",
    [
        {"name": "2026-04"},
        {"name": "2026年4月"},
        {"file_name": "roster_2026_04.xlsx"},
        {"file_name": "排班202604.xlsx"},
        {"month": APRIL},
    ],
)
def test_the_month_is_told_by_the_sheet_the_file_or_the_person(told: dict[str, object]) -> None:
    reading = read(["姓名", 1, 2], ["Bob", "A", "B"], **told)

    assert said(reading) == {("Bob", APRIL): "A", ("Bob", date(2026, 4, 2)): "B"}


def test_employee_numbers_that_look_like_dates_tell_no_month() -> None:
    reading = read(["工号", 1, 2, 3], [46113, "A", "A", "A"], ["20201", "A", "A", "A"])

    assert reading.needs_month


def test_a_period_from_the_26th_begins_in_the_month_before() -> None:
    reading = read(["姓名", 30, 31, 1, 2], ["Bob", "A", "B", "C", "D"], month=APRIL)

    assert [day for _who, day in said(reading)] == [
        date(2026, 3, 30),
        date(2026, 3, 31),
        date(2026, 4, 1),
        date(2026, 4, 2),
    ]


def test_a_form_with_31_columns_fits_a_month_of_30_days() -> None:
    people: list[Cell] = ["Bob", *["A"] * 30]

    empty = read(["姓名", *range(1, 32)], people, month=APRIL)
    filled = read(["姓名", *range(1, 32)], [*people, "A"], month=APRIL)

    assert problems(empty) == []
    assert problems(filled) == [("AF1", "31", Problem.BAD_DATE)]
    assert len(said(filled)) == 30


def test_a_bad_cell_is_named_and_the_rest_is_read() -> None:
    reading = read(
        ["姓名", "2026-04-01", "2026-04-02", "2026-04-03", "2026-04-04"],
        ["Bob", "A", "早+晚", datetime(2026, 4, 3, 8), "#REF!"],  # noqa: DTZ001
        ["", "A", "", "", ""],
        ["Eve", 0.5, "off", " ａ1 ", "A" * 41],
    )

    assert problems(reading) == [
        ("C2", "早+晚", Problem.TWO_SHIFTS),
        ("D2", "2026-04-03 08:00:00", Problem.NOT_A_CODE),
        ("E2", "#REF!", Problem.FORMULA_FAILED),
        ("B3", "A", Problem.NO_PERSON),
        ("B4", "0.5", Problem.NOT_A_CODE),
        ("E4", "A" * 41, Problem.NOT_A_CODE),
    ]
    assert said(reading) == {
        ("Bob", date(2026, 4, 1)): "A",
        ("Eve", date(2026, 4, 2)): "off",
        ("Eve", date(2026, 4, 3)): "a1",
    }
    assert all(error.message for error in reading.errors)


def test_a_slash_parts_two_shifts_only_if_both_are_known() -> None:
    rows: list[list[Cell]] = [["姓名", APRIL], ["Bob", "A/B"], ["Eve", "D/O"]]

    strange = read(*rows)
    known = read(*rows, known_codes={"A", "B"})
    whole = read(*rows, known_codes={"A", "B", "A/B"})

    assert problems(strange) == []
    assert problems(known) == [("B2", "A/B", Problem.TWO_SHIFTS)]
    assert problems(whole) == []


@pytest.mark.parametrize("headings", [["No.", "姓名"], ["", ""], ["序号", "姓名"]])
def test_numbers_that_only_count_the_rows_are_nobodys(headings: list[Cell]) -> None:
    days: list[Cell] = [APRIL, date(2026, 4, 2)]

    reading = read([*headings, *days], [1, "Bob", "A", "A"], [2, "Eve", "A", "A"])

    assert [(line.number, line.name) for line in reading.lines] == [("", "Bob"), ("", "Eve")]


def test_totals_notes_and_weekdays_around_the_table_are_left_out() -> None:
    reading = read(
        ["四月排班", "", "", "", "", ""],
        ["工号", "姓名", "2026-04-01", "2026-04-02", "合计", "备注"],
        ["", "", "三", "四", "", ""],
        [7, "Bob", "A", "休", 1, "new"],
        ["A: 08:00-17:00", "", "", "", "", ""],
    )

    assert problems(reading) == []
    assert said(reading) == {
        ("7 Bob", date(2026, 4, 1)): "A",
        ("7 Bob", date(2026, 4, 2)): "休",
    }


def test_a_date_that_stands_twice_counts_once() -> None:
    reading = read(["姓名", APRIL, APRIL, "", date(2026, 4, 3)], ["Bob", "A", "B", "C", "D"])

    assert problems(reading) == [
        ("C1", "2026-04-01", Problem.DATE_TWICE),
        ("D2", "C", Problem.NO_DATE_ABOVE),
    ]
    assert said(reading) == {("Bob", APRIL): "A", ("Bob", date(2026, 4, 3)): "D"}


def test_a_sheet_without_a_roster_is_skipped_beside_one_with_a_roster() -> None:
    legend = Sheet("Legend", [["A", "08:00-17:00"]])
    roster = Sheet("April", [["姓名", APRIL], ["Bob", "A"]])

    both = read_sheets([legend, roster])
    alone = read_sheets([legend])

    assert (both.skipped, both.errors) == (["Legend"], [])
    assert alone.errors == [CellError("Legend", "A1", "", Problem.NO_TABLE)]


@pytest.mark.parametrize("word", ["休", "休息", "公休", "OFF", "off", "Rest", "0", "轮休"])
def test_words_for_rest_are_known(word: str) -> None:
    assert is_rest(word)


@pytest.mark.parametrize(
    ("value", "month"),
    [(46113, APRIL), ("2026年4月排班表", APRIL), ("2026-04", APRIL), ("20201", None), ("", None)],
)
def test_a_month_is_read_from_a_title(value: Cell, month: date | None) -> None:
    assert read_month(value) == month


PEOPLE = [
    Person(1, "00123", "王小明"),
    Person(2, "E7", "张 三"),
    Person(3, "E8", "李四"),
    Person(4, "E9", "李四"),
]


@pytest.mark.parametrize(
    ("number", "name", "key"),
    [
        ("00123", "", 1),
        ("123", "", 1),
        ("e7", "whoever", 2),
        ("", "  张三", 2),
        ("", "Ｅ8", 3),
        ("", "王 小 明", 1),
    ],
)
def test_people_are_found_by_number_or_unique_name(number: str, name: str, key: int) -> None:
    reading = read(["工号", "姓名", APRIL], [number, name, "A"])

    matching = match_people(reading.lines, PEOPLE)

    assert (matching.keys, matching.errors) == ([key], [])


def test_who_is_not_found_gets_suggestions_and_an_error() -> None:
    reading = read(["姓名", APRIL], ["王小名", "A"], ["李四", "A"], ["Zoe", "A"])

    matching = match_people(reading.lines, PEOPLE)

    assert matching.keys == [None, None, None]
    assert matching.errors == [
        CellError("Sheet1", "A2", "王小名", Problem.UNKNOWN_PERSON, suggestions=("00123 王小明",)),
        CellError("Sheet1", "A3", "李四", Problem.NAME_NOT_UNIQUE),
        CellError("Sheet1", "A4", "Zoe", Problem.UNKNOWN_PERSON),
    ]


def test_a_person_can_be_chosen_and_a_strange_number_is_never_replaced_by_a_name() -> None:
    reading = read(["工号", "姓名", APRIL], ["X1", "张三", "A"], ["E8", "李思", "A"])

    plain = match_people(reading.lines, PEOPLE)
    chosen = match_people(reading.lines, PEOPLE, {"X1 张三": 2})

    assert plain.keys == [None, 3]
    assert [(line.who, person.name) for line, person in plain.renamed] == [("E8 李思", "李四")]
    assert chosen.keys == [2, 3]


# Laws ---------------------------------------------------------------------------------------------

cells: st.SearchStrategy[Cell] = st.one_of(
    st.just(""),
    st.sampled_from(
        ["A", "休", "早+晚", "A/B", "姓名", "工号", "日期", "班次", "1日", "周三", "#REF!"]
    ),
    st.text(max_size=6),
    st.integers(-5, 60_000),
    st.floats(allow_nan=True),
    st.booleans(),
    st.dates(date(1999, 1, 1), date(2101, 1, 1)),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
)
grids = st.lists(st.lists(cells, max_size=8), max_size=12)
months = st.one_of(st.none(), st.dates(date(2000, 1, 1), date(2099, 1, 1)))


@given(grid=grids, month=months)
def test_no_grid_makes_the_reader_raise(grid: list[list[Cell]], month: date | None) -> None:
    reading = read_sheets([Sheet("S", grid)], month=month and month.replace(day=1))

    for line in reading.lines:
        assert len(line.dates) == len(line.codes)
        assert [line.cell(index) for index in range(len(line.codes))]
    assert all(error.message for error in reading.errors)


codes = st.one_of(
    st.just(""),
    cells,
    st.sampled_from(["A", "B1", "夜", "休", "OFF", 0, 3, "甲/乙"]),
)
bodies = st.lists(st.lists(codes, min_size=5, max_size=5), min_size=1, max_size=6)


@given(body=bodies, has_person=st.lists(st.booleans(), min_size=6, max_size=6))
def test_every_filled_cell_is_a_code_or_exactly_one_error(
    body: list[list[Cell]], has_person: list[bool]
) -> None:
    names = [f"P{n}" if has_person[n] else "" for n in range(len(body))]
    head: list[Cell] = ["姓名", *(APRIL + timedelta(days=n) for n in range(5))]

    reading = read(head, *([n, *row] for n, row in zip(names, body, strict=True)))

    told = [
        line.cell(index) for line in reading.lines for index, code in enumerate(line.codes) if code
    ]
    told += [error.cell for error in reading.errors]
    filled = [
        f"{'BCDEF'[column]}{row + 2}"
        for (row, cells_of), column in itertools.product(enumerate(body), range(5))
        if not (isinstance(cells_of[column], str) and not _text(cells_of[column]))
    ]
    weekdays_only = {
        f"{'BCDEF'[column]}{row + 2}"
        for row, cells_of in enumerate(body)
        if not names[row] and all(_text(c) in ("", "周三") for c in cells_of)
        for column in range(5)
    }
    assert sorted(told) == sorted(set(filled) - weekdays_only)


def _text(value: Cell) -> str:
    return " ".join(str(value).split())


written_codes = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=8
).filter(lambda text: not problems(read(["姓名", APRIL], ["Bob", text])))


@given(rows=st.lists(st.lists(st.one_of(st.just(""), written_codes), min_size=3, max_size=3)))
def test_what_is_written_is_read_back_unchanged(rows: list[list[str]]) -> None:
    days = [date(2026, 4, n) for n in (1, 2, 3)]
    before = read(["工号", *days], *([f"00{n}", *row] for n, row in enumerate(rows)))

    table = Table(
        "R", ["工号", *days], [[line.number, *line.codes] for line in before.lines], frozen=1
    )
    after = read_sheets(read_workbook(write_workbook([table]), "r.xlsx"))

    assert said(after) == said(before)
    assert problems(after) == []
