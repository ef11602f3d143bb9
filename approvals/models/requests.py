"""What people ask for, the steps it goes through, and who decides each."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from approvals import content, flow, matrix
from attendance.models import Absence, Correction, OvertimeApproval, Punch, PunchDecision
from organization.access import ScopedQuerySet
from organization.models import Department, Employee
from organization.sealed_fields import SealedField

_IN_FORCE = Q(status__in=sorted(status.value for status in flow.IN_FORCE))
_SLOT = ~Q(slot="") & Q(corrected_at__isnull=False)
_SPAN = Q(starts_at__isnull=False, ends_at__isnull=False)


class RequestQuerySet(ScopedQuerySet):
    """A request belongs to the department that the person belonged to on its date."""

    person_lookup = "employee"

    def waiting(self) -> Self:
        """Return those that nobody has decided yet."""
        return self.filter(status=flow.Status.WAITING)

    def in_force(self) -> Self:
        """Return those that take something up: waiting and approved."""
        return self.filter(_IN_FORCE)

    def asking(self, deciders: Q) -> Self:
        """Return those whose open step waits for one of these: a condition for deciders."""
        open_steps = Decider.objects.filter(
            deciders, verdict="", step__opened_at__isnull=False, step__closed_at=None
        )
        return self.waiting().filter(pk__in=open_steps.values("step__request"))


class Request(models.Model):
    """Somebody asks that something about their days be decided.

    What it says is fixed when it is submitted: the database refuses to change it, and `digest`
    tells. Which columns a kind has is held by a constraint; see decision 0016.
    """

    class Kind(models.TextChoices):
        MAKE_UP = content.Kind.MAKE_UP.value, _("Make-up punch")
        HELD_PUNCH = content.Kind.HELD_PUNCH.value, _("Held punch")
        APPEAL = content.Kind.APPEAL.value, _("Appeal")
        LEAVE = content.Kind.LEAVE.value, _("Leave")
        OUTING = content.Kind.OUTING.value, _("Outing")
        TRIP = content.Kind.TRIP.value, _("Business trip")
        OVERTIME = content.Kind.OVERTIME.value, _("Overtime")

    class Status(models.TextChoices):
        WAITING = flow.Status.WAITING.value, _("Waiting for a decision")
        APPROVED = flow.Status.APPROVED.value, _("Approved")
        REJECTED = flow.Status.REJECTED.value, _("Rejected")
        WITHDRAWN = flow.Status.WITHDRAWN.value, _("Withdrawn")
        REVOKED = flow.Status.REVOKED.value, _("Taken back")

    class Unit(models.TextChoices):
        DAY = "day", _("Days and half days")
        HOUR = "hour", pgettext_lazy("unit", "Hours")

    class LeaveType(models.TextChoices):
        ANNUAL = "annual", _("Annual leave")
        SICK = "sick", _("Sick leave")
        PERSONAL = "personal", _("Personal leave")
        IN_LIEU = "in_lieu", _("Leave in lieu of overtime")
        MARRIAGE = "marriage", _("Marriage leave")
        MATERNITY = "maternity", _("Maternity and paternity leave")
        BEREAVEMENT = "bereavement", _("Bereavement leave")
        OTHER = "other", _("Other leave")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    employee = models.ForeignKey(
        Employee, models.PROTECT, related_name="requests", verbose_name=_("employee")
    )
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="+", verbose_name=_("department that day")
    )
    work_date = models.DateField(_("work date"))
    slot = models.CharField(_("slot"), max_length=8, blank=True)
    corrected_at = models.DateTimeField(_("counts as punched"), null=True, blank=True)
    punch = models.ForeignKey(
        Punch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="requests",
        verbose_name=_("punch"),
    )
    anomaly = models.CharField(_("anomaly"), max_length=16, blank=True)
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("to"), null=True, blank=True)
    unit = models.CharField(_("counted in"), max_length=4, choices=Unit.choices, blank=True)
    leave_type = models.CharField(
        _("kind of leave"), max_length=12, choices=LeaveType.choices, blank=True
    )
    amount_days = models.DecimalField(
        _("days"), max_digits=3 + content.PLACES, decimal_places=content.PLACES, default=0
    )
    days_next_year = models.DecimalField(
        _("of these in the next year"),
        max_digits=3 + content.PLACES,
        decimal_places=content.PLACES,
        default=0,
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("submitted by"),
        help_text=_("Empty: it opened by itself."),
    )
    submitted_at = models.DateTimeField(_("submitted"))
    photo_digest = models.CharField(_("digest of the photo"), max_length=64, blank=True)
    digest = models.CharField(_("digest"), max_length=64)
    # Which period's share of make-ups it takes; see MakeUpPeriod.
    period_starts_on = models.DateField(_("counted from"), null=True, blank=True)
    rule_name = models.CharField(
        _("row of the matrix"), max_length=100, blank=True, help_text=_("Empty: the built-in one.")
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.WAITING
    )
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("settled by"),
    )
    settled_reason = models.CharField(_("said with it"), max_length=200, blank=True)
    # What it has come to; each stays when it is revoked.
    correction = models.ForeignKey(
        Correction, models.PROTECT, null=True, blank=True, related_name="requests"
    )
    absence = models.ForeignKey(
        Absence, models.PROTECT, null=True, blank=True, related_name="requests"
    )
    overtime = models.ForeignKey(
        OvertimeApproval, models.PROTECT, null=True, blank=True, related_name="requests"
    )
    decision = models.ForeignKey(
        PunchDecision, models.PROTECT, null=True, blank=True, related_name="requests"
    )

    objects = RequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="request_says_what_its_kind_needs",
                condition=(
                    Q(kind="make_up") & _SLOT & Q(punch__isnull=True, starts_at__isnull=True)
                )
                | Q(kind="held_punch", punch__isnull=False, slot="", starts_at__isnull=True)
                | Q(kind="appeal", starts_at__isnull=True)
                & ((_SLOT & Q(punch__isnull=True)) | Q(punch__isnull=False, slot=""))
                | (
                    Q(kind__in=["leave", "outing", "trip", "overtime"], slot="")
                    & Q(punch__isnull=True, corrected_at__isnull=True)
                    & _SPAN
                ),
            ),
            models.CheckConstraint(
                name="request_ends_after_it_starts",
                condition=Q(starts_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("It ends before it starts."),
            ),
            models.CheckConstraint(
                name="only_leave_has_a_kind_of_leave",
                condition=(Q(kind="leave") & ~Q(leave_type=""))
                | ~Q(kind="leave") & Q(leave_type=""),
            ),
            models.CheckConstraint(
                name="a_request_is_settled_or_waits",
                condition=Q(status="waiting", settled_at__isnull=True)
                | (~Q(status="waiting") & Q(settled_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="an_approved_request_has_its_effect",
                condition=~Q(status="approved")
                | Q(correction__isnull=False)
                | Q(absence__isnull=False)
                | Q(overtime__isnull=False)
                | Q(decision__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["employee", "work_date", "slot", "kind"],
                condition=_IN_FORCE & ~Q(slot=""),
                name="one_request_in_force_per_slot",
            ),
            models.UniqueConstraint(
                fields=["punch"],
                condition=Q(kind="held_punch"),
                name="one_request_per_held_punch",
            ),
            models.UniqueConstraint(
                fields=["punch"],
                condition=_IN_FORCE & Q(kind="appeal"),
                name="one_appeal_in_force_per_punch",
            ),
        ]
        indexes = [
            # A person's requests of a month; the share of make-ups; what overlaps.
            models.Index(fields=["employee", "kind", "work_date"], name="request_by_person"),
            # Lists of a department, the latest first.
            models.Index(fields=["department", "-id"], name="request_by_department"),
            # The bell's queue, and every inbox.
            models.Index(fields=["id"], name="request_waiting", condition=Q(status="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.employee} {self.work_date} {self.get_kind_display()}"

    @property
    def is_overtaken(self) -> bool:
        """Say whether it ended because its punch has come to count: nobody has withdrawn it."""
        is_ended = self.status == self.Status.WITHDRAWN and self.settled_by_id is None
        return is_ended and self.punch_id is not None

    def get_status_display(self) -> str:  # type: ignore[no-redef]
        """Return the status in words, with why it ended where nobody ended it."""
        if self.is_overtaken and self.kind == self.Kind.APPEAL:
            return gettext("Settled, as the punch counts again")
        if self.is_overtaken:
            return gettext("Counts since both proofs are there")
        return str(self.Status(self.status).label)


class RequestPhoto(models.Model):
    """What somebody has handed in with a request, sealed; kept as long as other photos."""

    request = models.OneToOneField(
        Request, models.CASCADE, related_name="photo", verbose_name=_("request")
    )
    content = SealedField(_("photo"), purpose="request photo", bound_to=("request_id",))
    kept_at = models.DateTimeField(_("kept"), db_index=True)

    class Meta:
        verbose_name = _("photo of a request")
        verbose_name_plural = _("photos of requests")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.request_id)


class Step(models.Model):
    """One decision due: how its deciders were found, when it opened, what it came to.

    The columns from `way` on are the row of the matrix as it was: a changed row changes no request.
    """

    class Way(models.TextChoices):
        SUPERVISOR = matrix.Way.SUPERVISOR.value, _("Direct supervisor")
        HEAD = matrix.Way.HEAD.value, _("Head of department")
        UNIT_HR = matrix.Way.UNIT_HR.value, _("HR of the unit")
        ROLE = matrix.Way.ROLE.value, _("Holder of a role")
        PERSON = matrix.Way.PERSON.value, _("A named person")

    class Mode(models.TextChoices):
        ANY = flow.Mode.ANY.value, _("one of them")
        ALL = flow.Mode.ALL.value, _("all of them")

    class Verdict(models.TextChoices):
        APPROVED = flow.Verdict.APPROVED.value, _("Approved")
        REJECTED = flow.Verdict.REJECTED.value, _("Rejected")

    request = models.ForeignKey(Request, models.CASCADE, related_name="steps")
    index = models.PositiveSmallIntegerField(pgettext_lazy("step", "number"))
    way = models.CharField(_("who"), max_length=10, choices=Way.choices)
    levels = models.PositiveSmallIntegerField(_("levels up"), default=0)
    role_key = models.CharField(_("role"), max_length=40, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("person"),
    )
    mode = models.CharField(_("how many"), max_length=3, choices=Mode.choices)
    remind_hours = models.PositiveSmallIntegerField(_("remind after (hours)"))
    escalate_hours = models.PositiveSmallIntegerField(_("go up after (hours)"))
    reasons = models.JSONField(_("why they"), default=list)
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    reminded_at = models.DateTimeField(_("reminded"), null=True, blank=True)
    escalated_at = models.DateTimeField(_("went up"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict.choices, blank=True)

    class Meta:
        verbose_name = _("approval step")
        verbose_name_plural = _("approval steps")
        ordering = ["request", "index"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["request", "index"], name="one_step_per_number"),
            models.UniqueConstraint(
                fields=["request"],
                condition=Q(opened_at__isnull=False, closed_at__isnull=True),
                name="one_open_step_per_request",
            ),
            models.CheckConstraint(
                name="a_step_with_a_verdict_is_closed",
                condition=Q(verdict="") | Q(opened_at__isnull=False, closed_at__isnull=False),
            ),
        ]
        indexes = [
            # The bell: what waits too long, or for somebody who left.
            models.Index(
                fields=["opened_at"],
                name="step_open",
                condition=Q(opened_at__isnull=False, closed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id}.{self.index} {self.get_way_display()}"

    @property
    def spec(self) -> matrix.StepSpec:
        """Return the step as the matrix wants it."""
        return matrix.StepSpec(
            matrix.Way(self.way),
            self.levels,
            self.role_key,
            self.person_id,
            flow.Mode(self.mode),
            self.remind_hours,
            self.escalate_hours,
        )


class Decider(models.Model):
    """Somebody whom a step asks, and what they, or who stood in for them, said."""

    step = models.ForeignKey(Step, models.CASCADE, related_name="deciders")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("decides")
    )
    is_above = models.BooleanField(
        _("went up"), default=False, help_text=_("Asked because the others stayed silent.")
    )
    verdict = models.CharField(_("verdict"), max_length=8, choices=Step.Verdict.choices, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
        help_text=_("Who pressed: the person, or who stood in for them."),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("decider")
        verbose_name_plural = _("deciders")
        ordering = ["step", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["step", "user"], name="one_decider_row_per_person"),
            models.CheckConstraint(
                name="a_verdict_has_its_decider",
                condition=Q(verdict="", decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(verdict="") & Q(decided_by__isnull=False, decided_at__isnull=False)),
            ),
        ]
        indexes = [
            # Everybody's inbox.
            models.Index(fields=["user"], name="decider_silent", condition=Q(verdict="")),
        ]

    def __str__(self) -> str:
        return f"{self.step_id} {self.user}"


class MakeUpPeriod(models.Model):
    """A person and a period: the row at which those who ask for make-ups at once queue up."""

    employee = models.ForeignKey(Employee, models.CASCADE, related_name="+")
    starts_on = models.DateField(_("starts on"))

    class Meta:
        verbose_name = _("share of make-ups")
        verbose_name_plural = _("shares of make-ups")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "starts_on"], name="one_make_up_row_per_person_and_period"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employee_id} {self.starts_on}"


class AllowanceQuerySet(ScopedQuerySet):
    """Allowances follow the department that the person belongs to today."""

    department_lookup = "employee__department"
    person_lookup = "employee"


class Allowance(models.Model):
    """How many days of one kind of leave a person has in a year. Without one nothing limits it."""

    employee = models.ForeignKey(
        Employee, models.PROTECT, related_name="allowances", verbose_name=_("employee")
    )
    leave_type = models.CharField(
        _("kind of leave"), max_length=12, choices=Request.LeaveType.choices
    )
    year = models.PositiveSmallIntegerField(_("year"))
    days = models.DecimalField(_("days"), max_digits=5, decimal_places=1)

    objects = AllowanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("leave allowance")
        verbose_name_plural = _("leave allowances")
        ordering = ["-year", "employee", "leave_type"]
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "leave_type", "year"],
                name="one_allowance_per_person_type_and_year",
                violation_error_message=_("This person has an allowance of that kind already."),
            ),
            models.CheckConstraint(
                name="an_allowance_is_of_days",
                condition=Q(days__gte=0, days__lte=366, year__gte=2000, year__lte=2100),
                violation_error_message=_("An allowance is 0 to 366 days of a year after 2000."),
            ),
        ]

    def __str__(self) -> str:
        kind: str | Promise = self.get_leave_type_display()
        return f"{self.employee} {kind} {self.year}"
