"""Dates that are not what their weekday says."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from organization.models import Department
from scheduling.models.shifts import SharedQuerySet


class CalendarSource(models.Model):
    """Where statutory days are fetched from: the built-in package, or a JSON or ICS address."""

    class Kind(models.TextChoices):
        PACKAGE = "package", _("Built in")
        JSON = "json", _("JSON address")
        ICS = "ics", _("ICS address")
        FILE = "file", _("Uploaded file")

    name = models.CharField(_("name"), max_length=100, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    url = models.URLField(
        _("address"),
        blank=True,
        help_text=_("https only; {year} stands for the year."),
    )
    is_active = models.BooleanField(_("in use"), default=True)
    last_synced_at = models.DateTimeField(_("last synced"), null=True, blank=True)
    last_problem = models.TextField(_("last problem"), blank=True)

    class Meta:
        verbose_name = _("calendar source")
        verbose_name_plural = _("calendar sources")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CalendarYear(models.Model):
    """Whether the statutory calendar of a year is announced."""

    class State(models.TextChoices):
        ANNOUNCED = "announced", _("Announced")
        PROVISIONAL = "provisional", _("Provisional")
        UNKNOWN = "unknown", _("Unknown")

    year = models.PositiveSmallIntegerField(_("year"), unique=True)
    state = models.CharField(
        _("state"), max_length=12, choices=State.choices, default=State.UNKNOWN
    )
    source = models.ForeignKey(
        CalendarSource,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="years",
        verbose_name=_("source"),
    )
    synced_at = models.DateTimeField(_("synced"), null=True, blank=True)

    class Meta:
        verbose_name = _("calendar year")
        verbose_name_plural = _("calendar years")
        ordering = ["-year"]
        constraints = [
            models.CheckConstraint(
                name="calendar_year_is_a_year", condition=Q(year__gte=2000, year__lte=2100)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.get_state_display()}"


class CalendarDay(models.Model):
    """A date that is not what its weekday says: a holiday, a moved working day, a company day.

    Statutory days come from a source; company days are set by hand, stand above them, and
    may belong to one department with all below it.
    """

    class Kind(models.TextChoices):
        HOLIDAY = "holiday", _("Public holiday")
        IN_LIEU = "in_lieu", _("Day off in lieu")
        MAKEUP_WORKDAY = "makeup_workday", _("Moved working day")
        DAY_OFF = "day_off", _("Company day off")
        SPECIAL_WORKDAY = "special_workday", _("Special working day")

    COMPANY_KINDS = (Kind.DAY_OFF, Kind.SPECIAL_WORKDAY)

    day = models.DateField(_("date"), db_index=True)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=100, blank=True)
    department = models.ForeignKey(
        Department,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="calendar_days",
        verbose_name=_("department"),
        help_text=_("Company days only; with all below. Empty: the whole group."),
    )
    source = models.ForeignKey(
        CalendarSource,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="days",
        verbose_name=_("source"),
        help_text=_("Statutory days have a source, company days have none."),
    )

    objects = SharedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(
                fields=["day"],
                condition=Q(kind__in=["holiday", "in_lieu", "makeup_workday"]),
                name="one_statutory_meaning_per_date",
            ),
            models.UniqueConstraint(
                fields=["day", "department"],
                condition=Q(kind__in=["day_off", "special_workday"]),
                name="one_company_meaning_per_date_and_department",
                violation_error_message=_("That date already has a company day here."),
            ),
            models.UniqueConstraint(
                fields=["day"],
                condition=Q(kind__in=["day_off", "special_workday"], department__isnull=True),
                name="one_company_meaning_per_date_for_all",
                violation_error_message=_("That date already has a company day for everybody."),
            ),
            models.CheckConstraint(
                name="statutory_days_are_for_everybody",
                condition=Q(department__isnull=True) | Q(kind__in=["day_off", "special_workday"]),
                violation_error_message=_("Only company days belong to a department."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name or self.get_kind_display()}"
