"""What happens to a log-in: its password changes, it is switched off, its sessions end.

Whatever a password opened dies with it, in one transaction: sessions and API tokens alike.
"""

from __future__ import annotations

import logging
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from organization import audit, sessions, tokens
from organization.access import Action, departments_for, granted_paths
from organization.errors import DomainError
from organization.models import ApiToken, AuditEntry, Employee, User
from organization.role_errors import LastAdministrator
from organization.roles import check_another_administrator

logger = logging.getLogger(__name__)

# What can be read out and typed: no 0 or o, no 1 or l. Four groups of four are 80 random bits.
_READ_OUT: Final = "abcdefghijkmnpqrstuvwxyz23456789"
ONE_TIME_LASTS: Final = timedelta(days=3)
GIVEN_TOLD: Final = 5
# When it is this late, the date has ended everywhere on earth.
_LAST_ZONE: Final = timedelta(hours=12)


class BeyondOwnRights(DomainError):
    """Whoever opens a log-in could use it; so nobody opens one that may do more than they may."""

    code = "beyond_own_rights"
    message = _("%(log_in)s may do more than you may. Ask a super administrator.")


class TakesMoreThanGrant(DomainError):
    """Whoever knows the password of a person can be that person, so it takes more than GRANT."""

    code = "takes_more_than_grant"
    message = _(
        "By its password you could be %(log_in)s. It takes the rights to assign roles and to "
        "configure people where the person belongs."
    )


class NoPasswordForPrograms(DomainError):
    """A password that a program knows is known to whoever reads its settings."""

    code = "no_password_for_programs"
    message = _("%(log_in)s is a program: it has no password. Issue a token for it.")


class TokensForPrograms(DomainError):
    """A key alone would be a door past the second factor of a person."""

    code = "tokens_for_programs"
    message = _("%(log_in)s is the log-in of a person. Add a program, and issue its token.")


def _refuse_beyond(actor: User | None, user: User) -> None:
    """Raise BeyondOwnRights where `user` holds what `actor` does not. The command line may."""
    if actor is None or actor.is_superuser or actor.pk == user.pk:
        return
    for act in Action:
        mine, theirs = granted_paths(actor, act), granted_paths(user, act)
        covered = theirs is not None and all(path.startswith(mine or ()) for path in theirs)
        if mine is not None and not covered:
            raise BeyondOwnRights(log_in=user.get_username())


def _refuse_take_over(actor: User | None, user: User) -> None:
    """Raise TakesMoreThanGrant for whoever may only assign roles. The command line may."""
    if actor is None or actor.is_superuser:
        return
    person = getattr(user, "employee", None)
    both = departments_for(actor, Action.GRANT) & departments_for(actor, Action.RULE)
    if person is None or not both.filter(pk=person.department_id).exists():
        raise TakesMoreThanGrant(log_in=user.get_username())


def one_time_passwords_given(user: User) -> list[AuditEntry]:
    """Return who gave out one-time passwords of a log-in of late, the latest first."""
    rows = AuditEntry.objects.filter(
        thing_type=User._meta.label_lower,
        thing_id=str(user.pk),
        verb="log_in.one_time_key_given",
    )
    return list(rows.select_related("actor__employee").order_by("-pk")[:GIVEN_TOLD])


@transaction.atomic
def change_password(user: User, password: str, *, now: datetime, but: str | None = None) -> None:
    """Replace one's own password; only the session with the cookie `but` lives on.

    Raises ValidationError for a password that is too easy.
    """
    validate_password(password, user)
    revoked = tokens.revoke_all(user, actor=user, now=now)
    user.set_password(password)
    user.one_time_until = None
    user.save(update_fields=["password", "one_time_until"])
    ended = sessions.end_sessions(user, but=but)
    audit.record(
        actor=user,
        verb="log_in.own_key_changed",
        thing=user,
        now=now,
        sessions_ended=ended,
        keys_revoked=revoked,
    )


@transaction.atomic
def give_one_time_password(user: User, *, actor: User | None, now: datetime) -> str:
    """Give `user` a random password and return it; it opens one thing, the page that replaces it.

    It is random, told once, and good for ONE_TIME_LASTS. What the old one opened ends.
    The person is told on that page who gave it. The actor holds GRANT and RULE where the person
    belongs. Raises TakesMoreThanGrant, BeyondOwnRights, or NoPasswordForPrograms.
    """
    if user.is_program:
        raise NoPasswordForPrograms(log_in=user.get_username())
    _refuse_beyond(actor, user)
    _refuse_take_over(actor, user)
    password = _one_time_password()
    revoked = tokens.revoke_all(user, actor=actor, now=now)
    user.set_password(password)
    user.one_time_until = now + ONE_TIME_LASTS
    user.save(update_fields=["password", "one_time_until"])
    ended = sessions.end_sessions(user)
    audit.record(
        actor=actor,
        verb="log_in.one_time_key_given",
        thing=user,
        department=audit.home_of_log_in(user),
        now=now,
        until=user.one_time_until.isoformat(),
        sessions_ended=ended,
        keys_revoked=revoked,
    )
    return password


def _one_time_password() -> str:
    return "-".join("".join(secrets.choice(_READ_OUT) for _n in range(4)) for _n in range(4))


def issue_token(
    user: User,
    *,
    name: str,
    actor: User | None,
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Give a program another token. Raises TokensForPrograms, BeyondOwnRights, ValidationError."""
    if not user.is_program:
        raise TokensForPrograms(log_in=user.get_username())
    _refuse_beyond(actor, user)
    return tokens.issue(user, name=name, actor=actor, now=now, expires_at=expires_at)


@transaction.atomic
def save_edited(user: User, *, actor: User | None, now: datetime) -> None:
    """Save what a form has changed of a log-in, and write down another name or address."""
    before = User.objects.select_for_update().get(pk=user.pk)
    user.save()
    was, now_is = audit.difference(*({"username": row.username, "email": row.email}
                                     for row in (before, user)))  # fmt: skip
    if now_is:
        audit.record(
            actor=actor,
            verb="log_in.edited",
            thing=user,
            department=audit.home_of_log_in(user),
            now=now,
            before=was,
            after=now_is,
        )


@transaction.atomic
def switch_off(user: User, *, actor: User | None, now: datetime) -> None:
    """Shut a log-in: its sessions end, its tokens are revoked, nobody comes in by it.

    To do it again ends whatever was opened meanwhile, and is told only if there was anything.
    Raises LastAdministrator for the only one who can come in and administer the group.
    """
    if user.is_superuser and user.is_active:
        check_another_administrator(user)
    was_on = User.objects.filter(pk=user.pk, is_active=True).update(is_active=False)
    user.is_active = False
    ended = sessions.end_sessions(user)
    revoked = tokens.revoke_all(user, actor=actor, now=now)
    if was_on or ended or revoked:
        audit.record(
            actor=actor,
            verb="log_in.switched_off",
            thing=user,
            department=audit.home_of_log_in(user),
            now=now,
            sessions_ended=ended,
            keys_revoked=revoked,
        )


@transaction.atomic
def switch_on(user: User, *, actor: User | None, now: datetime) -> None:
    """Open a log-in again. Its sessions and tokens stay gone."""
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        user.is_active = True
        audit.record(
            actor=actor,
            verb="log_in.switched_on",
            thing=user,
            department=audit.home_of_log_in(user),
            now=now,
        )


@transaction.atomic
def end_sessions(user: User, *, actor: User | None, now: datetime, but: str | None = None) -> int:
    """End where a log-in is in use, except the session with the cookie `but`."""
    ended = sessions.end_sessions(user, but=but)
    if ended:
        audit.record(
            actor=actor, verb="log_in.sessions_ended", thing=user, now=now, sessions_ended=ended
        )
    return ended


def switch_off_leavers(*, now: datetime) -> int:
    """Shut the log-ins of people whose last day is over; return how many there were.

    The last super administrator stays, or nobody could appoint another one.
    """
    over = (now - _LAST_ZONE).date()
    gone = Employee.objects.filter(left_on__lt=over, user__is_active=True).select_related("user")
    shut = 0
    for user in [person.user for person in gone if person.user is not None]:
        try:
            switch_off(user, actor=None, now=now)
        except LastAdministrator as refusal:
            logger.warning("The log-in of somebody who left stays open. %s", refusal)
        else:
            shut += 1
    return shut
