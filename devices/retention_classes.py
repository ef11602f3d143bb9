"""How long what terminals and Wi-Fi controllers said is kept, as it was received."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from devices.joins import TIMELESS
from devices.models import Credential, PhoneAddress, TerminalLine, WifiJoin
from organization.access import within
from organization.holds import held_people
from organization.models import LegalHold
from organization.retention import Kept, of_person, register


def _of_somebody_held() -> Q:
    """A line knows a PIN: a held person's, in any spelling, or said at a held department's door."""
    people = held_people()
    pins = {pin for number in people.values_list("number", flat=True)
            for pin in (number, number.lstrip("0"))}  # fmt: skip
    pins |= set(Credential.objects.filter(employee__in=people).values_list("value", flat=True))
    paths = LegalHold.objects.in_force().filter(department__isnull=False)
    doors = within(tuple(paths.values_list("department__path", flat=True)),
                   "terminal__department__path")  # fmt: skip
    return Q(pin__in=pins) | doors


register(
    Kept(
        "terminal_lines",
        TerminalLine,
        "received_at",
        lambda moment: TerminalLine.objects.filter(received_at__lt=moment).exclude(
            state=TerminalLine.State.WAITING
        ),
        held=_of_somebody_held,
    )
)


# A controller repeats itself within minutes; after that, a join of nobody is of no use, unless only
# its row tells a recording of it from a new one.
IGNORED_FOR: Final = timedelta(days=1)


def _joins(moment: datetime) -> models.QuerySet[WifiJoin]:
    now = moment + timedelta(days=settings.RETENTION_DAYS["network"])
    ignored = Q(state=WifiJoin.State.IGNORED, received_at__lt=now - IGNORED_FOR)
    ignored &= ~Q(key__startswith=TIMELESS)
    return WifiJoin.objects.filter(Q(received_at__lt=moment) | ignored)


register(Kept("network", WifiJoin, "received_at", _joins, held=of_person("employee")))
register(
    Kept(
        "network",
        PhoneAddress,
        "added_at",
        lambda moment: PhoneAddress.objects.filter(employee__left_on__lt=moment.date()),
        held=of_person("employee"),
    )
)
