"""Bells: what is due stands in tables; a task only goes and looks. Ringing twice is harmless."""

from __future__ import annotations

import logging
from typing import Final

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.services import checking, claims, days, periods, punching, wifi_joins
from organization.services import settle_transfers

logger = logging.getLogger(__name__)

# Seconds; the bell rings every ten.
FANNED_OUT_EXPIRES: Final = 15


@shared_task
def judge_waiting_days() -> int:
    """Take in news from below, then judge what waits; fan out where there is much of it."""
    now = timezone.now()
    days.take_in_changes(now=now)
    ranges = days.waiting_ranges()
    if len(ranges) <= 1:
        return sum(
            days.judge_range(first_employee=first, last_employee=last, now=now)
            for first, last in ranges
        )
    for first, last in ranges:
        # What no worker has begun when the bell rings again is sent again by that ring.
        judge_range_of_people.apply_async((first, last), expires=FANNED_OUT_EXPIRES)
    return 0


@shared_task
def judge_range_of_people(first_employee: int, last_employee: int) -> int:
    """Judge what waits of these people (ids, inclusive)."""
    return days.judge_range(
        first_employee=first_employee, last_employee=last_employee, now=timezone.now()
    )


@shared_task
def open_days() -> int:
    """Open the days that have begun, close the windows that have passed, settle transfers."""
    now = timezone.now()
    settle_transfers(now=now)
    # Once an hour it looks a month back, for days that nobody opened while the bells were silent.
    days_back = 31 if now.minute == 0 else 1
    return days.open_days(now=now, days_back=days_back) + days.close_windows(now=now)


@shared_task
def take_in_lines() -> int:
    """Turn what terminals said into punches; return how many were new."""
    punching.release_known_people()
    return punching.take_in_lines(now=timezone.now()).new


@shared_task
def settle_second_checks() -> int:
    """Hold for good what waited for a second check in vain; return how many were settled."""
    return checking.settle_second_checks(now=timezone.now())


@shared_task
def take_in_joins() -> int:
    """Turn what Wi-Fi controllers said into punches; return how many."""
    return wifi_joins.take_in_joins(now=timezone.now()).punches


@shared_task
def settle_claims() -> int:
    """Let flights and boarding passes decide, and ask for flights; return how many claims moved."""
    # A source that is slow, or that breaks, keeps no claim waiting.
    moved = claims.settle_claims(now=timezone.now())
    if claims.ask_for_flights(now=timezone.now()):
        moved += claims.settle_claims(now=timezone.now())
    return moved


@shared_task
def close_ordered_periods() -> int:
    """Close the periods that were ordered to be closed; return how many."""
    closed = 0
    for period_id in periods.ordered_periods():
        try:
            closing = periods.finish_closing(period_id=period_id, now=timezone.now())
        except Exception:  # one poisoned period must not stop the others, nor come back for ever
            logger.exception("Attendance period %s could not be closed.", period_id)
            problem = _("It could not be closed; the log says why. Nothing was changed.")
            periods.fail_closing(period_id=period_id, problem=str(problem))
        else:
            closed += closing is not None
    return closed
