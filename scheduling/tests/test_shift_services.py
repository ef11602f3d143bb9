from datetime import date

import pytest
from django.core.exceptions import ValidationError

from organization.errors import DateOutOfOrder, NotAllowed, NotFound
from organization.models import AuditEntry, Change
from scheduling.errors import AssignmentsOverlap, ShiftInUse, ShiftOutOfReach
from scheduling.models import RosterEntry, Shift, ShiftAssignment, ShiftVersion
from scheduling.pattern import Flexible, FlexMode, Free, Kind, ShiftPattern
from scheduling.services.assignments import (
    assign_shift,
    end_assignment,
    people_of,
    withdraw_assignment,
)
from scheduling.services.rotations import add_rotation, change_rotation, turns_of
from scheduling.services.shifts import (
    add_shift,
    change_shift,
    days_of_change,
    rename_shift,
    retire_shift,
    revive_shift,
)
from scheduling.tests.company import NOW, TODAY, Company, found_company

pytestmark = pytest.mark.django_db

NINE_TO_SIX = ShiftPattern(segments=((540, 1080),), breaks=((720, 780),))
TEN_TO_SIX = ShiftPattern(segments=((600, 1080),), breaks=((720, 780),))
JANUARY = date(2026, 1, 1)
MARCH = date(2026, 3, 1)
APRIL = date(2026, 4, 1)


@pytest.fixture
def company() -> Company:
    return found_company()


def shift(code="A", department=None, pattern=NINE_TO_SIX):
    return add_shift(
        code=code, name="Day", department=department, pattern=pattern, valid_from=JANUARY, now=NOW
    )


def change(row, pattern, valid_from, actor=None):
    return change_shift(
        shift_id=row.pk, pattern=pattern, valid_from=valid_from, actor=actor, now=NOW
    )


def news():
    """Return (from, to, people, department) of the news left since the company was founded."""
    kinds = (Change.Reason.SHIFT, Change.Reason.ASSIGNMENT)
    found = Change.objects.filter(reason__in=kinds).order_by("pk")
    return [
        (c.starts_on, c.ends_on, c.employee_ids, c.department and c.department.code) for c in found
    ]


# --- adding ----------------------------------------------------------------------------------


def test_a_new_shift_has_one_version_and_lets_nobody_wait(company: Company) -> None:
    added = add_shift(
        code=" A ",
        name="Day",
        department=company.works,
        color="#112233",
        pattern=NINE_TO_SIX,
        valid_from=MARCH,
        actor=company.bob,
        now=NOW,
    )

    version = added.versions.get()
    assert (added.code, added.color, added.department) == ("A", "#112233", company.works)
    assert (version.valid_from, version.read()) == (MARCH, NINE_TO_SIX)
    assert news() == []
    entry = AuditEntry.objects.get(verb="shift.added")
    assert (entry.actor, entry.department) == (company.bob, company.works)


@pytest.mark.parametrize(
    ("pattern", "window"),
    [
        (NINE_TO_SIX, (420, 1320)),
        (
            ShiftPattern(
                kind=Kind.FLEXIBLE,
                segments=((540, 1080),),
                flexible=Flexible(early_max=60, late_max=90),
            ),
            (420, 1320),
        ),
        (
            ShiftPattern(
                kind=Kind.FLEXIBLE,
                segments=((540, 1080),),
                flexible=Flexible(mode=FlexMode.CORE, core_start=600, core_end=960),
            ),
            (0, 1440),
        ),
        (ShiftPattern(kind=Kind.FREE, free=Free(day_boundary=240)), (240, 1680)),
        (ShiftPattern(segments=((1320, 1800),)), (1200, 2040)),
    ],
    ids=["fixed", "moving", "core", "free", "night"],
)
def test_a_version_knows_when_its_punches_may_come(pattern, window) -> None:
    version = shift(pattern=pattern).versions.get()

    assert (version.opens_minute, version.closes_minute) == window


def test_an_unsound_pattern_is_refused_by_field_and_nothing_is_written() -> None:
    """A-05: whoever calls the service, a command or a page."""
    with pytest.raises(ValidationError) as refused:
        shift(pattern=ShiftPattern(segments=((540, 1080), (1000, 1200)), late_grace=-1))

    assert set(refused.value.message_dict) == {"late_grace", "segments.1"}
    assert not Shift.objects.exists()


def test_one_code_means_one_shift_in_a_department(company: Company) -> None:
    shift(department=company.works)

    with pytest.raises(ValidationError, match="already has a shift with that code"):
        shift(department=company.works)


def test_nobody_adds_a_shift_where_they_may_not_configure(company: Company) -> None:
    for department in (company.works, None):
        with pytest.raises(NotAllowed):
            add_shift(
                code="A",
                name="Day",
                department=department,
                pattern=NINE_TO_SIX,
                valid_from=MARCH,
                actor=company.carol,
                now=NOW,
            )


# --- changing --------------------------------------------------------------------------------


def test_a_change_leaves_earlier_days_what_they_had(company: Company) -> None:
    row = shift()

    change(row, TEN_TO_SIX, APRIL, actor=company.root)

    assert [(v.valid_from, v.read()) for v in row.versions.order_by("valid_from")] == [
        (JANUARY, NINE_TO_SIX),
        (APRIL, TEN_TO_SIX),
    ]
    entry = AuditEntry.objects.get(verb="shift.changed")
    assert (entry.actor, entry.facts["before"], entry.facts["after"]) == (
        company.root,
        NINE_TO_SIX.to_json(),
        TEN_TO_SIX.to_json(),
    )


def test_saying_the_same_again_changes_nothing(company: Company) -> None:
    row = shift()
    assign_shift(department=company.line, shift=row, starts_on=JANUARY, now=NOW)
    Change.objects.all().delete()

    change(row, NINE_TO_SIX, MARCH)

    assert row.versions.count() == 1
    assert news() == []
    assert not AuditEntry.objects.filter(verb="shift.changed").exists()


def test_a_version_of_the_same_date_is_replaced_and_its_days_are_judged_again(
    company: Company,
) -> None:
    row = shift()
    assign_shift(department=company.line, shift=row, starts_on=JANUARY, now=NOW)
    change(row, TEN_TO_SIX, APRIL)
    Change.objects.all().delete()

    change(row, ShiftPattern(segments=((480, 960),)), APRIL)

    assert row.versions.count() == 2
    assert news() == [(APRIL, None, None, "WL")]


def test_a_change_wakes_those_who_can_have_the_shift_and_nobody_else(company: Company) -> None:
    row, other = shift(), shift("B")
    rotation = add_rotation(
        name="turns", kind="cycle", anchored_on=JANUARY, turns=[row, None], now=NOW
    )
    assign_shift(department=company.works, rotation=rotation, starts_on=JANUARY, now=NOW)
    assign_shift(department=company.line, shift=row, starts_on=JANUARY, now=NOW)
    assign_shift(position=company.guard, shift=other, starts_on=JANUARY, now=NOW)
    RosterEntry.objects.create(employee=company.dora, work_date=MARCH, shift=row)
    Change.objects.all().delete()

    change(row, TEN_TO_SIX, MARCH)

    assert news() == [
        (MARCH, None, None, "W"),
        (MARCH, None, [company.dora.pk], None),
    ]


def test_a_change_ends_where_the_next_version_begins(company: Company) -> None:
    row = shift()
    assign_shift(position=company.guard, shift=row, starts_on=JANUARY, now=NOW)
    change(row, TEN_TO_SIX, APRIL)
    Change.objects.all().delete()

    change(row, ShiftPattern(segments=((480, 960),)), MARCH)

    assert news() == [(MARCH, date(2026, 3, 31), [company.dora.pk], None)]


def test_a_change_of_the_first_version_reaches_back_to_the_first_use(company: Company) -> None:
    row = shift()
    RosterEntry.objects.create(employee=company.alice, work_date=date(2025, 12, 29), shift=row)
    Change.objects.all().delete()

    change(row, TEN_TO_SIX, JANUARY)

    assert news() == [(date(2025, 12, 29), None, [company.alice.pk], None)]


def test_the_days_of_a_change_are_counted_before_it_is_made(company: Company) -> None:
    row = shift()
    assign_shift(department=company.group, shift=row, starts_on=JANUARY, now=NOW)

    # alice joined before, dora on 2 February: 28 days of February and two of March, twice
    assert days_of_change(shift_id=row.pk, valid_from=date(2026, 2, 1), today=TODAY) == 30 + 29
    assert days_of_change(shift_id=row.pk, valid_from=APRIL, today=TODAY) == 0


def test_what_one_may_not_configure_is_not_there(company: Company) -> None:
    row = shift(department=company.works)

    with pytest.raises(NotFound):
        change(row, TEN_TO_SIX, APRIL, actor=company.carol)
    with pytest.raises(NotFound):
        rename_shift(
            shift_id=row.pk, code="X", name="X", color="#000000", actor=company.carol, now=NOW
        )
    with pytest.raises(NotFound):
        retire_shift(shift_id=row.pk, actor=company.carol, now=NOW)
    assert ShiftVersion.objects.get().read() == NINE_TO_SIX


def test_a_shift_in_use_is_not_retired(company: Company) -> None:
    row = shift()
    made = assign_shift(department=company.line, shift=row, starts_on=JANUARY, now=NOW)

    with pytest.raises(ShiftInUse, match="Line: A Day"):
        retire_shift(shift_id=row.pk, now=NOW)

    end_assignment(assignment_id=made.pk, ends_on=TODAY, now=NOW)
    assert retire_shift(shift_id=row.pk, now=NOW).is_active is False
    assert revive_shift(shift_id=row.pk, now=NOW).is_active is True
    assert list(
        AuditEntry.objects.filter(verb__startswith="shift.re").values_list("verb", flat=True)
    ) == ["shift.revived", "shift.retired"]


# --- assignments -----------------------------------------------------------------------------


def test_an_assignment_wakes_its_people_from_its_date(company: Company) -> None:
    made = assign_shift(
        department=company.line,
        shift=shift(),
        weekdays="123456",
        starts_on=MARCH,
        ends_on=APRIL,
        actor=company.bob,
        now=NOW,
    )

    assert made.weekdays == "123456"
    assert news() == [(MARCH, APRIL, None, "WL")]
    assert AuditEntry.objects.get(verb="assignment.added").department == company.line
    assert people_of(made, TODAY) == 1


def test_the_same_people_have_one_assignment_at_a_time(company: Company) -> None:
    row = shift()
    assign_shift(department=company.line, shift=row, starts_on=MARCH, now=NOW)

    with pytest.raises(AssignmentsOverlap) as refused:
        assign_shift(department=company.line, shift=row, starts_on=APRIL, now=NOW)

    assert str(refused.value) == (
        "Line: A Day is assigned already, from 2026-03-01 on. "
        "End that before 2026-04-01, or choose other dates."
    )


def test_narrower_people_may_have_an_assignment_of_their_own(company: Company) -> None:
    row = shift()
    assign_shift(department=company.works, shift=row, starts_on=MARCH, now=NOW)

    assign_shift(department=company.line, shift=row, starts_on=MARCH, now=NOW)
    assign_shift(
        department=company.line, position=company.guard, shift=row, starts_on=MARCH, now=NOW
    )
    assign_shift(employee=company.alice, shift=row, starts_on=MARCH, now=NOW)

    assert ShiftAssignment.objects.count() == 4


def test_a_shift_of_one_department_is_not_worked_in_another(company: Company) -> None:
    row = shift(department=company.shop)

    with pytest.raises(ShiftOutOfReach, match="A Day belongs to Shop and cannot be worked in Line"):
        assign_shift(department=company.line, shift=row, starts_on=MARCH, now=NOW)


def test_an_assignment_names_somebody_and_something(company: Company) -> None:
    with pytest.raises(ValidationError, match="Choose a department, a position or an employee"):
        assign_shift(shift=shift(), starts_on=MARCH, now=NOW)
    with pytest.raises(ValidationError, match="Choose a shift or a rotation"):
        assign_shift(department=company.line, starts_on=MARCH, now=NOW)


def test_an_ended_assignment_wakes_the_days_after_its_end(company: Company) -> None:
    made = assign_shift(employee=company.alice, shift=shift(), starts_on=MARCH, now=NOW)
    Change.objects.all().delete()

    end_assignment(assignment_id=made.pk, ends_on=date(2026, 3, 15), now=NOW)

    assert news() == [(date(2026, 3, 16), None, [company.alice.pk], None)]
    with pytest.raises(DateOutOfOrder):
        end_assignment(assignment_id=made.pk, ends_on=date(2026, 2, 1), now=NOW)


def test_an_assignment_does_not_grow_into_the_next_one(company: Company) -> None:
    row = shift()
    made = assign_shift(
        department=company.line, shift=row, starts_on=JANUARY, ends_on=MARCH, now=NOW
    )
    assign_shift(department=company.line, shift=row, starts_on=APRIL, now=NOW)

    with pytest.raises(AssignmentsOverlap):
        end_assignment(assignment_id=made.pk, ends_on=None, now=NOW)


def test_a_withdrawn_assignment_is_as_if_it_had_never_been(company: Company) -> None:
    made = assign_shift(
        employee=company.alice, shift=shift(), starts_on=MARCH, ends_on=APRIL, now=NOW
    )
    Change.objects.all().delete()

    withdraw_assignment(assignment_id=made.pk, actor=company.bob, now=NOW)

    assert not ShiftAssignment.objects.exists()
    assert news() == [(MARCH, APRIL, [company.alice.pk], None)]
    assert AuditEntry.objects.filter(verb="assignment.withdrawn").exists()


def test_an_assignment_of_a_person_is_not_there_for_another_unit(company: Company) -> None:
    made = assign_shift(employee=company.alice, shift=shift(), starts_on=MARCH, now=NOW)

    assert list(ShiftAssignment.objects.visible_to(company.bob)) == [made]
    assert not ShiftAssignment.objects.visible_to(company.carol).exists()
    with pytest.raises(NotFound):
        end_assignment(assignment_id=made.pk, ends_on=APRIL, actor=company.carol, now=NOW)


# --- rotations -------------------------------------------------------------------------------


def rotation(turns, kind="cycle", anchored_on=JANUARY, department=None):
    return add_rotation(
        name="turns",
        kind=kind,
        department=department,
        anchored_on=anchored_on,
        turns=turns,
        now=NOW,
    )


def run_otherwise(row, turns, valid_from, **instead):
    said = {
        "name": row.name,
        "kind": row.kind,
        "anchored_on": row.anchored_on,
        "follows_calendar": row.follows_calendar,
    }
    return change_rotation(
        rotation_id=row.pk, turns=turns, valid_from=valid_from, now=NOW, **(said | instead)
    )


def test_weeks_begin_on_monday() -> None:
    row = shift()

    made = rotation([row] * 5 + [None, None], kind="weekly", anchored_on=date(2026, 3, 4))

    assert made.anchored_on == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("kind", "count", "said"),
    [
        ("weekly", 6, "Weekly pattern has 7 days, not 6"),
        ("biweekly", 7, "Alternating weeks has 14 days, not 7"),
        ("cycle", 0, "A rotation has 1 to 366 days, not 0"),
    ],
)
def test_a_rotation_has_as_many_days_as_its_kind(kind, count, said) -> None:
    with pytest.raises(ValidationError, match=said):
        rotation([shift()] * count, kind=kind)


def test_a_turn_is_a_shift_that_the_rotation_may_use(company: Company) -> None:
    foreign = shift(department=company.shop)

    with pytest.raises(ValidationError, match="A Day belongs to Shop"):
        rotation([foreign], department=company.works)


def test_a_rotation_that_nobody_works_is_changed_in_place() -> None:
    row = shift()
    made = rotation([row, None])

    changed = run_otherwise(made, [row, row, None], MARCH)

    assert changed.pk == made.pk
    assert turns_of(changed) == [row, row, None]
    assert news() == []


def test_a_rotation_in_use_runs_otherwise_only_from_the_date(company: Company) -> None:
    row = shift()
    made = rotation([row, None])
    assign_shift(department=company.line, rotation=made, starts_on=JANUARY, now=NOW)
    Change.objects.all().delete()

    changed = run_otherwise(made, [row, row, None], APRIL)

    assert [
        (a.rotation_id, a.starts_on, a.ends_on)
        for a in ShiftAssignment.objects.order_by("starts_on")
    ] == [(made.pk, JANUARY, date(2026, 3, 31)), (changed.pk, APRIL, None)]
    assert turns_of(made) == [row, None]
    made.refresh_from_db()
    assert made.name == "turns (until 2026-03-31)"
    assert news() == [(APRIL, None, None, "WL")]


def test_a_new_name_changes_no_days(company: Company) -> None:
    row = shift()
    made = rotation([row, None])
    assign_shift(department=company.line, rotation=made, starts_on=JANUARY, now=NOW)
    Change.objects.all().delete()

    changed = run_otherwise(made, [row, None], APRIL, name="guards")

    assert (changed.pk, changed.name, news()) == (made.pk, "guards", [])
    assert AuditEntry.objects.filter(verb="rotation.changed").count() == 1
