"""Requests in words: what is asked, why somebody decides, what approving would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from approvals.content import Kind, in_cents
from approvals.models import Request
from attendance.engine import Anomaly
from attendance.models import Punch
from attendance.planning import minute_of
from attendance.wording import ANOMALIES, duration_text, slot_label, time_text

REASONS: Final[Mapping[str, str | Promise]] = {
    "supervisor": _("%(name)s is the direct supervisor."),
    "no_supervisor": _("There is no direct supervisor."),
    "head": _("%(name)s heads %(where)s."),
    "no_head": _("%(where)s has no head."),
    "unit_hr": _("%(name)s is the HR of %(where)s."),
    "no_unit_hr": _("No department above has an HR."),
    "role": _("%(name)s holds the role in %(where)s."),
    "no_role": _("Nobody above holds the role."),
    "person": _("%(name)s is named."),
    "no_person": _("Nobody is named."),
    "nearest": _("%(name)s decides in %(where)s, the nearest department where anybody does."),
    "administrator": _("%(name)s administers the group: nobody nearer may decide."),
    "own": _("%(name)s asks, and decides nothing of their own."),
    "may_not": _("%(name)s may not decide there."),
    "asked_once": _("%(name)s would decide the next step too, and is asked once."),
    "nobody": _("Nobody may decide this. Give somebody a role that decides."),
}


def reason_text(reason: Sequence[str]) -> str:
    """Return why somebody decides or does not, in the reader's language."""
    code, name, where = reason
    return str(REASONS[code]) % {"name": name, "where": where}


def what_of(request: Request, zone: ZoneInfo) -> str:
    """Return what is asked in a few words: out-punch at 18:00; 09:00 – 18:00, 1 day."""
    kind = Kind(request.kind)
    if request.punch is not None:
        at = time_text(minute_of(request.punch.punched_at), work_date=request.work_date, zone=zone)
        why = anomaly_text(request.anomaly)
        if kind is Kind.APPEAL:
            at = gettext("The refused punch at %(at)s shall count") % {"at": at}
        return f"{at} · {why}" if why else at
    if request.corrected_at is not None:
        at = time_text(minute_of(request.corrected_at), work_date=request.work_date, zone=zone)
        facts = {"slot": capfirst(slot_label(request.slot)), "at": at}
        if kind is Kind.APPEAL:
            return gettext("%(slot)s shall count as on time, at %(at)s") % facts
        return gettext("%(slot)s at %(at)s") % facts
    return _span_text(request, zone)


def punch_text(punch: Punch, day: date) -> str:
    """Return a refused punch in words, by the clock where it was made: refused punch at 08:58."""
    at = time_text(minute_of(punch.punched_at), work_date=day, zone=ZoneInfo(punch.zone))
    return gettext("refused punch at %(at)s") % {"at": at}


def _span_text(request: Request, zone: ZoneInfo) -> str:
    if request.starts_at is None or request.ends_at is None:
        return ""
    starts, ends = (moment.astimezone(zone) for moment in (request.starts_at, request.ends_at))
    if starts.date() == ends.date():
        span = f"{starts:%H:%M} – {ends:%H:%M}"
    else:
        span = " – ".join(
            f"{date_format(moment, 'SHORT_DATE_FORMAT')} {moment:%H:%M}"
            for moment in (starts, ends)
        )
    parts = [span]
    if Kind(request.kind) is Kind.OVERTIME:
        minutes = int((request.ends_at - request.starts_at).total_seconds() // 60)
        parts.append(duration_text(minutes))
    elif request.amount_days:
        parts.append(days_text(float(in_cents(request.amount_days))))
    if request.leave_type:
        parts.insert(0, request.get_leave_type_display())
    return " · ".join(parts)


def days_text(days: float) -> str:
    """Return days as "1.5 days"."""
    # A language counts by whole numbers; one and a half are many.
    whole = int(days) if days == int(days) else 2
    return ngettext("%(days)s day", "%(days)s days", whole) % {"days": f"{days:g}"}


def anomaly_text(anomaly: str) -> str:
    """Return what a kind of trouble is called."""
    return str(ANOMALIES[Anomaly(anomaly)]) if anomaly in set(Anomaly) else ""
