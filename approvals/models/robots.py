"""Robots of chat groups, and what the groups are told."""

from __future__ import annotations

import secrets
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from approvals.models.notifications import ABOUT_REQUESTS, Kind, Outgoing
from approvals.models.requests import Request
from organization.access import ScopedQuerySet
from organization.models import Department
from organization.sealed_fields import SealedField

TELLABLE: Final = tuple(kind for kind in Kind if kind in ABOUT_REQUESTS)


def new_key() -> str:
    """Return what a robot's sealed columns are bound to."""
    return secrets.token_hex(16)


def waiting_kinds() -> list[str]:
    """Return what a group is told unless somebody chooses otherwise: what waits for a decision."""
    return [Kind.ASKED.value, Kind.HELD.value, Kind.REMINDED.value, Kind.ESCALATED.value]


def validate_kinds(value: Any) -> None:
    """Refuse what is no list of kinds that groups are told."""
    if not isinstance(value, list) or not set(map(str, value)) <= {one.value for one in TELLABLE}:
        raise ValidationError(_("Choose what the group is told."), code="kinds_invalid")


class GroupRobotQuerySet(ScopedQuerySet):
    """Robots belong to the department whose requests they tell of."""


class GroupRobot(models.Model):
    """A robot of a chat group: it tells the group of requests of a department and all below.

    Whoever knows its address can write to the group, so it is sealed, and shown to nobody.
    """

    class System(models.TextChoices):
        WECOM = "wecom", _("WeCom")
        DINGTALK = "dingtalk", _("DingTalk")
        FEISHU = "feishu", _("Feishu")

    name = models.CharField(_("group"), max_length=100)
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        related_name="group_robots",
        verbose_name=_("department"),
        help_text=_("The group is told of requests of people here and below."),
    )
    system = models.CharField(_("system"), max_length=8, choices=System.choices)
    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    sealed_address = SealedField(
        _("address, sealed"),
        purpose="address of a group robot",
        bound_to=("key",),
        editable=False,
    )
    sealed_secret = SealedField(
        _("secret, sealed"),
        purpose="secret of a group robot",
        bound_to=("key",),
        editable=False,
        null=True,
        blank=True,
    )
    kinds = models.JSONField(
        _("the group is told"), default=waiting_kinds, validators=[validate_kinds]
    )
    language = models.CharField(
        _("language"), max_length=10, choices=settings.LANGUAGES, default="zh-hans"
    )
    is_active = models.BooleanField(_("in use"), default=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("set up by"),
        editable=False,
    )
    rests_until = models.DateTimeField(_("rests until"), null=True, blank=True, editable=False)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0, editable=False)
    problem = models.CharField(_("last problem"), max_length=200, blank=True, editable=False)
    told_at = models.DateTimeField(_("last told"), null=True, blank=True, editable=False)
    switched_off_at = models.DateTimeField(
        _("switched itself off"), null=True, blank=True, editable=False
    )

    objects = GroupRobotQuerySet.as_manager()

    class Meta:
        verbose_name = _("group robot")
        verbose_name_plural = _("group robots")
        ordering = ["department__path", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["department", "name"],
                name="one_robot_per_group_and_department",
                violation_error_message=_("This department has a robot of that name already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMessage(Outgoing):
    """One thing that one group is told, once. It holds no sentence; see Notification."""

    robot = models.ForeignKey(
        GroupRobot, models.CASCADE, related_name="messages", verbose_name=_("robot")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    subject = models.CharField(_("about"), max_length=64)
    request = models.ForeignKey(
        Request, models.CASCADE, related_name="group_messages", verbose_name=_("request")
    )
    created_at = models.DateTimeField(_("told"))

    class Meta:
        verbose_name = _("group message")
        verbose_name_plural = _("group messages")
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["robot", "kind", "subject"], name="no_group_is_told_the_same_twice"
            ),
            models.CheckConstraint(
                name="what_a_group_was_told_is_closed",
                condition=Q(sent_at__isnull=True) | Q(closed_at=F("sent_at")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["robot", "id"],
                name="group_message_open",
                condition=Q(closed_at__isnull=True),
            ),
            models.Index(fields=["created_at"], name="group_message_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.robot_id} {self.kind} {self.subject}"
