"""Terminals and what they said, as they said it."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from organization.access import ScopedQuerySet
from organization.models import Department, Employee
from organization.validators import validate_timezone


class TerminalQuerySet(ScopedQuerySet):
    """Terminals belong to the department where they hang."""


class Terminal(models.Model):
    """A wall terminal: a clock that tells who touched it when, in its own wall time."""

    class Direction(models.TextChoices):
        NONE = "none", _("Ignore what it says")
        STATED = "stated", _("Believe its in and out keys")
        IN = "in", _("Always in")
        OUT = "out", _("Always out")

    name = models.CharField(_("name"), max_length=100, unique=True)
    serial = models.CharField(_("serial number"), max_length=64, blank=True)
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="terminals", verbose_name=_("department")
    )
    timezone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_timezone],
        help_text=_("Of its wall clock. Empty: as its department."),
    )
    direction = models.CharField(
        _("in or out"),
        max_length=8,
        choices=Direction.choices,
        default=Direction.NONE,
        help_text=_(
            "Most terminals are left on one key all day; believe them only if yours are not."
        ),
    )
    is_active = models.BooleanField(_("in use"), default=True)
    last_seen_at = models.DateTimeField(_("last seen"), null=True, blank=True)

    objects = TerminalQuerySet.as_manager()

    class Meta:
        verbose_name = _("terminal")
        verbose_name_plural = _("terminals")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["serial"],
                condition=~Q(serial=""),
                name="one_terminal_per_serial",
                violation_error_message=_("Another terminal has this serial number."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CredentialQuerySet(ScopedQuerySet):
    """Credentials are seen by whoever sees the person."""

    department_lookup = "employee__department"
    person_lookup = "employee"


class Credential(models.Model):
    """What a terminal calls a person. Without one, a terminal's PIN is the employee number."""

    class Kind(models.TextChoices):
        PIN = "pin", _("PIN at the terminal")
        CARD = "card", _("Card")

    employee = models.ForeignKey(
        Employee, models.CASCADE, related_name="credentials", verbose_name=_("employee")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.PIN)
    value = models.CharField(_("value"), max_length=64)
    terminal = models.ForeignKey(
        Terminal,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="credentials",
        verbose_name=_("terminal"),
        help_text=_("Empty: at every terminal."),
    )

    objects = CredentialQuerySet.as_manager()

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        ordering = ["value"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "value", "terminal"], name="one_person_per_credential_and_terminal"
            ),
            models.UniqueConstraint(
                fields=["kind", "value"],
                condition=Q(terminal__isnull=True),
                name="one_person_per_credential",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value} = {self.employee}"


class TerminalUploadQuerySet(ScopedQuerySet):
    """Uploads are seen by whoever sees the terminal."""

    department_lookup = "terminal__department"


class TerminalUpload(models.Model):
    """A log file carried over by hand, and what became of it."""

    terminal = models.ForeignKey(
        Terminal, models.PROTECT, related_name="uploads", verbose_name=_("terminal")
    )
    file_name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField(max_length=64)
    line_count = models.PositiveIntegerField(_("lines"), default=0)
    new_count = models.PositiveIntegerField(_("new"), default=0)
    repeated_count = models.PositiveIntegerField(_("repeated"), default=0)
    quarantined_count = models.PositiveIntegerField(_("quarantined"), default=0)
    damaged_count = models.PositiveIntegerField(_("damaged"), default=0)
    damage = models.JSONField(
        _("damaged regions"),
        default=list,
        blank=True,
        help_text=_("First and last line of each region that cannot be read."),
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("uploaded by"),
    )
    uploaded_at = models.DateTimeField(_("uploaded"))

    objects = TerminalUploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("log upload")
        verbose_name_plural = _("log uploads")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.file_name


class TerminalLineQuerySet(ScopedQuerySet):
    """Lines are seen by whoever sees the terminal."""

    department_lookup = "terminal__department"

    def waiting(self) -> Self:
        """Lines that nobody has turned into punches yet."""
        return self.filter(state=TerminalLine.State.WAITING)


class TerminalLine(models.Model):
    """One line, raw, as the terminal said it. Its text and key never change; its state does."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        TAKEN = "taken", _("Became a punch")
        UNKNOWN_PERSON = "unknown_person", _("Unknown person")
        QUARANTINED = "quarantined", _("Quarantined")

    terminal = models.ForeignKey(
        Terminal, models.PROTECT, related_name="lines", verbose_name=_("terminal")
    )
    upload = models.ForeignKey(
        TerminalUpload,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="lines",
        verbose_name=_("upload"),
    )
    line_number = models.PositiveIntegerField(_("line"), null=True, blank=True)
    raw = models.TextField(_("as received"))
    pin = models.CharField(_("PIN"), max_length=64)
    wall_time = models.CharField(
        _("wall time"), max_length=32, help_text=_("The text of the terminal, without a zone.")
    )
    zone = models.CharField(_("zone used"), max_length=64)
    verify = models.CharField(_("verified by"), max_length=8, blank=True)
    status = models.CharField(_("key"), max_length=8, blank=True)
    received_at = models.DateTimeField(_("received"))
    state = models.CharField(
        _("state"), max_length=16, choices=State.choices, default=State.WAITING
    )
    problem = models.CharField(_("problem"), max_length=40, blank=True)

    objects = TerminalLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("terminal line")
        verbose_name_plural = _("terminal lines")
        ordering = ["pk"]
        constraints = [
            # Terminals print the same second twice, and files overlap.
            models.UniqueConstraint(
                fields=["terminal", "pin", "wall_time", "verify", "status"],
                name="one_line_per_terminal_pin_and_moment",
            ),
        ]
        indexes = [
            # The bell's queue, and the page of lines that need a person.
            models.Index(fields=["id"], name="terminal_line_waiting", condition=Q(state="waiting")),
            models.Index(
                fields=["pin"],
                name="terminal_line_unknown",
                condition=Q(state="unknown_person"),
            ),
        ]

    def __str__(self) -> str:
        return self.raw
