"""What the commands about one log-in have in common: finding it."""

from argparse import ArgumentParser

from django.core.management import CommandError

from organization.models import User


def ask_for_log_in(parser: ArgumentParser) -> None:
    """Take the name of a log-in."""
    parser.add_argument("log_in", help="The user name of the log-in.")


def find_log_in(name: str) -> User:
    """Return the log-in. Raises CommandError for an unknown name."""
    user = User.objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"There is no log-in {name!r}.")
    return user
