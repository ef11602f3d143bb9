"""How long what proves a punch is kept, and which facts only their owner removes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import Q

from attendance.models import (
    Absence,
    Adjustment,
    AttendanceDay,
    ClosedDay,
    Consent,
    Correction,
    DayHistory,
    Flight,
    IdempotentAnswer,
    OfflineClaim,
    OvertimeApproval,
    PositioningFailure,
    PositionReport,
    Punch,
    PunchCheck,
    PunchDecision,
    PunchEvidence,
    TakenAdjustment,
)
from devices.models import Phone
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


def _reports(moment: datetime) -> models.QuerySet[PositionReport]:
    today = (moment + timedelta(days=settings.RETENTION_DAYS["position"])).date()
    return PositionReport.objects.filter(Q(kept_at__lte=moment) | Q(keep_until__lte=today))


register(Kept("position", PositionReport, "kept_at", _reports, held=of_person("employee")))
register(
    Kept(
        "position",
        PositioningFailure,
        "last_at",
        lambda moment: PositioningFailure.objects.filter(last_at__lt=moment),
    )
)
register(
    Kept(
        "photo",
        OfflineClaim,
        "proven_at",
        lambda moment: OfflineClaim.objects.filter(proven_at__lt=moment, proof__isnull=False),
        held=of_person("employee"),
        empties={"proof": None},
    )
)
register(
    Kept(
        "decisions",
        OfflineClaim,
        "declared_at",
        lambda moment: OfflineClaim.objects.filter(declared_at__lt=moment, punch__isnull=True),
        held=of_person("employee"),
    )
)
register(
    Kept(
        "decisions",
        Flight,
        "told_at",
        lambda moment: Flight.objects.filter(told_at__lt=moment),
    )
)
register(
    Kept(
        "consents",
        Consent,
        "given_at",
        lambda moment: Consent.objects.filter(
            Q(withdrawn_at__lt=moment) | Q(employee__left_on__lt=moment.date())
        ),
        held=of_person("employee"),
    )
)
# A verdict names the phone as long as there is a verdict.
register(
    Kept(
        "phones",
        Phone,
        "released_at",
        lambda moment: Phone.objects.filter(released_at__lt=moment, checks__isnull=True),
        held=of_person("employee"),
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
_facts("punches", PunchCheck, "checked_at", "punch__employee")
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


def _closed(model: type[models.Model], column: str, closing: str, person: str) -> None:
    """What was closed goes together, by the last day of its period."""
    due: Callable[[datetime], models.QuerySet[models.Model]] = lambda moment: (  # noqa: E731
        model._base_manager.filter(**{f"{closing}__ends_on__lt": moment.date()})
    )
    register(Kept("results", model, column, due, held=of_person(person), facts=True))


# What is stood on comes first: an adjustment stays as long as a closing that took it over.
_closed(ClosedDay, "closed_at", "closing", "employee")
_closed(Adjustment, "found_at", "closing", "employee")
_closed(TakenAdjustment, "taken_at", "closing", "adjustment__employee")
