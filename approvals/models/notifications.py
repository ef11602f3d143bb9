"""Who was told what, by which ways, and how people want to be told."""

from __future__ import annotations

from typing import Final, Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from approvals.models.requests import Request
from organization.models import User


class Kind(models.TextChoices):
    """What somebody is told."""

    ASKED = "asked", _("A request waits")
    HELD = "held", _("A held punch waits")
    REMINDED = "reminded", _("A request still waits")
    ESCALATED = "escalated", _("A request went up")
    DECIDED = "decided", _("A request was decided")
    REVOKED = "revoked", _("An approval was taken back")
    BOARDING_PASS = "boarding_pass", _("A boarding pass is due")
    MISSING_PUNCH = "missing_punch", _("A punch is missing")
    ROBOT_OFF = "robot_off", _("A group is told nothing any more")
    STANDS_IN = "stands_in", _("Requests wait for whom you stand in for")
    TAKEN_OUT = "taken_out", _("A punch does not count any more")


# What is over as soon as somebody has decided.
WAITING: Final = frozenset((Kind.ASKED, Kind.HELD, Kind.REMINDED, Kind.ESCALATED))
# Those about a request; the others are about the person who reads them.
ABOUT_REQUESTS: Final = frozenset((*WAITING, Kind.DECIDED, Kind.REVOKED))
_NEEDS_REQUEST: Final = sorted(kind.value for kind in ABOUT_REQUESTS)


class NotificationQuerySet(models.QuerySet["Notification"]):
    """A notification is its recipient's, and nobody else reads it."""

    def of(self, user: User) -> Self:
        """Return what this person was told."""
        return self.filter(recipient=user.pk)

    def unread(self) -> Self:
        """Return those that nobody has opened."""
        return self.filter(read_at=None)


class Notification(models.Model):
    """One thing that one person was told. It stands in the list of the app from the first moment.

    It holds no sentence: that is made when somebody reads, in their language, of what they may see
    then. `facts` hold no places and no reasons.
    """

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="notifications",
        verbose_name=_("recipient"),
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    subject = models.CharField(
        _("about"), max_length=64, help_text=_("What makes it the same one when told again.")
    )
    request = models.ForeignKey(
        Request,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="notifications",
        verbose_name=_("request"),
    )
    facts = models.JSONField(_("facts"), default=dict)
    created_at = models.DateTimeField(_("told"))
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "kind", "subject"], name="nobody_is_told_the_same_twice"
            ),
            models.CheckConstraint(
                name="a_notification_has_its_request",
                condition=Q(kind__in=_NEEDS_REQUEST, request__isnull=False)
                | (~Q(kind__in=_NEEDS_REQUEST) & Q(request__isnull=True)),
            ),
        ]
        indexes = [
            # Everybody's list, the latest first, and the number beside the bell.
            models.Index(fields=["recipient", "-id"], name="notification_by_person"),
            models.Index(
                fields=["recipient"], name="notification_unread", condition=Q(read_at__isnull=True)
            ),
            # Which slots somebody was reminded of; what is past its date.
            models.Index(fields=["kind", "created_at"], name="notification_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_id} {self.kind} {self.subject}"


class Outgoing(models.Model):
    """Something that leaves the house: when it is due, how often it was tried, what became of it.

    It is closed when it was sent, when it was over before, and when it could not be sent at all.
    """

    due_at = models.DateTimeField(_("due"))
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    problem = models.CharField(_("problem"), max_length=200, blank=True)

    class Meta:
        abstract = True


class Sending(Outgoing):
    """A notification's way out of the app: one row a channel, so at most one mail."""

    class Channel(models.TextChoices):
        MAIL = "mail", _("E-mail")

    notification = models.ForeignKey(
        Notification, models.CASCADE, related_name="sendings", verbose_name=_("notification")
    )
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)

    class Meta:
        verbose_name = _("sending")
        verbose_name_plural = _("sendings")
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "channel"], name="one_sending_per_channel"
            ),
            models.CheckConstraint(
                name="what_was_sent_is_closed",
                condition=Q(sent_at__isnull=True) | Q(closed_at=F("sent_at")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="sending_due", condition=Q(closed_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notification_id} {self.channel}"


class NotificationSetting(models.Model):
    """How somebody wants to be told. Without a row the defaults hold."""

    class Pace(models.TextChoices):
        AT_ONCE = "at_once", _("At once")
        DAILY = "daily", _("Once a day, all together")
        OFF = "off", _("Not at all")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="notification_setting",
        verbose_name=_("log-in"),
    )
    mail = models.CharField(
        _("by e-mail"), max_length=8, choices=Pace.choices, default=Pace.AT_ONCE
    )
    mail_hour = models.PositiveSmallIntegerField(
        _("hour of the daily e-mail"), default=8, validators=[MaxValueValidator(23)]
    )
    punch_minutes = models.PositiveSmallIntegerField(
        _("remind of a missing punch after (minutes)"),
        default=10,
        validators=[MaxValueValidator(60)],
        help_text=_("Counted from the beginning and from the end of the shift. 0: never."),
    )

    class Meta:
        verbose_name = _("setting of notifications")
        verbose_name_plural = _("settings of notifications")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="a_reminder_comes_within_an_hour",
                condition=Q(mail_hour__lte=23, punch_minutes__lte=60),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.mail}"
