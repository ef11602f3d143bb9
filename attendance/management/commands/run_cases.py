"""Run case files against the engine, the validators and the geometry; say what came out wrong."""

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from attendance.casebook import (
    OPTIONAL,
    STORIES,
    Case,
    UnknownField,
    UnknownKind,
    misses,
    read_cases,
)


class Command(BaseCommand):
    """`manage.py run_cases FILE...`: needs no database; exit status 1 if a case failed."""

    help = "Run case files of days, windows, periods, configs and places. Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ask for the files."""
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *args: Any, files: list[Path], **options: Any) -> None:
        """Read all files first, so that an unreadable one is named before anything runs."""
        cases = [case for path in files for case in self._read(path)]
        counted = Counter(self._run(case) for case in cases)
        words = f"{counted['passed']} passed, {counted['failed']} failed"
        if counted["skipped"]:
            words += f", {counted['skipped']} skipped"
        self.stdout.write(words)
        if counted["failed"]:
            sys.exit(1)

    def _read(self, path: Path) -> list[Case]:
        try:
            cases = read_cases(path)
        except UnknownKind as unknown:
            sentence = (
                f"{path}: not a kind known here ({unknown}): day, window, period, config, places."
            )
            raise CommandError(sentence, returncode=2) from unknown
        except (OSError, ValueError) as broken:
            raise CommandError(f"{path}: cannot be read: {broken}", returncode=2) from broken
        if stories := sum(case.kind in STORIES for case in cases):
            self.stdout.write(f"{path}: {stories} stories skipped: they need a database")
        return cases

    def _run(self, case: Case) -> str:
        """Judge one case, print each key that came out otherwise, and return how it went."""
        if case.kind in STORIES:
            return "skipped"
        try:
            found = misses(case)
        except UnknownField as unknown:
            if case.tier == OPTIONAL:
                self.stdout.write(f"{case.id}  skipped: no rule field {unknown}")
                return "skipped"
            self.stdout.write(f"{case.id}  {unknown}: expected a rule field, got none")
            return "failed"
        except (ArithmeticError, LookupError, TypeError, ValueError) as broken:
            # A case is a foreign file's: what cannot be read has failed, and the next one runs.
            self.stdout.write(f"{case.id}  case: expected to be readable, got {broken!r}")
            return "failed"
        for miss in found:
            expected, got = json.dumps(miss.expected), json.dumps(miss.got)
            self.stdout.write(f"{case.id}  {miss.key}: expected {expected}, got {got}")
        return "failed" if found else "passed"
