"""What rooms above add to a person's own pages: ways at the top, and what can be asked on a day.

They say it when they are ready; these pages know nothing of them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.utils.functional import Promise

from attendance.console.day import DayPage
from organization.models import User


class OwnLink(NamedTuple):
    """A way to a page; `number` says how much waits there, 0 for nothing.

    `icon` "bell" shows a bell; the title is then read out and not shown.
    """

    title: str | Promise
    address: str
    number: int = 0
    icon: str = ""


Ways = Callable[[User, datetime], list[OwnLink]]
Offers = Callable[[DayPage, datetime], list[OwnLink]]
_ways: list[Ways] = []
_offers: list[Offers] = []


def register(*, ways: Ways, offers: Offers) -> None:
    """Let a room add its ways, and what it offers on a day."""
    if ways not in _ways:
        _ways.append(ways)
        _offers.append(offers)


def ways_of(user: User, now: datetime) -> list[OwnLink]:
    """Return the ways at the top of a person's own pages."""
    return [link for ways in _ways for link in ways(user, now)]


def offers_on(page: DayPage, now: datetime) -> list[OwnLink]:
    """Return what a person can ask for on a day of theirs."""
    return [link for offers in _offers for link in offers(page, now)]
