"""What employees are told and choose: notices, consent, automatic punches."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organization.access import ScopedQuerySet
from organization.models import Employee


class Purpose(models.TextChoices):
    """What somebody is asked for. Each has a notice and a consent of its own."""

    LOCATION = "location", _("Position with a punch")
    REPORTS = "reports", _("Position while on duty in the field")


class Notice(models.Model):
    """What employees read before they agree: a version per purpose, a row per language.

    A published version is never edited; a new one asks everybody again.
    """

    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose.choices)
    version = models.PositiveIntegerField(_("version"))
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    title = models.CharField(_("title"), max_length=200)
    text = models.TextField(_("text"))
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("published by"),
    )

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["purpose", "-version", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "version", "language"],
                name="one_notice_per_version_and_language",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.version} ({self.language})"


class ConsentQuerySet(ScopedQuerySet):
    """Consents are seen by whoever sees the person."""

    department_lookup = "employee__department"
    person_lookup = "employee"


class Consent(models.Model):
    """Somebody agreed to a version of a notice, in the language they read, until they did not."""

    employee = models.ForeignKey(
        Employee, models.PROTECT, related_name="consents", verbose_name=_("employee")
    )
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose.choices)
    version = models.PositiveIntegerField(_("version"))
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    given_at = models.DateTimeField(_("given"))
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-given_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "purpose"],
                condition=Q(withdrawn_at__isnull=True),
                name="one_consent_in_force_per_purpose",
            ),
            models.CheckConstraint(
                name="consent_is_withdrawn_after_it_was_given",
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("given_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employee} {self.get_purpose_display()} {self.version}"


class AutoPunch(models.Model):
    """Whether somebody punches by itself on the company's Wi-Fi. Off until they switch it on."""

    employee = models.OneToOneField(
        Employee, models.CASCADE, related_name="auto_punch", verbose_name=_("employee")
    )
    is_on = models.BooleanField(_("punch by itself on company Wi-Fi"), default=False)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("automatic punch")
        verbose_name_plural = _("automatic punches")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.employee}: {self.is_on}"
