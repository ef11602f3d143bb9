"""What a PostgreSQL role may do that does the daily work: all but change what is never changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

# Asked of the database and not of the code: what its triggers guard is what nobody may change.
_GUARDED: Final = (
    "SELECT tgrelid::regclass::text FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
    "WHERE proname = 'kaoqin_refuse_change'"
)
# Read by each start, written by migrations, which the owner runs.
_READ_ONLY: Final = frozenset(("django_migrations",))


def grants(connection: Any, role: str) -> Iterator[str]:
    """Yield the statements that give `role` what it needs in this database, and take the rest.

    The owner of the tables runs them, once and after each migration. A table that is new since
    then is closed to the role, which is noticed at once.
    """
    guarded = guarded_tables(connection)
    if not guarded:
        raise ImproperlyConfigured("No table is guarded by triggers yet; run manage.py migrate.")
    quote = connection.ops.quote_name
    name = quote(role)
    tables = sorted(connection.introspection.table_names())
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name};"
    # Before PostgreSQL 15 everybody made tables here.
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
    yield f"REVOKE ALL ON SCHEMA public FROM {name};"
    yield f"GRANT USAGE ON SCHEMA public TO {name};"
    for table in tables:
        yield f"GRANT {_verbs(table, guarded)} ON TABLE {quote(table)} TO {name};"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name};"


def guarded_tables(connection: Any) -> set[str]:
    """Return the tables to which rows are added and in which none is changed."""
    with connection.cursor() as cursor:
        cursor.execute(_GUARDED)
        return {table for (table,) in cursor.fetchall()}


def _verbs(table: str, guarded: set[str]) -> str:
    if table in _READ_ONLY:
        return "SELECT"
    if table in guarded:
        return "SELECT, INSERT"
    return "SELECT, INSERT, UPDATE, DELETE"
