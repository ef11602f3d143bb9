"""What must be kept, and the proof of what was not: legal holds, and the runs of retention."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organization.access import Action, ScopedQuerySet, granted_paths, within


class LegalHoldQuerySet(ScopedQuerySet):
    """A hold on a person is there where the person is today, another one at its department."""

    def visible_to(
        self, user: Any | AnonymousUser, action: Action = Action.SEE
    ) -> LegalHoldQuerySet:
        """Return the holds on which `user` may do `action`; nobody sees that they are held."""
        paths = granted_paths(user, action)
        if paths is None:
            return self
        return self.filter(
            within(paths, "department__path") | within(paths, "employee__department__path")
        )

    def in_force(self) -> LegalHoldQuerySet:
        """Return the holds that nobody has lifted."""
        return self.filter(lifted_at=None)

    def on_departments(self) -> LegalHoldQuerySet:
        """Return the holds on departments, with these."""
        return self.filter(department__isnull=False).select_related("department")


class LegalHold(models.Model):
    """Nothing of this person, or of this department's people, is deleted until it is lifted."""

    employee = models.ForeignKey(
        "organization.Employee",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="holds",
        verbose_name=_("employee"),
    )
    department = models.ForeignKey(
        "organization.Department",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="holds",
        verbose_name=_("department"),
        help_text=_("With all below it."),
    )
    reason = models.CharField(_("reason"), max_length=200)
    since = models.DateTimeField(_("since"))
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("placed by"),
    )
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("lifted by"),
    )

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="hold_is_on_a_person_or_a_department",
                condition=Q(employee=None, department__isnull=False)
                | Q(employee__isnull=False, department=None),
                violation_error_message=_("Choose a person or a department, and not both."),
            ),
            models.CheckConstraint(
                name="hold_is_lifted_after_it_is_placed",
                condition=Q(lifted_at=None) | Q(lifted_at__gte=F("since")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employee or self.department}: {self.reason}"


class HeldPerson(models.Model):
    """Somebody whom a hold on a department keeps, wherever they and the department go since.

    The tree and the transfers can be edited; whom a hold keeps may not be edited with them.
    """

    hold = models.ForeignKey(LegalHold, models.CASCADE, related_name="people")
    employee = models.ForeignKey("organization.Employee", models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("held person")
        verbose_name_plural = _("held people")
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["hold", "employee"], name="one_line_per_hold_and_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hold}: {self.employee}"


class RetentionRun(models.Model):
    """One round of deleting what is past its date. Without an end: it was stopped, or goes on."""

    began_at = models.DateTimeField(_("began"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("retention run")
        verbose_name_plural = _("retention runs")
        ordering = ["-pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M}"


class RetentionTally(models.Model):
    """What a run did in one class of data; written with each chunk, in the same transaction."""

    run = models.ForeignKey(RetentionRun, models.PROTECT, related_name="tallies")
    kept_class = models.CharField(_("class"), max_length=40)
    cutoff = models.DateTimeField(_("cut-off"), help_text=_("What is older goes, or waits to go."))
    deleted = models.PositiveIntegerField(_("deleted"), default=0)
    digest = models.CharField(
        _("digest of the deleted keys"),
        max_length=64,
        blank=True,
        help_text=_("SHA-256, chained over the chunks."),
    )
    held_back = models.PositiveIntegerField(_("held back by legal holds"), default=0)
    waiting = models.PositiveIntegerField(
        _("past their date and still there"),
        default=0,
        help_text=_("Facts that only the owner deletes, by a command of its own."),
    )
    oldest_left = models.DateTimeField(_("oldest left"), null=True, blank=True)

    class Meta:
        verbose_name = _("retention tally")
        verbose_name_plural = _("retention tallies")
        ordering = ["pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["run", "kept_class"], name="one_tally_per_run_and_class"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.kept_class}"
