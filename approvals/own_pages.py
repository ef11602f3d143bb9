"""What the approvals add to a person's own pages."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from approvals.cards import waiting_for
from approvals.forms import slot_of_punch
from approvals.services.limits import slots_of
from approvals.services.notifying import unread_of
from approvals.services.submitting import configures, refused_on
from approvals.wording import punch_text
from attendance.console.day import DayPage
from attendance.console.own_links import OwnLink
from attendance.wording import slot_label
from organization.access import Action, granted_paths
from organization.models import User


def ways(user: User, now: datetime) -> list[OwnLink]:
    """Return the ways to one's requests, to the inbox of whoever decides, to what one was told."""
    found = [OwnLink(_("My requests"), reverse("approvals:my-requests"))]
    number = waiting_for(user, now=now)
    if number or granted_paths(user, Action.DECIDE) != ():
        found.append(OwnLink(_("To decide"), reverse("approvals:inbox"), number))
    number = unread_of(user)
    found.append(OwnLink(_("Notifications"), reverse("approvals:notifications"), number, "bell"))
    return found


def offers(page: DayPage, now: datetime) -> list[OwnLink]:
    """Return what can be asked for on a day: make-ups of missing slots first, then the rest."""
    loaded, result = page.loaded, page.result
    day = page.work_date.isoformat()
    found = []
    begun = page.work_date <= now.astimezone(page.zone).date()
    if begun:
        slots = slots_of(loaded)
        for slot in result.missing:
            if slot in slots:
                title = gettext("Ask for a make-up: %(slot)s") % {"slot": slot_label(slot)}
                found.append(OwnLink(title, _address("ask-make-up", day=day, slot=slot)))
        troubled = [one.slot for one in result.findings if one.slot in slots and one.minutes]
        for slot in dict.fromkeys(troubled):
            title = gettext("Appeal: %(slot)s") % {"slot": slot_label(slot)}
            found.append(OwnLink(title, _address("ask-appeal", day=day, slot=slot)))
        for punch in refused_on(loaded):
            title = gettext("Appeal: %(punch)s") % {"punch": punch_text(punch, page.work_date)}
            address = _address("ask-appeal", day=day, slot=slot_of_punch(punch))
            found.append(OwnLink(title, address))
        if slots and not result.missing:
            found.append(OwnLink(_("Correct a punch"), _address("ask-make-up", day=day)))
    found.append(OwnLink(_("Leave, outing, trip"), _address("ask-absence", day=day)))
    found.append(OwnLink(_("Overtime"), _address("ask-overtime", day=day)))
    return found


def offers_for(user: User, page: DayPage, now: datetime) -> list[OwnLink]:
    """Return what somebody may ask for on a person's day: whom they configure, but themselves."""
    is_own = page.employee.user_id == user.pk
    if is_own or not configures(user, page.employee, page.work_date):
        return []
    slots, day = slots_of(page.loaded), page.work_date.isoformat()
    found = []
    if slots and page.work_date <= now.astimezone(page.zone).date():
        missing = [slot for slot in page.result.missing if slot in slots]
        for slot in missing:
            title = gettext("Ask for a make-up: %(slot)s") % {"slot": slot_label(slot)}
            found.append(OwnLink(title, _address_for(page, "make_up", day=day, slot=slot)))
        if not missing:
            found.append(OwnLink(_("Correct a punch"), _address_for(page, "make_up", day=day)))
    found.append(OwnLink(_("Leave, outing, trip"), _address_for(page, "absence", day=day)))
    return found


def _address_for(page: DayPage, kind: str, **asked: str) -> str:
    where = reverse(f"admin:approvals_request_ask_{kind}", args=[page.employee.pk])
    return f"{where}?{urlencode(asked)}"


def _address(name: str, **asked: str) -> str:
    return f"{reverse(f'approvals:{name}')}?{urlencode(asked)}"
