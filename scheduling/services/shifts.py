"""What people do to shifts: add one, give it a new text from a date, retire it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Min, Q
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from organization import audit
from organization.access import Action, departments_for, granted_paths
from organization.errors import NotAllowed, NotFound
from organization.models import Change, Department, Employee, User
from organization.services import announce
from scheduling.errors import ShiftInUse
from scheduling.models import RosterEntry, RotationTurn, Shift, ShiftAssignment, ShiftVersion
from scheduling.pattern import ShiftPattern, problems
from scheduling.problem_words import sentence
from scheduling.timeline import punch_window

_DAY = timedelta(days=1)


@transaction.atomic
def add_shift(
    *,
    code: str,
    name: str,
    department: Department | None = None,
    color: str = "#2563eb",
    pattern: ShiftPattern,
    valid_from: date,
    actor: User | None = None,
    now: datetime,
) -> Shift:
    """Add a shift with its first version. Without a department the whole group may use it.

    Raises ValidationError: a dict from field (path of the pattern, or field of Shift) to
    sentences. Raises NotAllowed where `actor` may not configure the department. Nobody works
    it yet, so no day waits.
    """
    require_rule(actor, department)
    check_pattern(pattern)
    shift = Shift(code=code.strip(), name=name.strip(), department=department, color=color)
    shift.full_clean()
    shift.save()
    version = _write_version(shift, pattern, valid_from)
    audit.record(
        actor=actor,
        verb="shift.added",
        thing=shift,
        department=department,
        now=now,
        valid_from=str(valid_from),
        after=version.pattern,
    )
    return shift


@transaction.atomic
def rename_shift(
    *, shift_id: int, code: str, name: str, color: str, actor: User | None = None, now: datetime
) -> Shift:
    """Change what a shift is called and how it looks. Raises ValidationError or NotFound."""
    shift = _lock_shift(shift_id, actor)
    before = {"code": shift.code, "name": shift.name, "color": shift.color}
    after = {"code": code.strip(), "name": name.strip(), "color": color}
    if before == after:
        return shift
    shift.code, shift.name, shift.color = after["code"], after["name"], color
    shift.full_clean()
    shift.save(update_fields=list(after))
    audit.record(
        actor=actor,
        verb="shift.renamed",
        thing=shift,
        department=shift.department,
        now=now,
        before=before,
        after=after,
    )
    return shift


@transaction.atomic
def change_shift(
    *,
    shift_id: int,
    pattern: ShiftPattern,
    valid_from: date,
    actor: User | None = None,
    now: datetime,
) -> ShiftVersion:
    """Let a shift say something else from a date on; return the version that says it.

    Days before the date keep what they had; a version that starts on the same date is replaced.
    The days of everybody who works the shift, up to its next version, are judged again. Where
    the shift says this already, nothing happens. Raises ValidationError (see `add_shift`) or
    NotFound.
    """
    shift = _lock_shift(shift_id, actor)
    check_pattern(pattern)
    versions = list(shift.versions.order_by("valid_from"))
    current = version_on(versions, valid_from)
    if current is not None and current.read() == pattern:
        return current
    before = current.pattern if current is not None else None
    version = _write_version(shift, pattern, valid_from)
    for scope in scopes_of(shift.pk):
        starts_on, ends_on = _dates_changed(shift.pk, versions, valid_from)
        announce(
            Change.Reason.SHIFT,
            starts_on=starts_on,
            ends_on=ends_on,
            employee_ids=scope.employee_ids,
            department=scope.department,
        )
    audit.record(
        actor=actor,
        verb="shift.changed",
        thing=shift,
        department=shift.department,
        now=now,
        valid_from=str(valid_from),
        before=before,
        after=version.pattern,
    )
    return version


@transaction.atomic
def retire_shift(*, shift_id: int, actor: User | None = None, now: datetime) -> Shift:
    """Take a shift out of use; what was planned with it stays. Raises ShiftInUse or NotFound."""
    shift = _lock_shift(shift_id, actor)
    if not shift.is_active:
        return shift
    today = localdate(now)
    where = _planned_after(shift, today)
    if where:
        raise ShiftInUse(shift=str(shift), day=today, where=where)
    shift.is_active = False
    shift.save(update_fields=["is_active"])
    audit.record(
        actor=actor,
        verb="shift.retired",
        thing=shift,
        department=shift.department,
        now=now,
        before={"is_active": True},
        after={"is_active": False},
    )
    return shift


@transaction.atomic
def revive_shift(*, shift_id: int, actor: User | None = None, now: datetime) -> Shift:
    """Take a retired shift into use again. Raises NotFound."""
    shift = _lock_shift(shift_id, actor)
    if shift.is_active:
        return shift
    shift.is_active = True
    shift.save(update_fields=["is_active"])
    audit.record(
        actor=actor,
        verb="shift.revived",
        thing=shift,
        department=shift.department,
        now=now,
        before={"is_active": False},
        after={"is_active": True},
    )
    return shift


# --- what a change touches -------------------------------------------------------------------


class Scope(NamedTuple):
    """Whose days a change concerns: these people, or everybody in a department and below."""

    employee_ids: list[int] | None = None
    department: Department | None = None


def scopes_of(shift_id: int) -> list[Scope]:
    """Return who works a shift, or did: by roster, by assignment, or as a turn of a rotation."""
    uses = ShiftAssignment.objects.filter(
        Q(shift=shift_id)
        | Q(rotation__in=RotationTurn.objects.filter(shift=shift_id).values("rotation"))
    )
    return scopes_of_assignments(
        uses.select_related("department"),
        RosterEntry.objects.filter(shift=shift_id).values_list("employee_id", flat=True).distinct(),
    )


def scopes_of_assignments(
    uses: Iterable[ShiftAssignment], employee_ids: Iterable[int] = ()
) -> list[Scope]:
    """Return whom assignments concern, nobody twice where a department covers them."""
    people = set(employee_ids)
    positions: set[int] = set()
    departments: dict[str, Department] = {}
    for use in uses:
        if use.employee_id is not None:
            people.add(use.employee_id)
        elif use.department is not None:
            departments[use.department.path] = use.department
        elif use.position_id is not None:
            positions.add(use.position_id)
    if positions:
        people.update(
            Employee.objects.filter(transfers__position__in=positions).values_list("pk", flat=True)
        )
    scopes: list[Scope] = []
    for path in sorted(departments):
        top = scopes[-1].department if scopes else None
        if top is None or not path.startswith(top.path):
            scopes.append(Scope(department=departments[path]))
    if people:
        scopes.append(Scope(employee_ids=sorted(people)))
    return scopes


def days_changed(
    scopes: Sequence[Scope], *, starts_on: date, ends_on: date | None, today: date
) -> int:
    """Return how many employee-days, up to today, a change of these dates lets judge again."""
    last = min(ends_on, today) if ends_on else today
    if last < starts_on:
        return 0
    covered = Q(pk__in=[])
    for scope in scopes:
        if scope.department is not None:
            covered |= Q(transfers__department__path__startswith=scope.department.path)
        else:
            covered |= Q(pk__in=scope.employee_ids or [])
    people = (
        Employee.objects.filter(covered, joined_on__lte=last)
        .filter(Q(left_on__isnull=True) | Q(left_on__gte=starts_on))
        .values_list("pk", "joined_on", "left_on")
        .distinct()
    )
    return sum(
        (min(left or last, last) - max(joined, starts_on)).days + 1
        for _pk, joined, left in people.iterator()
    )


def days_of_change(*, shift_id: int, valid_from: date, today: date) -> int:
    """Return how many employee-days `change_shift` from that date would let judge again."""
    versions = list(ShiftVersion.objects.filter(shift=shift_id).order_by("valid_from"))
    starts_on, ends_on = _dates_changed(shift_id, versions, valid_from)
    return days_changed(scopes_of(shift_id), starts_on=starts_on, ends_on=ends_on, today=today)


def version_on(versions: Sequence[ShiftVersion], day: date) -> ShiftVersion | None:
    """Return the version in force on a date. Before the first one, the first one is."""
    found = versions[0] if versions else None
    for version in versions:
        if version.valid_from > day:
            break
        found = version
    return found


def _dates_changed(
    shift_id: int, versions: Sequence[ShiftVersion], valid_from: date
) -> tuple[date, date | None]:
    """Return the first and the last date (None: no end) that a version from a date speaks for."""
    later = [version.valid_from for version in versions if version.valid_from > valid_from]
    ends_on = min(later) - _DAY if later else None
    if versions and versions[0].valid_from < valid_from:
        return valid_from, ends_on
    # The first version also speaks for the days before it, as far back as somebody works it.
    used = [
        RosterEntry.objects.filter(shift=shift_id).aggregate(first=Min("work_date"))["first"],
        ShiftAssignment.objects.filter(
            Q(shift=shift_id)
            | Q(rotation__in=RotationTurn.objects.filter(shift=shift_id).values("rotation"))
        ).aggregate(first=Min("starts_on"))["first"],
    ]
    return min([valid_from, *(day for day in used if day is not None)]), ends_on


# --- permission, soundness, writing ----------------------------------------------------------


def require_rule(actor: User | None, department: Department | None) -> None:
    """Raise NotAllowed unless `actor` may configure a department (None: the whole group).

    Without an actor the product itself acts: the demo, an importer.
    """
    if actor is None or granted_paths(actor, Action.RULE) is None:
        return
    if department is None:
        raise NotAllowed(department=_("the whole group"))
    if not departments_for(actor, Action.RULE).filter(pk=department.pk).exists():
        raise NotAllowed(department=department.name)


def check_pattern(pattern: ShiftPattern) -> None:
    """Raise ValidationError, a dict from the path of a field to sentences, unless it is sound."""
    found: dict[str, list[ValidationError]] = {}
    for problem in problems(pattern):
        found.setdefault(problem.field, []).append(
            ValidationError(sentence(problem), code=problem.code)
        )
    if found:
        raise ValidationError(found)


def _lock_shift(shift_id: int, actor: User | None) -> Shift:
    """Return the shift, locked: whoever rosters it meanwhile waits. Raises NotFound."""
    shifts = Shift.objects.select_for_update(of=("self",)).select_related("department")
    if actor is not None:
        shifts = shifts.visible_to(actor, Action.RULE)
    shift = shifts.filter(pk=shift_id).first()
    if shift is None:
        raise NotFound(what=Shift._meta.verbose_name, key=shift_id)
    return shift


def _write_version(shift: Shift, pattern: ShiftPattern, valid_from: date) -> ShiftVersion:
    opens, closes = punch_window(pattern)
    version, _created = ShiftVersion.objects.update_or_create(
        shift=shift,
        valid_from=valid_from,
        defaults={
            "pattern": pattern.to_json(),
            "opens_minute": opens,
            "closes_minute": closes,
        },
    )
    return version


def _planned_after(shift: Shift, today: date) -> str:
    """Return where a shift is still planned after today, or nothing."""
    assignment = (
        ShiftAssignment.objects.filter(
            Q(shift=shift)
            | Q(rotation__in=RotationTurn.objects.filter(shift=shift).values("rotation"))
        )
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gt=today))
        .select_related("department", "position", "employee", "shift", "rotation")
        .first()
    )
    if assignment is not None:
        return str(assignment)
    entry = (
        RosterEntry.objects.filter(shift=shift, work_date__gt=today)
        .select_related("employee")
        .order_by("work_date")
        .first()
    )
    return f"{entry.employee}, {entry.work_date}" if entry is not None else ""
