"""Let a log-in, or an address, that was locked out try again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand
from django.utils import timezone

from organization import lockout
from organization.addresses import network_of


class Command(BaseCommand):
    """Forgets failed log-ins."""

    help = "Forgets the failed log-ins of a name or of an address, so that it may try again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a user name or an address."""
        parser.add_argument("who", help="A user name or an address.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Forget them."""
        now, who = timezone.now(), options["who"]
        there = network_of(who)
        named = [
            row.pk
            for row in lockout.attempts(now=now)
            if row.username == who or row.ip_address == there
        ]
        rows = lockout.attempts(now=now).filter(pk__in=named)
        count = lockout.lift(rows, actor=None, now=now)
        self.stdout.write(f"{count} lines of failed log-ins were forgotten.")
