"""Bells of the approvals. Work is a row; a bell only says that somebody should look."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from approvals import services
from approvals.services import groups, mailing, reminding


@shared_task(ignore_result=True)
def look_after_requests() -> int:
    """Remind, go up, ask successors and tell deputies who begin. Safe to ring twice."""
    now = timezone.now()
    return services.look_after(now=now) + services.tell_deputies(now=now)


@shared_task(ignore_result=True)
def deliver_notifications() -> int:
    """Send the mails that are due, and tell the groups. Safe to ring twice."""
    return mailing.send_due(now=timezone.now()) + groups.post_due(now=timezone.now())


@shared_task(ignore_result=True)
def remind_people() -> None:
    """Remind people of missing punches and of boarding passes. Safe to ring twice."""
    reminding.remind(now=timezone.now())
