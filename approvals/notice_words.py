"""Notifications in words, in the reader's language, of what the reader may see when they read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final, NamedTuple

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from approvals.models import Notification, Request
from approvals.models.notifications import ABOUT_REQUESTS, Kind
from approvals.services.standing import visible
from attendance.console.checked import refusal_of
from attendance.models import PunchDecision
from attendance.services.overdue import LATEST
from organization.models import User

# About a request of somebody.
SENTENCES: Final[Mapping[Kind, str | Promise]] = {
    Kind.ASKED: _("%(name)s asks: %(what)s, %(day)s"),
    Kind.HELD: _("Held punch of %(name)s, %(day)s"),
    Kind.REMINDED: _("Still waits: %(what)s of %(name)s, %(day)s"),
    Kind.ESCALATED: _("Went up, as nobody answered: %(what)s of %(name)s, %(day)s"),
    Kind.DECIDED: _("%(what)s of %(name)s, %(day)s: %(status)s"),
    Kind.REVOKED: _("Taken back: %(what)s of %(name)s, %(day)s"),
}
# About one's own, and about what concerns nobody else.
OWN: Final[Mapping[Kind, str | Promise]] = {
    Kind.DECIDED: _("%(what)s, %(day)s: %(status)s"),
    Kind.REVOKED: _("Taken back: %(what)s, %(day)s"),
    Kind.BOARDING_PASS: _("Hand in your boarding pass for %(day)s by %(time)s"),
    Kind.ROBOT_OFF: _("The group “%(name)s” is told nothing any more; %(count)s messages failed"),
    Kind.TAKEN_OUT: _("Your punch of %(date)s, %(time)s does not count any more. %(refusal)s"),
}
SLOTS: Final[Mapping[str, str | Promise]] = {
    "in": _("Your shift began at %(time)s on %(day)s, and you have not punched in yet"),
    "out": _("Your shift ended at %(time)s on %(day)s, and you have not punched out yet"),
}


class Told(NamedTuple):
    """A notification as somebody reads it: a sentence, and where it leads."""

    row: Notification
    text: str
    address: str


def read(rows: Iterable[Notification], reader: User, *, now: datetime) -> list[Told]:
    """Return notifications of one reader in words. Four queries, however many there are.

    Of a request that the reader may not see any more, nothing is told but that it was there; who
    has refused a punch, and why, is for whose punch it is.
    """
    found = list(rows)
    keys = {row.request_id for row in found if row.request_id is not None}
    seen: QuerySet[Request] = Request.objects.none()
    if keys:
        seen = Request.objects.filter(visible(reader, now), pk__in=keys).distinct()
    requests = seen.select_related("employee").in_bulk()
    refusals = _refusals(found, reader)
    return [
        _told(row, requests.get(row.request_id or 0), refusals.get(row.pk, ""), reader, now)
        for row in found
    ]


def _refusals(rows: Iterable[Notification], reader: User) -> dict[int, str]:
    """Return by whom and why the punches that rows tell of were refused, a row's key each."""
    keys = {row.pk: row.facts["decision"] for row in rows if row.kind == Kind.TAKEN_OUT}
    if not keys:
        return {}
    own = PunchDecision.objects.filter(punch__employee__user=reader.pk, pk__in=keys.values())
    decisions = own.select_related("decided_by__employee").in_bulk()
    return {row: refusal_of(decisions.get(key)) for row, key in keys.items()}


def request_sentence(kind: Kind, request: Request, *, is_own: bool = False) -> str:
    """Return what is told of a request: who, what kind and which day; no place and no reason."""
    words = OWN[kind] if is_own and kind in OWN else SENTENCES[kind]
    return str(words) % {
        "name": one_line(request.employee.name),
        "what": request.get_kind_display(),
        "day": _day(request.work_date),
        "status": request.get_status_display(),
    }


def one_line(text: str) -> str:
    """Return text without breaks and signs that steer: a name writes no line of its own."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _told(
    row: Notification, request: Request | None, refusal: str, reader: User, now: datetime
) -> Told:
    kind = Kind(row.kind)
    if kind in ABOUT_REQUESTS:
        if request is None:
            return Told(row, gettext("A request that you may not see any more"), "")
        is_own = request.employee.user_id == reader.pk
        address = reverse("approvals:request", args=[request.pk])
        return Told(row, request_sentence(kind, request, is_own=is_own), address)
    facts = {name: one_line(str(value)) for name, value in row.facts.items()}
    words, address = OWN.get(kind), ""
    if kind is Kind.STANDS_IN:
        facts["until"] = _day(date.fromisoformat(facts["until"]))
        words = ngettext(
            "You decide for %(name)s until %(until)s, %(time)s; %(count)s request waits already",
            "You decide for %(name)s until %(until)s, %(time)s; %(count)s requests wait already",
            int(facts["count"]),
        )
        address = reverse("approvals:inbox")
    if day := facts.get("day"):
        address = reverse("attendance:my-day", args=[day])
        facts["day"] = _day(date.fromisoformat(day))
    if kind is Kind.TAKEN_OUT:
        facts["date"] = _day(date.fromisoformat(facts["date"]))
        facts["refusal"] = one_line(refusal)
    if kind is Kind.MISSING_PUNCH:
        words = SLOTS[facts["slot"]]
        # Once it is too late to punch, the day is where one asks for a make-up.
        if now - row.created_at <= LATEST:
            address = reverse("punch")
    return Told(row, (str(words) % facts).strip(), address)


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")
