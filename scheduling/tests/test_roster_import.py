from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

import pytest
from django.core.exceptions import ValidationError
from guardian.shortcuts import assign_perm

from organization.errors import NotFound
from organization.models import AuditEntry, Change, Department, Employee, User
from organization.services import add_department, hire
from scheduling.models import RosterBatch, RosterChange, RosterEntry, RosterUpload, Shift, ShiftCode
from scheduling.pattern import ShiftPattern
from scheduling.rosterplan import Choices, Concern
from scheduling.rostersheet import Problem
from scheduling.services import add_shift, rosters
from scheduling.services.rosters import (
    BatchChangedSince,
    BatchIsUndone,
    NothingToImport,
    UploadIsClosed,
)
from scheduling.tasks import write_ordered_rosters
from scheduling.workbook import Table, write_workbook

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 2, tzinfo=UTC)
# 2026-04-06 is a Monday.
MONDAY, TUESDAY, WEDNESDAY = date(2026, 4, 6), date(2026, 4, 7), date(2026, 4, 8)
H = 60


class World(NamedTuple):
    north: Department
    south: Department
    hr: User
    boss: User
    bob: Employee
    eve: Employee
    carol: Employee
    early: Shift
    night: Shift


@pytest.fixture
def world() -> World:
    group = add_department(name="Group", code="G", parent=None, now=NOW)
    north = add_department(name="North", code="N", parent=group, now=NOW)
    south = add_department(name="South", code="S", parent=group, now=NOW)
    hr = User.objects.create_user("north_hr")
    assign_perm("organization.rule", hr, north)
    assign_perm("organization.see", hr, north)
    boss = User.objects.create_superuser("admin")

    def person(number: str, name: str, department: Department) -> Employee:
        return hire(
            number=number, name=name, department=department, joined_on=date(2026, 1, 1), now=NOW
        )

    def shift(code: str, start: int, end: int) -> Shift:
        pattern = ShiftPattern(segments=((start, end),))
        return add_shift(code=code, name=code, pattern=pattern, valid_from=MONDAY, now=NOW)

    world = World(
        north,
        south,
        hr,
        boss,
        person("001", "Bob", north),
        person("002", "Eve", north),
        person("003", "Carol", south),
        shift("A", 8 * H, 16 * H),
        shift("N", 22 * H, 30 * H),
    )
    Change.objects.all().delete()
    return world


def sheet(*rows: Sequence[str], days: Sequence[date] = (MONDAY, TUESDAY, WEDNESDAY)) -> bytes:
    return write_workbook([Table("April", ["Number", "Name", *days], rows)])


def upload(content: bytes, actor: User, **chosen: object) -> RosterUpload:
    return rosters.keep_upload(
        file_name="april.xlsx",
        content=content,
        actor=actor,
        choices=Choices(**chosen),  # type: ignore[arg-type]
    )


def confirm(content: bytes, actor: User, **chosen: object) -> RosterBatch:
    kept = upload(content, actor, **chosen)
    return rosters.confirm_roster(upload_id=kept.pk, actor=actor, now=NOW)


def roster() -> dict[tuple[str, date], str]:
    rows = RosterEntry.objects.select_related("employee", "shift")
    return {(r.employee.name, r.work_date): r.shift.code if r.shift else "rest" for r in rows}


def test_nothing_is_written_before_confirmation(world: World) -> None:
    """P-28: a dry run changes nothing."""
    kept = upload(sheet(["001", "Bob", "A", "A", "休"]), world.hr)

    preview = rosters.preview_roster(kept, world.hr)

    assert (preview.new, preview.changed, preview.cleared, preview.unchanged) == (3, 0, 0, 0)
    assert (preview.starts_on, preview.ends_on, preview.people) == (MONDAY, WEDNESDAY, 1)
    assert roster() == {}
    assert not RosterBatch.objects.exists()


def test_a_confirmed_sheet_is_one_batch_with_its_news_and_its_audit_line(world: World) -> None:
    batch = confirm(sheet(["001", "Bob", "A", "", "休"], ["", "Eve", "N", "N", "0"]), world.hr)

    assert roster() == {
        ("Bob", MONDAY): "A",
        ("Bob", WEDNESDAY): "rest",
        ("Eve", MONDAY): "N",
        ("Eve", TUESDAY): "N",
        ("Eve", WEDNESDAY): "rest",
    }
    assert (batch.new_count, batch.changed_count, batch.cleared_count) == (5, 0, 0)
    assert (batch.starts_on, batch.ends_on, batch.confirmed_by) == (MONDAY, WEDNESDAY, world.hr)
    [change] = Change.objects.all()
    assert (change.reason, change.starts_on, change.ends_on) == ("roster", MONDAY, WEDNESDAY)
    assert change.employee_ids == [world.bob.pk, world.eve.pk]
    assert AuditEntry.objects.get(verb="roster.confirmed").facts["new"] == 5
    assert RosterUpload.objects.get().state == RosterUpload.State.CONFIRMED


def test_a_second_sheet_counts_what_is_changed_and_what_stays(world: World) -> None:
    confirm(sheet(["001", "Bob", "A", "A", "A"]), world.hr)

    kept = upload(sheet(["001", "Bob", "N", "", "A"]), world.hr)
    preview = rosters.preview_roster(kept, world.hr)

    assert (preview.new, preview.changed, preview.cleared, preview.unchanged) == (0, 1, 0, 1)
    [(who, change)] = preview.samples
    assert (who, change.work_date) == ("001 Bob", MONDAY)
    assert (change.before, change.after) == (world.early.pk, world.night.pk)


def test_empty_cells_say_nothing_unless_they_are_told_to_clear(world: World) -> None:
    confirm(sheet(["001", "Bob", "A", "A", "A"], ["002", "Eve", "A", "A", "A"]), world.hr)
    emptied = sheet(["001", "Bob", "A", "", "早+晚"], ["002", "Eve", "", "", ""])

    with pytest.raises(NothingToImport):
        confirm(emptied, world.hr)
    batch = confirm(emptied, world.hr, empty_clears=True)

    # The cell that could not be read is left alone.
    assert batch.cleared_count == 4
    assert roster() == {("Bob", MONDAY): "A", ("Bob", WEDNESDAY): "A"}


def test_the_same_sheet_again_changes_nothing(world: World) -> None:
    content = sheet(["001", "Bob", "A", "N", "休"])
    confirm(content, world.hr)

    with pytest.raises(NothingToImport):
        confirm(content, world.hr)

    assert RosterBatch.objects.count() == 1


def test_confirming_twice_is_one_batch(world: World) -> None:
    kept = upload(sheet(["001", "Bob", "A", "A", "A"]), world.hr)

    first = rosters.confirm_roster(upload_id=kept.pk, actor=world.hr, now=NOW)
    second = rosters.confirm_roster(upload_id=kept.pk, actor=world.hr, now=NOW)

    assert first == second
    with pytest.raises(UploadIsClosed):
        rosters.start_confirmation(upload_id=kept.pk, actor=world.hr)


def test_people_of_others_do_not_exist(world: World) -> None:
    content = sheet(["003", "Carol", "A", "A", "A"], ["001", "Bob", "A", "A", "A"])
    kept = upload(content, world.hr)

    preview = rosters.preview_roster(kept, world.hr)
    rosters.confirm_roster(upload_id=kept.pk, actor=world.hr, now=NOW)

    [unknown] = preview.unknown_people
    assert (unknown.cell, unknown.problem) == ("A2", Problem.UNKNOWN_PERSON)
    assert unknown.suggestions == ()
    assert preview.left_out == 3
    assert {name for name, _day in roster()} == {"Bob"}


def test_others_cannot_touch_an_upload_or_a_batch(world: World) -> None:
    south_hr = User.objects.create_user("south_hr")
    assign_perm("organization.rule", south_hr, world.south)
    kept = upload(sheet(["001", "Bob", "A", "A", "A"]), world.hr)
    batch = rosters.confirm_roster(upload_id=kept.pk, actor=world.hr, now=NOW)

    with pytest.raises(NotFound):
        rosters.find_upload(kept.pk, south_hr)
    with pytest.raises(NotFound):
        rosters.undo_batch(batch_id=batch.pk, actor=south_hr, now=NOW)
    assert list(rosters.batches_of(south_hr)) == []
    assert list(rosters.batches_of(world.hr)) == [batch]


def test_a_batch_with_people_of_others_is_not_undone_by_halves(world: World) -> None:
    batch = confirm(sheet(["001", "Bob", "A", "A", "A"], ["003", "", "A", "A", "A"]), world.boss)

    with pytest.raises(NotFound):
        rosters.undo_batch(batch_id=batch.pk, actor=world.hr, now=NOW)

    assert len(roster()) == 6


def test_unknown_codes_are_told_once_and_mapped_once(world: World) -> None:
    content = sheet(["001", "Bob", "早", "早", "x"], ["002", "Eve", "早", "", ""])
    kept = upload(content, world.hr)

    preview = rosters.preview_roster(kept, world.hr)
    rosters.choose(
        upload_id=kept.pk,
        choices=Choices(codes={"早": world.early.pk, "x": None}),
        actor=world.hr,
    )
    rosters.confirm_roster(upload_id=kept.pk, actor=world.hr, now=NOW)
    again = rosters.preview_roster(upload(content, world.hr), world.hr)

    assert [(c.code, c.count, c.cell) for c in preview.unknown_codes] == [
        ("早", 3, "C2"),
        ("x", 1, "E2"),
    ]
    assert (again.unknown_codes, again.unchanged, again.to_write) == ([], 4, 0)
    remembered = ShiftCode.objects.values_list("code", "department__code", "shift__code")
    assert sorted(remembered) == [("x", "N", None), ("早", "N", "A")]


def test_a_remembered_code_reaches_only_its_department(world: World) -> None:
    ShiftCode.objects.create(code="D", department=world.south, shift=world.night)
    ShiftCode.objects.create(code="D", department=None, shift=world.early)

    confirm(sheet(["001", "Bob", "d", "", ""], ["003", "Carol", "D", "", ""]), world.boss)

    assert roster() == {("Bob", MONDAY): "A", ("Carol", MONDAY): "N"}


def test_shifts_and_people_of_others_cannot_be_chosen(world: World) -> None:
    pattern = ShiftPattern(segments=((8 * H, 16 * H),))
    foreign = add_shift(
        code="F", name="F", department=world.south, pattern=pattern, valid_from=MONDAY, now=NOW
    )
    kept = upload(sheet(["", "Bobby", "F", "", ""]), world.hr)

    chosen = rosters.choose(
        upload_id=kept.pk,
        choices=Choices(codes={"F": foreign.pk}, people={"Bobby": world.carol.pk}),
        actor=world.hr,
    )

    assert rosters.choices_of(chosen) == Choices()


def test_a_person_is_chosen_once(world: World) -> None:
    confirm(sheet(["", "Bobby", "A", "", ""]), world.hr, people={"Bobby": world.bob.pk})

    assert roster() == {("Bob", MONDAY): "A"}


def test_the_same_date_twice_is_an_error_that_names_both_cells(world: World) -> None:
    content = sheet(["001", "", "A", "A", ""], ["", "Bob", "N", "A", "N"])
    kept = upload(content, world.hr)

    preview = rosters.preview_roster(kept, world.hr)
    rosters.confirm_roster(upload_id=kept.pk, actor=world.hr, now=NOW)

    [error] = preview.errors
    assert (error.cell, error.value, error.problem) == ("C3", "N", Problem.ENTRY_TWICE)
    assert "April C2" in error.message
    assert roster() == {("Bob", MONDAY): "A", ("Bob", TUESDAY): "A", ("Bob", WEDNESDAY): "N"}


def test_what_somebody_should_know_is_said(world: World) -> None:
    world.eve.left_on = TUESDAY
    world.eve.save()
    days = [date(2026, 4, n) for n in range(6, 14)]
    content = sheet(
        ["001", "Bobby", "N", "A", "A", "A", "A", "A", "A", "休"],
        ["002", "Eve", "", "", "A", "", "", "", "", ""],
        days=days,
    )

    preview = rosters.preview_roster(upload(content, world.hr), world.hr)

    assert [(w.concern, w.who, w.work_date, w.detail) for w in preview.warnings] == [
        (Concern.OTHER_NAME, "001 Bobby", None, "001 Bob"),
        (Concern.LONG_RUN, "001 Bob", MONDAY, "7"),
        (Concern.SHORT_REST, "001 Bob", TUESDAY, "2:00"),
        (Concern.AFTER_LEAVING, "002 Eve", WEDNESDAY, "2026-04-07"),
    ]


def test_rest_and_runs_look_at_the_days_around_the_sheet(world: World) -> None:
    before = [date(2026, 3, 31), *(date(2026, 4, n) for n in range(1, 6))]
    confirm(sheet(["001", "Bob", *"AAAAAN"], days=before), world.hr)

    preview = rosters.preview_roster(upload(sheet(["001", "Bob", "A", "", ""]), world.hr), world.hr)

    assert preview.concerns == {Concern.LONG_RUN: 1, Concern.SHORT_REST: 1}


def test_undo_gives_back_what_was_there(world: World) -> None:
    confirm(sheet(["001", "Bob", "A", "A", ""]), world.hr)
    before = roster()
    batch = confirm(sheet(["001", "Bob", "N", "", "N"]), world.hr, empty_clears=True)
    Change.objects.all().delete()

    rosters.undo_batch(batch_id=batch.pk, actor=world.hr, now=NOW)

    assert roster() == before
    [change] = Change.objects.all()
    assert (change.starts_on, change.ends_on, change.employee_ids) == (
        MONDAY,
        WEDNESDAY,
        [world.bob.pk],
    )
    with pytest.raises(BatchIsUndone):
        rosters.undo_batch(batch_id=batch.pk, actor=world.hr, now=NOW)


def test_undo_refuses_where_a_later_batch_changed_cells_and_names_them(world: World) -> None:
    first = confirm(sheet(["001", "Bob", "A", "A", "A"]), world.hr)
    second = confirm(sheet(["001", "Bob", "", "N", ""]), world.hr)

    with pytest.raises(BatchChangedSince, match=r"001 Bob 2026-04-07 \(1 in all\)"):
        rosters.undo_batch(batch_id=first.pk, actor=world.hr, now=NOW)
    assert len(roster()) == 3

    rosters.undo_batch(batch_id=second.pk, actor=world.hr, now=NOW)
    rosters.undo_batch(batch_id=first.pk, actor=world.hr, now=NOW)
    assert roster() == {}


def test_people_nobody_knows_can_be_hired_from_the_sheet(world: World) -> None:
    content = sheet(["", "Zoe", "A", "", ""], ["Z9", "Yan", "A", "", ""], ["", "Bob", "A", "", ""])
    kept = upload(content, world.hr)
    hire(number="R007", name="x", department=world.north, joined_on=MONDAY, now=NOW)

    added = rosters.add_people(
        upload_id=kept.pk,
        department=world.north,
        position=None,
        prefix="R",
        joined_on=MONDAY,
        actor=world.hr,
        now=NOW,
    )

    assert [(e.number, e.name) for e in added] == [("R008", "Zoe"), ("Z9", "Yan")]
    assert rosters.preview_roster(kept, world.hr).unknown_people == []
    with pytest.raises(NotFound):
        rosters.add_people(
            upload_id=kept.pk,
            department=world.south,
            position=None,
            prefix="R",
            joined_on=MONDAY,
            actor=world.hr,
            now=NOW,
        )


def test_who_cannot_be_hired_is_named_and_nobody_is_hired(world: World) -> None:
    kept = upload(sheet(["Z9", "Yan", "A", "", ""], ["003", "Carl", "A", "", ""]), world.hr)

    with pytest.raises(ValidationError, match="003 Carl"):
        rosters.add_people(
            upload_id=kept.pk,
            department=world.north,
            position=None,
            prefix="R",
            joined_on=MONDAY,
            actor=world.hr,
            now=NOW,
        )

    assert not Employee.objects.filter(number="Z9").exists()


def test_an_ordered_upload_is_written_by_the_bell_however_often_it_rings(world: World) -> None:
    kept = upload(sheet(["001", "Bob", "A", "A", "A"]), world.hr)
    rosters.start_confirmation(upload_id=kept.pk, actor=world.hr)

    assert write_ordered_rosters() == 1
    assert write_ordered_rosters() == 0

    kept.refresh_from_db()
    assert (kept.state, kept.progress, kept.total) == (RosterUpload.State.CONFIRMED, 3, 3)
    assert len(roster()) == 3


def test_an_order_that_cannot_be_written_says_why_and_can_be_tried_again(world: World) -> None:
    kept = upload(sheet(["001", "Bob", "A", "A", "A"]), world.hr)
    rosters.start_confirmation(upload_id=kept.pk, actor=world.hr)
    confirm(sheet(["001", "Bob", "A", "A", "A"]), world.boss)

    assert write_ordered_rosters() == 0

    kept.refresh_from_db()
    assert kept.state == RosterUpload.State.FAILED
    assert "would change nothing" in kept.problem
    RosterEntry.objects.all().delete()
    rosters.start_confirmation(upload_id=kept.pk, actor=world.hr)
    assert write_ordered_rosters() == 1


def test_only_what_was_previewed_is_written(world: World) -> None:
    kept = upload(sheet(["001", "Bob", "A", "A", "A"]), world.hr)
    seen = rosters.preview_roster(kept, world.hr).digest
    confirm(sheet(["001", "Bob", "休", "", ""]), world.boss)
    before = roster()
    rosters.start_confirmation(upload_id=kept.pk, actor=world.hr, seen=seen)

    assert write_ordered_rosters() == 0

    kept.refresh_from_db()
    assert kept.state == RosterUpload.State.FAILED
    assert "has changed since the preview" in kept.problem
    assert roster() == before
    seen = rosters.preview_roster(kept, world.hr).digest
    rosters.start_confirmation(upload_id=kept.pk, actor=world.hr, seen=seen)
    assert write_ordered_rosters() == 1


def test_a_poisoned_sheet_stops_no_other(world: World) -> None:
    poisoned = upload(sheet(["001", "Bob", "A", "A", "A"]), world.hr)
    sound = upload(sheet(["002", "Eve", "A", "A", "A"]), world.hr)
    for kept in (poisoned, sound):
        rosters.start_confirmation(upload_id=kept.pk, actor=world.hr)
    RosterUpload.objects.filter(pk=poisoned.pk).update(
        choices={"month": "nonsense", "confirmed_by": world.hr.pk}
    )

    assert write_ordered_rosters() == 1

    poisoned.refresh_from_db()
    assert (poisoned.state, roster()[("Eve", MONDAY)]) == (RosterUpload.State.FAILED, "A")


def test_a_discarded_upload_keeps_no_content(world: World) -> None:
    kept = upload(sheet(["001", "Bob", "A", "A", "A"]), world.hr)

    rosters.discard_upload(upload_id=kept.pk, actor=world.hr)

    kept.refresh_from_db()
    assert (bytes(kept.content), kept.state) == (b"", RosterUpload.State.DISCARDED)
    with pytest.raises(UploadIsClosed):
        rosters.start_confirmation(upload_id=kept.pk, actor=world.hr)


def test_a_refused_confirmation_leaves_nothing_behind(world: World) -> None:
    kept = upload(sheet(["009", "Nobody", "A", "A", "A"]), world.hr)

    with pytest.raises(NothingToImport):
        rosters.confirm_roster(upload_id=kept.pk, actor=world.hr, now=NOW)

    assert not RosterBatch.objects.exists()
    assert not RosterChange.objects.exists()
    assert not Change.objects.exists()


def test_queries_do_not_grow_with_the_people(
    world: World,
    django_assert_max_num_queries,  # type: ignore[no-untyped-def]
) -> None:
    rows = []
    for number in range(60):
        Employee.objects.create(
            number=f"X{number}", name="x", department=world.north, joined_on=date(2026, 1, 1)
        )
        rows.append([f"X{number}", "", "A", "A", "A"])
    kept = upload(sheet(*rows), world.hr)

    with django_assert_max_num_queries(12):
        assert rosters.preview_roster(kept, world.hr).new == 180
    with django_assert_max_num_queries(25):
        rosters.confirm_roster(upload_id=kept.pk, actor=world.hr, now=NOW)
