"""Give a program another token."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from organization import accounts
from organization.errors import DomainError
from organization.management.log_in import ask_for_log_in, find_log_in


class Command(BaseCommand):
    """Issues a token and prints its key, once."""

    help = "Issues an API token for a log-in and prints its key, which is not kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the log-in, what the token is for, and how long it holds."""
        ask_for_log_in(parser)
        parser.add_argument("--name", required=True, help="Which program uses it, and where.")
        parser.add_argument("--days", type=int, default=365, help="How long it holds; 365.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Issue it."""
        user = find_log_in(options["log_in"])
        if options["days"] < 1:
            raise CommandError(f"--days is {options['days']}; write a whole number from 1 up.")
        now = timezone.now()
        try:
            _token, key = accounts.issue_token(
                user,
                name=options["name"],
                actor=None,
                now=now,
                expires_at=now + timedelta(days=options["days"]),
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(key)
