"""The stored daily result, its history, and the days that wait to be judged."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from organization.access import ScopedQuerySet
from organization.models import Department, Employee
from scheduling.models import Shift


class AttendanceDayQuerySet(ScopedQuerySet):
    """A day belongs to the department that the person belonged to on that date."""

    person_lookup = "employee"

    def in_trouble(self) -> Self:
        """Days with a finding: late, early, missing, absent, to review."""
        return self.filter(has_trouble=True)


class AttendanceDay(models.Model):
    """One employee on one work date, with what the engine says about it.

    Minutes are whole minutes; `absent_days` is a fraction of a day. The row is rewritten
    when its facts change, and only then; see WaitingDay for the queue.
    """

    class Status(models.TextChoices):
        NORMAL = "normal", _("Normal")
        LATE = "late", _("Late")
        SEVERE_LATE = "severe_late", _("Severely late")
        ABSENT_LATE = "absent_late", _("Absent by lateness")
        EARLY = "early", _("Left early")
        ABSENT_EARLY = "absent_early", _("Absent by leaving early")
        LATE_EARLY = "late_early", _("Late and left early")
        MISSING = "missing", _("Missing punch")
        HALF_DAY = "half_day", _("Half day")
        ABSENT = "absent", _("Absent")
        SHORT_HOURS = "short_hours", _("Short hours")
        ON_LEAVE = "on_leave", _("On leave")
        ON_OUTING = "on_outing", _("On an outing or trip")
        REST = "rest", _("Rest day")
        REST_OVERTIME = "rest_overtime", _("Overtime on a rest day")
        HOLIDAY = "holiday", _("Holiday")
        HOLIDAY_OVERTIME = "holiday_overtime", _("Overtime on a holiday")
        NOT_REQUIRED = "not_required", _("No punching required")
        PENDING = "pending", _("Pending")
        REVIEW = "review", _("To review")

    employee = models.ForeignKey(
        Employee, models.PROTECT, related_name="days", verbose_name=_("employee")
    )
    work_date = models.DateField(_("work date"))
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="+", verbose_name=_("department that day")
    )
    shift = models.ForeignKey(
        Shift, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("shift")
    )
    day_type = models.CharField(_("kind of day"), max_length=16, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=Status.choices)
    late_minutes = models.PositiveIntegerField(_("late (min)"), default=0)
    early_minutes = models.PositiveIntegerField(_("early (min)"), default=0)
    worked_minutes = models.PositiveIntegerField(_("worked (min)"), default=0)
    required_minutes = models.PositiveIntegerField(_("required (min)"), default=0)
    shortage_minutes = models.PositiveIntegerField(_("short (min)"), default=0)
    leave_minutes = models.PositiveIntegerField(_("leave (min)"), default=0)
    outing_minutes = models.PositiveIntegerField(_("outing (min)"), default=0)
    overtime_workday_minutes = models.PositiveIntegerField(_("workday overtime (min)"), default=0)
    overtime_rest_minutes = models.PositiveIntegerField(_("rest-day overtime (min)"), default=0)
    overtime_holiday_minutes = models.PositiveIntegerField(_("holiday overtime (min)"), default=0)
    absent_days = models.DecimalField(_("absent (days)"), max_digits=4, decimal_places=2, default=0)
    missing = models.CharField(_("missing"), max_length=60, blank=True)
    first_in_at = models.DateTimeField(_("in"), null=True, blank=True)
    last_out_at = models.DateTimeField(_("out"), null=True, blank=True)
    has_trouble = models.BooleanField(_("trouble"), default=False)
    is_provisional = models.BooleanField(
        _("provisional"), default=False, help_text=_("The calendar of that year is not announced.")
    )
    findings = models.JSONField(_("findings"), default=list)
    notes = models.JSONField(_("why"), default=list)
    closes_at = models.DateTimeField(
        _("window closes"),
        null=True,
        blank=True,
        help_text=_("While pending: when the day is judged for good."),
    )
    digest = models.BigIntegerField(
        _("digest"),
        default=0,
        help_text=_("Of the facts and the rule book; equal ones are not judged again."),
    )
    judged_at = models.DateTimeField(_("judged"))

    objects = AttendanceDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("attendance day")
        verbose_name_plural = _("attendance days")
        ordering = ["-work_date", "employee"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "work_date"], name="one_attendance_day_per_work_date"
            ),
            models.CheckConstraint(
                name="absence_is_at_most_a_day",
                condition=Q(absent_days__gte=0, absent_days__lte=1),
            ),
        ]
        indexes = [
            # Pages and pictures of one department, and the day list of the whole company.
            models.Index(fields=["department", "work_date"], name="attendance_day_by_department"),
            models.Index(fields=["work_date", "employee"], name="attendance_day_by_date"),
            # The page of people with trouble; most days have none.
            models.Index(
                fields=["work_date", "department"],
                name="attendance_day_in_trouble",
                condition=Q(has_trouble=True),
            ),
            # The bell that closes windows.
            models.Index(
                fields=["closes_at"],
                name="attendance_day_closing",
                condition=Q(closes_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employee} {self.work_date} {self.get_status_display()}"

    @property
    def missing_punches(self) -> int:
        """How many slots nothing filled. A day without any punch is absent, and lacks none."""
        if not self.missing or self.status == self.Status.ABSENT:
            return 0
        return self.missing.count(",") + 1


class DayHistory(models.Model):
    """What a day said before it was judged otherwise. Added, never changed."""

    day = models.ForeignKey(AttendanceDay, models.CASCADE, related_name="history")
    status = models.CharField(_("status"), max_length=16, choices=AttendanceDay.Status.choices)
    facts = models.JSONField(_("numbers"))
    judged_at = models.DateTimeField(_("judged"))
    replaced_at = models.DateTimeField(_("replaced"))
    cause = models.CharField(_("cause"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("earlier result")
        verbose_name_plural = _("earlier results")
        ordering = ["-pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.judged_at:%Y-%m-%d %H:%M} {self.get_status_display()}"


class WaitingDay(models.Model):
    """An employee-day whose facts moved on: it waits to be judged.

    A fact and its waiting row are written in one transaction. Whoever judges takes the row
    away only if `facts_version` is still what it read; else the day waits on.
    """

    employee = models.ForeignKey(
        Employee, models.CASCADE, related_name="+", db_index=False, verbose_name=_("employee")
    )
    work_date = models.DateField(_("work date"))
    # Drawn anew (62 random bits) by every fact: a counter would start again when the row does,
    # and a slow judge could then take newer facts for the ones that it read.
    facts_version = models.BigIntegerField(_("version of the facts"))
    cause = models.CharField(_("cause"), max_length=20)
    is_forced = models.BooleanField(
        _("forced"),
        default=False,
        help_text=_("Write the result even if its digest has not changed."),
    )
    since = models.DateTimeField(_("since"))
    failed_count = models.PositiveSmallIntegerField(_("failures"), default=0)
    problem = models.TextField(_("problem"), blank=True)

    class Meta:
        verbose_name = _("waiting day")
        verbose_name_plural = _("waiting days")
        ordering = ["employee", "work_date"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "work_date"], name="one_waiting_row_per_employee_and_date"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employee} {self.work_date}"
