"""Checking: is every row what it was when it was sealed, and is the chain whole?

One walk along the chain, beside one walk along each table in the order of its keys. Memory holds a
few thousand rows and one seal at a time, however long both are.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from organization.seals.chain import (
    BEGINNING,
    RowDigest,
    digest_of,
    find_key,
    own_key,
    unpack,
)
from organization.seals.models import Seal
from organization.seals.tables import SealedTable, sealed_tables

# A row says when it was written before it is committed: a task may take a quarter of an hour, and
# clocks of machines differ. What claims to be older than this is not late; it was put there.
LATE_AT_MOST: Final = timedelta(hours=2)
_ROWS_AT_ONCE: Final = 5_000
_SEALS_AT_ONCE: Final = 50


class What(StrEnum):
    """What is wrong. Words for people stand in `organization/seals/words.py`."""

    ALTERED = "altered"
    MISSING = "missing"
    INSERTED = "inserted"
    BACKDATED = "backdated"
    RETURNED = "returned"
    SEAL_ALTERED = "seal_altered"
    SEAL_MISSING = "seal_missing"
    KEY_MISSING = "key_missing"
    HEAD_MISSING = "head_missing"
    UNKNOWN_TABLE = "unknown_table"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was sealed. `seal` is the seal that tells; `key` is a row's."""

    what: What
    table: str = ""
    key: int | None = None
    seal: int | None = None
    after: datetime | None = None
    before: datetime | None = None


@dataclass(slots=True)
class Report:
    """What a check has read, how far it came, and what it found, the first first."""

    rows: int = 0
    seals: int = 0
    reached: int = 0
    is_at_end: bool = True
    findings: list[Finding] = field(default_factory=list)


FINDINGS_AT_MOST: Final = 50


def check(
    *,
    label: str | None = None,
    from_seal: int = 1,
    rows_at_most: int | None = None,
    head: tuple[int, str] | None = None,
) -> Report:
    """Check the chain from a seal on, and the rows that it seals; return what was found.

    `label` narrows the rows to one table. After `rows_at_most` it stops at the end of a seal, and
    `reached` says which. `head` is the number and digest of a seal that was noted elsewhere. Rows
    that are not sealed yet are looked at once the end of the chain is reached.
    """
    report = Report(reached=from_seal - 1)
    walks: dict[str, _Walk] = {}
    # What is sealed meanwhile is left to the next check: its rows may not have been there when
    # ours were read.
    last = Seal.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    link = _Link(from_seal, last, report)
    for seal in _seals(from_seal, last):
        if rows_at_most is not None and report.rows >= rows_at_most:
            report.is_at_end = False
            break
        is_sound = link.take(seal, report)
        if is_sound and seal.kind == Seal.Kind.ROWS and label in (None, seal.table):
            walk = walks.get(seal.table) or _begin(seal, walks, report)
            if walk is not None:
                walk.take(seal, report)
        report.seals += 1
        report.reached = seal.pk
        if len(report.findings) >= FINDINGS_AT_MOST:
            break
    else:
        _check_tails(walks, label, last, report)
        if head is not None:
            _check_head(head, report)
    return report


def _seals(first: int, last: int) -> Iterator[Seal]:
    seals = Seal.objects.filter(pk__lte=last).order_by("pk")
    while some := list(seals.filter(pk__gte=first)[:_SEALS_AT_ONCE]):
        yield from some
        first = some[-1].pk + 1


# The chain ----------------------------------------------------------------------------------------


class _Link:
    """Follows the chain from seal to seal."""

    def __init__(self, from_seal: int, last: int, report: Report) -> None:
        self.next = from_seal
        before = Seal.objects.filter(pk=from_seal - 1).values_list("digest", flat=True).first()
        self.previous = BEGINNING if from_seal == 1 else before
        if self.previous is None and last >= from_seal:
            report.findings.append(Finding(What.SEAL_MISSING, seal=from_seal - 1))

    def take(self, seal: Seal, report: Report) -> bool:
        """Say whether a seal is sound; what is wrong with it goes into the report."""
        if seal.pk != self.next:
            report.findings.append(
                Finding(What.SEAL_MISSING, seal.table, seal=self.next, before=seal.sealed_at)
            )
        follows = seal.pk != self.next or self.previous in (None, seal.previous)
        self.next, self.previous = seal.pk + 1, seal.digest
        key = find_key(seal.key_id)
        if key is None:
            report.findings.append(Finding(What.KEY_MISSING, seal.table, seal=seal.pk))
            return False
        if not follows or digest_of(seal, key) != seal.digest:
            report.findings.append(Finding(What.SEAL_ALTERED, seal.table, seal=seal.pk))
            return False
        return True


def _check_head(head: tuple[int, str], report: Report) -> None:
    number, digest = head
    found = Seal.objects.filter(pk=number).values_list("digest", flat=True).first()
    if found != digest:
        what = What.HEAD_MISSING if found is None else What.SEAL_ALTERED
        report.findings.append(Finding(what, seal=number))


# The rows -----------------------------------------------------------------------------------------


def _begin(seal: Seal, walks: dict[str, _Walk], report: Report) -> _Walk | None:
    table = sealed_tables().get(seal.table)
    if table is None:
        report.findings.append(Finding(What.UNKNOWN_TABLE, seal.table, seal=seal.pk))
        return None
    walks[seal.table] = walk = _Walk(table, seal.pk)
    return walk


class _Walk:
    """Walks along the rows of one table, from the seal at which the check begins."""

    def __init__(self, table: SealedTable, from_seal: int) -> None:
        self.table = table
        earlier = Seal.objects.filter(table=table.label, kind=Seal.Kind.ROWS, pk__lt=from_seal)
        before = earlier.order_by("-pk").values_list("high", flat=True).first()
        complete = earlier.filter(complete_at__isnull=False).order_by("-pk")
        self.complete: datetime | None = complete.values_list("complete_at", flat=True).first()
        self.sealed_at: datetime | None = (
            earlier.order_by("-pk").values_list("sealed_at", flat=True).first()
        )
        self.high: int | None = before
        self.removed = _removed(table.label)
        self.moment = table.columns.index(table.moment)
        self._rows = self._read(before)
        self._next = next(self._rows, None)

    def _read(self, after: int | None) -> Iterator[tuple[Any, ...]]:
        rows = self.table.model._base_manager.order_by("pk")
        while True:
            some = rows if after is None else rows.filter(pk__gt=after)
            found = list(some.values_list(*self.table.columns)[:_ROWS_AT_ONCE])
            yield from found
            if len(found) < _ROWS_AT_ONCE:
                return
            after = found[-1][0]

    def take(self, seal: Seal, report: Report) -> None:
        """Compare the rows up to a seal's last key with its members."""
        key = find_key(seal.key_id) or own_key()
        digest = RowDigest(key, seal.table, seal.layout, self.table.places(seal.layout))
        limit = self.complete - LATE_AT_MOST if self.complete and not seal.reason else None
        if seal.low > (self.high or 0):
            # A seal between is missing or unsound, which has been said; its rows are anybody's.
            while self._next is not None and self._next[0] <= seal.low:
                self._step(report)
        for member, sealed in unpack(seal.members, with_digests=True):
            while self._next is not None and self._next[0] < member:
                self._find(What.INSERTED, self._next[0], seal, report)
                self._step(report)
            row = self._next
            if row is None or row[0] != member:
                if not self._is_removed(member):
                    self._find(What.MISSING, member, seal, report)
                continue
            if self.removed and self._is_removed(member):
                self._find(What.RETURNED, member, seal, report)
            elif digest.of(row) != sealed:
                self._find(What.ALTERED, member, seal, report)
            elif limit is not None and row[self.moment] < limit:
                self._find(What.BACKDATED, member, seal, report)
            self._step(report)
        while self._next is not None and self._next[0] <= seal.high:
            self._find(What.INSERTED, self._next[0], seal, report)
            self._step(report)
        self.high, self.sealed_at = seal.high, seal.sealed_at
        self.complete = seal.complete_at or self.complete

    def _step(self, report: Report) -> None:
        report.rows += 1
        self._next = next(self._rows, None)

    def _is_removed(self, key: int) -> bool:
        place = bisect_left(self.removed, key)
        return place < len(self.removed) and self.removed[place] == key

    def _find(self, what: What, key: int, seal: Seal, report: Report) -> None:
        if len(report.findings) >= FINDINGS_AT_MOST:
            return
        if what is What.MISSING:
            # Rows may have been taken away, and that sealed, since this walk began.
            self.removed = _removed(self.table.label)
            if self._is_removed(key):
                return
        report.findings.append(
            Finding(what, seal.table, key, seal.pk, self.sealed_at, seal.sealed_at)
        )

    def take_tail(self, report: Report) -> None:
        """Look at the rows that wait to be sealed: none of them may claim to be an old one."""
        limit = self.complete - LATE_AT_MOST if self.complete else None
        sealed_by_now = (
            Seal.objects.filter(table=self.table.label, kind=Seal.Kind.ROWS)
            .order_by("-pk")
            .values_list("high", flat=True)
            .first()
        )
        while self._next is not None:
            key = self._next[0]
            is_new = sealed_by_now is None or key > sealed_by_now
            if self._is_removed(key):
                self._find_unsealed(What.RETURNED, key, report)
            elif is_new and limit is not None and self._next[self.moment] < limit:
                self._find_unsealed(What.BACKDATED, key, report)
            self._step(report)

    def _find_unsealed(self, what: What, key: int, report: Report) -> None:
        if len(report.findings) < FINDINGS_AT_MOST:
            report.findings.append(Finding(what, self.table.label, key, None, self.sealed_at, None))


def _check_tails(walks: dict[str, _Walk], label: str | None, last: int, report: Report) -> None:
    for table in sealed_tables().values():
        if label in (None, table.label):
            walk = walks.get(table.label) or _Walk(table, last + 1)
            walk.take_tail(report)


def _removed(label: str) -> array[int]:
    """Return the keys that were taken away under a sound seal, in rising order."""
    keys: set[int] = set()
    for seal in Seal.objects.filter(table=label, kind=Seal.Kind.REMOVAL).iterator():
        key = find_key(seal.key_id)
        if key is not None and digest_of(seal, key) == seal.digest:
            keys.update(one for one, _nothing in unpack(seal.members, with_digests=False))
    return array("q", sorted(keys))
