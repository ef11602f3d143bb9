"""Telling a page how far a long transaction is, from within it."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, connections, models


def progress_of(model: type[models.Model], key: int) -> Callable[[int], None]:
    """Return who writes a number into `progress` of a row, beside the transaction to come.

    PostgreSQL does it over a connection of its own; the transaction must not lock the row before.
    SQLite has one writer: there the page learns of the end only.
    """
    if connection.vendor != "postgresql" or not connection.get_autocommit():
        return lambda done: None
    table = connection.ops.quote_name(model._meta.db_table)
    sql = f"UPDATE {table} SET progress = %s WHERE id = %s"  # noqa: S608

    def report(done: int) -> None:
        beside = connections.create_connection("default")
        try:
            with beside.cursor() as cursor:
                cursor.execute(sql, [done, key])
        finally:
            beside.close()

    return report
