"""Check that closed periods are as they were closed."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from attendance.closingsheet import checksum_of
from attendance.models import ClosedDay, PeriodClosing, TakenAdjustment


class Command(BaseCommand):
    """Reckons the checksum of every closing anew."""

    help = (
        "Reckons the checksums of closed periods anew, and names the first that differs. Ends "
        "with status 1 if there is one. Which row it is says manage.py verify_seals."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to check."""
        parser.add_argument("--closing", type=int, metavar="KEY", help="check this closing only")

    def handle(self, **options: Any) -> None:
        """Check, and say what was found."""
        closings = PeriodClosing.objects.select_related("department").order_by("pk")
        if options["closing"] is not None:
            closings = closings.filter(pk=options["closing"])
        checked, forgotten = 0, 0
        for closing in closings.iterator():
            if _is_forgotten(closing):
                forgotten += 1
                continue
            checked += 1
            found = checksum_of(closing)
            if found != closing.checksum:
                raise CommandError(
                    f"Closing {closing.pk}, {closing}, is not as it was closed: its checksum is "
                    f"{found} and was {closing.checksum}."
                )
        said = f"{checked} closings were checked; nothing was changed."
        if forgotten:
            said += f" {forgotten} are past their time, and rows of them were removed."
        self.stdout.write(self.style.SUCCESS(said))


def _is_forgotten(closing: PeriodClosing) -> bool:
    """Whether rows of it went when its time was over: see `forget_facts`."""
    past = timezone.now() - timedelta(days=settings.RETENTION_DAYS["results"])
    if closing.ends_on >= past.date():
        return False
    left = ClosedDay.objects.filter(closing=closing).count()
    taken = TakenAdjustment.objects.filter(closing=closing).count()
    return (left, taken) != (closing.days, closing.adjustments)
