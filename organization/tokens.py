"""Tokens: how a program is given its key, known by it, and shut out again.

A key is 256 random bits, so a plain SHA-256 of it cannot be turned back and is found by index;
a slow hash, which guards words that people think up, would only slow every request down.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from organization import audit
from organization.models import ApiToken, User

# Scanners of source code know a leaked key by its beginning.
MARK: Final = "kq_"
_SHOWN: Final = 10
# To know that a token is in use, minutes are enough; each request would be a write.
_NOTED_EVERY: Final = timedelta(minutes=5)


def digest_of(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


@transaction.atomic
def issue(
    user: User,
    *,
    name: str,
    actor: User | None,
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Give `user` another token; return it with its key, which nobody can be told again.

    Raises ValidationError for a nameless token, or one that has expired when it is issued.
    """
    key = MARK + secrets.token_urlsafe(32)
    token = ApiToken(
        user=user,
        name=name,
        digest=digest_of(key),
        prefix=key[:_SHOWN],
        created_at=now,
        created_by=actor,
        expires_at=expires_at,
    )
    token.full_clean()
    token.save()
    audit.record(
        actor=actor,
        verb="token.issued",
        thing=token,
        department=audit.home_of_log_in(user),
        now=now,
        log_in=user.get_username(),
        expires_at=expires_at.isoformat() if expires_at else None,
    )
    return token, key


@transaction.atomic
def revoke(token_id: int, *, actor: User | None, now: datetime) -> ApiToken:
    """Shut a token out, from the next request on. To revoke it again changes nothing."""
    token = ApiToken.objects.select_for_update().get(pk=token_id)
    if token.revoked_at is None:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
        audit.record(
            actor=actor,
            verb="token.revoked",
            thing=token,
            department=audit.home_of_log_in(token.user),
            now=now,
            log_in=token.user.get_username(),
        )
    return token


def revoke_all(user: User, *, actor: User | None, now: datetime) -> int:
    """Shut out every token of `user`; return how many there were."""
    valid = ApiToken.objects.filter(user=user, revoked_at=None).values_list("pk", flat=True)
    keys = list(valid)
    for key in keys:
        revoke(key, actor=actor, now=now)
    return len(keys)


def valid_tokens(user: User, *, now: datetime) -> QuerySet[ApiToken]:
    """Return the tokens that open the log-in now."""
    unended = Q(expires_at=None) | Q(expires_at__gt=now)
    return ApiToken.objects.filter(unended, user=user, revoked_at=None)


def in_use(user_ids: Collection[int], *, now: datetime) -> int:
    """Return how many tokens open these log-ins now."""
    unended = Q(expires_at=None) | Q(expires_at__gt=now)
    return ApiToken.objects.filter(unended, user__in=user_ids, revoked_at=None).count()


def find(key: str, *, now: datetime) -> ApiToken | None:
    """Return the valid token of a key, with its log-in, if that is switched on. One query."""
    found = ApiToken.objects.select_related("user").filter(digest=digest_of(key))
    token = next(iter(found), None)
    if token is None or not token.is_valid(now) or not token.user.is_active:
        return None
    return token


def note_use(token: ApiToken, *, now: datetime) -> None:
    """Remember that the token is in use, to within some minutes."""
    long_ago = now - _NOTED_EVERY
    if token.last_used_at is not None and token.last_used_at > long_ago:
        return
    ApiToken.objects.filter(
        Q(last_used_at=None) | Q(last_used_at__lte=long_ago), pk=token.pk
    ).update(last_used_at=now)
