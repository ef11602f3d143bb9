"""One day of one person: what was expected, what happened, what it means and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import prefetch_related_objects
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from attendance import wording
from attendance.console.checked import (
    Checked,
    decisions,
    latest_decision,
    read_checked,
    refusal_of,
    state_of,
)
from attendance.console.closing import Paid, paid_of
from attendance.console.status_style import STYLES, StatusStyle
from attendance.console.timeline import Drawing, Seen, draw
from attendance.engine import Anomaly, DayResult, Minute, PlanKind, evaluate_day
from attendance.loading import Facts, Loaded, inputs, load_facts
from attendance.models import AttendanceDay, DayHistory, Punch, WaitingDay
from attendance.planning import minute_of, moment_of
from attendance.services import days
from organization.access import Action, departments_for, granted_paths
from organization.errors import NotFound
from organization.models import Department, Employee, User
from scheduling.models import Shift

_DAY: Final = timedelta(days=1)
_PUNCHES_AT_MOST: Final = 200
_HISTORY_AT_MOST: Final = 50


class Number(NamedTuple):
    """A leading number of the day: what it counts, and the amount in words."""

    label: str | Promise
    amount: str
    is_trouble: bool = False


class PunchLine(NamedTuple):
    """A punch with its wall time, and what became of it; `refusal` says by whom and why."""

    punch: Punch
    wall: str
    kind: str
    meaning: str
    checked: Checked | None = None
    refusal: str = ""


class Found(NamedTuple):
    """A finding in words; a repeated punch is worth knowing, and no trouble."""

    words: str
    is_trouble: bool


class Difference(NamedTuple):
    """A number that an earlier result had otherwise."""

    label: str | Promise
    before: str
    after: str


class Earlier(NamedTuple):
    """A result that was replaced, why, and what changed with it."""

    row: DayHistory
    style: StatusStyle
    cause: str | Promise
    differences: list[Difference]


class DayPage(NamedTuple):
    """Everything on the page of a day. `row` is None while no result is stored.

    `loaded` and `result` are what the facts say now, whatever is stored.
    """

    employee: Employee
    department: Department
    work_date: date
    zone: ZoneInfo
    shift: Shift | None
    row: AttendanceDay | None
    style: StatusStyle
    day_type: str | Promise
    numbers: list[Number]
    why: list[str]
    findings: list[Found]
    punches: list[PunchLine]
    drawing: Drawing
    history: list[Earlier]
    waiting: WaitingDay | None
    waiting_cause: str | Promise
    is_unplanned: bool
    is_provisional: bool
    may_judge: bool
    paid: Paid | None
    loaded: Loaded
    result: DayResult

    @property
    def before(self) -> date:
        """Return the date before."""
        return self.work_date - _DAY

    @property
    def after(self) -> date:
        """Return the date after."""
        return self.work_date + _DAY


def read_date(text: str) -> date | None:
    """Return the date that an address spells ("2026-03-02"); None for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text and 2000 <= day.year <= 2100 else None


def read_day(user: User, employee_id: int, work_date: date, *, now: datetime) -> DayPage:
    """Return the page of a day; a constant number of queries.

    Raises NotFound unless the day is this person's own, or belongs to a department that they
    see. A day without a stored result shows what its facts say now.
    """
    employee = Employee.objects.select_related("position").filter(pk=employee_id).first()
    if employee is None:
        raise NotFound(what=AttendanceDay._meta.verbose_name, key=work_date)
    row = (
        AttendanceDay.objects.select_related("shift", "department")
        .filter(employee=employee, work_date=work_date)
        .first()
    )
    facts = load_facts([employee_id], work_date - _DAY, work_date + _DAY)
    before, loaded, after = _around(facts, employee_id, work_date, now)
    result = evaluate_day(loaded.day)
    # After a transfer that is not judged yet the two differ; both must be open to the reader.
    keys = {loaded.department_id, row.department_id if row else loaded.department_id}
    is_own = employee.user_id is not None and employee.user_id == user.pk
    if not is_own and departments_for(user, Action.SEE).filter(pk__in=keys).count() < len(keys):
        raise NotFound(what=AttendanceDay._meta.verbose_name, key=work_date)
    department = row.department if row else Department.objects.get(pk=loaded.department_id)
    ruled = granted_paths(user, Action.RULE)
    zone = facts.book.zone_of(loaded.department_id, work_date)
    punches = punches_of(user, employee, Meanings(loaded, result, (before, after), zone))
    waiting = WaitingDay.objects.filter(employee=employee, work_date=work_date).first()
    return DayPage(
        employee=employee,
        department=department,
        work_date=work_date,
        zone=zone,
        shift=row.shift if row else _shift(loaded),
        row=row,
        style=STYLES[row.status if row else result.status.value],
        day_type=wording.DAY_TYPES[loaded.planned.day_type],
        numbers=list(_numbers_of(row) if row else _numbers_now(result)),
        why=wording.sentences(row.notes if row else result.notes, work_date=work_date, zone=zone),
        findings=list(_findings(row.findings if row else result.findings)),
        punches=punches,
        drawing=draw(
            loaded,
            result,
            [
                Seen(line.punch.punched_at, line.kind, line.wall)
                for line in punches
                if line.kind != "other"
            ],
            zone,
            minute_of(now),
        ),
        history=_history(row) if row else [],
        waiting=waiting,
        waiting_cause=days.CAUSES.get(waiting.cause, waiting.cause) if waiting else "",
        is_unplanned=loaded.planned.is_unplanned and loaded.day.employed,
        is_provisional=row.is_provisional if row else loaded.planned.is_provisional,
        may_judge=ruled is None or department.path.startswith(ruled or ("-",)),
        paid=paid_of(employee_id, work_date),
        loaded=loaded,
        result=result,
    )


def _around(facts: Facts, employee_id: int, work_date: date, now: datetime) -> list[Loaded]:
    """Return the day before, the day and the day after: a punch belongs to one of them."""
    dates = [work_date - _DAY, work_date, work_date + _DAY]
    return list(inputs(facts, employee_id, dates, minute_of(now)))


def _shift(loaded: Loaded) -> Shift | None:
    key = loaded.planned.shift_id
    return Shift.objects.filter(pk=key).first() if key is not None else None


# --- numbers ---------------------------------------------------------------------------------


def _numbers_of(row: AttendanceDay) -> Iterator[Number]:
    overtime = (
        row.overtime_workday_minutes + row.overtime_rest_minutes + row.overtime_holiday_minutes
    )
    yield from _numbers(
        row.worked_minutes,
        row.required_minutes,
        row.late_minutes,
        row.early_minutes,
        overtime,
        row.leave_minutes,
        row.outing_minutes,
        float(row.absent_days),
    )


def _numbers_now(result: DayResult) -> Iterator[Number]:
    yield from _numbers(
        result.worked,
        result.required,
        result.late,
        result.early,
        result.overtime,
        result.leave,
        result.outing,
        result.absent_days,
    )


def _numbers(
    worked: int,
    required: int,
    late: int,
    early: int,
    overtime: int,
    leave: int,
    outing: int,
    absent: float,
) -> Iterator[Number]:
    """Yield the hours worked, and whatever else is not nothing."""
    say = wording.duration_text
    if required:
        text = gettext("%(worked)s of %(required)s")
        yield Number(_("Worked"), text % {"worked": say(worked), "required": say(required)})
    else:
        yield Number(_("Worked"), say(worked))
    others = (
        (_("Late"), late, True),
        (_("Left early"), early, True),
        (_("Overtime"), overtime, False),
        (_("Leave"), leave, False),
        (_("Outing"), outing, False),
    )
    for label, minutes, is_trouble in others:
        if minutes:
            yield Number(label, say(minutes), is_trouble)
    if absent:
        yield Number(_("Absent"), _days_text(absent), is_trouble=True)


def _days_text(days_absent: float) -> str:
    return gettext("%(days)s d") % {"days": f"{days_absent:g}"}


def _findings(found: Sequence[Any]) -> Iterator[Found]:
    """Yield what is wrong, each as kind, slot and minutes."""
    for anomaly, slot, minutes, _punch in found:
        parts = [str(wording.ANOMALIES[anomaly])]
        if slot:
            parts.append(wording.slot_label(slot))
        if minutes:
            parts.append(wording.duration_text(minutes))
        yield Found(" · ".join(parts), anomaly != Anomaly.DUPLICATE)


# --- punches ---------------------------------------------------------------------------------


def punches_of(user: User, employee: Employee, meanings: Meanings) -> list[PunchLine]:
    """Return the punches of the date and of its window, oldest first, and what became of each."""
    day, zone = meanings.loaded.work_date, meanings.zone
    starts = datetime.combine(day, time(), zone)
    ends = datetime.combine(day + _DAY, time(), zone)
    plan = meanings.loaded.planned.plan
    if plan is not None:
        starts = min(starts, moment_of(plan.opens))
        ends = max(ends, moment_of(Minute(plan.closes + 1)))
    near = Punch.objects.filter(employee=employee, punched_at__gte=starts, punched_at__lt=ends)
    found = near.select_related("terminal").prefetch_related("checks").with_verdict()
    punches = list(found.order_by("punched_at", "pk")[:_PUNCHES_AT_MOST])
    prefetch_related_objects([punch for punch in punches if punch.last_verdict], decisions())
    lines = [
        PunchLine(
            punch,
            wording.time_text(minute_of(punch.punched_at), work_date=day, zone=zone),
            *meanings.of(punch),
            read_checked(punch),
            refusal_of(latest_decision(punch)),
        )
        for punch in punches
    ]
    others = [line.punch.pk for line in lines if line.kind == "other"]
    if not others:
        return lines
    # What the day rests on is shown to whoever sees the day, after a transfer as well.
    theirs = set(near.visible_to(user).filter(pk__in=others).values_list("pk", flat=True))
    return [line for line in lines if line.kind != "other" or line.punch.pk in theirs]


class Meanings:
    """What became of each punch of a day."""

    def __init__(
        self, loaded: Loaded, result: DayResult, neighbours: Iterable[Loaded], zone: ZoneInfo
    ) -> None:
        self.loaded = loaded
        self.zone = zone
        self._own = {mark.id for mark in loaded.day.marks}
        self._others = {mark.id: day.work_date for day in neighbours for mark in day.day.marks}
        self._slots = {slot.punch: slot.name for slot in result.slots if slot.punch}
        self._merged = {key: record for record in result.records for key in record.ids[1:]}
        plan = loaded.planned.plan
        self._is_by_hours = plan is not None and plan.kind in {PlanKind.AMOUNT, PlanKind.OFF}

    def of(self, punch: Punch) -> tuple[str, str]:
        """Return the kind (for the drawing: other days' punches are left out) and the words."""
        state = state_of(punch)
        if state == "awaited":
            return "held", gettext("Waits for its second proof")
        if state == "held":
            return "held", gettext("Held: counts once it is accepted")
        if state == "refused":
            return "ignored", gettext("Refused: does not count")
        if punch.pk in self._slots:
            label = wording.slot_label(self._slots[punch.pk])
            return "used", label[:1].upper() + label[1:]
        if punch.pk in self._merged:
            first = Minute(self._merged[punch.pk].first // 60)
            at = wording.time_text(first, work_date=self.loaded.work_date, zone=self.zone)
            return "merged", gettext("Repeat: counts as one with %(at)s") % {"at": at}
        if punch.pk in self._own and self._is_by_hours:
            return "used", gettext("Counts towards the hours of the day")
        if punch.pk in self._own:
            return "spare", gettext("Counts, and decides nothing")
        if punch.pk in self._others:
            day = date_format(self._others[punch.pk], "SHORT_DATE_FORMAT")
            return "other", gettext("Belongs to %(date)s") % {"date": day}
        return "ignored", gettext("Outside the punch window: not counted")


# --- history ---------------------------------------------------------------------------------

_COMPARED: Final[Mapping[str, str | Promise]] = {
    "worked_minutes": _("Worked"),
    "late_minutes": _("Late"),
    "early_minutes": _("Left early"),
    "leave_minutes": _("Leave"),
    "overtime_workday_minutes": _("Overtime on a working day"),
    "overtime_rest_minutes": _("Overtime on a rest day"),
    "overtime_holiday_minutes": _("Overtime on a holiday"),
    "absent_days": _("Absent"),
    "missing": _("Missing punch"),
}


def _history(row: AttendanceDay) -> list[Earlier]:
    """Return the replaced results, newest first, each with what its successor says otherwise."""
    after: dict[str, Any] = {name: getattr(row, name) for name in _COMPARED}
    earlier = []
    for old in row.history.order_by("-pk")[:_HISTORY_AT_MOST]:
        differences = [
            Difference(label, _amount(name, old.facts.get(name)), _amount(name, after.get(name)))
            for name, label in _COMPARED.items()
            if _amount(name, old.facts.get(name)) != _amount(name, after.get(name))
        ]
        cause = days.CAUSES.get(old.cause, old.cause)
        earlier.append(Earlier(old, STYLES[old.status], cause, differences))
        after = old.facts
    return earlier


def _amount(name: str, value: Any) -> str:
    if name == "missing":
        return ", ".join(wording.slot_label(slot) for slot in (value or "").split(",") if slot)
    if name == "absent_days":
        return _days_text(float(value or 0))
    return wording.duration_text(int(value or 0))
