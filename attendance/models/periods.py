"""Periods that are closed and paid, what was frozen then, and what has become known since."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from attendance.models.days import AttendanceDay
from organization.access import ScopedQuerySet
from organization.models import Department, Employee

# What people are paid by. A snapshot holds these columns of a day, an adjustment their difference.
FIGURES: Final = (
    "status",
    "day_type",
    "late_minutes",
    "early_minutes",
    "worked_minutes",
    "required_minutes",
    "shortage_minutes",
    "leave_minutes",
    "outing_minutes",
    "overtime_workday_minutes",
    "overtime_rest_minutes",
    "overtime_holiday_minutes",
    "absent_days",
    "missing",
)
TEXTS: Final = frozenset({"status", "day_type", "missing"})


class AttendancePeriodQuerySet(ScopedQuerySet):
    """A period is seen by whoever sees the department that is closed together."""


class AttendancePeriod(models.Model):
    """The span that is closed and paid, of a department with all below it.

    Each employee-day lies in one period at most: that of the department of its date.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("period", "Open")
        CLOSING = "closing", _("Being closed")
        CLOSED = "closed", _("Closed")
        REOPENED = "reopened", _("Reopened")

    department = models.ForeignKey(
        Department,
        models.PROTECT,
        related_name="periods",
        verbose_name=_("department"),
        help_text=_("Closed together, with all below it."),
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"), help_text=_("The last day that counts."))
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.OPEN, editable=False
    )
    closing = models.OneToOneField(
        "PeriodClosing",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="in_force_for",
        verbose_name=_("closing in force"),
    )
    # The order to a worker. What was confirmed stays with the closing that comes of it.
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("ordered by"),
    )
    ordered_at = models.DateTimeField(_("ordered"), null=True, editable=False)
    confirmed = models.JSONField(_("confirmed"), default=dict, editable=False)
    total = models.PositiveIntegerField(_("days to close"), default=0, editable=False)
    progress = models.PositiveIntegerField(_("days done"), default=0, editable=False)
    problem = models.TextField(_("problem"), blank=True, editable=False)

    objects = AttendancePeriodQuerySet.as_manager()

    class Meta:
        verbose_name = _("attendance period")
        verbose_name_plural = _("attendance periods")
        ordering = ["-starts_on", "department"]
        constraints = [
            models.UniqueConstraint(
                fields=["department", "starts_on"],
                name="one_period_per_department_and_first_day",
                violation_error_message=_("This department has a period from that date already."),
            ),
            models.CheckConstraint(
                name="period_ends_after_it_starts",
                condition=Q(ends_on__gte=F("starts_on")),
                violation_error_message=_("It ends before it starts."),
            ),
            models.CheckConstraint(
                name="closed_period_has_a_closing_in_force",
                condition=Q(state="closed", closing__isnull=False)
                | (~Q(state="closed") & Q(closing__isnull=True)),
            ),
        ]
        indexes = [
            # Asked with every chunk of verdicts: does a closed period hold any of these dates?
            models.Index(fields=["ends_on"], name="period_closed", condition=Q(state="closed")),
        ]

    def __str__(self) -> str:
        return f"{self.department} {self.starts_on} – {self.ends_on}"

    @property
    def is_open(self) -> bool:
        """Whether it may be closed now: it never was, or it was reopened."""
        return self.state in (self.State.OPEN, self.State.REOPENED)


class PeriodClosingQuerySet(ScopedQuerySet):
    """Closings are seen by whoever sees their department."""


class PeriodClosing(models.Model):
    """A period was closed, for the first time or again. Added, never changed.

    The checksum is the SHA-256 of the closing's table of days: see attendance.closingsheet.
    """

    period = models.ForeignKey(
        AttendancePeriod, models.PROTECT, related_name="closings", verbose_name=_("period")
    )
    number = models.PositiveSmallIntegerField(_("closing number"))
    previous = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("closing before"),
    )
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="+", verbose_name=_("department")
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("closed by"),
    )
    closed_at = models.DateTimeField(_("closed"))
    layout = models.PositiveSmallIntegerField(
        _("layout"), help_text=_("Of the table whose checksum this is.")
    )
    people = models.PositiveIntegerField(_("people"))
    days = models.PositiveIntegerField(_("days"))
    adjustments = models.PositiveIntegerField(_("adjustments taken over"))
    totals = models.JSONField(_("totals"))
    names = models.JSONField(
        _("names"), help_text=_("What departments were called when the period was closed.")
    )
    confirmed = models.JSONField(_("confirmed"))
    checksum = models.CharField(_("checksum"), max_length=64)

    objects = PeriodClosingQuerySet.as_manager()

    class Meta:
        verbose_name = _("closing")
        verbose_name_plural = _("closings")
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["period", "number"], name="one_closing_per_period_and_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.department} {self.starts_on} – {self.ends_on} #{self.number}"

    @property
    def is_in_force(self) -> bool:
        """Whether the period is closed by this closing now."""
        return self.period.closing_id == self.pk


class ClosedDayQuerySet(ScopedQuerySet):
    """Closed days belong to the department of their date."""

    person_lookup = "employee"

    def in_force(self) -> Self:
        """Return the days of periods that are closed now."""
        return self.filter(closing__in_force_for__isnull=False)


class ClosedDay(models.Model):
    """A day as it was paid. Added, never changed; version 1 of what is paid for the day."""

    closing = models.ForeignKey(
        PeriodClosing, models.PROTECT, related_name="closed_days", verbose_name=_("closing")
    )
    employee = models.ForeignKey(
        Employee,
        models.PROTECT,
        related_name="closed_days",
        db_index=False,
        verbose_name=_("employee"),
    )
    work_date = models.DateField(_("work date"))
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("department that day"),
    )
    closing_number = models.PositiveSmallIntegerField(_("closing number"))
    # As they stood when it was closed: a file of it is the same for ever.
    number = models.CharField(_("number"), max_length=40)
    name = models.CharField(_("name"), max_length=100)
    status = models.CharField(_("status"), max_length=16, choices=AttendanceDay.Status.choices)
    day_type = models.CharField(_("kind of day"), max_length=16)
    late_minutes = models.PositiveIntegerField(_("late (min)"))
    early_minutes = models.PositiveIntegerField(_("early (min)"))
    worked_minutes = models.PositiveIntegerField(_("worked (min)"))
    required_minutes = models.PositiveIntegerField(_("required (min)"))
    shortage_minutes = models.PositiveIntegerField(_("short (min)"))
    leave_minutes = models.PositiveIntegerField(_("leave (min)"))
    outing_minutes = models.PositiveIntegerField(_("outing (min)"))
    overtime_workday_minutes = models.PositiveIntegerField(_("workday overtime (min)"))
    overtime_rest_minutes = models.PositiveIntegerField(_("rest-day overtime (min)"))
    overtime_holiday_minutes = models.PositiveIntegerField(_("holiday overtime (min)"))
    absent_days = models.DecimalField(_("absent (days)"), max_digits=4, decimal_places=2)
    missing = models.CharField(_("missing"), max_length=60)
    digest = models.BigIntegerField(_("digest"), help_text=_("Of the facts it was judged on."))
    closed_at = models.DateTimeField(_("closed"))

    objects = ClosedDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        ordering = ["pk"]
        default_permissions = ("view",)
        constraints = [
            # Periods do not overlap, so a day of a department is closed once under each number.
            models.UniqueConstraint(
                fields=["employee", "work_date", "department", "closing_number"],
                name="one_closed_day_per_person_date_and_closing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.work_date} {self.get_status_display()}"


class AdjustmentQuerySet(ScopedQuerySet):
    """Adjustments belong to the department of their date."""

    person_lookup = "employee"

    def in_force(self) -> Self:
        """Return those to periods that are closed now; to close one again settles them."""
        return self.filter(closing__in_force_for__isnull=False)

    def taken(self) -> Self:
        """Return those that a closing in force has taken over."""
        return self.filter(Exists(_taking()))

    def pending(self) -> Self:
        """Return those that wait for the next closing."""
        return self.in_force().filter(~Exists(_taking()))

    def with_state(self) -> Self:
        """Tell with each row whether it was taken over, or settled by closing again."""
        return self.annotate(
            is_taken=Exists(_taking()),
            is_settled=Case(
                When(closing__in_force_for__isnull=True, then=Value(True)), default=Value(False)
            ),
        )


def _taking() -> models.QuerySet[TakenAdjustment]:
    return TakenAdjustment.objects.filter(
        adjustment=OuterRef("pk"), closing__in_force_for__isnull=False
    )


class Adjustment(models.Model):
    """A closed day is otherwise by now: what it was paid as, and what it would be.

    Added, never changed. It belongs to the next period that is closed. If the difference goes away
    again, another version says so.
    """

    closing = models.ForeignKey(
        PeriodClosing,
        models.PROTECT,
        related_name="found_adjustments",
        verbose_name=_("closing"),
        help_text=_("The one that froze the day."),
    )
    employee = models.ForeignKey(
        Employee, models.PROTECT, related_name="adjustments", verbose_name=_("employee")
    )
    work_date = models.DateField(_("work date"))
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="+", verbose_name=_("department that day")
    )
    version = models.PositiveIntegerField(_("version"))
    before = models.JSONField(_("paid as"))
    after = models.JSONField(_("would be"))
    cause = models.CharField(_("cause"), max_length=20)
    found_at = models.DateTimeField(_("found"))

    objects = AdjustmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "work_date", "closing", "version"],
                name="one_adjustment_per_closed_day_and_version",
            ),
            models.CheckConstraint(name="version_1_is_the_closed_day", condition=Q(version__gte=2)),
        ]
        indexes = [
            # The list of a department, and what its next closing takes over.
            models.Index(fields=["department", "work_date"], name="adjustment_by_department"),
        ]

    def __str__(self) -> str:
        return f"{self.employee} {self.work_date} v{self.version}"

    def difference(self, figure: str) -> Decimal:
        """Return by how much a figure is more, or less, than what was paid."""
        return Decimal(self.after[figure]) - Decimal(self.before[figure])


class TakenAdjustment(models.Model):
    """An adjustment went into a closing. Added, never changed."""

    closing = models.ForeignKey(
        PeriodClosing, models.PROTECT, related_name="taken", verbose_name=_("closing")
    )
    adjustment = models.ForeignKey(
        Adjustment, models.PROTECT, related_name="taking", verbose_name=_("adjustment")
    )
    number = models.CharField(_("number"), max_length=40)
    name = models.CharField(_("name"), max_length=100)
    taken_at = models.DateTimeField(_("taken over"))

    class Meta:
        verbose_name = _("adjustment taken over")
        verbose_name_plural = _("adjustments taken over")
        ordering = ["pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["adjustment", "closing"], name="an_adjustment_goes_into_a_closing_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.taken_at:%Y-%m-%d}"


class Reopening(models.Model):
    """Somebody asks to reopen a closed period; somebody else grants or refuses it."""

    class Verdict(models.TextChoices):
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")

    closing = models.ForeignKey(
        PeriodClosing, models.PROTECT, related_name="reopenings", verbose_name=_("closing")
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"))
    reason = models.CharField(_("reason"), max_length=200)
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict.choices, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True)

    class Meta:
        verbose_name = _("reopening")
        verbose_name_plural = _("reopenings")
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["closing"],
                condition=Q(verdict=""),
                name="one_undecided_reopening_per_closing",
                violation_error_message=_("Somebody has asked for that already."),
            ),
            models.CheckConstraint(
                name="nobody_grants_their_own_reopening",
                condition=~Q(decided_by=F("asked_by")) | Q(decided_by__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.closing} {self.asked_at:%Y-%m-%d}"
