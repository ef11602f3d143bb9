"""Evidence of punches: kept sealed, one row a kind, each with its own date; every look is told."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from attendance.evidence.claims import Claim, Position
from attendance.evidence.photos import BadPhoto, clean_photo
from attendance.models import Punch, PunchEvidence
from organization import audit
from organization.access import Action, ScopedQuerySet
from organization.encryption import CannotUnseal
from organization.errors import DomainError, NotFound
from organization.models import User
from organization.sealed_fields import opened, sealed

_log: Final = logging.getLogger(__name__)
Kind = PunchEvidence.Kind
PHOTOS_A_DAY: Final = 24
REASON_AT_MOST: Final = 200


class PhotoRefused(DomainError):
    """The bytes are no photo that can be kept."""

    code = "photo_refused"
    message = _(
        "This photo cannot be kept (%(problem)s). Send a JPEG, PNG or WebP of at most 8 MB."
    )


class TooManyPhotos(DomainError):
    """Somebody sends pictures without end."""

    code = "too_many_photos"
    message = _("At most %(most)s photos a day are kept of one person.")


class ReasonMissing(DomainError):
    """Whoever looks at another person's evidence says why."""

    code = "reason_missing"
    message = _("Say why you look at this evidence, in 3 to 200 signs.")


class Unreadable(DomainError):
    """The key is missing, or somebody changed the row."""

    code = "evidence_unreadable"
    message = _("This evidence cannot be opened: its key is missing, or it was changed.")


class Picture(NamedTuple):
    """A photo as it is kept, written anew, and the keyed digest by which it is known again."""

    content: bytes
    digest: str


class Piece(NamedTuple):
    """A kind of evidence, opened."""

    kind: str
    facts: Mapping[str, Any]
    photo: bytes | None = None


def take_picture(photo: bytes) -> Picture:
    """Return a photo as it is kept. Raises PhotoRefused.

    The digest is of the pixels that are kept: what a file carries beside them makes no new picture.
    """
    try:
        content = clean_photo(photo)
    except BadPhoto as problem:
        raise PhotoRefused(problem=str(problem)) from problem
    return picture_of(content)


def picture_of(content: bytes) -> Picture:
    """Return a photo that has been written anew before, with its digest."""
    digest = salted_hmac("attendance.photo", content, algorithm="sha256").hexdigest()
    return Picture(content, digest)


# Keeping ------------------------------------------------------------------------------------------


def keep_evidence(
    punch: Punch,
    *,
    now: datetime,
    position: Position | None = None,
    bssid: str | None = None,
    picture: Picture | None = None,
    integrity: Mapping[str, Any] | None = None,
    address: str | None = None,
) -> int:
    """Keep what proved a punch, sealed, each kind until its own date; return how many kinds.

    A kind is kept once: what is told again changes nothing. All is kept by one insert, or nothing.
    Raises TooManyPhotos.
    """
    rows = list(_claimed(punch.pk, Claim(position, bssid), now))
    if integrity is not None:
        rows.append(_row(punch.pk, Kind.INTEGRITY, _as_bytes(integrity), now))
    if address is not None:
        rows.append(_row(punch.pk, Kind.ADDRESS, _as_bytes({"address": address}), now))
    if picture is not None:
        _refuse_too_many(punch, now)
        rows.append(_row(punch.pk, Kind.PHOTO, picture.content, now, picture.digest))
    return _keep(rows)


def keep_claims(claims: Iterable[tuple[int, Claim]], *, now: datetime) -> int:
    """Keep what came with new punches, by the key of the punch. One insert."""
    return _keep([row for key, claim in claims for row in _claimed(key, claim, now)])


def _claimed(punch_id: int, claim: Claim, now: datetime) -> Iterator[PunchEvidence]:
    if claim.position is not None:
        yield _row(punch_id, Kind.POSITION, _as_bytes(claim.position._asdict()), now)
    if claim.bssid is not None:
        yield _row(punch_id, Kind.NETWORK, _as_bytes({"bssid": claim.bssid}), now)


def _keep(rows: list[PunchEvidence]) -> int:
    if rows:
        PunchEvidence.objects.bulk_create(rows, ignore_conflicts=True, batch_size=200)
    return len(rows)


def _row(
    punch_id: int, kind: str, content: bytes, now: datetime, digest: str = ""
) -> PunchEvidence:
    return PunchEvidence(
        punch_id=punch_id,
        kind=kind,
        digest=digest,
        sealed=sealed(PunchEvidence, "sealed", content, punch_id=punch_id, kind=str(kind)),
        kept_at=now,
        keep_until=(now + timedelta(days=settings.RETENTION_DAYS[str(kind)])).date(),
    )


def _as_bytes(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def _refuse_too_many(punch: Punch, now: datetime) -> None:
    kept = PunchEvidence.objects.filter(
        punch__employee=punch.employee_id, kind=Kind.PHOTO, kept_at__gt=now - timedelta(days=1)
    )
    if kept.count() >= PHOTOS_A_DAY:
        raise TooManyPhotos(most=PHOTOS_A_DAY)


# Looking ------------------------------------------------------------------------------------------


def find_punch(punch_id: int, *, actor: User) -> Punch:
    """Return a punch whose evidence `actor` may look at: one's own, or by AUDIT or DECIDE there.

    Raises NotFound for any other, as for one that there is not.
    """
    punches = Punch.objects.filter(pk=punch_id)
    allowed = may_look(punches, actor, "employee__user")
    found = punches.filter(allowed).select_related("employee", "department").first()
    if found is None:
        raise NotFound(what=str(Punch._meta.verbose_name), key=punch_id)
    return found


def may_look(rows: ScopedQuerySet, actor: User, own: str) -> Q:
    """Return which of some rows `actor` may open: by AUDIT or DECIDE there, or as one's own.

    `own` names the log-in whose rows they are. To see somebody's days is not enough.
    """
    allowed = Q(pk__in=rows.visible_to(actor, Action.AUDIT).values("pk"))
    allowed |= Q(pk__in=rows.visible_to(actor, Action.DECIDE).values("pk"))
    return allowed | Q(**{own: actor.pk}) if actor.is_active else allowed


def reason_to_look(reason: str, *, is_own: bool) -> str:
    """Return why somebody looks, in one line. Raises ReasonMissing unless it is their own."""
    reason = " ".join(reason.split())
    if not is_own and not 3 <= len(reason) <= REASON_AT_MOST:
        raise ReasonMissing
    return reason


def view_evidence(punch_id: int, *, actor: User, reason: str, now: datetime) -> list[Piece]:
    """Return what proved a punch, opened, after writing down who looks at it and why.

    The line stays, also where nothing can be opened: no transaction holds both. One's own needs no
    reason. Raises NotFound, ReasonMissing, Unreadable.
    """
    punch = find_punch(punch_id, actor=actor)
    reason = reason_to_look(reason, is_own=punch.employee.user_id == actor.pk)
    rows = list(punch.evidence.order_by("pk"))
    audit.record(
        actor=actor,
        verb="evidence.viewed",
        thing=punch.employee,
        department=punch.department,
        now=now,
        punch=punch.pk,
        kinds=[row.kind for row in rows],
        reason=reason[:REASON_AT_MOST],
    )
    try:
        return [read_piece(row) for row in rows]
    except CannotUnseal as problem:
        _log.error("The evidence of punch %s cannot be opened: %s.", punch.pk, problem)
        raise Unreadable from problem


def read_piece(row: PunchEvidence) -> Piece:
    """Return one row, opened. Whoever calls this has written down who looks.

    Raises encryption.CannotUnseal.
    """
    content = opened(row, "sealed")
    if row.kind == Kind.PHOTO:
        return Piece(row.kind, {}, content)
    return Piece(row.kind, json.loads(content))
