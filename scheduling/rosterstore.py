"""Changes of the roster go into the tables in bulk, and their way back with them.

PostgreSQL takes them by COPY into a temporary table and spreads them from there; SQLite, with one
writer at a time, by `executemany`. Both keep what was there as RosterChange.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from scheduling.rosterplan import CellChange

_COLUMNS = "employee_id, work_date, had_entry, shift_before_id, has_entry, shift_after_id"


# Any number will do, as long as nobody else locks it.
_ROSTER_LOCK = 0x726F7374


def lock_roster() -> None:
    """Let one import at a time compare and write. SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ROSTER_LOCK])


def write_changes(batch_id: int, changes: Sequence[CellChange], *, keep: bool = True) -> None:
    """Change the roster, and `keep` the way back under the batch. Call it in a transaction.

    Entries that come bear the batch's key; without `keep` (a way back taken) they bear none.
    """
    if not changes:
        return
    if connection.vendor == "postgresql":
        _copy(batch_id, changes, keep=keep)
    else:
        _execute_many(batch_id, changes, keep=keep)


_KEEP = (
    f"INSERT INTO scheduling_rosterchange (batch_id, {_COLUMNS}) "  # noqa: S608
    f"SELECT %s, {_COLUMNS} FROM roster_coming"
)
_UPSERT = """
    INSERT INTO scheduling_rosterentry (employee_id, work_date, shift_id, batch_id)
    SELECT employee_id, work_date, shift_after_id, %s FROM roster_coming WHERE has_entry
    ON CONFLICT (employee_id, work_date)
    DO UPDATE SET shift_id = EXCLUDED.shift_id, batch_id = EXCLUDED.batch_id
"""
_CLEAR = """
    DELETE FROM scheduling_rosterentry entry USING roster_coming coming
    WHERE NOT coming.has_entry
      AND entry.employee_id = coming.employee_id AND entry.work_date = coming.work_date
"""


def _copy(batch_id: int, changes: Sequence[CellChange], *, keep: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS roster_coming (employee_id bigint, "
            "work_date date, had_entry boolean, shift_before_id bigint, has_entry boolean, "
            "shift_after_id bigint) ON COMMIT DROP"
        )
        cursor.execute("TRUNCATE roster_coming")
        with cursor.copy("COPY roster_coming FROM STDIN") as copy:
            copy.write("".join(map(_line, changes)))
        if keep:
            cursor.execute(_KEEP, [batch_id])
        cursor.execute(_UPSERT, [batch_id if keep else None])
        if not all(change.has_entry for change in changes):
            cursor.execute(_CLEAR)


def _line(change: CellChange) -> str:
    employee, day, had, before, has, after = change
    return (
        f"{employee}\t{day}\t{'t' if had else 'f'}\t{_key(before)}\t"
        f"{'t' if has else 'f'}\t{_key(after)}\n"
    )


def _key(shift: int | None) -> str:
    return r"\N" if shift is None else str(shift)


def _execute_many(batch_id: int, changes: Sequence[CellChange], *, keep: bool) -> None:
    batch = batch_id if keep else None
    coming = [(c[0], c[1].isoformat(), c[5], batch) for c in changes if c.has_entry]
    gone = [(c[0], c[1].isoformat()) for c in changes if not c.has_entry]
    with connection.cursor() as cursor:
        if keep:
            cursor.executemany(
                f"INSERT INTO scheduling_rosterchange (batch_id, {_COLUMNS}) "  # noqa: S608
                "VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [(batch_id, c[0], c[1].isoformat(), *c[2:]) for c in changes],
            )
        if coming:
            cursor.executemany(
                "INSERT INTO scheduling_rosterentry (employee_id, work_date, shift_id, batch_id) "
                "VALUES (%s, %s, %s, %s) ON CONFLICT (employee_id, work_date) "
                "DO UPDATE SET shift_id = EXCLUDED.shift_id, batch_id = EXCLUDED.batch_id",
                coming,
            )
        if gone:
            cursor.executemany(
                "DELETE FROM scheduling_rosterentry WHERE employee_id = %s AND work_date = %s",
                gone,
            )
