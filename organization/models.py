"""People, the department tree, who wrote what down."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from organization.access import (
    ACTION_PERMISSIONS,
    Action,
    ScopedQuerySet,
    ever_within,
    granted_paths,
    path_on,
    within,
)
from organization.audit_scope import AuditEntryQuerySet
from organization.audit_words import words_of
from organization.validators import validate_timezone


class LogInManager(UserManager["User"]):
    """Log-ins. Whoever the command line makes an administrator holds the role for it."""

    def create_superuser(self, *args: Any, **kwargs: Any) -> User:
        """Return a new super administrator."""
        from organization import roles

        with transaction.atomic(using=self.db):
            user = super().create_superuser(*args, **kwargs)
            roles.assign(
                user=user,
                role=Role.objects.get(key=Role.SUPER_ADMINISTRATOR),
                department=None,
                actor=None,
                now=timezone.now(),
            )
        return user


class User(AbstractUser):
    """A log-in. People who only punch at a terminal have none."""

    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        help_text=_("Empty: the browser's language."),
    )
    one_time_until = models.DateTimeField(
        _("one-time password until"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Somebody else knows the password: it must be replaced before this moment."),
    )
    is_program = models.BooleanField(
        _("program"),
        default=False,
        help_text=_("Comes in by token only: it has no password and no console."),
    )

    objects: ClassVar[LogInManager] = LogInManager()

    class Meta:
        verbose_name = _("log-in")
        verbose_name_plural = _("log-ins")

    def __str__(self) -> str:
        # Where log-ins are chosen, the query brings along whose they are.
        return getattr(self, "named", "") or self.get_username()


class DepartmentQuerySet(ScopedQuerySet):
    """The tree, read."""

    department_lookup = ""

    def below(self, department: Department) -> DepartmentQuerySet:
        """Return `department` and everything under it."""
        return self.filter(path__startswith=department.path)


class Department(models.Model):
    """A node of the one tree. A business unit is a node so marked."""

    name = models.CharField(_("name"), max_length=100)
    code = models.CharField(_("code"), max_length=40, unique=True)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("belongs to"),
    )
    path = models.CharField(_("tree path"), max_length=255, unique=True, editable=False)
    is_unit = models.BooleanField(
        _("business unit"),
        default=False,
        help_text=_("A unit's HR manages only its own people, rules, terminals and exports."),
    )
    timezone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_timezone],
        help_text=_("IANA name, such as Asia/Shanghai. Empty: as the department above."),
    )
    head = models.ForeignKey(
        "Employee",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="heads",
        verbose_name=_("head"),
    )

    # Guardian's rows hold keys as text: without this they would outlive their department, and a new
    # one under the same key would find them.
    grants = GenericRelation("guardian.UserObjectPermission", object_id_field="object_pk")

    objects = DepartmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering = ["path"]
        default_permissions = ("add", "change", "delete", "view")
        permissions = ACTION_PERMISSIONS
        constraints = [
            models.CheckConstraint(
                name="department_path_ends_with_a_slash",
                condition=Q(path__startswith="/") & Q(path__endswith="/"),
            ),
            models.CheckConstraint(
                name="department_is_not_its_own_parent",
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                violation_error_message=_("A department cannot belong to itself."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def lineage(self) -> tuple[int, ...]:
        """Return the keys from the top of the tree down to this department, itself last.

        It sorts a tree: whatever is above comes first, and siblings as they were made.
        """
        return tuple(int(key) for key in self.path.strip("/").split("/"))

    @property
    def depth(self) -> int:
        """How many departments lie above."""
        return self.path.count("/") - 2


class Position(models.Model):
    """What somebody does: guard, clerk, operator. Shared by the whole group."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        verbose_name = _("position")
        verbose_name_plural = _("positions")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class EmployeeQuerySet(ScopedQuerySet):
    """People. Scope follows the department they belong to today."""

    person_lookup = ""

    def employed_on(self, day: date) -> EmployeeQuerySet:
        """Return the people who belong to the company on `day`; the last day counts."""
        return self.filter(joined_on__lte=day).filter(Q(left_on__isnull=True) | Q(left_on__gte=day))

    def visible_on(self, day: date, user: Any, action: Action) -> EmployeeQuerySet:
        """Return the people who belong on `day` to departments where `user` may do `action`."""
        paths = granted_paths(user, action)
        if paths is None:
            return self
        return self.alias(path_on_day=path_on("", day)).filter(within(paths, "path_on_day"))

    def visible_once(self, user: Any, action: Action) -> EmployeeQuerySet:
        """Return the people who belong, belonged or will belong where `user` may do `action`."""
        paths = granted_paths(user, action)
        return self if paths is None else self.filter(ever_within(paths))


class Employee(models.Model):
    """A person whose days are judged. Where they belong is dated: see Transfer."""

    number = models.CharField(_("number"), max_length=40, unique=True)
    name = models.CharField(pgettext_lazy("of a person", "name"), max_length=100, db_index=True)
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="employees", verbose_name=_("department")
    )
    position = models.ForeignKey(
        Position,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="employees",
        verbose_name=_("position"),
    )
    supervisor = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="reports",
        verbose_name=_("direct supervisor"),
    )
    user = models.OneToOneField(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="employee",
        verbose_name=_("log-in"),
    )
    joined_on = models.DateField(_("joined on"))
    left_on = models.DateField(
        _("left on"), null=True, blank=True, help_text=_("The last day that counts.")
    )

    objects = EmployeeQuerySet.as_manager()

    class Meta:
        verbose_name = _("employee")
        verbose_name_plural = _("employees")
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                name="employee_leaves_after_joining",
                condition=Q(left_on__isnull=True) | Q(left_on__gte=F("joined_on")),
                violation_error_message=_("Nobody leaves before they have joined."),
            ),
            models.CheckConstraint(
                name="employee_is_not_their_own_supervisor",
                condition=Q(supervisor__isnull=True) | ~Q(supervisor=F("id")),
                violation_error_message=_("Nobody is their own supervisor."),
            ),
        ]
        indexes = [
            # The people page of one department, and the grid's page of people.
            models.Index(fields=["department", "number"], name="employee_by_department"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class TransferQuerySet(ScopedQuerySet):
    """Transfers are seen by whoever sees the department that the person came to."""

    person_lookup = "employee"


class Transfer(models.Model):
    """From this date a person belongs to this department. The first row is the hiring."""

    employee = models.ForeignKey(
        Employee, models.CASCADE, related_name="transfers", verbose_name=_("employee")
    )
    effective_on = models.DateField(_("effective on"))
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="+", verbose_name=_("department")
    )
    position = models.ForeignKey(
        Position,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("position"),
    )

    objects = TransferQuerySet.as_manager()

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        ordering = ["employee", "effective_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "effective_on"],
                name="one_transfer_per_person_and_date",
                violation_error_message=_("This person already has a transfer on that date."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employee} → {self.department} ({self.effective_on})"


class Change(models.Model):
    """News for whoever judges days: the plan of these people moved between these dates.

    A lower app leaves a row in the transaction that changes people, shifts, rosters or
    calendars; `attendance` takes it and makes the days wait. Nothing is named upwards.
    """

    class Reason(models.TextChoices):
        PERSON = "person", _("Joined, transferred or left")
        SHIFT = "shift", _("Shift changed")
        ASSIGNMENT = "assignment", _("Shift assignment changed")
        ROSTER = "roster", _("Roster changed")
        CALENDAR = "calendar", _("Calendar changed")
        RULE = "rule", _("Rule changed")
        ORDERED = "ordered", _("Ordered by hand")

    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    employee_ids = models.JSONField(
        _("employees"),
        null=True,
        blank=True,
        help_text=_("Keys of the people concerned; empty: everybody in the department."),
    )
    department = models.ForeignKey(
        Department,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("department"),
        help_text=_("With all below it; empty: the whole group."),
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(
        _("to"), null=True, blank=True, help_text=_("Inclusive; empty: without end.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    handled_at = models.DateTimeField(_("handled"), null=True, blank=True)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="change_ends_after_it_starts",
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
            ),
        ]
        indexes = [
            # The bell's queue: what nobody has taken yet.
            models.Index(fields=["id"], name="change_unhandled", condition=Q(handled_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} {self.starts_on} – {self.ends_on or '…'}"


class AuditEntry(models.Model):
    """Who did what to which thing, when, and by which way. Added, never changed."""

    class Channel(models.TextChoices):
        CONSOLE = "console", _("Console")
        API = "api", _("API")
        TASK = "task", _("Background task")
        COMMAND = "command", _("Command line")

    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    verb = models.CharField(_("did what"), max_length=60)
    thing_type = models.CharField(_("kind of thing"), max_length=60)
    thing_id = models.CharField(_("key"), max_length=60, blank=True)
    thing_name = models.CharField(_("thing"), max_length=200, blank=True)
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("department"),
    )
    facts = models.JSONField(_("facts"), default=dict, blank=True)
    channel = models.CharField(_("way"), max_length=8, choices=Channel.choices, blank=True)
    through = models.CharField(
        _("through"),
        max_length=80,
        blank=True,
        help_text=_("The name of the token, the task or the command."),
    )
    address = models.CharField(_("address"), max_length=45, blank=True)
    request_id = models.CharField(_("request"), max_length=36, blank=True)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-pk"]
        indexes = [
            # "What happened to this thing?"
            models.Index(fields=["thing_type", "thing_id"], name="audit_by_thing"),
            # The log of a period, of a person, of a department, of a kind of deed.
            models.Index(fields=["at"], name="audit_by_moment"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["department", "-id"], name="audit_by_department"),
            models.Index(fields=["verb", "-id"], name="audit_by_verb"),
            # A search by the beginning of a name or number.
            models.Index(
                fields=["thing_name"], name="audit_by_name", opclasses=["varchar_pattern_ops"]
            ),
            models.Index(
                fields=["address", "-id"], name="audit_by_address", condition=~Q(address="")
            ),
        ]

    def __str__(self) -> str:
        at = timezone.localtime(self.at)
        return f"{at:%Y-%m-%d %H:%M} {words_of(self.verb)} {self.thing_name}".strip()


from organization.former_models import FormerDepartment  # noqa: E402
from organization.keeping_models import (  # noqa: E402
    HeldPerson,
    LegalHold,
    RetentionRun,
    RetentionTally,
)
from organization.log_in_models import ApiToken, OpenSession, RecoveryCode, SecondFactor  # noqa: E402
from organization.role_models import Role, RoleAssignment  # noqa: E402
from organization.seals.models import Seal, SealWatch  # noqa: E402

__all__ = [
    "ApiToken",
    "AuditEntry",
    "Change",
    "Department",
    "Employee",
    "FormerDepartment",
    "HeldPerson",
    "LegalHold",
    "OpenSession",
    "Position",
    "RecoveryCode",
    "RetentionRun",
    "RetentionTally",
    "Role",
    "RoleAssignment",
    "Seal",
    "SealWatch",
    "SecondFactor",
    "Transfer",
    "User",
]
