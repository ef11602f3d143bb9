"""Bells: what is due stands in tables; a task only goes and looks. Ringing twice is harmless."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

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
    """Write the roster sheets that were confirmed and are not written yet."""
    return rosters.write_ordered(now=timezone.now())
