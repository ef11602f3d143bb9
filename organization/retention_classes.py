"""How long the floor keeps what: sessions, failed log-ins, news, the audit log."""

from axes.models import AccessAttempt

from organization.models import AuditEntry, Change, OpenSession
from organization.retention import Kept, register

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
        facts=True,
    )
)
