"""Print the map of personal data: what is kept about people, how long, and what may be erased."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management import BaseCommand
from django.utils import translation

from organization.personal.copies import how_long
from organization.personal.datamap import SORT_WORDS, About, Erased, entries

_ERASED = {
    None: "stays",
    Erased.ALWAYS: "goes",
    Erased.LEAVERS: "goes once the person has left",
}


class Command(BaseCommand):
    """Writes the map as docs/data.md holds it."""

    help = "Prints the map of personal data, as Markdown tables."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take nothing."""

    def handle(self, **options: Any) -> None:
        """Print both tables."""
        with translation.override("en"):
            for line in lines():
                self.stdout.write(line)


def lines() -> Iterator[str]:
    """Yield the lines of both tables: what is about people, and what is not."""
    known = entries()
    yield "| table | says | columns in a copy | columns left out | kept | on erasure |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for label, one in known.items():
        if isinstance(one, About):
            told = ", ".join(f"`{name}`" for name in one.told)
            untold = "; ".join(f"`{name}`: {why}" for name, why in one.untold.items())
            says = SORT_WORDS[one.sort]
            kept, erased = how_long(one), _ERASED[one.erased]
            yield f"| `{label}` | {says} | {told} | {untold} | {kept} | {erased} |"
    yield ""
    yield "| table | why it is in no copy |"
    yield "| --- | --- |"
    for label, other in known.items():
        if not isinstance(other, About):
            yield f"| `{label}` | {other.reason} |"
