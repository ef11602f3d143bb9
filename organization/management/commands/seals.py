"""The chain of seals: where it ends, sealing at once, and after a restore."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from organization import audit
from organization.seals import making, watching
from organization.seals.models import Seal


class Command(BaseCommand):
    """Prints the head of the chain, seals, or takes the chain of a restored backup for the head."""

    help = "Says where the chain of seals ends (head), seals what waits (now), or accepts the head."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to do."""
        parser.add_argument(
            "do",
            choices=("head", "now", "accept-head"),
            help="head: print it, to be kept elsewhere; now: seal what waits; accept-head: after "
            "a restore, take the head of this database for the one that is noted",
        )
        parser.add_argument("--reason", default="", help="why the head is accepted")

    def handle(self, **options: Any) -> None:
        """Do it."""
        if options["do"] == "now":
            made = making.seal_new_rows(now=timezone.now(), seconds=3600)
            watching.note_head()
            self.stderr.write(f"{len(made)} seals were made.")
        elif options["do"] == "accept-head":
            self._accept(options["reason"].strip())
        self._print()

    def _accept(self, reason: str) -> None:
        if not reason:
            raise CommandError("--reason is empty; say why, for whoever asks later.")
        noted = watching.noted_head()
        last = Seal.objects.order_by("-pk").first()
        audit.record(
            actor=None,
            verb="seals.head_accepted",
            thing=audit.Thing("organization.seal", str(last or ""), str(last.pk if last else "")),
            now=timezone.now(),
            before=noted[0] if noted else None,
            after=last.pk if last else None,
            reason=reason,
        )
        watching.head_file().unlink(missing_ok=True)
        watching.note_head()

    def _print(self) -> None:
        last = Seal.objects.order_by("-pk").values_list("pk", "digest").first()
        if last is None:
            raise CommandError("Nothing has been sealed yet.")
        self.stdout.write(f"{last[0]}:{last[1]}")
