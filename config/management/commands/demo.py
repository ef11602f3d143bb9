"""Load the demo company into an empty database, or take it away."""

import secrets
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from config import demo, env
from organization.errors import DomainError


class Command(BaseCommand):
    """Loads or removes the demo company."""

    help = (
        "Loads a demo company: five business units, 300 people, two months of rosters and "
        "punches. Only an empty database takes it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take one option."""
        parser.add_argument(
            "--remove",
            action="store_true",
            help="Take the demo company away, with everything that was added to it.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, or remove."""
        if options["remove"]:
            self._remove()
        else:
            self._load()

    def _load(self) -> None:
        if refusal := demo.why_not():
            raise CommandError(refusal)
        self._say(load(self._say))

    def _remove(self) -> None:
        try:
            demo.remove(now=timezone.now(), say=self._step)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal

    def _step(self, words: str) -> None:
        self._say(f"  {words}")

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


def load(say: Callable[[str], None]) -> str:
    """Load the demo company, saying how far it is, and return the table of its log-ins.

    The password is DEMO_PASSWORD, or a random one.
    """
    password = env.secret("DEMO_PASSWORD") or secrets.token_urlsafe(9)
    began = time.monotonic()
    say("Loading the demo company")
    demo.load(now=timezone.now(), password=password, say=lambda words: say(f"  {words}"))
    say(f"  done in {time.monotonic() - began:.1f} s")
    return logins(password)


def logins(password: str) -> str:
    """Return the table of the demo's log-ins."""
    width = max(len(login.username) for login in demo.LOGINS)
    people, programs = (
        [f"  {one.username:<{width}}  {one.says}" for one in demo.LOGINS if one.is_program is kind]
        for kind in (False, True)
    )
    return "\n".join(
        [
            "",
            "Log in as",
            *people,
            "",
            f"  Password of all of them: {password}",
            "",
            "Programs come in by token, issued under Log-ins or by `manage.py issue_token`",
            *programs,
            "",
        ]
    )
