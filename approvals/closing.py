"""What the approvals say before a period is closed: which of its days are still asked about."""

from __future__ import annotations

from typing import Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from approvals.content import ABSENCES
from approvals.models import Request
from attendance.services.closing_checks import Check, ToClose


def _waiting(to_close: ToClose) -> QuerySet[Request]:
    """Return the requests of its dates, and those that began before and reach into them."""
    begin, end = to_close.between()
    reaches = Q(
        kind__in=sorted(kind.value for kind in ABSENCES),
        department__in=to_close.departments,
        starts_at__lt=end,
        ends_at__gt=begin,
    )
    return Request.objects.waiting().filter(to_close.there() | reaches).order_by()


# Counted and confirmed, no more: whoever closes may leave a late request to the next period.
WAITING_REQUESTS: Final = Check(
    "requests",
    _("Requests that nobody decided"),
    False,
    _waiting,
    "admin:approvals_request_changelist",
)
