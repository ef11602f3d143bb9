"""Punches that are declared before they can be proven, and the flights that they hang on."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from attendance.evidence import flights
from attendance.models.punches import Punch
from organization.access import ScopedQuerySet
from organization.models import Department, Employee
from organization.sealed_fields import SealedField


class Flight(models.Model):
    """When a flight was due and when it went, as somebody who knows has told it."""

    number = models.CharField(_("flight number"), max_length=8)
    departs_on = models.DateField(_("date of departure"), help_text=_("At the airport."))
    scheduled_departure_at = models.DateTimeField(_("scheduled departure"), null=True, blank=True)
    actual_departure_at = models.DateTimeField(_("actual departure"), null=True, blank=True)
    scheduled_arrival_at = models.DateTimeField(_("scheduled arrival"), null=True, blank=True)
    actual_arrival_at = models.DateTimeField(_("actual arrival"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=100, blank=True)
    told_at = models.DateTimeField(_("told"))

    class Meta:
        verbose_name = _("flight")
        verbose_name_plural = _("flights")
        ordering = ["-departs_on", "number"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["number", "departs_on"], name="one_flight_per_number_and_date"
            ),
            models.CheckConstraint(
                name="flight_arrives_after_it_departed",
                condition=Q(actual_arrival_at__isnull=True)
                | Q(actual_departure_at__isnull=True)
                | Q(actual_arrival_at__gt=F("actual_departure_at")),
                violation_error_message=_("The flight arrived before it departed."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.departs_on}"

    def read(self) -> flights.Flight:
        """Return what is known, as evidence judges it."""
        return flights.Flight(
            self.scheduled_departure_at,
            self.actual_departure_at,
            self.scheduled_arrival_at,
            self.actual_arrival_at,
        )


class OfflineClaimQuerySet(ScopedQuerySet):
    """Claims are seen by whoever sees the department of that day, and by the person."""

    person_lookup = "employee"

    def open(self) -> Self:
        """Claims of which no punch has been made and none has been given up."""
        return self.filter(state__in=OfflineClaim.OPEN)


class OfflineClaim(models.Model):
    """A punch that somebody declared beforehand, by a flight, and proves afterwards."""

    class Leg(models.TextChoices):
        DEPARTURE = "departure", _("Departure")
        ARRIVAL = "arrival", _("Arrival")

    class State(models.TextChoices):
        DECLARED = "declared", _("Declared")
        PROVEN = "proven", _("Proven, waits for the flight")
        PUNCHED = "punched", _("Became a punch")
        LAPSED = "lapsed", _("Lapsed without a proof")
        CANCELLED = "cancelled", _("Cancelled")

    OPEN = (State.DECLARED, State.PROVEN, State.LAPSED)

    employee = models.ForeignKey(
        Employee, models.PROTECT, related_name="offline_claims", verbose_name=_("employee")
    )
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="+", verbose_name=_("department that day")
    )
    flight_number = models.CharField(_("flight number"), max_length=8)
    departs_on = models.DateField(_("date of departure"))
    leg = models.CharField(_("hangs on"), max_length=9, choices=Leg.choices)
    claimed_at = models.DateTimeField(_("declared punch"))
    zone = models.CharField(_("zone"), max_length=64)
    declared_at = models.DateTimeField(_("declared"))
    state = models.CharField(
        _("state"), max_length=9, choices=State.choices, default=State.DECLARED
    )
    due_at = models.DateTimeField(
        _("boarding pass due"), null=True, blank=True, help_text=_("Known once the flight arrived.")
    )
    reminded_at = models.DateTimeField(_("reminded"), null=True, blank=True)
    proven_at = models.DateTimeField(_("boarding pass handed in"), null=True, blank=True)
    proof = SealedField(
        _("boarding pass"),
        purpose="boarding pass",
        bound_to=("employee_id", "declared_at"),
        null=True,
        blank=True,
    )
    punch = models.OneToOneField(
        Punch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="offline_claim",
        verbose_name=_("punch"),
    )

    objects = OfflineClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("offline claim")
        verbose_name_plural = _("offline claims")
        ordering = ["-claimed_at"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="claim_is_declared_before_the_fact",
                condition=Q(declared_at__lte=F("claimed_at")),
                violation_error_message=_("A punch is declared before it is made, not after."),
            ),
            models.UniqueConstraint(
                fields=["employee", "claimed_at"],
                condition=~Q(state="cancelled"),
                name="one_claim_per_person_and_moment",
                violation_error_message=_("You have declared this punch already."),
            ),
            models.CheckConstraint(
                name="claim_is_punched_with_a_punch",
                condition=Q(state="punched", punch__isnull=False)
                | (~Q(state="punched") & Q(punch__isnull=True)),
            ),
        ]
        indexes = [
            # The bell's queue.
            models.Index(
                fields=["claimed_at"],
                name="offline_claim_waiting",
                condition=Q(state__in=("declared", "proven")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employee} {self.flight_number} {self.departs_on}"
