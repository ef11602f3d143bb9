"""Shifts, their dated patterns, and who works them from when."""

from __future__ import annotations

from typing import Self

from django.contrib.auth.models import AnonymousUser
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organization.access import Action, ScopedQuerySet, granted_paths, within
from organization.models import Department, Employee, Position, User
from scheduling.pattern import ShiftPattern


class SharedQuerySet(ScopedQuerySet):
    """Rows of one department, or, without a department, of the whole group.

    They serve everybody below their department, so whoever sees a department sees what the
    departments above it lend to it.
    """

    is_shared_without_department = True

    def visible_to(self, user: User | AnonymousUser, action: Action = Action.SEE) -> Self:
        """Return the rows on which `user` may do `action`; those lent from above can be seen."""
        rows = super().visible_to(user, action)
        paths = granted_paths(user, action) if action is Action.SEE else None
        if not paths:
            return rows
        above = {path[: n + 1] for path in paths for n, sign in enumerate(path) if sign == "/"}
        return rows | self.filter(department__path__in=above)


class Shift(models.Model):
    """A named day pattern, such as Early or Night. What it says is dated: see ShiftVersion."""

    code = models.CharField(
        _("code"), max_length=20, help_text=_("What roster sheets write, such as A, N or 早.")
    )
    name = models.CharField(_("name"), max_length=100)
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="shifts",
        verbose_name=_("department"),
        help_text=_("Who may use it, with all below. Empty: the whole group."),
    )
    color = models.CharField(
        _("colour"),
        max_length=7,
        default="#2563eb",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", _("Write a colour like #2563eb."))],
    )
    is_active = models.BooleanField(_("in use"), default=True)

    objects = SharedQuerySet.as_manager()

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "department"],
                name="one_shift_per_code_and_department",
                violation_error_message=_("This department already has a shift with that code."),
            ),
            # SQLite has no NULLS NOT DISTINCT: shared rows need a constraint of their own.
            models.UniqueConstraint(
                fields=["code"],
                condition=Q(department__isnull=True),
                name="one_shared_shift_per_code",
                violation_error_message=_("The group already has a shift with that code."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class ShiftVersion(models.Model):
    """What a shift says from a date on. A version in use is not edited; a new one follows it.

    `pattern` is the JSON of `scheduling.pattern.ShiftPattern`. `opens_minute` and
    `closes_minute` are the punch window, in minutes from 00:00 of the work date.
    """

    shift = models.ForeignKey(
        Shift, models.CASCADE, related_name="versions", verbose_name=_("shift")
    )
    valid_from = models.DateField(_("valid from"))
    pattern = models.JSONField(_("pattern"))
    opens_minute = models.IntegerField(_("window opens"), editable=False)
    closes_minute = models.IntegerField(_("window closes"), editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("shift version")
        verbose_name_plural = _("shift versions")
        ordering = ["shift", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["shift", "valid_from"], name="one_shift_version_per_date"
            ),
            models.CheckConstraint(
                name="shift_window_closes_after_it_opens",
                condition=Q(closes_minute__gt=F("opens_minute")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shift} {self.valid_from}"

    def read(self) -> ShiftPattern:
        """Return the pattern as a value."""
        return ShiftPattern.from_json(self.pattern)


class Rotation(models.Model):
    """A repeating pattern of shifts: a week, two alternating weeks, or any cycle of days."""

    class Kind(models.TextChoices):
        WEEKLY = "weekly", _("Weekly pattern")
        BIWEEKLY = "biweekly", _("Alternating weeks")
        CYCLE = "cycle", _("Rotation of any length")

    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.CYCLE)
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="rotations",
        verbose_name=_("department"),
        help_text=_("Who may use it, with all below. Empty: the whole group."),
    )
    anchored_on = models.DateField(
        _("first day"),
        help_text=_("The date of turn 1. Weekly and alternating patterns start on a Monday."),
    )
    follows_calendar = models.BooleanField(
        _("follows the calendar"),
        default=True,
        help_text=_(
            "Holidays are days off and moved working days are worked. "
            "Switch off for guards and others who work through."
        ),
    )

    objects = SharedQuerySet.as_manager()

    class Meta:
        verbose_name = _("rotation")
        verbose_name_plural = _("rotations")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RotationTurn(models.Model):
    """One day of a rotation: a shift, or rest."""

    rotation = models.ForeignKey(
        Rotation, models.CASCADE, related_name="turns", verbose_name=_("rotation")
    )
    index = models.PositiveSmallIntegerField(_("day"), help_text=_("Counted from 0."))
    shift = models.ForeignKey(
        Shift,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("shift"),
        help_text=_("Empty: rest."),
    )

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        ordering = ["rotation", "index"]
        constraints = [
            models.UniqueConstraint(fields=["rotation", "index"], name="one_turn_per_rotation_day"),
            models.CheckConstraint(name="rotation_turn_within_a_year", condition=Q(index__lt=366)),
        ]

    def __str__(self) -> str:
        return f"{self.index + 1}: {self.shift or _('rest')}"


class ShiftAssignmentQuerySet(ScopedQuerySet):
    """Assignments belong to a department; those of one person follow that person.

    One that names a position alone is shared by the whole group.
    """

    def visible_to(self, user: User | AnonymousUser, action: Action = Action.SEE) -> Self:
        """Return the assignments on which `user` may do `action`; one's own can be seen."""
        paths = granted_paths(user, action)
        if paths is None:
            return self
        allowed = within(paths, "department__path") | within(paths, "employee__department__path")
        if action is Action.SEE and user.is_active and user.pk is not None:
            allowed |= Q(employee__user=user.pk)
            allowed |= Q(department__isnull=True, employee__isnull=True)
        return self.filter(allowed)


class ShiftAssignment(models.Model):
    """From a date on, a department, a position or a person works a shift or a rotation.

    The narrowest assignment that covers a date wins: person, then position in the nearest
    department, then the nearest department, then position alone; of equals, the one that
    started last.
    """

    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="shift_assignments",
        verbose_name=_("department"),
        help_text=_("With all below it."),
    )
    position = models.ForeignKey(
        Position,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="shift_assignments",
        verbose_name=_("position"),
    )
    employee = models.ForeignKey(
        Employee,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="shift_assignments",
        verbose_name=_("employee"),
    )
    shift = models.ForeignKey(
        Shift,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="assignments",
        verbose_name=_("shift"),
        help_text=_("Worked Monday to Friday, or on the days of the week chosen below."),
    )
    rotation = models.ForeignKey(
        Rotation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="assignments",
        verbose_name=_("rotation"),
    )
    weekdays = models.CharField(
        _("days of the week"),
        max_length=7,
        default="12345",
        blank=True,
        validators=[
            RegexValidator(r"^1?2?3?4?5?6?7?$", _("Write the days like 12345; 1 is Monday."))
        ],
        help_text=_("For a shift: 1 is Monday, 7 is Sunday."),
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(
        _("to"), null=True, blank=True, help_text=_("Inclusive; empty: until further notice.")
    )

    objects = ShiftAssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("shift assignment")
        verbose_name_plural = _("shift assignments")
        ordering = ["-starts_on"]
        constraints = [
            models.CheckConstraint(
                name="assignment_names_a_shift_or_a_rotation",
                condition=Q(shift__isnull=False, rotation__isnull=True)
                | Q(shift__isnull=True, rotation__isnull=False),
                violation_error_message=_("Choose a shift or a rotation, one of the two."),
            ),
            models.CheckConstraint(
                name="assignment_is_for_somebody",
                condition=Q(department__isnull=False)
                | Q(position__isnull=False)
                | Q(employee__isnull=False),
                violation_error_message=_("Choose a department, a position or an employee."),
            ),
            models.CheckConstraint(
                name="assignment_of_a_person_names_nothing_else",
                condition=Q(employee__isnull=True)
                | Q(department__isnull=True, position__isnull=True),
                violation_error_message=_(
                    "An employee's assignment names no department or position."
                ),
            ),
            models.CheckConstraint(
                name="assignment_ends_after_it_starts",
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                violation_error_message=_("It ends before it starts."),
            ),
        ]

    def __str__(self) -> str:
        who = self.employee or " · ".join(str(x) for x in (self.department, self.position) if x)
        return f"{who}: {self.shift or self.rotation}"
