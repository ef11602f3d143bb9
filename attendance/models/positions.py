"""Positioning that fails, and positions reported while on duty in the field."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organization.access import ScopedQuerySet
from organization.models import Department, Employee
from organization.sealed_fields import SealedField


class PositioningFailure(models.Model):
    """Since when somebody's phone has found no position; gone once it has found one."""

    employee = models.OneToOneField(
        Employee, models.CASCADE, related_name="positioning_failure", verbose_name=_("employee")
    )
    since = models.DateTimeField(_("since"))
    last_at = models.DateTimeField(_("last said"))

    class Meta:
        verbose_name = _("failing positioning")
        verbose_name_plural = _("failing positioning")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="positioning_fails_in_order", condition=Q(last_at__gte=F("since"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employee} {self.since:%Y-%m-%d %H:%M}"


class PositionReportQuerySet(ScopedQuerySet):
    """Reports are seen by whoever sees the department of that day, and by the person."""

    person_lookup = "employee"


class PositionReport(models.Model):
    """Where somebody in the field was while on duty, sealed, and kept as long as positions are."""

    employee = models.ForeignKey(
        Employee, models.PROTECT, related_name="position_reports", verbose_name=_("employee")
    )
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="+", verbose_name=_("department that day")
    )
    reported_at = models.DateTimeField(_("reported"))
    sealed = SealedField(
        _("encrypted content"), purpose="position report", bound_to=("employee_id", "reported_at")
    )
    kept_at = models.DateTimeField(_("kept since"), db_index=True)
    keep_until = models.DateField(_("keep until"), db_index=True)

    objects = PositionReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("position report")
        verbose_name_plural = _("position reports")
        ordering = ["-reported_at"]
        default_permissions = ("view",)
        constraints = [
            # A program that sends again what it has sent adds nothing.
            models.UniqueConstraint(
                fields=["employee", "reported_at"], name="one_position_report_per_moment"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employee} {self.reported_at:%Y-%m-%d %H:%M}"
