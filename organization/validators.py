"""Checks that forms, importers and the API share."""

from __future__ import annotations

import zoneinfo
from functools import cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@cache
def known_zones() -> frozenset[str]:
    """Return the IANA names of time zones, without the legacy three-letter ones' surprises."""
    return frozenset(zoneinfo.available_timezones())


def validate_timezone(value: str) -> None:
    """Raise ValidationError unless `value` is an IANA time zone, such as Asia/Shanghai."""
    if value not in known_zones():
        raise ValidationError(
            _("%(value)s is not an IANA time zone; write one like Asia/Shanghai."),
            code="unknown_timezone",
            params={"value": value},
        )
