"""What a version of a rule says, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.demand_words import tell_demands
from attendance.models import AttendanceRule, RuleVersion
from attendance.services.rules import RuleText, read_columns
from scheduling.shift_words import tell_overtime


def who(rule: AttendanceRule) -> str:
    """Return who is under a rule."""
    if rule.department is not None and rule.position is not None:
        facts = {"position": rule.position.name, "department": rule.department.name}
        return _("%(position)s in %(department)s and below") % facts
    if rule.department is not None:
        return _("%(department)s and all below") % {"department": rule.department.name}
    if rule.position is not None:
        return _("%(position)s in the whole group") % {"position": rule.position.name}
    return _("Everybody in the group")


def tell_rule(text: RuleText) -> list[str]:
    """Return what a rule says, the gravest first, one sentence each."""
    return list(_tell(text))


def tell_columns(columns: Mapping[str, Any]) -> list[str]:
    """Return what a version says, given as RuleText.columns gave it."""
    return tell_rule(read_columns(columns))


def _tell(text: RuleText) -> Iterator[str]:
    if not text.is_punching_required:
        yield _("Nobody under this rule has to punch; no anomaly is ever raised.")
    yield {
        RuleVersion.ShiftSource.ROSTER_FIRST: _(
            "Shifts come from the roster; on days without an entry, from the assigned shift."
        ),
        RuleVersion.ShiftSource.ROSTER_ONLY: _(
            "Shifts come from the roster alone; a day without an entry is a day of rest."
        ),
        RuleVersion.ShiftSource.ASSIGNMENT_ONLY: _(
            "Shifts come from assignments alone; rosters are ignored."
        ),
    }[RuleVersion.ShiftSource(text.shift_source)]
    yield from tell_demands(text.demands)
    if text.period_starts_on_day == 1:
        yield _("The period is the calendar month.")
    else:
        yield _("The period runs from day %(first)d to day %(last)d of the next month.") % {
            "first": text.period_starts_on_day,
            "last": text.period_starts_on_day - 1,
        }
    if text.merge_minutes:
        yield ngettext(
            "Punches within %(minutes)d minute of each other count as one.",
            "Punches within %(minutes)d minutes of each other count as one.",
            text.merge_minutes,
        ) % {"minutes": text.merge_minutes}
    else:
        yield _("Every punch stands for itself.")
    if text.make_up_per_month:
        yield _(
            "Up to %(count)d make-up requests a month, %(back)d days back at most, "
            "and until day %(day)d of the next month."
        ) % {
            "count": text.make_up_per_month,
            "back": text.make_up_days_back,
            "day": text.make_up_cutoff_day,
        }
        refused = [
            str(word)
            for is_taken, word in (
                (text.make_up_for_missing, _("a missing punch")),
                (text.make_up_for_late, _("coming late")),
                (text.make_up_for_early, _("leaving early")),
                (text.make_up_for_other, _("anything else")),
            )
            if not is_taken
        ]
        if refused:
            yield _("No make-up for: %(kinds)s.") % {"kinds": ", ".join(refused)}
        if text.make_up_needs_photo:
            yield _("A make-up request needs a photo.")
    else:
        yield _("No make-up requests.")
    told = list(tell_overtime(text.overtime))
    if told:
        yield _("On days without a shift:")
        yield from told
    else:
        yield _("Days without a shift earn no overtime.")
