"""How long what proves a punch is kept, and which facts only their owner removes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import Q

from attendance.models import (
    Absence,
    AttendanceDay,
    Correction,
    DayHistory,
    IdempotentAnswer,
    OvertimeApproval,
    Punch,
    PunchDecision,
    PunchEvidence,
)
from organization.retention import Kept, of_person, register


def _evidence(kind: str, moment: datetime) -> models.QuerySet[PunchEvidence]:
    """The date on the row was promised when it was kept; a period made shorter since counts too."""
    today = (moment + timedelta(days=settings.RETENTION_DAYS[kind])).date()
    past = Q(kept_at__lte=moment) | Q(keep_until__lte=today)
    return PunchEvidence.objects.filter(past, kind=kind)


for _kind in PunchEvidence.Kind:
    register(
        Kept(
            str(_kind),
            PunchEvidence,
            "kept_at",
            partial(_evidence, str(_kind)),
            held=of_person("punch__employee"),
        )
    )

register(
    Kept(
        "answers",
        IdempotentAnswer,
        "created_at",
        lambda moment: IdempotentAnswer.objects.filter(created_at__lt=moment),
    )
)


def _facts(key: str, model: type[models.Model], column: str, person: str) -> None:
    due: Callable[[datetime], models.QuerySet[models.Model]] = lambda moment: (  # noqa: E731
        model._base_manager.filter(Q(**{f"{column}__lt": moment}))
    )
    register(Kept(key, model, column, due, held=of_person(person), facts=True))


_facts("punches", Punch, "received_at", "employee")
_facts("punches", PunchDecision, "decided_at", "punch__employee")
register(
    Kept(
        "results",
        AttendanceDay,
        "work_date",
        lambda moment: AttendanceDay.objects.filter(work_date__lt=moment.date()),
        held=of_person("employee"),
        facts=True,
    )
)
_facts("results", DayHistory, "replaced_at", "day__employee")
_facts("decisions", Correction, "decided_at", "employee")
_facts("decisions", Absence, "approved_at", "employee")
_facts("decisions", OvertimeApproval, "approved_at", "employee")
