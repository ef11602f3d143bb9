"""Sealing: what was added since the last seal becomes a link of the chain.

Keys are handed out before rows are committed, so a row may appear below rows that are there
already. Nothing is sealed over the head of such a writer: only keys up to a mark are, and only
once everybody who was writing when the mark was set has finished.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection, models, transaction

from organization.append_only import lay, lift
from organization.seals.chain import BEGINNING, RowDigest, digest_of, own_key, pack
from organization.seals.models import Seal, SealWatch
from organization.seals.tables import SealedTable, sealed_tables

logger = logging.getLogger(__name__)

ROWS_AT_MOST: Final = 10_000
# SQLite takes a limited number of parameters.
_AT_ONCE: Final = 500
# "kaoqin" in ASCII.
_CHAIN_LOCK: Final = 0x6B616F71696E


def seal_new_rows(*, now: datetime, seconds: float = 60) -> list[Seal]:
    """Seal what is settled in every table; return the seals that were made.

    Each is a transaction of its own. Ringing twice, or side by side, seals nothing twice. It stops
    after `seconds`; the next ring goes on.
    """
    until = time.monotonic() + seconds
    made: list[Seal] = []
    for table in sealed_tables().values():
        while time.monotonic() < until:
            seal = _seal_some(table, now)
            if seal is None:
                break
            made.append(seal)
            if seal.complete_at is not None:
                break
    if made:
        # Wherever logs are gathered, the head of the chain stands outside of this database.
        logger.info("Sealed up to %s %s.", made[-1].pk, made[-1].digest)
    return made


@transaction.atomic
def _seal_some(table: SealedTable, now: datetime) -> Seal | None:
    _hold_chain()
    watch, _created = SealWatch.objects.get_or_create(table=table.label)
    settled, complete_at = _settle(table, watch, now)
    low = _sealed_up_to(table.label)
    if settled is None or settled <= low:
        return None
    seal = _seal(table, low, settled, now, complete_at)
    if seal is not None and seal.high < settled:
        # The rest is as settled; it need not wait for those who write now.
        watch.mark, watch.marked_at, watch.writers = settled, complete_at, []
        watch.save(update_fields=["mark", "marked_at", "writers"])
    return seal


@transaction.atomic
def seal_declared(*, reason: str, now: datetime, labels: Iterable[str]) -> list[Seal]:
    """Seal, in this transaction, rows that say they were written long ago, and why they may.

    For whoever brings in rows with moments of the past: the demo company. It waits for everybody
    else who writes to these tables.
    """
    made: list[Seal] = []
    for table in (sealed_tables()[label] for label in labels):
        _hold(table.model._meta.db_table)
        _hold_chain()
        watch, _created = SealWatch.objects.get_or_create(table=table.label)
        watch.mark, watch.writers = None, []
        watch.save(update_fields=["mark", "writers"])
        highest = _highest(table)
        while highest is not None and (low := _sealed_up_to(table.label)) < highest:
            seal = _seal(table, low, highest, now, now, reason)
            if seal is None:
                break
            made.append(seal)
    return made


def _seal(
    table: SealedTable,
    low: int,
    high: int,
    now: datetime,
    complete_at: datetime | None,
    reason: str = "",
) -> Seal | None:
    """Seal the rows with low < key <= high, or the first ROWS_AT_MOST of them."""
    key = own_key()
    digest = RowDigest(key, table.label, table.layout, table.places(table.layout))
    rows = table.model._base_manager.filter(pk__gt=low, pk__lte=high).order_by("pk")
    members = [(row[0], digest.of(row)) for row in rows.values_list(*table.columns)[:ROWS_AT_MOST]]
    if not members:
        return None
    if len(members) == ROWS_AT_MOST:
        # Beyond the last of these there may be more, which are as old.
        high, complete_at = members[-1][0], None
    return _link(
        Seal(
            kind=Seal.Kind.ROWS,
            table=table.label,
            layout=table.layout,
            low=low,
            high=high,
            count=len(members),
            members=pack(members),
            reason=reason,
            sealed_at=now,
            complete_at=complete_at,
        )
    )


def _link(seal: Seal) -> Seal:
    """Hang a seal on the end of the chain. The chain must be held."""
    key = own_key()
    last = Seal.objects.order_by("-pk").values_list("pk", "digest").first() or (0, BEGINNING)
    seal.pk, seal.previous, seal.key_id = last[0] + 1, last[1], key.id
    seal.digest = digest_of(seal, key)
    seal.save(force_insert=True)
    return seal


def _sealed_up_to(label: str) -> int:
    last = Seal.objects.filter(table=label, kind=Seal.Kind.ROWS).order_by("-pk")
    return last.values_list("high", flat=True).first() or 0


# Rows that the product itself takes away --------------------------------------------------------


@transaction.atomic
def remove_rows(label: str, keys: Iterable[int], *, reason: str, now: datetime) -> int:
    """Delete rows of a sealed table, and seal which ones and why; return how many there were.

    The only way in which sealed rows go without an alarm. Whoever calls it has written down who
    ordered it. Nobody may have these rows again: a row that comes back under a removed key counts
    as inserted.
    """
    table = sealed_tables()[label]
    record_removal(label, keys := sorted(set(keys)), reason=reason, now=now)
    rows = table.model._base_manager
    count = 0
    lift(connection, table.model._meta.db_table)
    try:
        for start in range(0, len(keys), _AT_ONCE):
            some = rows.filter(pk__in=keys[start : start + _AT_ONCE])
            count += some._raw_delete(some.db)
        connection.check_constraints()
    finally:
        lay(connection, table.model._meta.db_table)
    return count


@transaction.atomic
def record_removal(label: str, keys: Sequence[int], *, reason: str, now: datetime) -> Seal | None:
    """Seal which rows are taken away in this transaction, and why."""
    ordered = sorted(set(keys))
    if not ordered:
        return None
    _hold_chain()
    return _link(
        Seal(
            kind=Seal.Kind.REMOVAL,
            table=label,
            layout=sealed_tables()[label].layout,
            low=ordered[0],
            high=ordered[-1],
            count=len(ordered),
            members=pack((key, b"") for key in ordered),
            reason=reason[:200],
            sealed_at=now,
        )
    )


# Who else is writing ------------------------------------------------------------------------------


def _settle(
    table: SealedTable, watch: SealWatch, now: datetime
) -> tuple[int | None, datetime | None]:
    """Return the key up to which every writer has finished, and when nothing lay beyond it.

    On SQLite nobody writes beside us. On PostgreSQL whoever has been given a key has held the
    table's lock for writers since before that, and holds it until the end of the transaction.
    """
    highest = _highest(table)
    if connection.vendor != "postgresql":
        return highest, now
    writers = _writers(table)
    settled: tuple[int | None, datetime | None] = (None, None)
    if watch.mark is not None and not set(watch.writers) & set(writers):
        settled = watch.mark, watch.marked_at
        watch.mark, watch.marked_at, watch.writers = None, None, []
    if not writers:
        settled = highest, now
        watch.mark, watch.marked_at, watch.writers = None, None, []
    elif watch.mark is None and highest is not None:
        watch.mark, watch.marked_at, watch.writers = highest, now, writers
    watch.save(update_fields=["mark", "marked_at", "writers"])
    return settled


def _highest(table: SealedTable) -> int | None:
    found: int | None = table.model._base_manager.aggregate(highest=models.Max("pk"))["highest"]
    return found


def _writers(table: SealedTable) -> list[str]:
    """Return the transactions of others that write, or have written, to a table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT virtualtransaction FROM pg_locks WHERE locktype = 'relation' "
            "AND relation = %s::regclass AND mode = 'RowExclusiveLock' "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND pid IS DISTINCT FROM pg_backend_pid()",
            [table.model._meta.db_table],
        )
        return [row[0] for row in cursor.fetchall()]


def _hold_chain() -> None:
    """Let nobody else add to the chain until the transaction ends.

    On PostgreSQL by a lock that has a number only: the role of a worker may add seals and do
    nothing else to their table, and locking the table would ask for more.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CHAIN_LOCK])


def _hold(db_table: str) -> None:
    """Let nobody else write to a table until the transaction ends; on SQLite nobody does."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {db_table} IN SHARE ROW EXCLUSIVE MODE")


def unsealed(table: SealedTable) -> models.QuerySet[Any]:
    """Return the rows of a table that wait to be sealed."""
    return table.model._base_manager.filter(pk__gt=_sealed_up_to(table.label))
