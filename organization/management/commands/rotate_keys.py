"""Seal everything anew with the first of FIELD_KEYS, and prove that nothing else is left."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from organization import key_rotation


class Command(BaseCommand):
    help = (
        "Seal what older keys have sealed with the first of FIELD_KEYS. It may be stopped and run "
        "again at any time. It ends with an error while anything is left under another key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --check."""
        parser.add_argument(
            "--check", action="store_true", help="Only count what is left under other keys."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate, or only look; say what is there, table by table."""
        tallies = key_rotation.check() if options["check"] else key_rotation.rotate(
            now=timezone.now()
        )  # fmt: skip
        for tally in tallies:
            self.stdout.write(f"{tally.column}: {tally.resealed} sealed anew, {tally.left} left")
            for key, problem in tally.unreadable:
                self.stderr.write(f"{tally.column} row {key}: {problem}")
        if left := sum(tally.left for tally in tallies):
            raise CommandError(
                f"{left} values are not sealed with the first of FIELD_KEYS. Keep the older keys, "
                "make sure that every process has the new list, and run rotate_keys again."
            )
        self.stdout.write(
            "Everything is sealed with the first of FIELD_KEYS. Once every process runs with it, "
            "the older keys may be taken out of the list; keep them as long as backups need them."
        )
