"""Totals of departments: exact, scoped, and silent about fewer than five people (§7.4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from guardian.shortcuts import assign_perm

from attendance.engine.values import Status
from attendance.models import AttendanceDay, WaitingDay
from attendance.summary import JudgedDay, summarise
from organization import services
from organization.access import Action
from organization.errors import NotFound
from organization.models import Department, Employee, User
from reports.period import OddPeriod, Span, counted_until, read_span
from reports.sums import Figures
from reports.totals import Kind, Line, Totals, chosen, read_totals

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 4, 10, 4, tzinfo=UTC)
TODAY = date(2026, 4, 10)
MONDAY = date(2026, 3, 2)
MARCH = Span(date(2026, 3, 1), date(2026, 3, 31))
DAY = timedelta(days=1)


def department(code: str, parent: Department | None = None) -> Department:
    return services.add_department(name=f"Room {code}", code=code, parent=parent, now=NOW)


def under(parent: Department, key: int) -> Department:
    path = f"{parent.path}{key}/"
    return Department.objects.create(pk=key, code=str(key), name="", parent=parent, path=path)


def people(where: Department, number: int, prefix: str = "") -> list[Employee]:
    return Employee.objects.bulk_create(
        Employee(
            number=f"{prefix}{where.code}-{n}",
            name=f"Person {prefix}{where.code} {n}",
            department=where,
            joined_on=date(2025, 1, 1),
        )
        for n in range(number)
    )


def days(
    whose: Sequence[Employee],
    where: Department | None = None,
    on: date = MONDAY,
    status: str = "normal",
    **numbers: object,
) -> None:
    fields = {"required_minutes": 480, "worked_minutes": 480, **numbers}
    AttendanceDay.objects.bulk_create(
        AttendanceDay(
            employee=one,
            department=where or one.department,
            work_date=on,
            status=status,
            judged_at=NOW,
            **fields,
        )
        for one in whose
    )


def reader(where: Department, *actions: Action) -> User:
    user = User.objects.create_user(f"reader{User.objects.count()}", is_staff=True)
    for action in actions or (Action.SUMMARISE,):
        assign_perm(action.value, user, where)
    return user


def read(
    user: User, where: Department | None = None, span: Span = MARCH, *, all_levels: bool = False
) -> Totals:
    user = User.objects.get(pk=user.pk)
    return read_totals(user, span, department=where, all_levels=all_levels, today=TODAY, now=NOW)


def told(lines: Sequence[Line]) -> list[tuple[str, int | None, bool]]:
    """Return of each line what it is about, whom it counts, and whether days are left out."""
    return [
        (
            f"{line.kind}:{line.department.code}",
            line.figures.people if line.figures else None,
            line.leaves_out,
        )
        for line in lines
    ]


@pytest.fixture
def group() -> Department:
    return department("G")


# --- the numbers -----------------------------------------------------------------------------


def test_siblings_come_as_they_were_made_also_the_tenth_of_them() -> None:
    """As text "10" comes before "9"."""
    group = department("G")
    for key in (9_999_999, 10_000_000):
        days(people(under(group, key), 5))

    lines = read(reader(group)).lines

    assert [line.department.pk for line in lines] == [9_999_999, 10_000_000]


def test_the_numbers_of_a_department_are_those_added_by_hand(group: Department) -> None:
    five = people(group, 5)
    days(five[:1], status="late", late_minutes=12)
    days(five[1:2], status="late_early", late_minutes=30, early_minutes=5, missing="out1")
    days(five[2:3], status="absent", absent_days=1, missing="in1,out1", worked_minutes=0)
    days(five[3:4], status="on_leave", leave_minutes=480, worked_minutes=0)
    days(five[4:], status="half_day", absent_days=Decimal("0.5"), overtime_workday_minutes=60)
    days(five[:1], on=MONDAY + DAY, status="missing", missing="in1,out2", is_provisional=True)
    days(five[1:2], on=MONDAY + DAY, leave_minutes=240)
    days(five[2:], on=MONDAY + DAY, status="rest_overtime", overtime_rest_minutes=90)

    page = read(reader(group))

    assert page.total is not None
    assert page.total.figures == Figures(
        people=5,
        due_days=7,
        worked_days=Decimal("4"),
        late_count=2,
        late_minutes=42,
        early_count=1,
        early_minutes=5,
        missing_punches=3,
        absent_days=Decimal("1.5"),
        leave_days=Decimal("1.5"),
        overtime_minutes=330,
        provisional_days=1,
    )
    assert page.total.figures.rate == Decimal("57.1")


def test_the_database_adds_up_as_the_engine_does(group: Department) -> None:
    """The same days by SQL and by attendance.summary, for every status there is."""
    five = people(group, 6)
    statuses = [s for s in Status if s not in (Status.PENDING, Status.NOT_REQUIRED)]
    judged = []
    for n, status in enumerate(statuses):
        on = MONDAY + n * DAY
        for m, one in enumerate(five):
            numbers = {
                "late_minutes": 7 * (m % 3),
                "early_minutes": 3 * (m % 2),
                "leave_minutes": (0, 120, 121, 480)[m % 4],
                "absent_days": Decimal("0.33") if status is Status.HALF_DAY else Decimal(0),
                "missing": ("", "in1", "in1,out1")[m % 3],
            }
            days([one], on=on, status=status.value, **numbers)
            judged.append(
                JudgedDay(
                    on,
                    status,
                    late=numbers["late_minutes"],
                    early=numbers["early_minutes"],
                    worked=480,
                    leave=numbers["leave_minutes"],
                    required=480,
                    absent_days=float(numbers["absent_days"]),
                    missing=len([x for x in numbers["missing"].split(",") if x]),
                )
            )
    by_engine = summarise(judged)

    figures = read(reader(group)).total.figures  # type: ignore[union-attr]

    assert figures is not None
    assert (
        figures.due_days,
        figures.late_count,
        figures.late_minutes,
        figures.early_count,
        figures.early_minutes,
        figures.missing_punches,
        float(figures.absent_days),
        float(figures.leave_days),
    ) == (
        by_engine.scheduled_days,
        by_engine.late_count,
        by_engine.late_minutes,
        by_engine.early_count,
        by_engine.early_minutes,
        by_engine.missing_count,
        round(by_engine.absent_days, 2),
        by_engine.leave_days,
    )


def test_a_department_counts_everybody_below_it(group: Department) -> None:
    north, south = department("N", group), department("S", group)
    weaving = department("N-W", north)
    for room, number in ((group, 5), (north, 6), (weaving, 7), (south, 8)):
        days(people(room, number))

    page = read(reader(group))

    assert told([page.total, *page.lines]) == [  # type: ignore[list-item]
        ("department:G", 26, False),
        ("direct:G", 5, False),
        ("department:N", 13, False),
        ("department:S", 8, False),
    ]
    assert told(read(reader(group), north).lines) == [
        ("direct:N", 6, False),
        ("department:N-W", 7, False),
    ]


def test_all_levels_stand_below_each_other(group: Department) -> None:
    north, south = department("N", group), department("S", group)
    days(people(department("N-W", north), 7))
    days(people(south, 5))

    lines = read(reader(group), all_levels=True).lines

    assert [(line.department.code, line.depth) for line in lines] == [
        ("N", 0),
        ("N-W", 1),
        ("S", 0),
    ]


def test_a_day_belongs_to_the_department_of_its_date(group: Department) -> None:
    north, south = department("N", group), department("S", group)
    days(people(north, 5))
    movers = people(south, 6)
    days(movers, where=north)
    days(movers, on=MONDAY + DAY)
    days(people(south, 5, "x"))

    page = read(reader(group))

    # Six people were in both: one each in the whole, and counted where they had days.
    assert told([page.total, *page.lines]) == [  # type: ignore[list-item]
        ("department:G", 16, False),
        ("department:N", 11, False),
        ("department:S", 11, False),
    ]


def test_people_who_owe_nothing_and_open_days_do_not_count(group: Department) -> None:
    days(people(group, 5))
    days(people(group, 3, "exempt"), status="not_required", required_minutes=0, worked_minutes=0)
    days(people(group, 2, "open"), status="pending")

    figures = read(reader(group)).total.figures  # type: ignore[union-attr]

    assert figures is not None
    assert (figures.people, figures.due_days) == (5, 5)


# --- who may read them -----------------------------------------------------------------------


def test_totals_of_another_unit_are_not_found(group: Department) -> None:
    north, south = department("N", group), department("S", group)
    user = reader(north)

    for act in (lambda: read(user, south), lambda: chosen(user, "S"), lambda: read(user, group)):
        with pytest.raises(NotFound):
            act()


@pytest.mark.parametrize("action", [Action.SEE, Action.DECIDE, Action.RULE, Action.EXPORT])
def test_no_other_right_opens_totals(group: Department, action: Action) -> None:
    with pytest.raises(NotFound):
        read(reader(group, action))


def test_units_without_a_common_top_have_no_total_over_them(group: Department) -> None:
    north, south = department("N", group), department("S", group)
    days(people(north, 5))
    days(people(south, 4))
    user = reader(north)
    assign_perm("summarise", user, south)

    page = read(user)

    assert page.total is None
    assert told(page.lines) == [("department:N", 5, False), ("department:S", None, True)]


# --- fewer than five -------------------------------------------------------------------------


def test_of_fewer_than_five_people_nothing_is_told(group: Department) -> None:
    days(people(group, 4), late_minutes=3, status="late")

    page = read(reader(group))

    assert page.total is not None
    assert (page.total.figures, page.lines) == (None, [])


def test_small_departments_are_told_together(group: Department) -> None:
    for code, number in (("A", 9), ("B", 4), ("C", 3)):
        days(people(department(code, group), number))

    page = read(reader(group))

    assert told([page.total, *page.lines]) == [  # type: ignore[list-item]
        ("department:G", 16, False),
        ("department:A", 9, False),
        ("department:B", None, False),
        ("department:C", None, False),
        ("together:G", 7, False),
    ]


def test_two_people_above_the_units_are_in_no_total(group: Department) -> None:
    """Else the whole less the units would be the two of them."""
    days(people(group, 2), status="late", late_minutes=100)
    north = department("N", group)
    days(people(north, 6), status="late", late_minutes=1)

    page = read(reader(group))

    assert told([page.total, *page.lines]) == [  # type: ignore[list-item]
        ("department:G", 6, True),
        ("direct:G", None, True),
        ("department:N", 6, False),
    ]
    assert page.total.figures.late_minutes == 6  # type: ignore[union-attr]


def test_nothing_opens_below_a_small_department(group: Department) -> None:
    days(people(department("A", group), 4))
    small = department("B", group)
    days(people(department("B1", small), 2))
    user = reader(group)

    page = read(user, small)

    assert page.total is not None
    assert (page.total.figures, page.lines) == (None, [])
    assert [row.code for row in page.choices] == ["G"]


def test_a_day_of_four_people_is_in_no_period(group: Department) -> None:
    """Else the period less the same without that day would tell of the four."""
    small, large = department("A", group), department("B", group)
    five = people(small, 5)
    many = people(large, 12)
    for on, there in ((MONDAY, five), (MONDAY + DAY, five[:4])):
        days(there, on=on, status="late", late_minutes=10)
        days(many, on=on)
    user = reader(group)

    both = read(user)
    first = read(user, span=Span(MONDAY, MONDAY))

    assert [line.figures.late_minutes for line in both.lines if line.figures] == [50, 0]
    assert both.lines[0].leaves_out
    assert both.total.figures.late_minutes == first.total.figures.late_minutes == 50  # type: ignore[union-attr]


def test_whoever_sees_the_days_reads_small_totals(group: Department) -> None:
    days(people(group, 2))

    assert read(reader(group, Action.SEE, Action.SUMMARISE)).total.figures.people == 2  # type: ignore[union-attr]


def test_days_one_sees_protect_nobody(group: Department) -> None:
    """The whole less a unit that the reader sees would be the three of the other one."""
    north, south = department("N", group), department("S", group)
    days(people(north, 30))
    days(people(south, 3))
    user = reader(group)
    assign_perm("see", user, north)

    assert told([read(user).total, *read(user).lines]) == [  # type: ignore[list-item]
        ("department:G", 30, True),
        ("department:N", 30, False),
        ("department:S", None, True),
    ]


def test_days_one_sees_are_told_where_the_rest_is_small(group: Department) -> None:
    north = department("N", group)
    seen, other = department("N1", north), department("N2", north)
    days(people(seen, 2))
    days(people(other, 3))
    days(people(department("S", group), 8))
    user = reader(group)
    assign_perm("see", user, seen)

    assert read(user, seen).total.figures.people == 2  # type: ignore[union-attr]
    assert told(read(user, north).lines) == [
        ("department:N1", 2, False),
        ("department:N2", None, True),
    ]
    assert read(user).total.figures.people == 10  # type: ignore[union-attr]


def test_ones_own_days_protect_nobody(group: Department) -> None:
    five = people(group, 5)
    days(five)
    user = reader(group)
    assert read(user).total.figures.people == 5  # type: ignore[union-attr]

    Employee.objects.filter(pk=five[0].pk).update(user=user)

    assert read(user).total.is_hidden  # type: ignore[union-attr]


def test_exempt_people_protect_nobody(group: Department) -> None:
    days(people(group, 2))
    days(people(group, 10, "exempt"), status="not_required")

    assert read(reader(group)).total.is_hidden  # type: ignore[union-attr]


# --- which days ------------------------------------------------------------------------------


def test_a_day_that_is_open_for_anybody_is_not_counted_yet(group: Department) -> None:
    five = people(group, 5)
    days(five, on=TODAY - 2 * DAY)
    days(five[:4], on=TODAY - DAY)
    days(five[4:], on=TODAY - DAY, status="pending", closes_at=NOW + timedelta(hours=1))
    days(five, on=TODAY)

    page = read(reader(group), span=Span(TODAY - 5 * DAY, TODAY + DAY))

    assert page.until == TODAY - 2 * DAY
    assert page.total.figures.due_days == 5  # type: ignore[union-attr]


def test_a_finished_period_is_counted_to_its_end() -> None:
    assert counted_until(date(2026, 3, 31), today=TODAY, now=NOW) == date(2026, 3, 31)


def wait(whose: Sequence[Employee], *, on: date = MONDAY) -> None:
    WaitingDay.objects.bulk_create(
        WaitingDay(employee=one, work_date=on, facts_version=1, cause="punch", since=NOW)
        for one in whose
    )


def test_days_that_wait_are_told_where_they_belong(group: Department) -> None:
    north, south = department("N", group), department("S", group)
    wait(people(north, 5))
    people(south, 5)

    assert read(reader(group)).is_waiting
    assert read(reader(north)).is_waiting
    assert not read(reader(south)).is_waiting


def test_waiting_days_of_four_people_are_told_to_those_who_see_them(group: Department) -> None:
    """Else a page of one day and a small department would tell that somebody's facts moved."""
    wait(people(group, 4))

    assert not read(reader(group)).is_waiting
    assert read(reader(group, Action.SEE, Action.SUMMARISE)).is_waiting


def test_what_is_left_out_is_no_number_that_tells_how_often_somebody_was_there(
    group: Department,
) -> None:
    north, south = department("N", group), department("S", group)
    days(people(north, 6))
    one = people(south, 1)
    days(one)
    alone = read(reader(group))
    days(one, on=MONDAY + DAY)

    assert told(read(reader(group)).lines) == told(alone.lines)
    assert alone.lines[-1] == Line(Kind.DEPARTMENT, south, 0, leaves_out=True)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"month": "2026-03"}, ("2026-03-01", "2026-03-31")),
        ({}, ("2026-04-01", "2026-04-30")),
        ({"first": "2026-03-26", "last": "2026-04-02"}, ("2026-03-26", "2026-04-02")),
        ({"first": "2025-03-01", "last": "2026-03-01"}, ("2025-03-01", "2026-03-01")),
    ],
)
def test_a_period_is_a_month_or_two_dates(asked: dict[str, str], expected: tuple[str, str]) -> None:
    span = read_span(asked, None, TODAY)

    assert (span.first.isoformat(), span.last.isoformat()) == expected


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"month": "2026-13"}, "month"),
        ({"month": "'"}, "month"),
        ({"first": "2026-03-01"}, "last"),
        ({"first": "1.3.2026", "last": "2026-03-02"}, "first"),
        ({"first": "20260301", "last": "2026-03-02"}, "first"),
        ({"first": "2026-03-02", "last": "2026-03-01"}, "last"),
        ({"first": "2024-01-01", "last": "2026-03-01"}, "last"),
        ({"first": "0001-01-01", "last": "0001-01-02"}, "first"),
    ],
)
def test_an_odd_period_is_refused_by_name(asked: dict[str, str], field: str) -> None:
    with pytest.raises(OddPeriod) as refusal:
        read_span(asked, None, TODAY)

    assert refusal.value.facts["field"] == field


# --- what it costs ---------------------------------------------------------------------------


def test_totals_cost_the_same_however_many_departments(
    group: Department, django_assert_max_num_queries: object
) -> None:
    for n in range(12):
        unit = department(f"U{n}", group)
        days(people(unit, 5))
        days(people(department(f"U{n}-A", unit), 6))
    user = reader(group)

    with django_assert_max_num_queries(10):  # type: ignore[operator]
        page = read(user, all_levels=True)

    # Each unit, the people directly in it, and its room.
    assert len(page.lines) == 36
