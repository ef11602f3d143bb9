"""Files that come with what programs and the phone's page ask."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from attendance.evidence.photos import BYTES_AT_MOST


def posted_photo(request: Request) -> bytes | None:
    """Return the file `photo` of a form as it came; what is too large is refused unread.

    Raises ValidationError.
    """
    file = request.FILES.get("photo")
    if file is None:
        return None
    if file.size > BYTES_AT_MOST:
        raise ValidationError({"photo": [_("A photo has at most 8 MB.")]})
    content: bytes = file.read()
    return content
