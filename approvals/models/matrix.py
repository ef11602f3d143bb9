"""The matrix: rows that say who decides which requests of whom."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from approvals import flow, matrix
from approvals.models.requests import Request, Step
from attendance.wording import ANOMALIES
from organization.models import Department, Role
from scheduling.models.shifts import SharedQuerySet


class ApprovalRuleQuerySet(SharedQuerySet):
    """A row is seen by whoever sees somebody under it."""


class ApprovalRule(models.Model):
    """A row of the matrix: for which requests it holds. The narrowest row wins; see matrix.py."""

    name = models.CharField(_("name"), max_length=100)
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="approval_rules",
        verbose_name=_("department"),
        help_text=_("With all below it. Empty: the whole group."),
    )
    kind = models.CharField(
        _("kind"),
        max_length=10,
        choices=Request.Kind.choices,
        blank=True,
        help_text=_("Empty: requests of every kind."),
    )
    from_days = models.DecimalField(
        _("from (days)"),
        max_digits=5,
        decimal_places=1,
        default=0,
        help_text=_("Of leave or a trip. 0: always."),
    )
    from_minutes = models.PositiveIntegerField(
        _("from (minutes)"), default=0, help_text=_("Of overtime or an outing. 0: always.")
    )
    from_count = models.PositiveSmallIntegerField(
        _("from the nth request of the month"),
        default=0,
        help_text=_("3: from the third request of the kind on. 0: always."),
    )
    anomaly = models.CharField(
        _("only for this anomaly"),
        max_length=16,
        choices=[(key.value, words) for key, words in ANOMALIES.items()],
        blank=True,
        help_text=_("Of a held punch or an appeal. Empty: whatever it was."),
    )
    is_active = models.BooleanField(_("in use"), default=True)

    objects = ApprovalRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("row of the approval matrix")
        verbose_name_plural = _("approval matrix")
        ordering = ["department__path", "kind", "pk"]
        constraints = [
            models.CheckConstraint(
                name="a_row_counts_from_nothing_up", condition=Q(from_days__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse conditions that no request of the kind can meet. What is switched off may stay."""
        super().clean()
        if not self.is_active:
            return
        wrong = matrix.never_met(self._row(()))
        if wrong:
            text = _("No request of this kind can meet this condition; the row would never hold.")
            raise ValidationError(dict.fromkeys(sorted(wrong), text))

    def row(self) -> matrix.Row:
        """Return the row as the matrix wants it, with its steps in order."""
        return self._row(tuple(step.spec for step in self.steps.all()))

    def _row(self, steps: tuple[matrix.StepSpec, ...]) -> matrix.Row:
        return matrix.Row(
            self.pk or 0,
            self.name,
            steps,
            self.kind,
            self.department.path if self.department is not None else "",
            float(self.from_days),
            self.from_minutes,
            self.from_count,
            self.anomaly,
        )


class ApprovalRuleStep(models.Model):
    """A step of a row: whom it asks, how many must agree, and how long it waits."""

    rule = models.ForeignKey(ApprovalRule, models.CASCADE, related_name="steps")
    index = models.PositiveSmallIntegerField(pgettext_lazy("step", "number"), default=1)
    way = models.CharField(
        _("who"), max_length=10, choices=Step.Way.choices, default=Step.Way.SUPERVISOR
    )
    levels = models.PositiveSmallIntegerField(
        _("levels up"), default=0, help_text=_("Of a head: 0 is the person's own department.")
    )
    role = models.ForeignKey(
        Role, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("role")
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("person"),
    )
    mode = models.CharField(
        _("how many"), max_length=3, choices=Step.Mode.choices, default=Step.Mode.ANY
    )
    remind_hours = models.PositiveSmallIntegerField(
        _("remind after (hours)"), default=24, help_text=_("0: never.")
    )
    escalate_hours = models.PositiveSmallIntegerField(
        _("go up after (hours)"), default=72, help_text=_("0: never.")
    )

    class Meta:
        verbose_name = _("step of a row")
        verbose_name_plural = _("steps of a row")
        ordering = ["rule", "index", "pk"]
        constraints = [
            models.CheckConstraint(
                name="a_step_names_a_role_exactly_if_it_asks_one",
                condition=Q(way="role", role__isnull=False) | ~Q(way="role") & Q(role__isnull=True),
                violation_error_message=_(
                    "Choose a role, for a step that asks one, and only then."
                ),
            ),
            models.CheckConstraint(
                name="a_step_names_a_person_exactly_if_it_asks_one",
                condition=Q(way="person", person__isnull=False)
                | ~Q(way="person") & Q(person__isnull=True),
                violation_error_message=_(
                    "Choose a person, for a step that asks one, and only then."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.index}. {self.get_way_display()}"

    @property
    def spec(self) -> matrix.StepSpec:
        """Return the step as the matrix wants it."""
        return matrix.StepSpec(
            matrix.Way(self.way),
            self.levels,
            self.role.key if self.role is not None else "",
            self.person_id,
            flow.Mode(self.mode),
            self.remind_hours,
            self.escalate_hours,
        )
