"""What somebody hands in with a request: kept sealed beside it, and every look of others told."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from approvals.models import Request, RequestPhoto
from approvals.services.standing import visible
from attendance.services.evidence import PHOTOS_A_DAY, TooManyPhotos, Unreadable, take_picture
from organization import audit
from organization.encryption import CannotUnseal
from organization.errors import NotFound
from organization.models import Employee, User
from organization.sealed_fields import opened, sealed


def read_photo(employee: Employee, photo: bytes, *, now: datetime) -> tuple[bytes, str]:
    """Return a photo as it is kept, and its digest. Raises PhotoRefused, TooManyPhotos."""
    kept = RequestPhoto.objects.filter(
        request__employee=employee, kept_at__gt=now - timedelta(days=1)
    )
    if kept.count() >= PHOTOS_A_DAY:
        raise TooManyPhotos(most=PHOTOS_A_DAY)
    clean = take_picture(photo).content
    return clean, digest_of_photo(clean)


def digest_of_photo(clean: bytes) -> str:
    """Return the digest that a request says of its photo: a plain one, which outlives all keys."""
    return hashlib.sha256(clean).hexdigest()


def keep_photo(request: Request, clean: bytes, *, now: datetime) -> None:
    """Keep what `read_photo` returned beside its request."""
    content = sealed(RequestPhoto, "content", clean, request_id=request.pk)
    RequestPhoto.objects.create(request=request, content=content, kept_at=now)


def view_photo(request_id: int, *, actor: User, now: datetime) -> bytes:
    """Return the photo of a request as a JPEG, after writing down who looks.

    Whoever may read the request may; the person's own look is not told. Raises NotFound, also
    where the photo's time is over, and Unreadable.
    """
    rows = Request.objects.filter(visible(actor, now), pk=request_id)
    request = rows.select_related("employee", "department", "photo").first()
    photo = getattr(request, "photo", None)
    if request is None or photo is None:
        raise NotFound(what=RequestPhoto._meta.verbose_name, key=request_id)
    if request.employee.user_id != actor.pk:
        audit.record(
            actor=actor,
            verb="request.photo_viewed",
            thing=request.employee,
            department=request.department,
            now=now,
            request=request.pk,
        )
    try:
        clean = opened(photo, "content")
    except CannotUnseal as problem:
        raise Unreadable from problem
    # Whoever could write the row could have put another picture there, sealed by the same key.
    if digest_of_photo(clean) != request.photo_digest:
        raise Unreadable
    return clean
