"""Approved intervals that excuse or extend a day, whoever approved them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organization.access import DatedQuerySet
from organization.models import Employee


class AbsenceQuerySet(DatedQuerySet):
    """A span is seen in the departments of both its ends, and written in that of its beginning."""

    date_lookups = ("starts_at", "ends_at")


class Absence(models.Model):
    """An approved interval of leave, outing or trip."""

    class Kind(models.TextChoices):
        LEAVE = "leave", _("Leave")
        OUTING = "outing", _("Outing")
        TRIP = "trip", _("Business trip")

    employee = models.ForeignKey(
        Employee, models.PROTECT, related_name="absences", verbose_name=_("employee")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    approved_at = models.DateTimeField(_("approved"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                name="absence_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("It ends before it starts."),
            ),
        ]
        indexes = [
            # The judging of a chunk of people.
            models.Index(fields=["employee", "starts_at"], name="absence_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.employee} {self.get_kind_display()}"


class OvertimeApproval(models.Model):
    """An approved interval of overtime."""

    employee = models.ForeignKey(
        Employee, models.PROTECT, related_name="overtime_approvals", verbose_name=_("employee")
    )
    work_date = models.DateField(
        _("work date"), help_text=_("The one day that it was approved for.")
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    approved_at = models.DateTimeField(_("approved"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = _("overtime approval")
        verbose_name_plural = _("overtime approvals")
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                name="overtime_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("It ends before it starts."),
            ),
        ]
        indexes = [
            models.Index(fields=["employee", "work_date"], name="overtime_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.employee} {self.work_date}"
