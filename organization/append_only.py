"""Tables that are added to and never changed: the database itself refuses.

PostgreSQL and SQLite both hold row triggers; PostgreSQL refuses TRUNCATE as well. A table
may name columns that stay open (a mark such as `handled_at`); everything else is closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection as default_connection
from django.db.migrations.operations.base import Operation

_PG_FUNCTION = """
CREATE OR REPLACE FUNCTION kaoqin_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are added, never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""

# A function of its own: whoever keeps a row may go on to write its other columns.
_PG_AS_WRITTEN = """
CREATE OR REPLACE FUNCTION kaoqin_refuse_rewording() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what a row of % says is never changed', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""

TABLES: set[str] = set()


def lay(connection: Any, table: str) -> None:
    """Create the triggers that refuse UPDATE, DELETE and TRUNCATE on `table`."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_PG_FUNCTION)
            cursor.execute(
                f"CREATE TRIGGER {table}_is_never_changed BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION kaoqin_refuse_change()"
            )
            cursor.execute(
                f"CREATE TRIGGER {table}_is_never_emptied BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION kaoqin_refuse_change()"
            )
        else:
            for verb in ("UPDATE", "DELETE"):
                cursor.execute(
                    f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, "
                    f"'rows of {table} are added, never changed or deleted'); END"
                )
            # REPLACE deletes without asking the trigger above, unless the connection says so.
            cursor.execute(
                f"CREATE TRIGGER {table}_refuses_replace BEFORE INSERT ON {table} "
                f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) "
                f"BEGIN SELECT RAISE(ABORT, "
                f"'rows of {table} are added, never changed or deleted'); END"
            )


def lift(connection: Any, table: str) -> None:
    """Drop the triggers of `table`. For migrations, and for taking the demo company away."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name in ("is_never_changed", "is_never_emptied"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_{name} ON {table}")
        else:
            for verb in ("update", "delete", "replace"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_refuses_{verb}")


@contextmanager
def lifted(connection: Any = default_connection) -> Iterator[None]:
    """Lift every append-only trigger for a moment and lay them again afterwards."""
    existing = set(connection.introspection.table_names())
    tables = sorted(TABLES & existing)
    for table in tables:
        lift(connection, table)
    try:
        yield
    finally:
        for table in tables:
            lay(connection, table)


class AppendOnly(Operation):
    """Migration operation: from here on, rows of `table` are added and never changed."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str) -> None:
        self.table = table
        TABLES.add(table)

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Triggers are no part of the model state."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Lay the triggers."""
        lay(schema_editor.connection, self.table)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Lift the triggers."""
        lift(schema_editor.connection, self.table)

    def describe(self) -> str:
        """Say what this does, for `migrate --plan`."""
        return f"Refuse changes to rows of {self.table}"

    @property
    def migration_name_fragment(self) -> str:
        """Name a migration that holds nothing else."""
        return f"{self.table}_is_never_changed"


class StaysAsWritten(Operation):
    """Migration operation: these columns of a row stay what they were when it was written.

    The others move on, and the row may be deleted. Add it again after each migration that makes
    SQLite build the table anew.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        self.table, self.columns = table, tuple(columns)

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Triggers are no part of the model state."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Lay the trigger, in the place of one that is there."""
        self._lift(schema_editor.connection)
        self._lay(schema_editor.connection)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Drop the trigger."""
        self._lift(schema_editor.connection)

    def _lay(self, connection: Any) -> None:
        name = f"{self.table}_stays_as_written"
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(_PG_AS_WRITTEN)
                old, new = (
                    ", ".join(f"{row}.{column}" for column in self.columns)
                    for row in ("OLD", "NEW")
                )
                cursor.execute(
                    f"CREATE TRIGGER {name} BEFORE UPDATE ON {self.table} FOR EACH ROW "
                    f"WHEN (ROW({old}) IS DISTINCT FROM ROW({new})) "
                    "EXECUTE FUNCTION kaoqin_refuse_rewording()"
                )
            else:
                differs = " OR ".join(f"OLD.{one} IS NOT NEW.{one}" for one in self.columns)
                cursor.execute(
                    f"CREATE TRIGGER {name} BEFORE UPDATE ON {self.table} WHEN {differs} "
                    f"BEGIN SELECT RAISE(ABORT, '{self.table} stays as written'); END"
                )

    def _lift(self, connection: Any) -> None:
        where = f" ON {self.table}" if connection.vendor == "postgresql" else ""
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER IF EXISTS {self.table}_stays_as_written{where}")

    def describe(self) -> str:
        """Say what this does, for `migrate --plan`."""
        return f"Refuse to change what rows of {self.table} say"

    @property
    def migration_name_fragment(self) -> str:
        """Name a migration that holds nothing else."""
        return f"{self.table}_stays_as_written"


class MayBeReworded(StaysAsWritten):
    """Migration operation: the reverse of StaysAsWritten, for as long as columns are altered.

    PostgreSQL alters no column that a trigger names. Stands before what alters one, and
    StaysAsWritten after it, so that both hold in both directions.
    """

    database_forwards = StaysAsWritten.database_backwards
    database_backwards = StaysAsWritten.database_forwards

    def describe(self) -> str:
        """Say what this does, for `migrate --plan`."""
        return f"Lift what refuses to change what rows of {self.table} say"


class StaysAppendOnly(Operation):
    """Migration operation: rows of `table` go on to be refused changes, whatever becomes of it.

    SQLite makes a table anew to add a column, and its triggers go with the old one. Stands both
    first and last in a migration that alters such a table, so that it holds in both directions.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str) -> None:
        self.table = table

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Triggers are no part of the model state."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Lay the triggers anew."""
        lift(schema_editor.connection, self.table)
        lay(schema_editor.connection, self.table)

    database_backwards = database_forwards

    def describe(self) -> str:
        """Say what this does, for `migrate --plan`."""
        return f"Go on to refuse changes to rows of {self.table}"
