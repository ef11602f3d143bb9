"""How long the floor keeps what: sessions, failed log-ins, news, the audit log."""

from axes.models import AccessAttempt
from django.db.models import CharField, Q
from django.db.models.functions import Cast

from organization.access import within
from organization.holds import held_people
from organization.models import (
    AuditEntry,
    Change,
    Department,
    Employee,
    LegalHold,
    OpenSession,
    User,
)
from organization.retention import Kept, register


def _about_whom_is_held() -> Q:
    """What whom a hold keeps did, what was done to them, and what was done where all are held."""
    people = held_people().annotate(key=Cast("pk", CharField()), log_in=Cast("user", CharField()))
    log_ins = people.filter(user__isnull=False)
    paths = LegalHold.objects.in_force().on_departments().values_list("department__path", flat=True)
    there = tuple(paths)
    departments = Department.objects.filter(within(there, "path"))
    return (
        Q(thing_type=Employee._meta.label_lower, thing_id__in=people.values("key"))
        | Q(thing_type=User._meta.label_lower, thing_id__in=log_ins.values("log_in"))
        | Q(actor__in=log_ins.values("user"))
        | Q(department__in=departments.values("pk"))
    )


register(
    Kept(
        "sessions",
        OpenSession,
        "expire_date",
        lambda moment: OpenSession.objects.filter(expire_date__lte=moment),
    )
)
register(
    Kept(
        "failed_log_ins",
        AccessAttempt,
        "attempt_time",
        lambda moment: AccessAttempt.objects.filter(attempt_time__lt=moment),
    )
)
register(
    Kept(
        "news",
        Change,
        "created_at",
        lambda moment: Change.objects.filter(handled_at__lt=moment),
    )
)
register(
    Kept(
        "audit",
        AuditEntry,
        "at",
        lambda moment: AuditEntry.objects.filter(at__lt=moment),
        held=_about_whom_is_held,
        facts=True,
    )
)
