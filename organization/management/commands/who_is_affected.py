"""List the people whom a stolen table concerns, for the notice of a breach."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from organization import audit
from organization.affected import NotAboutPeople, affected, columns, model_of, moment_of


class Command(BaseCommand):
    """Writes a CSV of people to standard output, and what the table held to standard error."""

    help = "Lists the people whose rows a table held between two dates, as CSV."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the table and the dates."""
        parser.add_argument("--table", required=True, help="attendance_punch or attendance.punch")
        parser.add_argument("--from", required=True, dest="since", type=date.fromisoformat)
        parser.add_argument(
            "--to", required=True, dest="until", type=date.fromisoformat, help="inclusive"
        )

    def handle(self, **options: Any) -> None:
        """List them, and write down that they were listed."""
        since, until = options["since"], options["until"]
        if until < since:
            raise CommandError(f"--to {until} lies before --from {since}.")
        model = model_of(options["table"])
        if model is None:
            raise CommandError(f"--table is {options['table']!r}; there is no such table.")
        try:
            people = list(
                affected(model, since=_begin(since), until=_begin(until + timedelta(days=1)))
            )
        except NotAboutPeople as error:
            raise CommandError(f"Rows of {error} lead to no person.") from error
        writer = csv.writer(self.stdout)
        writer.writerow(("number", "name", "department", "rows"))
        writer.writerows(people)
        how = moment_of(model) or "all rows"
        held = ", ".join(columns(model))
        self.stderr.write(f"{len(people)} people, by {how}; columns: {held}.")
        audit.record(
            actor=None,
            verb="personal.affected_listed",
            thing=audit.Thing(model._meta.label_lower, str(model._meta.verbose_name_plural)),
            now=timezone.now(),
            starts_on=str(since),
            ends_on=str(until),
            rows=len(people),
        )


def _begin(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
