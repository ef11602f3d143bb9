"""Rosters from sheets: keep an upload, look at it, confirm it as one batch, take the batch back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import count
from posixpath import basename, commonpath
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from organization import audit
from organization.access import Action, departments_for
from organization.errors import DomainError, NotFound
from organization.models import Change, Department, Employee, Position, User
from organization.progress import progress_of
from organization.services import announce, department_on, hire
from scheduling.models import (
    RosterBatch,
    RosterChange,
    RosterEntry,
    RosterUpload,
    Shift,
    ShiftCode,
)
from scheduling.rosterplan import CellChange, Choices, Preview, RosterPlan, load_entries
from scheduling.rostersheet import Line, Problem
from scheduling.rosterstore import lock_roster, write_changes
from scheduling.workbook import read_workbook

State = RosterUpload.State
# A larger file (some 5,000 cells) is written by a worker, and the page shows how far it is.
WRITTEN_AT_ONCE: Final = 40_000
HIRED_AT_MOST: Final = 500
_PEOPLE_AT_ONCE: Final = 500
_NAMED_AT_MOST: Final = 10


class NothingToImport(DomainError):
    """Nothing in the sheet would change the roster."""

    code = "nothing_to_import"
    message = _("%(file)s would change nothing in the roster.")


class RosterMoved(DomainError):
    """What was previewed is not what would be written any more."""

    code = "roster_moved"
    message = _(
        "Nothing was written: the roster, or what codes mean, has changed since the preview of "
        "%(file)s. Look at the new preview and confirm again."
    )


class UploadIsClosed(DomainError):
    """The upload was confirmed or discarded, or is being written."""

    code = "upload_is_closed"
    message = _("%(file)s is %(state)s; upload it again to import it again.")


class TooManyToHire(DomainError):
    """A whole company is not hired from a roster."""

    code = "too_many_to_hire"
    message = _("%(count)d people are too many to add here; import them as employees first.")


class BatchChangedSince(DomainError):
    """Somebody changed cells of the batch after it was confirmed."""

    code = "batch_changed_since"
    message = _("Changed after this batch: %(cells)s (%(count)d in all). Undo that first.")


class ShiftIsRetired(DomainError):
    """Nobody is planned on a shift that is out of use; what was planned stays."""

    code = "shift_is_retired"
    message = _("Shift: %(shift)s is out of use; choose another one, or take it into use again.")


class BatchIsUndone(DomainError):
    """A batch is taken back once."""

    code = "batch_is_undone"
    message = _("%(batch)s is undone already.")


# On the way ---------------------------------------------------------------------------------------


def keep_upload(
    *, file_name: str, content: bytes, actor: User | None, choices: Choices | None = None
) -> RosterUpload:
    """Keep a sheet until it is confirmed. Raises UnreadableWorkbook and WorkbookTooLarge."""
    read_workbook(content, file_name)
    return RosterUpload.objects.create(
        file_name=basename(file_name)[-255:],
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        choices=(choices or Choices()).to_json(),
        uploaded_by=actor,
    )


def uploads_of(actor: User) -> QuerySet[RosterUpload]:
    """Return the uploads `actor` may go on with: one's own; a superuser's are all."""
    rows = RosterUpload.objects.defer("content")
    return rows if actor.is_superuser else rows.filter(uploaded_by=actor)


def find_upload(upload_id: int, actor: User) -> RosterUpload:
    """Return an upload of `actor`. Raises NotFound."""
    upload = uploads_of(actor).filter(pk=upload_id).first()
    if upload is None:
        raise NotFound(what=_("upload"), key=upload_id)
    return upload


def choices_of(upload: RosterUpload) -> Choices:
    """Return what was chosen on the way."""
    return Choices.from_json(upload.choices)


def plan_of(upload: RosterUpload, actor: User | None) -> RosterPlan:
    """Read the sheet for `actor`, with the choices made so far."""
    return RosterPlan(
        content=bytes(upload.content),
        file_name=upload.file_name,
        choices=choices_of(upload),
        actor=actor,
    )


def preview_roster(upload: RosterUpload, actor: User | None) -> Preview:
    """Return what a confirmation would change and what it would leave out. Writes nothing."""
    return plan_of(upload, actor).preview()


def choose(*, upload_id: int, choices: Choices, actor: User) -> RosterUpload:
    """Keep what the person chose. Raises UploadIsClosed.

    Shifts and people that are not the actor's to use are dropped: they do not exist for them.
    """
    upload = find_upload(upload_id, actor)
    _open(upload)
    shifts = Shift.objects.visible_to(actor).filter(
        pk__in=[key for key in choices.codes.values() if key is not None]
    )
    people = Employee.objects.visible_once(actor, Action.RULE).filter(
        pk__in=list(choices.people.values())
    )
    usable: set[int | None] = {None, *shifts.values_list("pk", flat=True)}
    theirs = set(people.values_list("pk", flat=True))
    choices = replace(
        choices,
        codes={code: key for code, key in choices.codes.items() if key in usable},
        people={who: key for who, key in choices.people.items() if key in theirs},
    )
    upload.choices = choices.to_json()
    upload.save(update_fields=["choices"])
    return upload


def _open(upload: RosterUpload) -> None:
    if upload.state not in (State.UPLOADED, State.FAILED):
        raise UploadIsClosed(file=upload.file_name, state=upload.get_state_display())


def discard_upload(*, upload_id: int, actor: User) -> RosterUpload:
    """Put an upload aside; its content goes. Raises UploadIsClosed."""
    upload = find_upload(upload_id, actor)
    _open(upload)
    upload.state, upload.content = State.DISCARDED, b""
    upload.save(update_fields=["state", "content"])
    return upload


@transaction.atomic
def add_people(
    *,
    upload_id: int,
    department: Department,
    position: Position | None,
    prefix: str,
    joined_on: date,
    actor: User,
    now: datetime,
) -> list[Employee]:
    """Hire everybody whom the sheet names and nobody knows; return them.

    Whoever has no number in the sheet gets the next free one after `prefix`. Raises NotFound for a
    department in which the actor may not configure, TooManyToHire, and ValidationError for odd
    names and numbers.
    """
    if not departments_for(actor, Action.RULE).filter(pk=department.pk).exists():
        raise NotFound(what=_("department"), key=department.name)
    upload = find_upload(upload_id, actor)
    _open(upload)
    wanted: dict[str, Line] = {}
    for line, error in plan_of(upload, actor).unmatched():
        if error.problem is Problem.UNKNOWN_PERSON:
            wanted.setdefault(line.who, line)
    if len(wanted) > HIRED_AT_MOST:
        raise TooManyToHire(count=len(wanted))
    numbers = _free_numbers(prefix)
    hired = []
    for line in wanted.values():
        number, name = line.number or next(numbers), line.name or line.number
        try:
            person = hire(
                number=number,
                name=name,
                department=department,
                position=position,
                joined_on=joined_on,
                actor=actor,
                now=now,
            )
        except ValidationError as refusal:
            said = " ".join(refusal.messages)
            raise ValidationError(f"{number} {name}: {said}") from refusal
        hired.append(person)
    return hired


def _free_numbers(prefix: str) -> Iterator[str]:
    """Yield the numbers after the highest one with this prefix: P001, P002, …"""
    taken = Employee.objects.filter(number__startswith=prefix).values_list("number", flat=True)
    tails = [number.removeprefix(prefix) for number in taken]
    highest = max((int(tail) for tail in tails if tail.isdecimal() and len(tail) < 9), default=0)
    return (f"{prefix}{number:03}" for number in count(highest + 1))


# Confirmation -------------------------------------------------------------------------------------


def start_confirmation(*, upload_id: int, actor: User, seen: str = "") -> RosterUpload:
    """Order an upload to be written, once. Raises UploadIsClosed.

    `seen` is the digest of the preview that was confirmed: nothing else is written than that.
    A bell writes what is ordered; for a small file `finish_confirmation` may do so at once.
    """
    upload = find_upload(upload_id, actor)
    ordered = RosterUpload.objects.filter(
        pk=upload_id, state__in=(State.UPLOADED, State.FAILED)
    ).update(
        state=State.RUNNING,
        choices={**upload.choices, "confirmed_by": actor.pk, "seen": seen},
        total=0,
        progress=0,
        problem="",
    )
    upload = find_upload(upload_id, actor)
    if not ordered:
        raise UploadIsClosed(file=upload.file_name, state=upload.get_state_display())
    return upload


def ordered_uploads() -> list[int]:
    """Return the keys of the uploads that are ordered and not written yet, the oldest first."""
    ordered = RosterUpload.objects.filter(state=State.RUNNING).order_by("pk")
    return list(ordered.values_list("pk", flat=True))


def fail_confirmation(*, upload_id: int, problem: str) -> None:
    """Give an ordered upload back to its owner, with what went wrong."""
    RosterUpload.objects.filter(pk=upload_id, state=State.RUNNING).update(
        state=State.FAILED, problem=problem
    )


def finish_confirmation(*, upload_id: int, now: datetime) -> RosterBatch | None:
    """Write one ordered upload; a refusal stays on it, in words. None if it is not ordered."""
    upload = RosterUpload.objects.defer("content").get(pk=upload_id)
    if upload.state != State.RUNNING:
        return None
    actor = User.objects.filter(pk=upload.choices.get("confirmed_by")).first()
    try:
        if actor is None or not actor.is_active:
            raise NotFound(what=_("log-in"), key=upload.choices.get("confirmed_by"))
        return confirm_roster(
            upload_id=upload_id, actor=actor, now=now, report=progress_of(RosterUpload, upload_id)
        )
    except DomainError as refusal:
        fail_confirmation(upload_id=upload_id, problem=str(refusal))
    return None


def confirm_roster(
    *,
    upload_id: int,
    actor: User | None,
    now: datetime,
    report: Callable[[int], None] = lambda done: None,
) -> RosterBatch:
    """Write an upload as one batch; what could not be read or matched stays out.

    The days it concerns are judged again. Codes that were mapped on the way are remembered. A
    second call returns the same batch. `report` hears how many cells are done. Raises
    NothingToImport or RosterMoved; then nothing is written.
    """
    upload = RosterUpload.objects.get(pk=upload_id)
    if batch := RosterBatch.objects.filter(upload=upload).first():
        return batch
    plan = plan_of(upload, actor)
    RosterUpload.objects.filter(pk=upload_id).update(total=plan.cells)
    try:
        with transaction.atomic():
            return _write(upload, plan, actor, now, report)
    except IntegrityError:
        # Somebody else wrote this very upload meanwhile: a batch has one upload, an upload one.
        if batch := RosterBatch.objects.filter(upload=upload).first():
            return batch
        raise


def _write(
    upload: RosterUpload,
    plan: RosterPlan,
    actor: User | None,
    now: datetime,
    report: Callable[[int], None],
) -> RosterBatch:
    lock_roster()
    if plan.starts_on is None or plan.ends_on is None:
        raise NothingToImport(file=upload.file_name)
    batch = RosterBatch.objects.create(
        upload=upload,
        title=upload.file_name,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        confirmed_by=actor,
        confirmed_at=now,
    )
    for done, changes in plan.walk():
        write_changes(batch.pk, changes)
        _tell(changes)
        for change in changes:
            if not change.had_entry:
                batch.new_count += 1
            elif change.has_entry:
                batch.changed_count += 1
            else:
                batch.cleared_count += 1
        report(done)
    seen = upload.choices.get("seen")
    if seen and seen != plan.digest.hexdigest():
        raise RosterMoved(file=upload.file_name)
    written = batch.new_count + batch.changed_count + batch.cleared_count
    if not written:
        raise NothingToImport(file=upload.file_name)
    batch.save(update_fields=["new_count", "changed_count", "cleared_count"])
    _remember_codes(plan, actor)
    RosterUpload.objects.filter(pk=upload.pk).update(
        state=State.CONFIRMED, progress=plan.cells, problem=""
    )
    _record(batch, "roster.confirmed", actor, now)
    return batch


def _tell(changes: Sequence[CellChange]) -> None:
    """Leave the news that the days of these people must be judged again."""
    if changes:
        dates = [change.work_date for change in changes]
        announce(
            Change.Reason.ROSTER,
            starts_on=min(dates),
            ends_on=max(dates),
            employee_ids=sorted({change.employee_id for change in changes}),
        )


def _record(batch: RosterBatch, verb: str, actor: User | None, now: datetime) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        thing=batch,
        now=now,
        starts_on=str(batch.starts_on),
        ends_on=str(batch.ends_on),
        new=batch.new_count,
        changed=batch.changed_count,
        cleared=batch.cleared_count,
    )


def _remember_codes(plan: RosterPlan, actor: User | None) -> None:
    """Keep what codes mean, for the smallest department that holds everybody in the sheet.

    Where the actor may not configure that department, or the whole group, nothing is kept.
    """
    if not plan.choices.codes:
        return
    department = _common_department(plan.department_paths)
    if department is None:
        if actor is not None and not actor.is_superuser:
            return
    elif actor is not None and not (
        departments_for(actor, Action.RULE).filter(pk=department.pk).exists()
    ):
        return
    for code, meaning in plan.choices.codes.items():
        ShiftCode.objects.update_or_create(
            code=code, department=department, defaults={"shift_id": meaning}
        )


def _common_department(paths: Iterable[str]) -> Department | None:
    """Return the deepest department above all `paths`; None stands for the whole group."""
    above = commonpath(list(paths))
    return Department.objects.filter(path=f"{above}/").first()


# The way back -------------------------------------------------------------------------------------


def batches_of(actor: User, action: Action = Action.SEE) -> QuerySet[RosterBatch]:
    """Return the batches that hold cells on which `actor` may do `action`."""
    if actor.is_superuser:
        return RosterBatch.objects.all()
    cells = RosterChange.objects.visible_to(actor, action).filter(batch=OuterRef("pk"))
    return RosterBatch.objects.filter(Exists(cells))


@transaction.atomic
def undo_batch(*, batch_id: int, actor: User | None, now: datetime) -> RosterBatch:
    """Give the roster back what it was before a batch.

    Raises NotFound where the batch holds cells that are not the actor's to write, BatchIsUndone,
    and BatchChangedSince, which names cells that were changed later. Then nothing is written.
    """
    lock_roster()
    batch = RosterBatch.objects.select_for_update().filter(pk=batch_id).first()
    cells = RosterChange.objects.filter(batch_id=batch_id)
    people = sorted(cells.values_list("employee_id", flat=True).distinct())
    if batch is None or not _may_roster_all(actor, cells):
        raise NotFound(what=_("batch"), key=batch_id)
    if batch.undone_at is not None:
        raise BatchIsUndone(batch=batch.title)
    changed: list[tuple[int, date]] = []
    for start in range(0, len(people), _PEOPLE_AT_ONCE):
        some = people[start : start + _PEOPLE_AT_ONCE]
        changed += _take_back(batch, some)
    if changed:
        raise BatchChangedSince(count=len(changed), cells=_named(changed))
    batch.undone_by, batch.undone_at = actor, now
    batch.save(update_fields=["undone_by", "undone_at"])
    _record(batch, "roster.undone", actor, now)
    return batch


def _may_roster_all(actor: User | None, cells: QuerySet[RosterChange]) -> bool:
    if actor is None or actor.is_superuser:
        return True
    theirs = RosterChange.objects.visible_to(actor, Action.RULE)
    return cells.exists() and not cells.exclude(pk__in=theirs.values("pk")).exists()


def _take_back(batch: RosterBatch, people: Sequence[int]) -> list[tuple[int, date]]:
    """Restore some people's cells; return the cells that are no longer as the batch left them."""
    fields = ("employee_id", "work_date", "had_entry", "shift_before_id")
    rows = RosterChange.objects.filter(batch=batch, employee__in=people).order_by(
        "employee_id", "work_date"
    )
    now_there = load_entries(people, batch.starts_on, batch.ends_on)
    back: list[CellChange] = []
    changed: list[tuple[int, date]] = []
    for key, day, had, before, has, after in rows.values_list(
        *fields, "has_entry", "shift_after_id"
    ):
        there = now_there.get(key, {})
        if (day in there) != has or there.get(day) != (after if has else None):
            changed.append((key, day))
        back.append(CellChange(key, day, has, after, had, before))
    if not changed:
        write_changes(batch.pk, back, keep=False)
        _tell(back)
    return changed


def _named(cells: Sequence[tuple[int, date]]) -> str:
    some = cells[:_NAMED_AT_MOST]
    people = Employee.objects.in_bulk([key for key, _day in some])
    names = ", ".join(f"{people[key]} {day}" for key, day in some)
    return f"{names} …" if len(cells) > len(some) else names


# By hand ------------------------------------------------------------------------------------------


@transaction.atomic
def set_entry(
    *,
    employee_id: int,
    work_date: date,
    shift: Shift | None,
    actor: User | None,
    now: datetime,
) -> RosterEntry:
    """Let a person work `shift` on a date; None means rest.

    The day is judged again, unless nothing changes. Raises NotFound for a person who is not the
    actor's to roster on that date, and ShiftIsRetired.
    """
    employee = _rostered(employee_id, actor, work_date)
    lock_roster()
    entry = RosterEntry.objects.filter(employee=employee, work_date=work_date).first()
    if entry is not None and entry.shift_id == (shift.pk if shift else None):
        return entry
    before = str(entry.shift or "rest") if entry is not None else ""
    if shift is not None and not shift.is_active:
        raise ShiftIsRetired(shift=str(shift))
    entry = entry or RosterEntry(employee=employee, work_date=work_date)
    entry.shift, entry.batch = shift, None
    entry.full_clean()
    entry.save()
    _tell_one(entry, "roster.entry_set", actor, now, before=before, after=str(shift or "rest"))
    return entry


@transaction.atomic
def clear_entry(*, entry_id: int, actor: User | None, now: datetime) -> None:
    """Take an entry away: the date is planned by assignments again. Raises NotFound."""
    entry = RosterEntry.objects.select_related("employee", "shift").filter(pk=entry_id).first()
    if entry is None:
        raise NotFound(what=_("roster entry"), key=entry_id)
    _rostered(entry.employee_id, actor, entry.work_date)
    before = str(entry.shift or "rest")
    _tell_one(entry, "roster.entry_cleared", actor, now, before=before, after="")
    entry.delete()


def _rostered(employee_id: int, actor: User | None, day: date) -> Employee:
    people = Employee.objects.all()
    if actor is not None:
        people = people.visible_on(day, actor, Action.RULE)
    employee = people.filter(pk=employee_id).first()
    if employee is None:
        raise NotFound(what=_("employee"), key=employee_id)
    return employee


def _tell_one(
    entry: RosterEntry, verb: str, actor: User | None, now: datetime, *, before: str, after: str
) -> None:
    announce(
        Change.Reason.ROSTER,
        starts_on=entry.work_date,
        ends_on=entry.work_date,
        employee_ids=[entry.employee_id],
    )
    audit.record(
        actor=actor,
        verb=verb,
        thing=entry,
        department=department_on(entry.employee, entry.work_date),
        now=now,
        before=before,
        after=after,
    )
