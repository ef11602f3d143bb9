"""Punches, and what stands beside them. A punch is added, never changed."""

from __future__ import annotations

from typing import Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from devices.models import Terminal
from organization.access import DatedQuerySet, ScopedQuerySet
from organization.models import Department, Employee
from organization.sealed_fields import SealedField


class PunchQuerySet(ScopedQuerySet):
    """Punches are seen by whoever sees the department that the person belonged to that day."""

    person_lookup = "employee"

    def refused(self) -> Self:
        """Return those that do not count because somebody refused them."""
        # Few punches have a verdict, and an index knows them.
        ever = PunchDecision.objects.filter(verdict=PunchDecision.Verdict.REFUSED)
        return self.filter(pk__in=ever.values("punch")).filter(_is_refused())

    def not_refused(self) -> Self:
        """Return those that count, or may yet."""
        return self.exclude(_is_refused())

    def with_verdict(self) -> Self:
        """Return them with `last_verdict`: the decision that counts, empty where nobody decided."""
        return self.annotate(last_verdict=_last_verdict())


def _last_verdict() -> Coalesce:
    decisions = PunchDecision.objects.filter(punch=OuterRef("pk")).order_by("-pk")
    return Coalesce(Subquery(decisions.values("verdict")[:1]), Value(""))


def _is_refused() -> Q:
    return Q(Exact(_last_verdict(), Value(PunchDecision.Verdict.REFUSED.value)))


class Punch(models.Model):
    """A fact: this employee was seen at this moment. Added, never changed.

    The database refuses UPDATE and DELETE. `natural_key` says what makes the fact the same
    fact when it is reported again.
    """

    class Method(models.TextChoices):
        LOCATION = "location", _("Location")
        WIFI = "wifi", _("Wi-Fi")
        QR = "qr", _("QR code")
        FACE = "face", _("Face")
        FINGERPRINT = "fingerprint", _("Fingerprint")
        CARD = "card", _("Card")
        PASSWORD = "password", _("PIN or password")
        TERMINAL = "terminal", _("Terminal")
        MANUAL = "manual", _("Entered by hand")
        OFFLINE = "offline", _("Declared by a flight")

    class Source(models.TextChoices):
        API = "api", _("API")
        TERMINAL = "terminal", _("Terminal")
        USB_LOG = "usb_log", _("Terminal log file")
        PHONE = "phone", _("Phone")
        WIFI = "wifi", _("Wi-Fi by itself")
        CLAIM = "claim", _("Offline claim")
        DEMO = "demo", _("Demo company")

    class Direction(models.TextChoices):
        IN = "in", _("In")
        OUT = "out", _("Out")

    employee = models.ForeignKey(
        Employee, models.PROTECT, related_name="punches", verbose_name=_("employee")
    )
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="+", verbose_name=_("department that day")
    )
    punched_at = models.DateTimeField(_("punched"))
    received_at = models.DateTimeField(_("received"))
    zone = models.CharField(
        _("zone"), max_length=64, help_text=_("The site's time zone, which decides the wall time.")
    )
    method = models.CharField(_("method"), max_length=12, choices=Method.choices)
    source = models.CharField(_("source"), max_length=10, choices=Source.choices)
    direction = models.CharField(
        _("direction"), max_length=3, choices=Direction.choices, blank=True
    )
    terminal = models.ForeignKey(
        Terminal,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="punches",
        verbose_name=_("terminal"),
    )
    is_held = models.BooleanField(
        _("held"), default=False, help_text=_("Kept, but counts only once somebody accepts it.")
    )
    natural_key = models.CharField(_("natural key"), max_length=160, unique=True)

    objects = PunchQuerySet.as_manager()

    class Meta:
        verbose_name = _("punch")
        verbose_name_plural = _("punches")
        ordering = ["-punched_at"]
        default_permissions = ("view",)
        indexes = [
            # One person's day, and the judging of a chunk of people.
            models.Index(fields=["employee", "punched_at"], name="punch_by_person_and_moment"),
        ]

    def __str__(self) -> str:
        at = self.punched_at.astimezone(ZoneInfo(self.zone))
        return f"{self.employee} {at:%Y-%m-%d %H:%M:%S}"


class PunchEvidence(models.Model):
    """What proved a punch, one row a kind: erasable, in a table of its own, encrypted.

    Each kind is kept as long as it is needed and no longer, so each has its own date.
    """

    class Kind(models.TextChoices):
        POSITION = "position", _("Position")
        NETWORK = "network", _("Wi-Fi access point")
        PHOTO = "photo", _("Photo")
        INTEGRITY = "integrity", _("State of the phone")
        ADDRESS = "address", _("Typed address")

    punch = models.ForeignKey(
        Punch, models.CASCADE, related_name="evidence", verbose_name=_("punch")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    sealed = SealedField(
        _("encrypted content"), purpose="punch evidence", bound_to=("punch_id", "kind")
    )
    # Keyed: whoever reads the table cannot try photos out until one fits.
    digest = models.CharField(_("digest"), max_length=64, blank=True)
    kept_at = models.DateTimeField(_("kept since"), db_index=True)
    keep_until = models.DateField(_("keep until"), db_index=True)

    class Meta:
        verbose_name = _("punch evidence")
        verbose_name_plural = _("punch evidence")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["punch", "kind"], name="one_evidence_per_punch_and_kind"
            ),
        ]
        indexes = [
            # "Has somebody else shown this photo?"
            models.Index(
                fields=["digest"], name="punch_evidence_by_digest", condition=~Q(digest="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.punch_id} {self.get_kind_display()}"


class PunchDecision(models.Model):
    """A punch was accepted or refused, as a rule a held one. The latest counts; all are kept."""

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused")

    punch = models.ForeignKey(Punch, models.PROTECT, related_name="decisions")
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict.choices)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"))

    class Meta:
        verbose_name = _("punch decision")
        verbose_name_plural = _("punch decisions")
        ordering = ["pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.punch_id}: {self.get_verdict_display()}"


class CorrectionQuerySet(DatedQuerySet):
    """Corrections belong to the department of their work date."""


class Correction(models.Model):
    """A decided moment that stands in for a slot's punches. It never touches a punch.

    `slot` is the engine's name: in, out, or in1, out1, in2 … of a shift with several segments.
    """

    employee = models.ForeignKey(
        Employee, models.PROTECT, related_name="corrections", verbose_name=_("employee")
    )
    work_date = models.DateField(_("work date"))
    slot = models.CharField(_("slot"), max_length=8)
    corrected_at = models.DateTimeField(_("counts as punched"))
    reason = models.CharField(_("reason"), max_length=200)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("revoked by"),
    )

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "work_date", "slot"],
                condition=Q(revoked_at__isnull=True),
                name="one_correction_in_force_per_slot",
                violation_error_message=_("This slot has been corrected already."),
            ),
        ]

    def __str__(self) -> str:
        from attendance.wording import slot_label

        return f"{self.employee} {self.work_date} {slot_label(self.slot)}"


class IdempotentAnswer(models.Model):
    """What a request with an Idempotency-Key was answered, so that a retry hears the same."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("idempotent answer")
        verbose_name_plural = _("idempotent answers")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_idempotency_key"),
        ]

    def __str__(self) -> str:
        return self.key
