"""Give the database role of web server, worker and beat what it needs, and no more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from organization.database_grants import grants


class Command(BaseCommand):
    """Prints the grants of a PostgreSQL role, or makes them, as the owner of the tables."""

    help = (
        "Prints the statements that let a PostgreSQL role do the work and never change a punch, "
        "a decision, an earlier result or a line of the audit log. --apply runs them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the role, and whether to act."""
        parser.add_argument("role", help="an existing role that does not own the tables")
        parser.add_argument("--apply", action="store_true", help="run them; else they are printed")

    def handle(self, *args: Any, role: str, apply: bool, **options: Any) -> None:
        """Print the statements, or run them in one transaction."""
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL knows roles; DATABASE_URL names another database.")
        if role == connection.settings_dict["USER"]:
            raise CommandError(f"{role} owns the tables; name the role of web server and worker.")
        statements = list(grants(connection, role))
        if not apply:
            self.stdout.write("\n".join(statements))
            return
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [role])
            found = cursor.fetchone()
            if found is None:
                raise CommandError(f"There is no role {role}; CREATE ROLE it first.")
            if found[0]:
                raise CommandError(f"{role} is a superuser, whom no grant binds; name another.")
            for statement in statements:
                cursor.execute(statement)
        self.stdout.write(f"{role} may now do the work, and change nothing that is never changed.")
