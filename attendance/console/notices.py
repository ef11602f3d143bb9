"""The notices of each purpose: what people are asked, how many agreed, what was asked before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from django.db.models import Count, Max

from attendance.models import Consent, Notice, Purpose
from attendance.services.notices import LANGUAGES
from organization.models import User

# Versions of one purpose; a company that asks more often asks too often.
EARLIER_AT_MOST: Final = 50


class Version(NamedTuple):
    """A version of a notice in every language, and how many people hold it as agreed to."""

    purpose: Purpose
    number: int
    rows: Sequence[Notice]
    agreed: int = 0

    @property
    def first(self) -> Notice:
        """Return the row that has the address of the version."""
        return self.rows[0]


class Asked(NamedTuple):
    """What is asked for a purpose: in force, drafted, and before. `behind` agreed to older ones."""

    purpose: Purpose
    current: Version | None
    draft: Version | None
    earlier: list[Version]
    behind: int


def read_notices(user: User) -> list[Asked]:
    """Return the notices of every purpose; people are counted whom the reader sees."""
    agreed = _agreed(user)
    return [_asked(purpose, agreed) for purpose in Purpose]


def read_version(notice: Notice, user: User) -> Version:
    """Return the version that a row belongs to."""
    rows = Notice.objects.filter(purpose=notice.purpose, version=notice.version)
    counted = _agreed(user).get((notice.purpose, notice.version), 0)
    found = _in_order(rows.select_related("published_by"))
    return Version(Purpose(notice.purpose), notice.version, found, counted)


def _asked(purpose: Purpose, agreed: dict[tuple[str, int], int]) -> Asked:
    rows = Notice.objects.filter(purpose=purpose).select_related("published_by")
    newest = rows.aggregate(newest=Max("version"))["newest"] or 0
    by_version: dict[int, list[Notice]] = defaultdict(list)
    for row in rows.filter(version__gt=newest - EARLIER_AT_MOST):
        by_version[row.version].append(row)
    found = [
        Version(purpose, number, _in_order(of), agreed.get((purpose.value, number), 0))
        for number, of in sorted(by_version.items(), reverse=True)
    ]
    draft = next((one for one in found if one.first.published_at is None), None)
    published = [one for one in found if one.first.published_at is not None]
    current = published[0] if published else None
    held = sum(count for (of, _number), count in agreed.items() if of == purpose.value)
    behind = held - (current.agreed if current else 0)
    return Asked(purpose, current, draft, published[1:], behind)


def _agreed(user: User) -> dict[tuple[str, int], int]:
    """Return how many consents are in force, by purpose and version."""
    held = Consent.objects.visible_to(user).filter(withdrawn_at=None).order_by()
    counted = held.values_list("purpose", "version").annotate(count=Count("pk"))
    return {(purpose, version): count for purpose, version, count in counted}


def _in_order(rows: Iterable[Notice]) -> list[Notice]:
    order = list(LANGUAGES)
    return sorted(rows, key=lambda row: order.index(row.language))
