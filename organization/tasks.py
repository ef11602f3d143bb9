"""Bells of the floor: seal what was added, check it, shut what has ended. Twice is harmless."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from organization import accounts, retention, sessions
from organization.seals import making, watching


@shared_task
def seal_new_rows() -> int:
    """Seal what was added to tables that only grow; return how many seals that took."""
    made = making.seal_new_rows(now=timezone.now())
    watching.note_head()
    return len(made)


@shared_task
def check_seals() -> int:
    """Check a part of what was sealed; return how many rows were read."""
    return watching.look(now=timezone.now()).rows


@shared_task
def delete_what_is_past() -> int:
    """Delete what is kept no longer, class by class; return how many rows went."""
    run = retention.run(now=timezone.now())
    return sum(run.tallies.values_list("deleted", flat=True))


@shared_task
def shut_what_ended() -> int:
    """Shut the log-ins of people who have left, and sweep away sessions; return how many left."""
    now = timezone.now()
    sessions.sweep(now=now)
    return accounts.switch_off_leavers(now=now)
