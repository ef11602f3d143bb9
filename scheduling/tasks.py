"""Bells: what is due stands in tables; a task only goes and looks. Ringing twice is harmless."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext as _

from scheduling.services import calendar, rosters

logger = logging.getLogger(__name__)


@shared_task
def sync_calendars() -> int:
    """Ask the sources of statutory calendars; return how many gave a usable answer."""
    problems = calendar.sync_calendars(now=timezone.now())
    for name, problem in problems.items():
        if problem:
            logger.warning("Calendar source %s: %s", name, problem)
    return sum(not problem for problem in problems.values())


@shared_task
def write_ordered_rosters() -> int:
    """Write the roster sheets that were confirmed and are not written yet; return how many."""
    written = 0
    for upload_id in rosters.ordered_uploads():
        try:
            batch = rosters.finish_confirmation(upload_id=upload_id, now=timezone.now())
        except Exception:  # one poisoned sheet must not stop the others, nor come back for ever
            logger.exception("Roster upload %s could not be written.", upload_id)
            problem = _("It could not be written; the log says why. Nothing was changed.")
            rosters.fail_confirmation(upload_id=upload_id, problem=str(problem))
        else:
            written += batch is not None
    return written
