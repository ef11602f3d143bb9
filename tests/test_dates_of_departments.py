"""PE-17 and section 7: what is about a date belongs to the department of that date.

After a transfer the old department keeps what was, the new one has what comes, and neither reads
or writes the other's.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from attendance.models import Absence, Correction, OvertimeApproval
from attendance.services import absences
from attendance.services.corrections import record_correction
from organization import services
from organization.access import Action
from organization.errors import NotFound, NoTransfer
from organization.models import AuditEntry, Change, Transfer, User
from scheduling import rosterexport
from scheduling.models import RosterEntry, Shift
from scheduling.pattern import ShiftPattern
from scheduling.services import rosters
from scheduling.services.shifts import add_shift
from scheduling.workbook import Table, read_workbook, write_workbook
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("standing_cast")

# Alice moves from the North to the South on this date.
MOVE = date(2026, 4, 10)
BEFORE, AFTER = MOVE - timedelta(days=1), MOVE + timedelta(days=1)


@pytest.fixture
def shift(cast: Cast) -> Shift:
    return add_shift(
        code="D", name="Day", pattern=ShiftPattern(segments=((540, 1080),)),
        valid_from=date(2026, 1, 1), now=NOW,
    )  # fmt: skip


@pytest.fixture
def moved(cast: Cast) -> Cast:
    services.transfer(
        employee_id=cast.alice.pk, department=cast.other_department, position=None,
        effective_on=MOVE, actor=None, now=NOW,
    )  # fmt: skip
    return cast


def moment(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def absence(cast: Cast, first: date, last: date) -> Absence:
    return Absence.objects.create(
        employee=cast.alice, kind=Absence.Kind.LEAVE, starts_at=moment(first, 2),
        ends_at=moment(last, 9), approved_at=NOW,
    )  # fmt: skip


def correction(cast: Cast, day: date) -> Correction:
    return record_correction(
        employee=cast.alice, work_date=day, slot="in", corrected_at=moment(day, 1), reason="seen",
        actor=None, now=NOW,
    )  # fmt: skip


def overtime(cast: Cast, day: date) -> OvertimeApproval:
    return OvertimeApproval.objects.create(
        employee=cast.alice, work_date=day, starts_at=moment(day, 10), ends_at=moment(day, 12),
        approved_at=NOW,
    )  # fmt: skip


def entry(cast: Cast, day: date) -> RosterEntry:
    return rosters.set_entry(
        employee_id=cast.alice.pk, work_date=day, shift=None, actor=None, now=NOW
    )


@pytest.mark.parametrize("make", [correction, overtime, entry])
def test_pe17_what_was_is_seen_by_the_old_department_and_what_comes_by_the_new(
    moved: Cast, make: Any
) -> None:
    was, comes = make(moved, BEFORE), make(moved, AFTER)
    rows = type(was).objects

    for action in (Action.SEE, Action.RULE, Action.EXPORT):
        assert list(rows.visible_to(moved.hr, action)) == [was]
        assert list(rows.visible_to(moved.other_hr, action)) == [comes]
    assert set(rows.visible_to(moved.alice.user)) == {was, comes}
    assert set(rows.visible_to(moved.superuser)) == {was, comes}


def test_pe17_an_absence_across_the_move_is_seen_on_both_sides_and_written_on_the_first(
    moved: Cast,
) -> None:
    across = absence(moved, BEFORE, AFTER)

    for actor in (moved.hr, moved.other_hr):
        assert list(Absence.objects.visible_to(actor)) == [across]
    assert list(Absence.objects.visible_to(moved.hr, Action.RULE)) == [across]
    assert not Absence.objects.visible_to(moved.other_hr, Action.RULE).exists()
    with pytest.raises(NotFound):
        absences.revoke_absence(absence_id=across.pk, actor=moved.other_hr, now=NOW)
    absences.revoke_absence(absence_id=across.pk, actor=moved.hr, now=NOW)


@pytest.mark.parametrize(("day", "may", "may_not"), [
    (BEFORE, "hr", "other_hr"), (AFTER, "other_hr", "hr"),
])  # fmt: skip
def test_pe17_a_date_is_written_by_the_department_of_that_date(
    moved: Cast, shift: Shift, day: date, may: str, may_not: str
) -> None:
    stranger, own = getattr(moved, may_not), getattr(moved, may)

    def writes(actor: User) -> None:
        made = rosters.set_entry(
            employee_id=moved.alice.pk, work_date=day, shift=shift, actor=actor, now=NOW
        )
        rosters.clear_entry(entry_id=made.pk, actor=actor, now=NOW)
        absences.add_absence(
            employee=moved.alice, kind=Absence.Kind.OUTING, starts_at=moment(day, 2),
            ends_at=moment(day, 4), reason="out", actor=actor, now=NOW,
        )  # fmt: skip

    with pytest.raises(NotFound):
        writes(stranger)
    assert not RosterEntry.objects.exists()
    writes(own)


def upload(actor: User, cells: dict[date, str]) -> Any:
    table = Table("April", ["工号", "姓名", *cells], [["00101", "Alice", *cells.values()]])
    return rosters.keep_upload(file_name="april.xlsx", content=write_workbook([table]), actor=actor)


def test_pe17_a_sheet_is_taken_cell_by_cell_and_names_those_of_another_department(
    moved: Cast, shift: Shift
) -> None:
    sheet = upload(moved.hr, {BEFORE: "D", AFTER: "D"})

    shown = rosters.preview_roster(sheet, moved.hr)

    assert (shown.new, shown.left_out) == (1, 1)
    [error] = shown.errors
    assert error.problem.value == "elsewhere"
    assert error.facts == {"day": str(AFTER)}


def test_pe17_whoever_has_the_person_next_rosters_them_as_soon_as_the_move_is_known(
    moved: Cast, shift: Shift
) -> None:
    shown = rosters.preview_roster(upload(moved.other_hr, {AFTER: "D"}), moved.other_hr)

    assert (shown.new, shown.left_out) == (1, 0)


def test_codes_mean_what_they_mean_in_the_department_of_the_date(moved: Cast) -> None:
    pattern = ShiftPattern(segments=((540, 1080),))
    north, south = (
        add_shift(code="N", name=unit.name, pattern=pattern, department=unit,
                  valid_from=date(2026, 1, 1), now=NOW)
        for unit in (moved.unit, moved.other_unit)
    )  # fmt: skip

    plan = rosters.plan_of(upload(moved.superuser, {BEFORE: "N", AFTER: "N"}), moved.superuser)
    changes = [change for _done, some in plan.walk() for change in some]

    assert [(c.work_date, c.after) for c in changes] == [(BEFORE, north.pk), (AFTER, south.pk)]


@pytest.mark.parametrize(("who", "kept"), [("hr", BEFORE), ("other_hr", AFTER)])
def test_pe17_an_export_holds_the_dates_of_ones_own_department(
    moved: Cast, shift: Shift, who: str, kept: date
) -> None:
    for day in (BEFORE, AFTER):
        rosters.set_entry(
            employee_id=moved.alice.pk, work_date=day, shift=shift, actor=None, now=NOW
        )

    content = rosterexport.export_month(
        month=date(2026, 4, 1), actor=getattr(moved, who), department=None
    )
    table = read_workbook(content, "april.xlsx")[0]
    row = next(row for row in table.rows if row and row[0] == moved.alice.number)

    assert [index for index, cell in enumerate(row) if cell == "D"] == [1 + kept.day]


def test_pe17_a_batch_with_cells_of_another_department_is_undone_by_nobody_but_their_keeper(
    moved: Cast, shift: Shift
) -> None:
    sheet = upload(moved.superuser, {BEFORE: "D", AFTER: "D"})
    batch = rosters.confirm_roster(upload_id=sheet.pk, actor=moved.superuser, now=NOW)

    for actor in (moved.hr, moved.other_hr):
        with pytest.raises(NotFound):
            rosters.undo_batch(batch_id=batch.pk, actor=actor, now=NOW)
    rosters.undo_batch(batch_id=batch.pk, actor=moved.superuser, now=NOW)


def test_a_move_that_is_entered_late_moves_what_was_written_before(cast: Cast) -> None:
    written = correction(cast, AFTER)
    assert list(Correction.objects.visible_to(cast.hr)) == [written]

    services.transfer(
        employee_id=cast.alice.pk, department=cast.other_department, position=None,
        effective_on=MOVE, actor=None, now=NOW,
    )  # fmt: skip

    assert Transfer.objects.filter(employee=cast.alice).count() == 2
    assert not Correction.objects.visible_to(cast.hr).exists()
    assert list(Correction.objects.visible_to(cast.other_hr)) == [written]


def test_a_transfer_is_taken_back_and_its_days_wait_again(moved: Cast) -> None:
    Change.objects.all().delete()

    now_holds = services.withdraw_transfer(
        employee_id=moved.alice.pk, actor=moved.superuser, now=NOW
    )

    assert now_holds.department == moved.department
    assert Transfer.objects.filter(employee=moved.alice).count() == 1
    assert list(Change.objects.values_list("reason", "starts_on")) == [("person", MOVE)]
    entry = AuditEntry.objects.get(verb="employee.transfer_withdrawn")
    assert entry.facts["effective_on"] == str(MOVE)
    with pytest.raises(NoTransfer):
        services.withdraw_transfer(employee_id=moved.alice.pk, actor=moved.superuser, now=NOW)


def test_the_page_offers_to_take_back_what_there_is(moved: Cast) -> None:
    client = Client()
    client.force_login(moved.superuser)
    where = f"/admin/organization/employee/{moved.alice.pk}/withdraw-transfer/"

    assert str(MOVE) in client.get(where).content.decode()
    assert client.post(where).status_code == 302
    assert "never transferred" in client.post(where, follow=True).content.decode()
    assert Transfer.objects.filter(employee=moved.alice).count() == 1


def test_a_shift_out_of_use_is_planned_by_nobody(cast: Cast, shift: Shift) -> None:
    Shift.objects.filter(pk=shift.pk).update(is_active=False)
    shift.refresh_from_db()

    with pytest.raises(rosters.ShiftIsRetired):
        rosters.set_entry(
            employee_id=cast.alice.pk, work_date=BEFORE, shift=shift, actor=cast.hr, now=NOW
        )
    assert not RosterEntry.objects.exists()


def test_p22_nobody_takes_the_days_of_another_unit_by_a_transfer_into_the_past(
    moved: Cast,
) -> None:
    """Whoever has the person today neither back-dates the move nor takes it back."""
    with pytest.raises(NotFound):
        services.transfer(
            employee_id=moved.alice.pk, department=moved.other_department, position=None,
            effective_on=BEFORE, actor=moved.other_hr, now=NOW,
        )  # fmt: skip
    with pytest.raises(NotFound):
        services.withdraw_transfer(employee_id=moved.alice.pk, actor=moved.other_hr, now=NOW)
    assert Transfer.objects.filter(employee=moved.alice).count() == 2


def test_p22_nobody_lets_a_person_leave_in_the_time_of_another_unit(moved: Cast) -> None:
    """The South has Alice today; her days of the North are not the South's to take away."""
    leave = {"employee_id": moved.alice.pk, "now": moment(AFTER, 4)}
    with pytest.raises(NotFound):
        services.leave(left_on=BEFORE, actor=moved.other_hr, **leave)
    services.leave(left_on=AFTER, actor=moved.other_hr, **leave)

    with pytest.raises(NotFound):
        services.leave(left_on=BEFORE, actor=moved.other_hr, **leave)
    services.leave(left_on=None, actor=moved.other_hr, **leave)


def test_p22_a_last_day_in_the_time_of_another_unit_is_not_taken_back(moved: Cast) -> None:
    leave = {"employee_id": moved.alice.pk, "now": moment(AFTER, 4)}
    services.leave(left_on=BEFORE, actor=None, **leave)

    with pytest.raises(NotFound):
        services.leave(left_on=None, actor=moved.other_hr, **leave)
    with pytest.raises(NotFound):
        services.leave(left_on=AFTER, actor=moved.hr, **leave)


def test_p22_nobody_corrects_the_first_day_of_somebody_another_unit_hired(moved: Cast) -> None:
    joined = {"employee_id": moved.alice.pk, "now": moment(AFTER, 4)}
    for day in (date(2024, 6, 1), BEFORE):
        with pytest.raises(NotFound):
            services.change_joined(joined_on=day, actor=moved.other_hr, **joined)

    services.change_joined(joined_on=date(2025, 2, 1), actor=moved.hr, **joined)
    moved.alice.refresh_from_db()
    assert moved.alice.joined_on == date(2025, 2, 1)
