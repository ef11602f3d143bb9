"""What people do to people and departments: one function an intention, one transaction each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db import models, transaction
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Concat, Substr
from django.utils.timezone import localdate

from organization import accounts, audit, holds, moving
from organization.access import ever_within
from organization.errors import CircularChain, CircularTree, DateOutOfOrder, NotFound, NoTransfer
from organization.models import Change, Department, Employee, Position, Transfer, User


def announce(
    reason: Change.Reason,
    *,
    starts_on: date,
    ends_on: date | None = None,
    employee_ids: Sequence[int] | None = None,
    department: Department | None = None,
) -> Change:
    """Leave the news that the days of these people, in these dates, must be judged again.

    Call it in the transaction that changes the plan. `employee_ids` None means everybody in
    `department`; both None means the whole group; `ends_on` None means without end.
    """
    return Change.objects.create(
        reason=reason,
        starts_on=starts_on,
        ends_on=ends_on,
        employee_ids=list(employee_ids) if employee_ids is not None else None,
        department=department,
    )


@transaction.atomic
def add_department(
    *,
    name: str,
    code: str,
    parent: Department | None,
    is_unit: bool = False,
    timezone: str = "",
    head: Employee | None = None,
    actor: User | None = None,
    now: datetime,
) -> Department:
    """Add a department below `parent` (None: at the root). Raises ValidationError."""
    department = Department(
        name=name,
        code=code,
        parent=parent,
        is_unit=is_unit,
        timezone=timezone,
        head=head,
        path="/new/",
    )
    department.full_clean(exclude=["path"])
    # The path holds the key, which the database gives; until then it must be unique as well.
    department.path = f"/new-{code}/"
    department.save()
    department.path = f"{parent.path if parent else '/'}{department.pk}/"
    department.save(update_fields=["path"])
    audit.record(
        actor=actor,
        verb="department.added",
        thing=department,
        department=department,
        now=now,
        after=told(department, ("name", "code", "parent", "is_unit", "timezone", "head")),
    )
    return department


@transaction.atomic
def move_department(
    *, department_id: int, parent: Department | None, actor: User | None, now: datetime
) -> Department:
    """Hang a department, with all below it, under another.

    Raises CircularTree, and what moving.check_move refuses.
    """
    # Two moves at one moment would leave a path that contradicts its parent, and the path is what
    # parts the units: the whole tree is locked, in one order, and read again behind the lock.
    list(Department.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
    department = Department.objects.get(pk=department_id)
    parent = Department.objects.get(pk=parent.pk) if parent is not None else None
    before = told(department, ("parent",))
    if parent is not None and parent.path.startswith(department.path):
        raise CircularTree(department=department.name, parent=parent.name)
    old = department.path
    new = f"{parent.path if parent else '/'}{department.pk}/"
    if old == new:
        return department
    moving.check_move(actor, department, parent)
    holds.keep_people(Employee.objects.filter(ever_within((old,))))
    _remember(department, localdate(now))
    below = Department.objects.filter(path__startswith=old)
    below.update(path=Concat(Value(new), Substr(F("path"), len(old) + 1)))
    department.refresh_from_db()
    department.parent = parent
    department.save(update_fields=["parent"])
    audit.record(
        actor=actor,
        verb="department.moved",
        thing=department,
        department=department,
        now=now,
        before=before,
        after=told(department, ("parent",)),
    )
    # Assignments, rules, zones and calendars hang on the tree; days before today stay with theirs.
    announce(Change.Reason.PERSON, starts_on=localdate(now), department=department)
    return department


def _remember(department: Department, day: date) -> None:
    """Keep how a department stood before `day`, from which on it stands otherwise."""
    later = department.former.filter(valid_until__gte=day).order_by("valid_until").first()
    if later is None or later.valid_until > day:
        was = later or department
        department.former.create(valid_until=day, parent_id=was.parent_id, timezone=was.timezone)


@transaction.atomic
def edit_department(
    *,
    department_id: int,
    name: str,
    code: str,
    is_unit: bool,
    head: Employee | None,
    actor: User | None,
    now: datetime,
) -> Department:
    """Change what a department is called and who heads it. Raises ValidationError.

    Moving it and changing its zone are decisions of their own.
    """
    department = Department.objects.select_for_update().get(pk=department_id)
    new = {"name": name, "code": code, "is_unit": is_unit, "head": head}
    before, after = _change(department, new)
    if after:
        department.full_clean(exclude=["path"])
        department.save(update_fields=list(new))
        audit.record(
            actor=actor,
            verb="department.edited",
            thing=department,
            department=department,
            now=now,
            before=before,
            after=after,
        )
    return department


def _change(row: models.Model, new: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set the values on a row; return in words what it had before and what it has now."""
    before = told(row, new)
    for field, value in new.items():
        setattr(row, field, value)
    return audit.difference(before, told(row, new))


def told(row: models.Model, fields: Iterable[str]) -> dict[str, Any]:
    """Return some fields of a row as the audit log tells them: other rows by their names."""
    values = {field: getattr(row, field) for field in fields}
    return {
        field: value if value is None or isinstance(value, bool | int) else str(value)
        for field, value in values.items()
    }


@transaction.atomic
def change_timezone(
    *, department_id: int, timezone: str, starts_on: date, actor: User | None, now: datetime
) -> Department:
    """Set the zone of a department; days from `starts_on` on are judged again."""
    department = Department.objects.select_for_update().get(pk=department_id)
    _remember(department, starts_on)
    before, department.timezone = department.timezone, timezone
    department.full_clean(exclude=["path"])
    department.save(update_fields=["timezone"])
    department.former.filter(valid_until__gt=starts_on).update(timezone=timezone)
    audit.record(
        actor=actor,
        verb="department.zone_changed",
        thing=department,
        department=department,
        now=now,
        before={"timezone": before},
        after={"timezone": timezone},
        valid_from=str(starts_on),
    )
    announce(Change.Reason.PERSON, starts_on=starts_on, department=department)
    return department


@transaction.atomic
def hire(
    *,
    number: str,
    name: str,
    department: Department,
    joined_on: date,
    position: Position | None = None,
    supervisor: Employee | None = None,
    left_on: date | None = None,
    user: User | None = None,
    actor: User | None = None,
    now: datetime,
) -> Employee:
    """Add a person, whose first transfer is the hiring. Raises ValidationError for odd values."""
    employee = Employee(
        number=number,
        name=name,
        department=department,
        position=position,
        supervisor=supervisor,
        joined_on=joined_on,
        left_on=left_on,
        user=user,
    )
    employee.full_clean()
    employee.save()
    Transfer.objects.create(
        employee=employee, effective_on=joined_on, department=department, position=position
    )
    audit.record(
        actor=actor,
        verb="employee.hired",
        thing=employee,
        department=department,
        now=now,
        after=told(
            employee,
            ("number", "name", "department", "position", "supervisor", "joined_on", "left_on",
             "user"),
        ),
    )  # fmt: skip
    announce(Change.Reason.PERSON, starts_on=joined_on, ends_on=left_on, employee_ids=[employee.pk])
    return employee


@transaction.atomic
def edit_employee(
    *,
    employee_id: int,
    number: str,
    name: str,
    supervisor: Employee | None,
    user: User | None,
    actor: User | None,
    now: datetime,
) -> Employee:
    """Change what does not depend on a date. Raises ValidationError and CircularChain.

    Departments and positions change by `transfer`, the dates by `leave` and `change_joined`.
    """
    employee = Employee.objects.select_for_update().get(pk=employee_id)
    if supervisor is not None and supervisor.pk != employee.supervisor_id:
        check_chain(employee, supervisor)
    new = {"number": number, "name": name, "supervisor": supervisor, "user": user}
    before, after = _change(employee, new)
    if after:
        employee.full_clean()
        employee.save(update_fields=list(new))
        audit.record(
            actor=actor,
            verb="employee.edited",
            thing=employee,
            department=employee.department,
            now=now,
            before=before,
            after=after,
        )
    return employee


def check_chain(employee: Employee, supervisor: Employee) -> None:
    """Raise CircularChain if `supervisor` reports to `employee`, however far down."""
    seen: set[int] = set()
    key: int | None = supervisor.pk
    while key is not None and key not in seen:
        if key == employee.pk:
            raise CircularChain(employee=str(employee), supervisor=str(supervisor))
        seen.add(key)
        # A chain is a handful of people; the table may be ten thousand.
        key = Employee.objects.values_list("supervisor_id", flat=True).get(pk=key)


@transaction.atomic
def transfer(
    *,
    employee_id: int,
    department: Department,
    position: Position | None,
    effective_on: date,
    actor: User | None,
    now: datetime,
) -> Transfer:
    """Move a person to a department from a date on; earlier days stay where they were.

    A second transfer on the same date replaces the first. Raises DateOutOfOrder for a date
    before the person joined or after they left, and what moving.check_transfer refuses.
    """
    employee = Employee.objects.select_for_update().get(pk=employee_id)
    _refuse_other_times(employee, effective_on, actor)
    moving.check_transfer(actor, department_on(employee, effective_on), department)
    if effective_on < employee.joined_on:
        raise DateOutOfOrder(
            field="effective_on", value=effective_on, expected=f"≥ {employee.joined_on}"
        )
    if employee.left_on and effective_on > employee.left_on:
        raise DateOutOfOrder(
            field="effective_on", value=effective_on, expected=f"≤ {employee.left_on}"
        )
    placed = ("department", "position")
    before = (
        employee.transfers.filter(effective_on__lte=effective_on).order_by("-effective_on").first()
    )
    was = told(before or employee, placed)
    holds.keep_people(Employee.objects.filter(pk=employee.pk))
    row, _created = Transfer.objects.update_or_create(
        employee=employee,
        effective_on=effective_on,
        defaults={"department": department, "position": position},
    )
    _settle(employee, now)
    audit.record(
        actor=actor,
        verb="employee.transferred",
        thing=employee,
        department=department,
        now=now,
        effective_on=str(effective_on),
        before=was,
        after=told(row, placed),
    )
    announce(Change.Reason.PERSON, starts_on=effective_on, employee_ids=[employee.pk])
    return row


def _refuse_other_times(
    employee: Employee, day: date, actor: User | None, *, until: date | None = None
) -> None:
    """Raise NotFound where a date, or one up to `until`, is not the actor's to configure.

    Whoever has a person today would otherwise take the days of another unit, and judge them anew.
    """
    if actor is None:
        return
    later = employee.transfers.filter(effective_on__gt=day, effective_on__lte=until or day)
    rows = later.select_related("department")
    _refuse_elsewhere(
        employee, [department_on(employee, day), *(row.department for row in rows)], actor
    )


def _refuse_elsewhere(
    employee: Employee, departments: Iterable[Department], actor: User | None
) -> None:
    if actor is not None and not all(moving.may_configure(actor, row) for row in departments):
        raise NotFound(what=Employee._meta.verbose_name, key=employee.number)


@transaction.atomic
def withdraw_transfer(*, employee_id: int, actor: User | None, now: datetime) -> Transfer:
    """Take a person's last transfer back, as if it had not been; its days are judged again.

    Returns the transfer that holds now. Raises NoTransfer where there is the hiring only, and what
    moving.check_transfer refuses.
    """
    employee = Employee.objects.select_for_update().get(pk=employee_id)
    moves = list(
        employee.transfers.select_related("department", "position").order_by("-effective_on")[:2]
    )
    if len(moves) < 2:
        raise NoTransfer(employee=str(employee))
    last, before = moves
    _refuse_other_times(employee, before.effective_on, actor)
    moving.check_transfer(actor, last.department, before.department)
    placed = ("department", "position")
    was, starts_on = told(last, placed), last.effective_on
    holds.keep_people(Employee.objects.filter(pk=employee.pk))
    last.delete()
    _settle(employee, now)
    audit.record(
        actor=actor,
        verb="employee.transfer_withdrawn",
        thing=employee,
        department=last.department,
        now=now,
        effective_on=str(starts_on),
        before=was,
        after=told(before, placed),
    )
    announce(Change.Reason.PERSON, starts_on=starts_on, employee_ids=[employee.pk])
    return before


def last_transfer(employee: Employee) -> Transfer | None:
    """Return the transfer that `withdraw_transfer` would take back."""
    moves = employee.transfers.select_related("department").order_by("-effective_on")[:2]
    return moves[0] if len(moves) == 2 else None


def _settle(employee: Employee, now: datetime) -> None:
    """Let the person's row show the department of today."""
    today = localdate(now)
    row = (
        employee.transfers.filter(effective_on__lte=today).order_by("-effective_on").first()
        or employee.transfers.order_by("effective_on").first()
    )
    if row and (row.department_id, row.position_id) != (
        employee.department_id,
        employee.position_id,
    ):
        employee.department_id, employee.position_id = row.department_id, row.position_id
        employee.save(update_fields=["department", "position"])


def settle_transfers(*, now: datetime) -> int:
    """Let every person whose transfer has come due stand in their new department.

    However long nobody rang: whoever stands elsewhere than their latest transfer is settled.
    """
    due = Transfer.objects.filter(
        employee=OuterRef("pk"), effective_on__lte=localdate(now)
    ).order_by("-effective_on")
    latest = Employee.objects.annotate(
        due_department=Subquery(due.values("department")[:1]),
        due_position=Subquery(due.values("position")[:1]),
    ).filter(due_department__isnull=False)
    astray = latest.exclude(
        Q(due_department=F("department"))
        & (Q(due_position=F("position")) | Q(due_position__isnull=True, position__isnull=True))
    )
    count = 0
    for employee in astray.iterator(chunk_size=500):
        _settle(employee, now)
        count += 1
    return count


@transaction.atomic
def leave(*, employee_id: int, left_on: date | None, actor: User | None, now: datetime) -> Employee:
    """Set (or, with None, take back) the last day of a person. Raises DateOutOfOrder.

    The actor configures wherever the person belongs from the one last day to the other; without
    an end, that is until today. Raises NotFound for anybody else.

    The log-in of somebody whose last day has passed is shut with it; a day that is still to come
    shuts it when it is over (accounts.switch_off_leavers).
    """
    employee = Employee.objects.select_for_update().get(pk=employee_id)
    if left_on is not None and left_on < employee.joined_on:
        raise DateOutOfOrder(field="left_on", value=left_on, expected=f"≥ {employee.joined_on}")
    dates = [day for day in (left_on, employee.left_on) if day is not None]
    if dates:
        ends = (left_on or localdate(now), employee.left_on or localdate(now))
        _refuse_other_times(employee, min(ends), actor, until=max(ends))
    before, employee.left_on = employee.left_on, left_on
    employee.save(update_fields=["left_on"])
    audit.record(
        actor=actor,
        verb="employee.left",
        thing=employee,
        department=employee.department,
        now=now,
        before={"left_on": str(before) if before else None},
        after={"left_on": str(left_on) if left_on else None},
    )
    if dates:
        announce(Change.Reason.PERSON, starts_on=min(dates), employee_ids=[employee.pk])
    if left_on is not None and left_on < localdate(now) and employee.user is not None:
        accounts.switch_off(employee.user, actor=actor, now=now)
    return employee


@transaction.atomic
def change_joined(
    *, employee_id: int, joined_on: date, actor: User | None, now: datetime
) -> Employee:
    """Correct the day a person joined; the hiring moves with it. Raises DateOutOfOrder.

    The actor configures where the person was hired, for these days belong there, or it is NotFound.
    """
    employee = Employee.objects.select_for_update().get(pk=employee_id)
    rows = list(employee.transfers.select_related("department").order_by("effective_on")[:2])
    _refuse_elsewhere(employee, [rows[0].department if rows else employee.department], actor)
    if len(rows) > 1 and joined_on >= rows[1].effective_on:
        raise DateOutOfOrder(
            field="joined_on", value=joined_on, expected=f"< {rows[1].effective_on}"
        )
    if employee.left_on and joined_on > employee.left_on:
        raise DateOutOfOrder(field="joined_on", value=joined_on, expected=f"≤ {employee.left_on}")
    before, employee.joined_on = employee.joined_on, joined_on
    employee.save(update_fields=["joined_on"])
    if rows:
        rows[0].effective_on = joined_on
        rows[0].save(update_fields=["effective_on"])
    audit.record(
        actor=actor,
        verb="employee.joined_changed",
        thing=employee,
        department=employee.department,
        now=now,
        before={"joined_on": str(before)},
        after={"joined_on": str(joined_on)},
    )
    announce(Change.Reason.PERSON, starts_on=min(before, joined_on), employee_ids=[employee.pk])
    return employee


def department_on(employee: Employee, day: date) -> Department:
    """Return the department of a date; before the first transfer, today's."""
    moves = Transfer.objects.filter(employee=employee, effective_on__lte=day)
    latest = moves.select_related("department").order_by("-effective_on").first()
    return latest.department if latest is not None else employee.department


def zone_names() -> dict[int, str]:
    """Return each department's IANA zone, inherited down the tree. One query."""
    from django.conf import settings

    zones: dict[int, str] = {}
    rows: Any = Department.objects.order_by("path").values_list("pk", "parent_id", "timezone")
    for key, parent, own in rows:
        zones[key] = own or zones.get(parent, settings.TIME_ZONE)
    return zones
