"""A kept photo as a file in an answer."""

from __future__ import annotations

from django.http import HttpResponse


def photo_file(content: bytes, name: str) -> HttpResponse:
    """Answer with a kept JPEG, as a file that no browser takes for a page."""
    answer = HttpResponse(content, content_type="image/jpeg")
    answer["Content-Disposition"] = f'attachment; filename="{name}.jpg"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
