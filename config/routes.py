"""An address as people read it: what varies in it stands in angle brackets."""

import re
from typing import Final

from django.contrib.admindocs.views import simplify_regex

_CONVERTER: Final = re.compile(r"<\w+:")


def readable(route: str) -> str:
    """Return a route of Django's without the signs of its patterns, such as `/api/v1/punches/`."""
    # A pattern inside another repeats the marks of its beginning and end.
    return _CONVERTER.sub("<", simplify_regex(route.replace("^", "")))
