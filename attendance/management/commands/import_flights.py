"""`manage.py import_flights FILE`: when flights departed and arrived, for offline claims."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from attendance.services.claims import BadFlights, settle_claims, take_flights


class Command(BaseCommand):
    """Take in a file of flights, and let the claims that wait for them go on."""

    help = (
        "Import flights from CSV or JSON: number, departs_on, scheduled_departure_at, "
        "actual_departure_at, scheduled_arrival_at, actual_arrival_at. Twice adds nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path, help="such as flights.csv")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import."""
        file: Path = options["file"]
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        now = timezone.now()
        try:
            taken = take_flights(content, source=file.name, actor=None, now=now)
        except BadFlights as refusal:
            raise CommandError(str(refusal)) from refusal
        settled = settle_claims(now=now)
        self.stdout.write(f"{file.name}: {taken} flights; {settled} claims went on.")
