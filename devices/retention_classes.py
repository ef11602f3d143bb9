"""How long the lines of terminals are kept, as they were received."""

from django.db.models import Q

from devices.models import Credential, TerminalLine
from organization.access import within
from organization.holds import held_people
from organization.models import LegalHold
from organization.retention import Kept, register


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
