"""Screens on a wall that show a code which changes, and sheets with one that does not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from organization.access import ScopedQuerySet
from organization.models import Department
from organization.sealed_fields import SealedField

SILENT_AFTER: Final = timedelta(minutes=2)


class QrScreenQuerySet(ScopedQuerySet):
    """Screens belong to the department where they hang."""

    def in_use(self) -> Self:
        """Screens whose codes still count."""
        return self.filter(revoked_at=None)


class QrScreen(models.Model):
    """A screen that shows codes, or a printed sheet. `key` and `secret` are in each of its codes.

    One browser shows it: that which typed the code of the pairing. Of both only digests are kept.
    The secret is in no answer and no log.
    """

    class Kind(models.TextChoices):
        DYNAMIC = "dynamic", _("A screen, whose code changes")
        PRINTED = "printed", _("A printed sheet, whose code stays")

    class State(models.TextChoices):
        """What a list says of a screen; worked out, not stored."""

        SHOWN = "shown", _("Shown")
        SILENT = "silent", _("Silent")
        AWAITED = "awaited", _("Waits for its browser")
        UNPAIRED = "unpaired", _("Not paired")
        PRINTED = "printed", _("Printed")
        REVOKED = "revoked", _("Revoked")

    name = models.CharField(
        _("name"), max_length=100, help_text=_("Where it hangs, such as Head office, entrance.")
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        related_name="screens",
        verbose_name=_("department"),
        help_text=_("Its codes count for everybody in the same business unit."),
    )
    key = models.SlugField(_("key in its codes"), max_length=32, unique=True, editable=False)
    secret = SealedField(purpose="secret of a screen", bound_to=("key",))
    kind = models.CharField(
        _("kind"),
        max_length=8,
        choices=Kind.choices,
        default=Kind.DYNAMIC,
        help_text=_(
            "A printed code is the weaker one: whoever has a picture of it has it for ever. It "
            "counts only beside a position or a known access point."
        ),
    )
    step_seconds = models.PositiveSmallIntegerField(
        _("seconds to a code"),
        default=15,
        help_text=_(
            "15 to 30. A code counts for 30 seconds from when it is first shown: with 15 "
            "there is always time to scan it."
        ),
    )
    latitude = models.FloatField(
        _("latitude"),
        null=True,
        blank=True,
        help_text=_(
            "Where it hangs, in degrees of WGS-84, as GPS says. With a place, whoever scans the "
            "code far from it is held."
        ),
    )
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    radius_metres = models.PositiveSmallIntegerField(
        _("radius in metres"), null=True, blank=True, help_text=_("50 to 5000.")
    )
    added_at = models.DateTimeField(_("added"), editable=False)
    paired_at = models.DateTimeField(_("paired"), null=True, blank=True, editable=False)
    token_digest = models.CharField(max_length=64, blank=True, editable=False)
    # What of the code of a pairing finds it again; the rest of the code proves it.
    pairing_name = models.CharField(max_length=3, blank=True, editable=False)
    pairing_digest = models.CharField(max_length=64, blank=True, editable=False)
    pairing_until = models.DateTimeField(null=True, blank=True, editable=False)
    pairing_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    last_seen_at = models.DateTimeField(_("last seen"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    PAIRING = ("pairing_name", "pairing_digest", "pairing_until", "pairing_tries")

    objects = QrScreenQuerySet.as_manager()

    class Meta:
        verbose_name = _("QR screen")
        verbose_name_plural = _("QR screens")
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="screen_step_is_15_to_30_seconds",
                condition=Q(step_seconds__gte=15, step_seconds__lte=30),
                violation_error_message=_("A code is shown for 15 to 30 seconds."),
            ),
            models.CheckConstraint(
                name="screen_place_is_whole_or_none",
                condition=Q(latitude=None, longitude=None, radius_metres=None)
                | Q(latitude__isnull=False, longitude__isnull=False, radius_metres__isnull=False),
                violation_error_message=_("A place is a latitude, a longitude and a radius."),
            ),
            models.CheckConstraint(
                name="screen_place_lies_on_earth",
                condition=Q(latitude=None)
                | Q(latitude__gte=-90, latitude__lte=90, longitude__gte=-180, longitude__lte=180),
                violation_error_message=_(
                    "A latitude lies between -90 and 90, a longitude between -180 and 180."
                ),
            ),
            models.CheckConstraint(
                name="screen_radius_is_50_to_5000_metres",
                condition=Q(radius_metres=None) | Q(radius_metres__gte=50, radius_metres__lte=5000),
                violation_error_message=_("A radius is 50 to 5000 metres."),
            ),
            models.CheckConstraint(
                name="printed_screen_has_no_browser",
                condition=Q(kind="dynamic") | Q(token_digest="", pairing_digest=""),
            ),
            models.UniqueConstraint(
                fields=["token_digest"],
                condition=~Q(token_digest=""),
                name="one_screen_per_browser",
            ),
            models.UniqueConstraint(
                fields=["pairing_name"],
                condition=~Q(pairing_name=""),
                name="one_screen_per_pairing",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_printed(self) -> bool:
        """Whether it is a sheet of paper."""
        return self.kind == self.Kind.PRINTED

    @property
    def is_paired(self) -> bool:
        """Whether a browser may show it."""
        return bool(self.token_digest) and self.revoked_at is None

    def forget_pairing(self) -> None:
        """Let no code bind a browser any more; PAIRING names what must be saved."""
        self.pairing_name = self.pairing_digest = ""
        self.pairing_until, self.pairing_tries = None, 0

    def is_awaited(self, now: datetime) -> bool:
        """Say whether a code of a pairing can be typed now."""
        return self.pairing_until is not None and now < self.pairing_until

    def state(self, now: datetime) -> State:
        """Return in one word how the screen stands."""
        if self.revoked_at is not None:
            return self.State.REVOKED
        if self.is_printed:
            return self.State.PRINTED
        if self.is_awaited(now):
            return self.State.AWAITED
        if not self.is_paired:
            return self.State.UNPAIRED
        is_heard = self.last_seen_at is not None and now - self.last_seen_at <= SILENT_AFTER
        return self.State.SHOWN if is_heard else self.State.SILENT
