"""Give a log-in a one-time password: the first one of an administrator, or a forgotten one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand
from django.utils import timezone

from organization import accounts
from organization.management.log_in import ask_for_log_in, find_log_in


class Command(BaseCommand):
    """Makes a password and prints it, once."""

    help = "Gives a log-in a random password that must be replaced at the first log-in; prints it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the log-in."""
        ask_for_log_in(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Give it."""
        user = find_log_in(options["log_in"])
        self.stdout.write(accounts.give_one_time_password(user, actor=None, now=timezone.now()))
