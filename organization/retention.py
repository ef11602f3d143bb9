"""What is past its date goes, class by class, in small steps, and each run leaves a proof.

An app says in its `retention_classes` which rows belong to which class of
`organization.retention_periods`. A run may be killed and run again, and two may run side by side:
each step deletes some rows and counts them in one transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone

from organization.holds import held_people
from organization.models import RetentionRun, RetentionTally
from organization.retention_periods import PERIODS

CHUNK: Final = 500
Due = Callable[[datetime], models.QuerySet[Any]]


def nobody() -> Q:
    """Return the condition that no legal hold concerns these rows."""
    return Q(pk__in=())


def of_person(lookup: str) -> Callable[[], Q]:
    """Return the condition that the person at `lookup` is held."""
    return lambda: Q(**{f"{lookup}__in": held_people().values("pk")})


@dataclass(frozen=True)
class Kept:
    """A class of rows. `due` gives those that are older than a moment; `moment` orders their age.

    `held` is the condition that a legal hold keeps them. With `empties`, these columns are emptied
    and the row stays. Rows that are `facts` are only counted: their tables refuse to forget, and
    their owner removes them by a command of its own.
    """

    key: str
    model: type[models.Model]
    moment: str
    due: Due
    held: Callable[[], Q] = nobody
    empties: Mapping[str, Any] = field(default_factory=dict)
    facts: bool = False

    def is_due(self, now: datetime) -> models.QuerySet[Any]:
        """Return the rows that are past their date at `now`, held or not."""
        return self.due(self.cutoff(now))

    def cutoff(self, now: datetime) -> datetime:
        """Return the moment before which rows are past their date."""
        return now - timedelta(days=settings.RETENTION_DAYS[self.key])


_classes: dict[str, list[Kept]] = {}


def register(kept: Kept) -> None:
    """Let rows be kept as a class of the table says. A class may have rows of several models."""
    if kept.key not in PERIODS:
        raise KeyError(kept.key)
    rows = _classes.setdefault(kept.key, [])
    if all(one.model is not kept.model for one in rows):
        rows.append(kept)


def classes() -> Mapping[str, list[Kept]]:
    """Return what is kept, by class, in the order of the table."""
    return {key: _classes[key] for key in PERIODS if key in _classes}


def run(*, now: datetime, chunk: int = CHUNK) -> RetentionRun:
    """Delete what is past its date and not held; return the proof."""
    proof = RetentionRun.objects.create(began_at=now)
    for key, rows in classes().items():
        tally = RetentionTally.objects.create(run=proof, kept_class=key, cutoff=rows[0].cutoff(now))
        for kept in rows:
            if kept.facts:
                tally.waiting += _count_facts(kept, now)
            else:
                while _step(kept, tally, now, chunk):
                    pass
                tally.held_back += kept.is_due(now).filter(kept.held()).count()
        tally.oldest_left = min(filter(None, (_oldest(kept) for kept in rows)), default=None)
        tally.save(update_fields=["held_back", "waiting", "oldest_left"])
    proof.ended_at = timezone.now()
    proof.save(update_fields=["ended_at"])
    return proof


@transaction.atomic
def _step(kept: Kept, tally: RetentionTally, now: datetime, chunk: int) -> int:
    """Delete some rows and count them; return how many."""
    can_skip = connection.features.has_select_for_update_skip_locked
    rows = kept.is_due(now).exclude(kept.held()).order_by("pk")
    if can_skip:
        rows = rows.select_for_update(of=("self",), skip_locked=True)
    keys = list(rows.values_list("pk", flat=True)[:chunk])
    if not keys:
        return 0
    chosen = kept.model._base_manager.filter(pk__in=keys)
    if kept.empties:
        chosen.update(**kept.empties)
    else:
        chosen.delete()
    tally.deleted += len(keys)
    told = "\n".join([tally.digest, kept.model._meta.label_lower, *map(str, keys)])
    tally.digest = hashlib.sha256(told.encode()).hexdigest()
    tally.save(update_fields=["deleted", "digest"])
    return len(keys)


def _count_facts(kept: Kept, now: datetime) -> int:
    """Return how many facts are past their date. Their keys grow with time: the first is old."""
    oldest = _oldest(kept)
    if oldest is None or oldest >= kept.cutoff(now):
        return 0
    return kept.is_due(now).exclude(kept.held()).count()


def _oldest(kept: Kept) -> datetime | None:
    rows = kept.model._base_manager.all()
    for column in kept.empties:
        rows = rows.exclude(**{column: kept.empties[column]})
    found = (
        rows.order_by("pk").values_list(kept.moment, flat=True).first()
        if kept.facts
        else rows.aggregate(oldest=models.Min(kept.moment))["oldest"]
    )
    if isinstance(found, date) and not isinstance(found, datetime):
        return datetime.combine(found, time(), UTC)
    return found
