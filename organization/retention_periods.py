"""How long each class of data is kept: one table, with the bounds inside which it may be set.

Knows no models, so that the settings can read it before anything else is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Wage records are kept two years at least (Interim Provisions on Wage Payment, article 6), and an
# attendance result is what a wage is reckoned from.
WAGE_RECORDS: Final = 731


class Period(NamedTuple):
    """A class of data: its name, how many days it is kept, and what may be set instead."""

    name: str | Promise
    days: int
    least: int
    most: int


PERIODS: Final[Mapping[str, Period]] = {
    "position": Period(_("Positions of punches"), 90, 1, 90),
    "network": Period(_("Wi-Fi access points of punches"), 90, 1, 90),
    "integrity": Period(_("State of the phone at a punch"), 90, 1, 90),
    "address": Period(_("Typed addresses of punches"), 90, 1, 90),
    "photo": Period(_("Photos of punches"), 180, 1, 180),
    "punches": Period(_("Punches and verdicts on them"), 1096, WAGE_RECORDS, 3653),
    "results": Period(_("Results of days, and earlier ones"), 1096, WAGE_RECORDS, 3653),
    "decisions": Period(_("Corrections, absences, approved overtime"), 1096, WAGE_RECORDS, 3653),
    # Whoever processes by consent proves it as long as it held, and as long as claims last
    # (Personal Information Protection Law, articles 14 and 56).
    "consents": Period(_("Consents that ended"), 1096, 1096, 3653),
    "phones": Period(_("Phones that were given up"), 1096, WAGE_RECORDS, 3653),
    "terminal_lines": Period(_("Lines of terminals, as received"), 1096, WAGE_RECORDS, 3653),
    "audit": Period(_("Audit log"), 1096, 1096, 3653),
    "roster_files": Period(_("Uploaded roster files"), 90, 7, 366),
    "answers": Period(_("Saved answers to programs"), 7, 1, 30),
    "sessions": Period(_("Sessions that have run out"), 0, 0, 30),
    "failed_log_ins": Period(_("Failed log-ins"), 30, 1, 180),
    "notifications": Period(_("What people were told"), 90, 1, 366),
    "news": Period(_("Handled news of changes"), 90, 7, 366),
}


def read(text: str) -> dict[str, int]:
    """Return days by class: the table, and what `text` says instead, as `position=60, photo=90`.

    Raises ImproperlyConfigured for a class that there is not, and for days outside its bounds.
    """
    days = {key: period.days for key, period in PERIODS.items()}
    for word in filter(None, (part.strip() for part in text.split(","))):
        found = re.fullmatch(r"([a-z_]+)\s*=\s*([0-9]{1,5})", word)
        if found is None or found[1] not in PERIODS:
            raise ImproperlyConfigured(
                f"RETENTION_DAYS says {word!r}; write class=days, with one of {', '.join(PERIODS)}."
            )
        key, number = found[1], int(found[2])
        period = PERIODS[key]
        if not period.least <= number <= period.most:
            raise ImproperlyConfigured(
                f"RETENTION_DAYS says {word!r}; {key} is kept from {period.least} to "
                f"{period.most} days."
            )
        days[key] = number
    return days
