"""How long requests are kept, as long as what was decided by them, and what people were told."""

from approvals.models import Delegation, GroupMessage, Notification, Request, RequestPhoto
from organization.retention import Kept, of_person, register

register(
    Kept(
        "decisions",
        Request,
        "submitted_at",
        # One that still waits is nobody's past.
        lambda moment: Request.objects.filter(settled_at__lt=moment),
        held=of_person("employee"),
    )
)
register(
    Kept(
        "photo",
        RequestPhoto,
        "kept_at",
        # Whoever decides has to see it, however long they let it wait.
        lambda moment: RequestPhoto.objects.filter(kept_at__lt=moment).exclude(
            request__status=Request.Status.WAITING
        ),
        held=of_person("request__employee"),
    )
)
register(
    Kept(
        "decisions",
        Delegation,
        "ends_at",
        lambda moment: Delegation.objects.filter(ends_at__lt=moment),
        held=of_person("giver__employee"),
    )
)
register(
    Kept(
        "notifications",
        Notification,
        "created_at",
        lambda moment: Notification.objects.filter(created_at__lt=moment),
        held=of_person("recipient__employee"),
    )
)
register(
    Kept(
        "notifications",
        GroupMessage,
        "created_at",
        lambda moment: GroupMessage.objects.filter(created_at__lt=moment),
        held=of_person("request__employee"),
    )
)
