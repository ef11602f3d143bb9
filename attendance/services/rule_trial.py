"""What publishing a draft would change, found out without writing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils.timezone import localdate

from attendance.engine import DayResult, evaluate_day
from attendance.loading import Facts, inputs, load_facts
from attendance.models import AttendanceDay, RuleVersion
from attendance.planbook import Terms
from attendance.planning import minute_of
from attendance.services.rules import find_version, last_day, text_of
from organization.models import Transfer, User

_DAY: Final = timedelta(days=1)
TRIED_PEOPLE: Final = 50
TRIED_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Trial:
    """What publishing would do.

    `days` stored results are judged again. Of `tried` recent ones, `changed` would say something
    else; `moves` counts them by (status today, status then).
    """

    days: int
    tried: int
    changed: int
    moves: Mapping[tuple[str, str], int]


def try_rule(*, version_id: int, actor: User | None = None, now: datetime) -> Trial:
    """Return what publishing a draft would change, without writing anything.

    The recent days of some people under the rule are judged by the draft and compared with what
    is stored. Raises NotFound.
    """
    version = find_version(version_id, actor)
    today = localdate(now)
    stored = _days_under(version, today)
    recent = max(version.valid_from, today - TRIED_DAYS * _DAY)
    sample = _sample(stored.filter(work_date__gte=recent))
    people = sorted({person for person, _day in sample})
    moves: Counter[tuple[str, str]] = Counter()
    changed = 0
    if people:
        facts = _with_draft(load_facts(people, recent, today), version)
        for person in people:
            days = sorted(day for whose, day in sample if whose == person)
            for loaded in inputs(facts, person, days, minute_of(now)):
                result = evaluate_day(loaded.day)
                before = sample[person, loaded.work_date]
                after = _told(result)
                if before != after:
                    changed += 1
                    moves[before[0], after[0]] += 1
    return Trial(stored.count(), len(sample), changed, dict(moves.most_common(6)))


def _days_under(version: RuleVersion, today: date) -> QuerySet[AttendanceDay]:
    """Return the stored days that a version speaks for, up to its successor.

    Rules for fewer people may win for some of them; their days are judged alike then.
    """
    rule = version.rule
    rows = AttendanceDay.objects.filter(
        work_date__gte=version.valid_from, work_date__lte=last_day(version) or today
    )
    if rule.department is not None:
        rows = rows.filter(department__path__startswith=rule.department.path)
    if rule.position_id is not None:
        # By the position of the date, as the day is judged.
        moves = Transfer.objects.filter(
            employee=OuterRef("employee"), effective_on__lte=OuterRef("work_date")
        ).order_by("-effective_on")
        rows = rows.alias(position_then=Subquery(moves.values("position")[:1]))
        rows = rows.filter(position_then=rule.position_id)
    return rows


Told = tuple[str, int, int, int, int]
"""Status, and minutes late, early, worked and overtime."""


def _told(result: DayResult) -> Told:
    return result.status.value, result.late, result.early, result.worked, result.overtime


def _sample(rows: QuerySet[AttendanceDay]) -> dict[tuple[int, date], Told]:
    """Return what is stored of the days of the first people, by person and date."""
    people = list(
        rows.order_by("employee").values_list("employee", flat=True).distinct()[:TRIED_PEOPLE]
    )
    found = rows.filter(employee__in=people).values_list(
        "employee",
        "work_date",
        "status",
        "late_minutes",
        "early_minutes",
        "worked_minutes",
        F("overtime_workday_minutes") + F("overtime_rest_minutes") + F("overtime_holiday_minutes"),
    )
    return {(row[0], row[1]): row[2:] for row in found}


def _with_draft(facts: Facts, version: RuleVersion) -> Facts:
    """Return the facts as they would be, were the draft published."""
    text = text_of(version)
    terms = Terms(
        version.pk,
        text.is_punching_required,
        text.shift_source,
        text.merge_minutes * 60,
        text.overtime,
    )
    key = (version.rule.department_id, version.rule.position_id)
    held = [row for row in facts.book.rules.get(key, []) if row[0] != version.valid_from]
    rules = {**facts.book.rules, key: sorted([*held, (version.valid_from, terms)], key=_dated)}
    return facts._replace(book=replace(facts.book, rules=rules))


def _dated(row: tuple[date, Terms]) -> date:
    return row[0]
