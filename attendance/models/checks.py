"""What came of checking the proof of a punch, and which second checks are awaited."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from attendance.models.punches import Punch
from attendance.models.rules import RuleVersion
from devices.models import Phone
from organization.models import Employee


class PunchCheck(models.Model):
    """A verdict on the evidence of a punch, with its reasons. The latest counts; all are kept.

    A punch is checked when it is made, and again when its second check came or did not come.
    The reasons name metres and fences, never places.
    """

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        HELD = "held", _("Held")
        AWAITED = "awaited", _("Waits for the second check")

    punch = models.ForeignKey(Punch, models.PROTECT, related_name="checks", verbose_name=_("punch"))
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices)
    reasons = models.JSONField(_("reasons"), default=list)
    rule_version = models.ForeignKey(
        RuleVersion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by the rule of"),
    )
    phone = models.ForeignKey(
        Phone,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="checks",
        verbose_name=_("phone"),
    )
    number = models.PositiveBigIntegerField(
        _("number"),
        null=True,
        blank=True,
        help_text=_("Under which the phone made the punch; the order of its punches."),
    )
    claim_digest = models.CharField(
        _("digest of the claim"), max_length=64, blank=True, help_text=_("Keyed.")
    )
    checked_at = models.DateTimeField(_("checked"))

    class Meta:
        verbose_name = _("punch check")
        verbose_name_plural = _("punch checks")
        ordering = ["pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.punch_id}: {self.get_outcome_display()}"


class AwaitedCheck(models.Model):
    """A punch whose second check is awaited until `due_at`, inclusive. Gone once it is settled."""

    punch = models.OneToOneField(
        Punch, models.PROTECT, related_name="awaited_check", verbose_name=_("punch")
    )
    employee = models.ForeignKey(
        Employee, models.PROTECT, related_name="+", verbose_name=_("employee")
    )
    due_at = models.DateTimeField(_("due"), db_index=True)

    class Meta:
        verbose_name = _("awaited second check")
        verbose_name_plural = _("awaited second checks")
        ordering = ["due_at"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.punch_id} {self.due_at:%Y-%m-%d %H:%M}"
