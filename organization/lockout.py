"""How many wrong log-ins are too many, for whom, and for how long. The only file that knows axes.

Three counts run side by side, the same for names that exist and names that do not:
an account from one address, an address whatever it tries, an account from wherever. The last one
would let anybody shut an owner out, so where the owner has come in before it counts by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.contrib.auth.signals import user_login_failed
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from organization import audit
from organization.addresses import counted_address, network_of
from organization.models import AuditEntry, User

# settings.AXES_LOCKOUT_PARAMETERS names these in this order.
PARAMETERS: Final = (["username", "ip_address"], "ip_address", "username")
# An office shares one address, and an account that everybody may lock is a way to annoy its owner:
# both take more failures than one person at one desk.
LIMITS: Final = (5, 50, 100)
LASTS: Final = timedelta(minutes=15)
KNOWN_FOR: Final = timedelta(days=90)


class Handler(AxesDatabaseHandler):
    """Counts in the database, so that every process knows; each count has a limit of its own."""

    def user_login_failed(
        self,
        sender: object,
        credentials: dict[str, Any],
        request: HttpRequest | None = None,
        **other: Any,
    ) -> None:
        """Count a failure, and keep nothing of what was typed but the name."""
        if request is None:
            return
        kept = request.GET, request.POST
        # The library would keep the form, and knows only one field of it as secret.
        request.GET = request.POST = QueryDict()
        try:
            super().user_login_failed(sender, credentials, request, **other)
        finally:
            request.GET, request.POST = kept

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Return the fullest count, on the scale of the first one, whose limit axes is told."""
        at_desk, from_there, everywhere = self.get_user_attempts(request, credentials)
        counts = [_sum(at_desk), _sum(from_there), _sum(everywhere)]
        if counts[2] >= LIMITS[2]:
            known = known_addresses(get_client_username(request, credentials) or "")
            if counted_address(request) in known:
                counts[2] = _sum(everywhere.filter(ip_address__in=known))
        return max(count * LIMITS[0] // limit for count, limit in zip(counts, LIMITS, strict=True))

    def reset_user_attempts(
        self, request: HttpRequest, credentials: dict[str, Any] | None = None
    ) -> int:
        """Forgive whoever got in their own slips, and not the address what it tried on others."""
        own, *_others = self.filter_user_attempts(request, credentials)
        return int(own.delete()[0])


def _sum(rows: QuerySet[AccessAttempt]) -> int:
    return rows.aggregate(sum=Sum("failures_since_start"))["sum"] or 0


def known_addresses(username: str) -> set[str]:
    """Return from where a name has come in, both steps taken, in the last months."""
    opened = AuditEntry.objects.filter(
        actor__username=username, verb="log_in.opened", at__gt=timezone.now() - KNOWN_FOR
    ).exclude(address="")
    found = opened.order_by("address").values_list("address", flat=True).distinct()
    return {network_of(address) for address in found}


def is_locked(request: HttpRequest, username: str) -> bool:
    """Say whether this account may not be tried from this address now."""
    return not AxesProxyHandler.is_allowed(request, {"username": username})


def note_failure(request: HttpRequest, username: str) -> None:
    """Count a wrong second step, or a wrong old password, like a wrong log-in."""
    user_login_failed.send(sender=__name__, credentials={"username": username}, request=request)


def address_for_axes(request: HttpRequest) -> str | None:
    """Return where a request came from; axes counts None as one more address."""
    return counted_address(request) or None


def attempts(*, now: datetime) -> QuerySet[AccessAttempt]:
    """Return the failures that still count."""
    return AccessAttempt.objects.filter(attempt_time__gt=now - LASTS)


@transaction.atomic
def lift(rows: Iterable[AccessAttempt], *, actor: User | None, now: datetime) -> int:
    """Forget failures, so that log-ins and addresses that were locked out may try again."""
    count = 0
    for row in rows:
        who = User.objects.filter(username=row.username or "").first()
        thing = who or audit.Thing("organization.user", "")
        audit.record(
            actor=actor,
            verb="log_in.unlocked",
            thing=thing,
            department=audit.home_of_log_in(who) if who is not None else None,
            now=now,
            from_address=row.ip_address or "",
            failures=row.failures_since_start,
        )
        row.delete()
        count += 1
    return count
