"""How long uploaded roster files are kept. Who confirmed what stays in the batch."""

from django.db.models import Q

from organization.models import LegalHold
from organization.retention import Kept, register
from scheduling.models import RosterUpload


def _anybody_is_held() -> Q:
    """A sheet is about many people: while anybody is held, no sheet goes."""
    return Q() if LegalHold.objects.in_force().exists() else Q(pk__in=())


register(
    Kept(
        "roster_files",
        RosterUpload,
        "uploaded_at",
        lambda moment: (
            RosterUpload.objects.filter(uploaded_at__lt=moment)
            .exclude(state=RosterUpload.State.RUNNING)
            .exclude(content=b"")
        ),
        held=_anybody_is_held,
        empties={"content": b"", "choices": {}, "problem": ""},
    )
)
