"""What opens a log-in besides its password. None of it can be used by whoever reads the table."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organization.sealed_fields import SealedField


class ApiToken(models.Model):
    """A key by which a program comes in as a log-in. The key itself is told once and not kept."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="api_tokens",
        verbose_name=_("log-in"),
    )
    name = models.CharField(
        _("name"), max_length=100, help_text=_("Which program uses it, and where.")
    )
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    prefix = models.CharField(_("begins with"), max_length=12, editable=False)
    created_at = models.DateTimeField(_("issued"), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("issued by"),
    )
    expires_at = models.DateTimeField(
        _("expires"), null=True, blank=True, help_text=_("Empty: it does not expire.")
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="api_token_expires_after_it_was_issued",
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("created_at")),
                violation_error_message=_("A token cannot expire before it is issued."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def is_valid(self, now: datetime) -> bool:
        """Say whether the token opens anything at `now`; the log-in must be switched on as well."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class SecondFactor(models.Model):
    """The second step of a log-in: a secret shared with the person's phone, which shows codes.

    The secret is sealed (organization/sealed_fields.py), so the table alone makes no codes.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="second_factor",
        verbose_name=_("log-in"),
    )
    sealed_secret = SealedField(
        _("secret, sealed"), purpose="second factor", bound_to=("user_id",), editable=False
    )
    confirmed_at = models.DateTimeField(_("in use since"), null=True, blank=True)
    # A code opens once: only a later step than this one is taken.
    last_step = models.BigIntegerField(_("last step used"), default=0, editable=False)
    failed_count = models.PositiveIntegerField(_("wrong codes in a row"), default=0)
    failed_at = models.DateTimeField(_("last wrong code"), null=True, blank=True)

    class Meta:
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")

    def __str__(self) -> str:
        return str(self.user)


class RecoveryCode(models.Model):
    """Opens once where the phone is lost. Kept as its digest: it is as random as a token."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="recovery_codes",
        verbose_name=_("log-in"),
    )
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    used_at = models.DateTimeField(_("used"), null=True, blank=True)

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")

    def __str__(self) -> str:
        return str(self.user)


class OpenSession(AbstractBaseSession):
    """A browser that is logged in, or about to be. `session_key` is a digest of the cookie.

    Its own table, and not Django's, so that the sessions of one log-in can be found and ended.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        related_name="open_sessions",
        verbose_name=_("log-in"),
    )
    session_key = models.CharField(_("digest of the cookie"), max_length=64, primary_key=True)
    began_at = models.DateTimeField(_("logged in"), null=True, blank=True)
    seen_at = models.DateTimeField(_("last seen"))
    address = models.CharField(_("address"), max_length=45, blank=True)
    browser = models.CharField(_("browser"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.user} {self.seen_at:%Y-%m-%d %H:%M}"
