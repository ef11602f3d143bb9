"""Take the second factor off a log-in whose phone and recovery codes are lost."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand
from django.utils import timezone

from organization import second_factor
from organization.management.log_in import ask_for_log_in, find_log_in


class Command(BaseCommand):
    """Resets a second factor; for the last administrator, whom nobody else can help."""

    help = "Takes the second factor off a log-in and ends its sessions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the log-in."""
        ask_for_log_in(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Take it off."""
        user = find_log_in(options["log_in"])
        had = second_factor.reset(user, actor=None, now=timezone.now())
        self.stdout.write("The second factor was taken off." if had else "There was none.")
