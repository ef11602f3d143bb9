"""Check that no row of a sealed table was altered, taken away or put in."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from organization.seals import watching
from organization.seals.checking import check
from organization.seals.tables import sealed_tables
from organization.seals.words import sentence


class Command(BaseCommand):
    """Walks along the chain of seals and the rows that they seal."""

    help = (
        "Checks the seals, and names the first row that was altered, is missing or was inserted. "
        "Ends with status 1 if there is one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to check."""
        parser.add_argument(
            "--table", choices=sorted(sealed_tables()), help="check the rows of one table only"
        )
        parser.add_argument(
            "--from-seal", type=int, default=1, metavar="N", help="begin at this seal"
        )
        parser.add_argument(
            "--head",
            metavar="N:DIGEST",
            help="a head of the chain that was noted elsewhere (manage.py seals head)",
        )

    def handle(self, **options: Any) -> None:
        """Check, and say what was found."""
        head = _head(options["head"]) if options["head"] else watching.noted_head()
        if options["from_seal"] < 1:
            raise CommandError(f"--from-seal is {options['from_seal']}; the first seal is 1.")
        report = check(label=options["table"], from_seal=options["from_seal"], head=head)
        counts = f"{report.seals} seals and {report.rows} rows were checked"
        if not report.findings:
            self.stdout.write(self.style.SUCCESS(f"{counts}; nothing was changed."))
            return
        first, *others = [sentence(finding) for finding in report.findings]
        for other in others:
            self.stderr.write(other)
        raise CommandError(f"{first}\n{counts}; findings: {len(report.findings)}.")


def _head(text: str) -> tuple[int, str]:
    match = re.fullmatch(r"([0-9]+):([0-9a-f]{64})", text)
    if match is None:
        raise CommandError(f"--head is {text!r}; write it as `manage.py seals head` prints it.")
    return int(match[1]), match[2]
