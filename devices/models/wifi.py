"""Access points, the controllers that tell who joined them, and whose phone an address is."""

from __future__ import annotations

import secrets
from ipaddress import ip_network
from typing import Any, Final, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from devices.bssid import bssid_problem, normalise_bssid
from organization.access import ScopedQuerySet
from organization.models import Department, Employee
from organization.sealed_fields import SealedField

NOBODY: Final = "00:00:00:00:00:00"

BSSID_PROBLEMS: Final = {
    "bssid_invalid": _("This is no address; write one like 8c:a6:df:c8:f7:4b."),
    "bssid_placeholder": _("Phones say this address when they may not tell; it is nobody's."),
    "bssid_multicast": _("This is an address to many, not one of an access point."),
    "bssid_local": _(
        "Somebody has chosen this address (the second digit is 2, 6, A or E); it proves nothing. "
        "Configure the access point to use its own."
    ),
}


class HasBssidForm(Func):
    """Small letters, colons, and a first octet neither sent to many nor chosen by somebody.

    SQLite knows regular expressions only where Django lends them: with Django's own lookup in a
    constraint, no other program could open the file, not even to back it up.
    """

    output_field = models.BooleanField()
    template = "(%(expressions)s ~ '^[0-9a-f][048c](:[0-9a-f]{2}){5}$')"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Spell the same form for SQLite."""
        digit = "[0-9a-f]"
        form = f"{digit}[048c]" + f":{digit}{digit}" * 5
        template = f"(%(expressions)s GLOB '{form}')"
        return self.as_sql(compiler, connection, template=template, **context)


class AccessPointQuerySet(ScopedQuerySet):
    """Access points belong to the department where they hang."""


class AccessPoint(models.Model):
    """A radio of the company's Wi-Fi, known by its address (BSSID)."""

    department = models.ForeignKey(
        Department, models.PROTECT, related_name="access_points", verbose_name=_("department")
    )
    name = models.CharField(_("name"), max_length=100)
    bssid = models.CharField(
        _("address (BSSID)"),
        max_length=17,
        help_text=_("Of the radio, such as 8c:a6:df:c8:f7:4b. One access point has several."),
    )
    ssid = models.CharField(
        _("network (SSID)"),
        max_length=32,
        blank=True,
        help_text=_("Empty: whatever name a phone says beside this address is right."),
    )
    latitude = models.FloatField(
        _("latitude"),
        null=True,
        blank=True,
        validators=[MinValueValidator(-90), MaxValueValidator(90)],
        help_text=_(
            "Where it stands, in degrees (WGS-84). With a place, a phone that says it is far away "
            "is held."
        ),
    )
    longitude = models.FloatField(
        _("longitude"),
        null=True,
        blank=True,
        validators=[MinValueValidator(-180), MaxValueValidator(180)],
    )
    radius_metres = models.PositiveIntegerField(
        _("radius in metres"),
        null=True,
        blank=True,
        validators=[MinValueValidator(50), MaxValueValidator(5000)],
        help_text=_("How far it can be heard, at most: 50 to 5000."),
    )
    is_active = models.BooleanField(_("in use"), default=True)

    objects = AccessPointQuerySet.as_manager()

    class Meta:
        verbose_name = _("access point")
        verbose_name_plural = _("access points")
        ordering = ["name", "bssid"]
        constraints = [
            models.UniqueConstraint(
                fields=["bssid"],
                name="one_access_point_per_bssid",
                violation_error_message=_("Another access point has this address."),
            ),
            models.CheckConstraint(
                condition=Q(HasBssidForm("bssid")) & ~Q(bssid=NOBODY),
                name="bssid_of_an_access_point",
                violation_error_message=BSSID_PROBLEMS["bssid_invalid"],
            ),
            models.CheckConstraint(
                condition=Q(latitude=None, longitude=None, radius_metres=None)
                # What is compared with nothing is neither true nor false, and would pass.
                | Q(
                    latitude__isnull=False,
                    longitude__isnull=False,
                    radius_metres__isnull=False,
                    latitude__range=(-90, 90),
                    longitude__range=(-180, 180),
                    radius_metres__range=(50, 5000),
                ),
                name="access_point_has_a_whole_place_or_none",
                violation_error_message=_("Give latitude, longitude and radius, or none of them."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.bssid})"

    def clean_fields(self, exclude: Any = None) -> None:
        """Bring the address into its one spelling; refuse those that prove nothing."""
        problem = bssid_problem(self.bssid)
        if problem is None:
            self.bssid = normalise_bssid(self.bssid) or ""
        super().clean_fields(exclude)
        if problem is not None and self.bssid and "bssid" not in (exclude or ()):
            raise ValidationError({"bssid": ValidationError(BSSID_PROBLEMS[problem], code=problem)})


def new_key() -> str:
    """Return a word of its own for a row, to which what is sealed in it is bound."""
    return secrets.token_hex(16)


def validate_network(text: str) -> None:
    """Refuse what is neither an address nor a network, and networks of half the world."""
    try:
        network = ip_network(text)
    except ValueError as odd:
        raise ValidationError(
            _("Write an address such as 10.1.0.5, or a network such as 10.1.0.0/24."),
            code="network_invalid",
        ) from odd
    if network.prefixlen < (8 if network.version == 4 else 32):
        raise ValidationError(
            _("This network is too large; name the one from which the controller sends."),
            code="network_too_large",
        )


class WifiControllerQuerySet(ScopedQuerySet):
    """Controllers belong to the department, or business unit, that they serve."""


class WifiController(models.Model):
    """What tells who joined which access point: a Wi-Fi controller that accounts by RADIUS."""

    department = models.ForeignKey(
        Department,
        models.PROTECT,
        related_name="wifi_controllers",
        verbose_name=_("department"),
        help_text=_("It speaks for access points and people of this department's business unit."),
    )
    name = models.CharField(_("name"), max_length=100, unique=True)
    network = models.CharField(
        _("sends from"),
        max_length=43,
        validators=[validate_network],
        help_text=_("Its address, such as 10.1.0.5, or the network it sends from: 10.1.0.0/24."),
    )
    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    sealed_secret = SealedField(
        _("shared secret, sealed"),
        purpose="secret of a wi-fi controller",
        bound_to=("key",),
        editable=False,
    )
    is_active = models.BooleanField(_("in use"), default=True)
    last_seen_at = models.DateTimeField(_("last heard"), null=True, blank=True, editable=False)
    unknown_bssid = models.CharField(
        _("last unknown address"),
        max_length=17,
        blank=True,
        editable=False,
        help_text=_("Of an access point that it named, and that is in no list."),
    )
    unknown_at = models.DateTimeField(_("named"), null=True, blank=True, editable=False)

    objects = WifiControllerQuerySet.as_manager()

    class Meta:
        verbose_name = _("Wi-Fi controller")
        verbose_name_plural = _("Wi-Fi controllers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class WifiJoinQuerySet(ScopedQuerySet):
    """Joins are seen by whoever sees the controller."""

    department_lookup = "controller__department"

    def waiting(self) -> Self:
        """Joins that attendance has not looked at, and leavings that may yet be taken back."""
        return self.filter(state=WifiJoin.State.WAITING)


class WifiJoin(models.Model):
    """That a phone joined an access point of the company, or left it, as its controller said it.

    `said` holds whose phone and which access point, sealed; it never changes, and is emptied as
    soon as the join is found to be no punch. `key` makes a repeat the same row.
    """

    class Kind(models.TextChoices):
        START = "start", _("Joined the Wi-Fi")
        STOP = "stop", _("Left the Wi-Fi")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        TAKEN = "taken", _("Became a punch")
        IGNORED = "ignored", _("Ignored")

    controller = models.ForeignKey(
        WifiController, models.PROTECT, related_name="joins", verbose_name=_("Wi-Fi controller")
    )
    key = models.CharField(max_length=64, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    happened_at = models.DateTimeField(_("happened"))
    received_at = models.DateTimeField(_("received"))
    said = SealedField(
        _("said, sealed"),
        purpose="what a wi-fi controller said",
        bound_to=("controller_id", "key"),
        null=True,
        editable=False,
    )
    state = models.CharField(
        _("state"), max_length=16, choices=State.choices, default=State.WAITING
    )
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    employee = models.ForeignKey(
        Employee,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="wifi_joins",
        verbose_name=_("employee"),
        help_text=_("Only of a join that became a punch."),
    )

    objects = WifiJoinQuerySet.as_manager()

    class Meta:
        verbose_name = _("Wi-Fi join")
        verbose_name_plural = _("Wi-Fi joins")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["controller", "key"], name="one_join_per_controller_and_event"
            ),
            models.CheckConstraint(
                condition=~Q(state="ignored") | Q(said=None, employee=None),
                name="an_ignored_join_says_of_nobody",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="wifi_join_waiting", condition=Q(state="waiting")),
            models.Index(fields=["received_at"], name="wifi_join_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.controller_id}:{self.key[:8]}"


class PhoneAddressQuerySet(ScopedQuerySet):
    """Addresses are seen by whoever sees the person."""

    department_lookup = "employee__department"
    person_lookup = "employee"


class PhoneAddress(models.Model):
    """By which address (MAC) a person's phone joins the Wi-Fi. Sealed; found by its digest.

    One that the person has entered is unconfirmed until somebody else enters the same one.
    """

    employee = models.ForeignKey(
        Employee, models.CASCADE, related_name="phone_addresses", verbose_name=_("employee")
    )
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    sealed_address = SealedField(
        _("address, sealed"),
        purpose="address of a phone",
        bound_to=("employee_id",),
        looked_up_by="digest",
        editable=False,
    )
    added_at = models.DateTimeField(_("added"), editable=False)
    # The database knows it too: a release that does not may still write rows while this one starts.
    is_unconfirmed = models.BooleanField(
        _("entered by the person, not confirmed"), default=False, db_default=False, editable=False
    )

    objects = PhoneAddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("phone address")
        verbose_name_plural = _("phone addresses")
        ordering = ["-added_at", "-pk"]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
