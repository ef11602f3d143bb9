"""Places where punching is allowed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from attendance.evidence.fences import Fence
from attendance.evidence.geometry import (
    LARGEST_RADIUS,
    SMALLEST_RADIUS,
    Area,
    Circle,
)
from attendance.fence_shapes import area_of
from attendance.models.rules import AttendanceRule
from organization.access import ScopedQuerySet
from organization.models import Department, Employee
from scheduling.models.shifts import SharedQuerySet


class GeofenceQuerySet(SharedQuerySet):
    """A fence is seen by whoever sees its department, or one below: people there may use it."""


class Geofence(models.Model):
    """A circle or an area on the ground, and who may punch there. What it says holds at once.

    All is on WGS-84; `rings` are those of a GeoJSON polygon, longitude first.
    """

    class Kind(models.TextChoices):
        CIRCLE = "circle", _("Circle")
        AREA = "area", _("Area")

    name = models.CharField(
        _("name"), max_length=100, help_text=_("What people are told when they stand outside.")
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        related_name="fences",
        verbose_name=_("department"),
        help_text=_("Who keeps it. Departments below see it."),
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.CIRCLE)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    radius_metres = models.PositiveIntegerField(_("radius (metres)"), null=True, blank=True)
    rings = models.JSONField(_("corners"), null=True, blank=True)
    rules = models.ManyToManyField(
        AttendanceRule,
        related_name="fences",
        blank=True,
        verbose_name=_("rules"),
        help_text=_("Whoever is under one of them may punch here."),
    )
    people = models.ManyToManyField(
        Employee,
        through="GeofencePerson",
        related_name="fences",
        blank=True,
        verbose_name=_("people"),
        help_text=_("These may punch here as well, whatever their rule."),
    )
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True, editable=False)

    objects = GeofenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("geofence")
        verbose_name_plural = _("geofences")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["department", "name"],
                condition=Q(retired_at__isnull=True),
                name="one_fence_of_a_name_per_department",
                violation_error_message=_("This department has a geofence of that name already."),
            ),
            models.CheckConstraint(
                name="fence_radius_from_50_to_5000_metres",
                condition=Q(radius_metres__isnull=True)
                | Q(radius_metres__gte=SMALLEST_RADIUS, radius_metres__lte=LARGEST_RADIUS),
                violation_error_message=_("A circle has a radius from 50 to 5000 metres."),
            ),
            models.CheckConstraint(
                name="fence_latitude_on_the_globe",
                condition=Q(latitude__isnull=True) | Q(latitude__gte=-90, latitude__lte=90),
                violation_error_message=_("A latitude lies between -90 and 90 degrees."),
            ),
            models.CheckConstraint(
                name="fence_longitude_on_the_globe",
                condition=Q(longitude__isnull=True) | Q(longitude__gte=-180, longitude__lte=180),
                violation_error_message=_("A longitude lies between -180 and 180 degrees."),
            ),
            models.CheckConstraint(
                name="fence_is_a_circle_or_an_area",
                condition=Q(
                    kind="circle",
                    latitude__isnull=False,
                    longitude__isnull=False,
                    radius_metres__isnull=False,
                    rings__isnull=True,
                )
                | Q(
                    kind="area",
                    latitude__isnull=True,
                    longitude__isnull=True,
                    radius_metres__isnull=True,
                    rings__isnull=False,
                ),
                violation_error_message=_(
                    "A circle has a centre and a radius, an area has corners, and neither has both."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shape(self) -> Circle | Area:
        """Return what it looks like."""
        # The database holds no area without rings, and no circle without the rest.
        if self.kind == self.Kind.AREA:
            return area_of(self.rings or [])
        return Circle(self.latitude or 0.0, self.longitude or 0.0, float(self.radius_metres or 0))

    def read(self) -> Fence:
        """Return the fence as evidence is judged by it."""
        return Fence(self.name, self.shape)


class GeofencePersonQuerySet(ScopedQuerySet):
    """Somebody's own fence is seen like the person."""

    department_lookup = "employee__department"
    person_lookup = "employee"


class GeofencePerson(models.Model):
    """A person who may punch in a fence whatever their rule says."""

    fence = models.ForeignKey(
        Geofence, models.CASCADE, related_name="given", verbose_name=_("geofence")
    )
    employee = models.ForeignKey(
        Employee, models.CASCADE, related_name="+", verbose_name=_("employee")
    )

    objects = GeofencePersonQuerySet.as_manager()

    class Meta:
        verbose_name = _("person of a geofence")
        verbose_name_plural = _("people of geofences")
        ordering = ["fence", "employee"]
        constraints = [
            models.UniqueConstraint(
                fields=["fence", "employee"], name="a_fence_is_given_to_a_person_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fence}: {self.employee}"
