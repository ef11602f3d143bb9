"""What the approvals say before a period is closed: which of its days are still asked about."""

from __future__ import annotations

from typing import Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from approvals.content import ABSENCES
from approvals.models import Request
from attendance.services.closing_checks import Check, ToClose
from attendance.services.days import REACH, belongings_of


def _waiting(to_close: ToClose) -> QuerySet[Request]:
    """Return the requests of its dates, and those about others that reach into them."""
    begin, end = to_close.between()
    reaches = Q(
        kind__in=sorted(kind.value for kind in ABSENCES),
        department__in=to_close.departments,
        starts_at__lt=end,
        ends_at__gt=begin,
    )
    belongs = Q(pk__in=_punched_beside(to_close))
    return Request.objects.waiting().filter(to_close.there() | reaches | belongs).order_by()


def _punched_beside(to_close: ToClose) -> list[int]:
    """Return the requests about punches of the dates around that belong to its dates."""
    first, last = to_close.period.starts_on, to_close.period.ends_on
    before = Q(work_date__gte=first - REACH, work_date__lt=first)
    after = Q(work_date__gt=last, work_date__lte=last + REACH)
    beside = Request.objects.waiting().filter(before | after, punch__isnull=False)
    punches = {row.pk: row.punch for row in beside.select_related("punch") if row.punch is not None}
    found = belongings_of(punches.values())
    return [key for key, punch in punches.items() if to_close.has(*found[punch.pk])]


# Counted and confirmed, no more: whoever closes may leave a late request to the next period.
WAITING_REQUESTS: Final = Check(
    "requests",
    _("Requests that nobody decided"),
    False,
    _waiting,
    "admin:approvals_request_changelist",
)
