"""Delete facts that are past their date, for a reason that is written down."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from organization.seals.forgetting import classes_of_facts, forget


class Command(BaseCommand):
    """For the owner of the database: the role of the web server may not do this."""

    help = (
        "Deletes punches, verdicts, results, corrections, absences, overtime or audit entries that "
        "are past the date of their retention class and not held. Nothing else ever deletes them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the class and the reason."""
        parser.add_argument("--class", dest="kept_class", required=True, choices=classes_of_facts())
        parser.add_argument("--reason", required=True, help="who ordered it, and why")

    def handle(self, **options: Any) -> None:
        """Delete, and say how many of what."""
        reason = options["reason"].strip()
        if not reason:
            raise CommandError("--reason is empty; say who ordered it, and why.")
        for label, count in forget(
            options["kept_class"], reason=reason, now=timezone.now()
        ).items():
            self.stdout.write(f"{count} rows of {label} were deleted.")
