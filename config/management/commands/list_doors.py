"""Print every way into the product, and who finds what behind it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.doorbook.matching import check
from config.doorbook.printing import as_markdown, as_text


class Command(BaseCommand):
    """Every door with its rule, from the one table (config/doorbook/book.py)."""

    help = "Prints every page, action, API operation, task and command with its rule."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how to print."""
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--markdown", action="store_true", help="The table of docs/permissions.md")
        how.add_argument("--check", action="store_true", help="Say only what is wrong")

    def handle(self, *args: Any, markdown: bool, check: bool, **options: Any) -> None:
        """Print, or fail naming each door without a line and each line without a door."""
        if markdown:
            self.stdout.write("\n".join(as_markdown()))
            return
        listed, mistakes = _check()
        if not check:
            self.stdout.write("\n".join(as_text(listed)))
        if mistakes:
            raise CommandError("\n".join(mistakes))
        self.stdout.write(f"{len(listed)} doors, each with one line.")


_check = check
