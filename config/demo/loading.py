"""Filling an empty database with the demo company, and remembering what was put there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils.timezone import localdate

from attendance.models import AttendanceRule
from attendance.services.days import wake_range
from config.demo.company import LOGINS, POSITIONS
from config.demo.people import write_people
from config.demo.plans import months, write_plans
from config.demo.punches import write_punches
from config.demo.requests import write_requests
from config.demo.screens import write_screens
from organization.models import AuditEntry, Change, Department, Employee, Position, User
from organization.seals.making import seal_declared
from scheduling.models import RosterBatch, Rotation, Shift

LOADED = "demo.loaded"
# What cannot be found again by following keys from people and departments.
MARKED: tuple[type[models.Model], ...] = (
    Employee,
    Department,
    Position,
    User,
    Shift,
    Rotation,
    AttendanceRule,
    RosterBatch,
)


def why_not() -> str:
    """Return why the demo company cannot be loaded here; nothing where it can."""
    for model in (Employee, Department, Shift, AttendanceRule):
        if model._default_manager.exists():
            name = model._meta.verbose_name_plural
            return f"This database holds {name} already; the demo company is for an empty one."
    taken = User.objects.filter(username__in=[login.username for login in LOGINS])
    if taken.exists():
        names = ", ".join(sorted(user.username for user in taken))
        return f"These log-ins exist already and are not the demo's: {names}."
    if Position.objects.filter(code__in=POSITIONS).exists():
        return "This database holds positions already; the demo company is for an empty one."
    return ""


@transaction.atomic
def load(*, now: datetime, password: str, say: Callable[[str], None]) -> None:
    """Write the demo company: last month and this month, up to `now`.

    All of it waits to be judged. `say` is told in lines what has been written. The database
    must be empty: see `why_not`.
    """
    today = localdate(now)
    first_day = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    *_before, (_first, last_day) = months(first_day, today)
    kept = _keys(MARKED)
    people = write_people(first_day=first_day, today=today, password=password, now=now)
    say(f"{len(people.employees)} people in {len(people.departments)} departments")
    write_plans(people, first_day=first_day, last_day=last_day, now=now)
    say(f"shifts, rotations, rules, rosters from {first_day} to {last_day}")
    write_screens(people, now=now)
    write_punches(people, first_day=first_day, today=today, now=now, say=say)
    write_requests(people, today=today, now=now, say=say)
    _remember(kept, now)
    # Hiring and planning left news for each person back to their first day; only the months
    # that are shown are worth judging.
    Change.objects.filter(handled_at=None).update(handled_at=now)
    waiting = wake_range(starts_on=first_day, ends_on=today, cause=Change.Reason.ORDERED, now=now)
    # These punches say that they came in over two months.
    seal_declared(reason=LOADED, now=now, labels=["attendance.punch"])
    say(f"{waiting:,} employee-days wait to be judged")


def _keys(marked: Iterable[type[models.Model]]) -> dict[str, set[int]]:
    return {
        model._meta.label_lower: set(model._default_manager.values_list("pk", flat=True))
        for model in marked
    }


def _remember(before: dict[str, set[int]], now: datetime) -> None:
    """Leave the mark: which rows are the demo's, so that only they can be taken away.

    The statutory calendar is true for everybody, and stays.
    """
    after = _keys(MARKED)
    facts = {label: sorted(keys - before[label]) for label, keys in after.items()}
    AuditEntry.objects.create(
        at=now, verb=LOADED, thing_type="demo", thing_name="华辰集团", facts=facts
    )
