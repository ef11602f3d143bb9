"""`manage.py import_attlog FILE --terminal NAME`: a terminal's log file becomes punches."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from attendance.services.punching import take_in_lines
from devices.models import Terminal, TerminalLine, TerminalUpload
from devices.services import keep_log, register_terminal
from organization.errors import DomainError
from organization.models import Department

SHOWN: int = 20


class Command(BaseCommand):
    """Keep the lines of a log file, take them in, and say what became of them."""

    help = "Import the log file that a terminal wrote to a USB stick. A second import adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, the terminal, and what is needed to register a new one."""
        parser.add_argument("file", type=Path, help="such as 1_attlog.dat")
        parser.add_argument("--terminal", required=True, metavar="NAME")
        parser.add_argument(
            "--department", metavar="CODE", help="register the terminal there if it is new"
        )
        parser.add_argument("--zone", default="", help="of a new terminal; else its department's")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import."""
        file: Path = options["file"]
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        terminal = self._terminal(options)
        now = timezone.now()
        try:
            upload = keep_log(
                terminal=terminal, file_name=file.name, content=content, actor=None, now=now
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        # More may wait than this file brought.
        while take_in_lines(now=now).lines:
            pass
        self._report(upload)

    def _terminal(self, options: dict[str, Any]) -> Terminal:
        name, code = options["terminal"], options["department"]
        terminal = Terminal.objects.filter(name=name).first()
        if terminal is not None:
            return terminal
        if not code:
            raise CommandError(
                f"There is no terminal {name}. Give --department CODE to register it there."
            )
        department = Department.objects.filter(code=code).first()
        if department is None:
            raise CommandError(f"--department: there is no department with the code {code}.")
        try:
            return register_terminal(
                name=name,
                department=department,
                timezone=options["zone"],
                actor=None,
                now=timezone.now(),
            )
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error

    def _report(self, upload: TerminalUpload) -> None:
        states = TerminalLine.State
        unknown = upload.lines.filter(state=states.UNKNOWN_PERSON)
        pins = unknown.order_by("pin").values_list("pin", flat=True).distinct()
        self.stdout.write(f"{upload.file_name}: {upload.line_count} lines")
        self.stdout.write(f"  new          {upload.new_count}")
        self.stdout.write(f"    punches    {upload.lines.filter(state=states.TAKEN).count()}")
        self.stdout.write(f"    unknown    {unknown.count()} of {pins.count()} people")
        self.stdout.write(f"  repeated     {upload.repeated_count}")
        self.stdout.write(f"  quarantined  {upload.quarantined_count}")
        self.stdout.write(f"  damaged      {upload.damaged_count}")
        for first, last in upload.damage[:SHOWN]:
            self.stdout.write(f"    lines {first}-{last}" if last > first else f"    line {first}")
        for line in upload.lines.filter(state=states.QUARANTINED)[:SHOWN]:
            self.stdout.write(f"  line {line.line_number}: {line.raw.strip()!r}: {line.problem}")
        if not upload.new_count:
            self.stdout.write("Nothing new: this terminal's lines are here already.")
