"""Who works what on which date, and the sheets it came from."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organization.access import DatedQuerySet
from organization.models import Department, Employee
from scheduling.models.shifts import SharedQuerySet, Shift


class RosterUpload(models.Model):
    """A sheet on its way in, kept whole: nothing is lost between upload and confirmation."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        RUNNING = "running", _("Being written")
        CONFIRMED = "confirmed", _("Confirmed")
        DISCARDED = "discarded", _("Discarded")
        FAILED = "failed", _("Failed")

    file_name = models.CharField(_("file"), max_length=255)
    content = models.BinaryField(_("content"))
    sha256 = models.CharField(max_length=64)
    choices = models.JSONField(
        _("choices"),
        default=dict,
        blank=True,
        help_text=_("Month, code and name mappings chosen on the way."),
    )
    state = models.CharField(
        _("state"), max_length=12, choices=State.choices, default=State.UPLOADED
    )
    progress = models.PositiveIntegerField(_("cells written"), default=0)
    total = models.PositiveIntegerField(_("cells to write"), default=0)
    problem = models.TextField(_("problem"), blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("uploaded by"),
    )
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    class Meta:
        verbose_name = _("roster upload")
        verbose_name_plural = _("roster uploads")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.file_name


class RosterBatch(models.Model):
    """One confirmed import. It can be undone as a whole."""

    upload = models.OneToOneField(
        RosterUpload,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="batch",
        verbose_name=_("upload"),
    )
    title = models.CharField(_("title"), max_length=255)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    new_count = models.PositiveIntegerField(_("new"), default=0)
    changed_count = models.PositiveIntegerField(_("changed"), default=0)
    cleared_count = models.PositiveIntegerField(_("cleared"), default=0)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )
    confirmed_at = models.DateTimeField(_("confirmed"))
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("undone by"),
    )
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    class Meta:
        verbose_name = _("roster batch")
        verbose_name_plural = _("roster batches")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="roster_batch_ends_after_it_starts",
                condition=Q(ends_on__gte=F("starts_on")),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class RosterEntryQuerySet(DatedQuerySet):
    """Entries belong to the department of their work date."""


class RosterEntry(models.Model):
    """This employee, this work date, this shift; without a shift: rest."""

    employee = models.ForeignKey(
        Employee, models.CASCADE, related_name="roster", verbose_name=_("employee")
    )
    work_date = models.DateField(_("work date"))
    shift = models.ForeignKey(
        Shift,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="roster_entries",
        verbose_name=_("shift"),
        help_text=_("Empty: rest."),
    )
    batch = models.ForeignKey(
        RosterBatch,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="entries",
        verbose_name=_("batch"),
        # Says where the entry came from, nothing hangs on it: not worth seconds of a large import.
        db_constraint=False,
        db_index=False,
    )

    objects = RosterEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("roster entry")
        verbose_name_plural = _("roster entries")
        ordering = ["employee", "work_date"]
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "work_date"],
                name="one_roster_entry_per_work_date",
                violation_error_message=_("This person already has an entry on that date."),
            ),
        ]
        indexes = [
            # The console's list, newest dates first.
            models.Index(fields=["work_date", "employee"], name="roster_by_date"),
        ]

    def __str__(self) -> str:
        return f"{self.employee} {self.work_date} {self.shift or _('rest')}"


class RosterChange(models.Model):
    """What a batch found and what it left, cell by cell: the way back."""

    # A journal, read by its batch alone. Each constraint and index would cost a large import
    # seconds: the rows were checked as roster entries a moment before.
    batch = models.ForeignKey(
        RosterBatch, models.CASCADE, related_name="changes", db_constraint=False
    )
    employee = models.ForeignKey(
        Employee, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    work_date = models.DateField()
    had_entry = models.BooleanField()
    shift_before = models.ForeignKey(
        Shift, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    has_entry = models.BooleanField()
    shift_after = models.ForeignKey(
        Shift, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = _("roster change")
        verbose_name_plural = _("roster changes")

    def __str__(self) -> str:
        return f"{self.employee_id} {self.work_date}"


class ShiftCode(models.Model):
    """What a code in somebody's sheets means: mapped once, then remembered."""

    code = models.CharField(_("code"), max_length=40)
    department = models.ForeignKey(
        Department,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("department"),
        help_text=_("Whose sheets; empty: everybody's."),
    )
    shift = models.ForeignKey(
        Shift,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="codes",
        verbose_name=_("shift"),
        help_text=_("Empty: rest."),
    )

    objects = SharedQuerySet.as_manager()

    class Meta:
        verbose_name = _("shift code")
        verbose_name_plural = _("shift codes")
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "department"],
                name="one_meaning_per_code_and_department",
            ),
            models.UniqueConstraint(
                fields=["code"],
                condition=Q(department__isnull=True),
                name="one_shared_meaning_per_code",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} = {self.shift or _('rest')}"
