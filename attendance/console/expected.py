"""What days to come expect of people on a page: the codes of their shifts, whoever planned them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from attendance.loading import inputs, load_facts
from attendance.planning import minute_of
from organization.access import Action, departments_for, granted_paths
from organization.models import Employee, User
from scheduling.models import Shift


def expected_codes(
    user: User, people: Sequence[Employee], dates: Sequence[date], *, now: datetime
) -> Iterator[tuple[int, date, str]]:
    """Yield (employee, date, code); a dot is a day off, and unplanned days are left out.

    Only days in departments that this user sees, and their own. A dozen queries for a page of
    people, none for no dates.
    """
    if not people or not dates:
        return
    seen = None
    if granted_paths(user, Action.SEE) is not None:
        seen = set(departments_for(user, Action.SEE).values_list("pk", flat=True))
    facts = load_facts([person.pk for person in people], dates[0], dates[-1])
    codes = dict(Shift.objects.values_list("pk", "code"))
    for person in people:
        is_own = person.user_id == user.pk
        for one in inputs(facts, person.pk, dates, minute_of(now)):
            is_known = one.day.employed and not one.planned.is_unplanned
            if is_known and (seen is None or is_own or one.department_id in seen):
                yield person.pk, one.work_date, codes.get(one.planned.shift_id or 0, "·")
