"""Import a roster sheet from the console."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from organization.errors import DomainError
from organization.models import User
from scheduling.models import RosterUpload, Shift
from scheduling.rosterplan import CONCERNS, Choices, Meaning, Preview
from scheduling.rostersheet import is_rest
from scheduling.services import rosters

_SHOWN: Final = 50


class Command(BaseCommand):
    help = (
        "Import a roster sheet (.xlsx, .xls, .ods, .csv): a row per person with a column per date, "
        "or a row per person and date. What cannot be read or matched is listed and left out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would change, and write nothing."
        )
        parser.add_argument(
            "--month", metavar="2026-04", help="The month, where the sheet names days only."
        )
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="CODE=SHIFT",
            help="What a code of the sheet means: a shift's code, or OFF. May be repeated.",
        )
        parser.add_argument(
            "--empty-clears", action="store_true", help="Empty cells clear the roster."
        )
        parser.add_argument(
            "--user",
            help="Whose rights and name the import bears; without it, everybody's rosters.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        actor = _user(options["user"])
        choices = Choices(
            month=_month(options["month"]),
            empty_clears=options["empty_clears"],
            codes=dict(_meaning(written) for written in options["map"]),
        )
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error
        try:
            self._import(options["file"].name, content, choices, actor, options["dry_run"])
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal

    def _import(
        self, name: str, content: bytes, choices: Choices, actor: User | None, dry_run: bool
    ) -> None:
        if dry_run:
            upload = RosterUpload(file_name=name, content=content, choices=choices.to_json())
            self._tell(rosters.preview_roster(upload, actor))
            self.stdout.write("Nothing was written.")
            return
        upload = rosters.keep_upload(file_name=name, content=content, actor=actor, choices=choices)
        preview = rosters.preview_roster(upload, actor)
        self._tell(preview)
        batch = rosters.confirm_roster(upload_id=upload.pk, actor=actor, now=timezone.now())
        self.stdout.write(
            f"Batch {batch.pk}: {batch.new_count} new, {batch.changed_count} changed, "
            f"{batch.cleared_count} cleared."
        )

    def _tell(self, preview: Preview) -> None:
        for error in preview.errors[:_SHOWN]:
            self.stderr.write(f"{error.sheet} {error.cell}: {error.value!r}: {error.message}")
        for error in preview.unknown_people[:_SHOWN]:
            perhaps = f" Perhaps {', '.join(error.suggestions)}." if error.suggestions else ""
            self.stderr.write(
                f"{error.sheet} {error.cell}: {error.value}: {error.message}{perhaps}"
            )
        for code in preview.unknown_codes[:_SHOWN]:
            self.stderr.write(
                f"{code.sheet} {code.cell}: code {code.code!r} in {code.count} cells means nothing "
                f"yet; write --map {code.code}=SHIFT."
            )
        for concern, count in preview.concerns.items():
            self.stderr.write(f"Note: {CONCERNS[concern]}: {count}.")
        self.stdout.write(
            f"{preview.people} people, {preview.starts_on} to {preview.ends_on}: "
            f"{preview.new} new, {preview.changed} changed, {preview.cleared} cleared, "
            f"{preview.unchanged} unchanged, {preview.left_out} left out."
        )


def _user(name: str | None) -> User | None:
    if name is None:
        return None
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"--user {name}: there is no such log-in.")
    return user


def _month(written: str | None) -> date | None:
    if written is None:
        return None
    try:
        return date.fromisoformat(f"{written}-01")
    except ValueError as error:
        raise CommandError(f"--month {written}: write it like 2026-04.") from error


def _meaning(written: str) -> tuple[str, Meaning]:
    code, mark, wanted = written.rpartition("=")
    if not (mark and code and wanted):
        raise CommandError(f"--map {written}: write CODE=SHIFT, such as 早=A1.")
    shifts = list(Shift.objects.filter(code=wanted, is_active=True)[:2])
    if len(shifts) == 1:
        return code, shifts[0].pk
    if not shifts and is_rest(wanted):
        return code, None
    many = "several shifts have" if shifts else "no shift has"
    raise CommandError(f"--map {written}: {many} the code {wanted}.")
