"""Rules: who punches how, and their dated text."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from organization.models import Department, Position
from scheduling.models.shifts import SharedQuerySet


class AttendanceRuleQuerySet(SharedQuerySet):
    """A rule is seen by whoever sees somebody under it."""


class AttendanceRule(models.Model):
    """Who is under it: a department with all below, a position, or both; the narrowest wins."""

    name = models.CharField(_("name"), max_length=100)
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="rules",
        verbose_name=_("department"),
        help_text=_("With all below it. Empty: the whole group."),
    )
    position = models.ForeignKey(
        Position,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="rules",
        verbose_name=_("position"),
        help_text=_("Only people in this position. Empty: everybody."),
    )

    objects = AttendanceRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("attendance rule")
        verbose_name_plural = _("attendance rules")
        ordering = ["name"]
        constraints = [
            # SQLite has no NULLS NOT DISTINCT: an empty counts as 0, which no row has for a key.
            models.UniqueConstraint(
                Coalesce("department", 0),
                Coalesce("position", 0),
                name="one_rule_per_department_and_position",
                violation_error_message=_(
                    "There is a rule for this department and position already."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RuleVersion(models.Model):
    """What a rule says from a date on. Published versions are not edited."""

    class ShiftSource(models.TextChoices):
        ROSTER_FIRST = "roster_first", _("Roster, else the assigned shift")
        ROSTER_ONLY = "roster_only", _("Roster only; no entry means rest")
        ASSIGNMENT_ONLY = "assignment_only", _("Assigned shift only; rosters are ignored")

    rule = models.ForeignKey(
        AttendanceRule, models.CASCADE, related_name="versions", verbose_name=_("rule")
    )
    valid_from = models.DateField(_("valid from"))
    is_punching_required = models.BooleanField(
        _("punching required"),
        default=True,
        help_text=_("Switch off for people who need not punch; no anomaly is ever raised."),
    )
    period_starts_on_day = models.PositiveSmallIntegerField(
        _("period starts on day"),
        default=1,
        help_text=_("1 is the calendar month; 26 means 26th to 25th. At most 28."),
    )
    shift_source = models.CharField(
        _("shifts come from"),
        max_length=16,
        choices=ShiftSource.choices,
        default=ShiftSource.ROSTER_FIRST,
    )
    merge_minutes = models.PositiveSmallIntegerField(
        _("merge repeats within (minutes)"), default=5, help_text=_("0 merges nothing.")
    )
    make_up_per_month = models.PositiveSmallIntegerField(_("make-up requests per month"), default=3)
    make_up_days_back = models.PositiveSmallIntegerField(_("make-up: days back"), default=30)
    make_up_cutoff_day = models.PositiveSmallIntegerField(
        _("make-up: last day in the next month"), default=5
    )
    make_up_for_missing = models.BooleanField(_("make-up: for a missing punch"), default=True)
    make_up_for_late = models.BooleanField(_("make-up: for coming late"), default=True)
    make_up_for_early = models.BooleanField(_("make-up: for leaving early"), default=True)
    make_up_for_other = models.BooleanField(_("make-up: for anything else"), default=True)
    make_up_needs_photo = models.BooleanField(_("make-up: photo needed"), default=False)
    overtime = models.JSONField(
        _("overtime on days without a shift"),
        null=True,
        blank=True,
        help_text=_("Used on rest days and holidays when the plan names no shift."),
    )
    demands = models.JSONField(
        _("how people punch"),
        null=True,
        blank=True,
        help_text=_("Empty: nobody punches with a phone; terminals are always open."),
    )
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    class Meta:
        verbose_name = _("rule version")
        verbose_name_plural = _("rule versions")
        ordering = ["rule", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "valid_from"],
                name="one_rule_version_per_date",
                violation_error_message=_("This rule already has a version from that date."),
            ),
            models.CheckConstraint(
                name="period_starts_on_a_day_every_month_has",
                condition=Q(period_starts_on_day__gte=1, period_starts_on_day__lte=28),
                violation_error_message=_("Choose a day from 1 to 28; every month has it."),
            ),
            models.CheckConstraint(
                name="repeats_merge_within_an_hour",
                condition=Q(merge_minutes__lte=60),
                violation_error_message=_("Repeats merge within at most 60 minutes."),
            ),
            models.CheckConstraint(
                name="make_up_cutoff_is_a_day_every_month_has",
                condition=Q(make_up_cutoff_day__gte=1, make_up_cutoff_day__lte=28),
                violation_error_message=_("Choose a day from 1 to 28; every month has it."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.valid_from}"
