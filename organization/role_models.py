"""Roles, and who holds them where. What guardian keeps is derived from these rows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organization.access import Action, ScopedQuerySet


def validate_actions(value: Any) -> None:
    """Refuse what is not a list of different actions."""
    known = set(Action.values)
    if not isinstance(value, list) or not value:
        raise ValidationError(_("Choose at least one thing that the role allows."))
    if unknown := [word for word in value if word not in known]:
        raise ValidationError(
            _("%(value)s is nothing that a role can allow; use: %(known)s."),
            params={"value": unknown[0], "known": ", ".join(Action.values)},
        )
    if len(set(value)) < len(value):
        raise ValidationError(_("The same thing is allowed twice."))


class Role(models.Model):
    """A set of actions under a name that people know. Built-in ones are fixed."""

    SUPER_ADMINISTRATOR = "super_administrator"

    key = models.SlugField(_("key"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60)
    actions = models.JSONField(_("allows"), validators=[validate_actions])
    is_for_programs = models.BooleanField(
        _("for programs"),
        default=False,
        help_text=_("Only programs hold it, which come in by token; people hold the others."),
    )
    is_builtin = models.BooleanField(_("built in"), default=False, editable=False)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["-is_builtin", "pk"]

    def __str__(self) -> str:
        from organization.role_words import NAMES

        return str(NAMES.get(self.key, self.name)) if self.is_builtin else self.name

    def clean(self) -> None:
        """Refuse people who bring in punches: nobody types in what another person did."""
        if not self.is_for_programs and Action.RECORD.value in (self.actions or ()):
            raise ValidationError(
                {"actions": _("Only programs bring in punches; people cannot be allowed to.")}
            )

    @property
    def allowed(self) -> tuple[Action, ...]:
        """The actions, in the order in which they are always told."""
        return tuple(action for action in Action if action.value in self.actions)

    @property
    def sentence(self) -> str:
        """What it allows, in words."""
        from organization.role_words import sentence_of

        return sentence_of(self.key, self.allowed, is_builtin=self.is_builtin)

    @property
    def is_everywhere(self) -> bool:
        """Whether it holds for the whole group and not for a department."""
        return self.is_builtin and self.key == self.SUPER_ADMINISTRATOR


class RoleAssignmentQuerySet(ScopedQuerySet):
    """Assignments are there for whoever may assign roles on their department, and for oneself."""

    def in_force(self) -> RoleAssignmentQuerySet:
        """Return those that have not ended."""
        return self.filter(ended_at=None)

    def about(self, users: Collection[int]) -> RoleAssignmentQuerySet:
        """Return those of these log-ins."""
        return self.filter(user__in=users)


class RoleAssignment(models.Model):
    """Somebody holds a role on a department and all below it. It ends; it is never deleted."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="assignments",
        verbose_name=_("log-in"),
    )
    role = models.ForeignKey(
        Role, models.PROTECT, related_name="assignments", verbose_name=_("role")
    )
    department = models.ForeignKey(
        "organization.Department",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="assignments",
        verbose_name=_("department"),
        help_text=_("With all below it; empty: the whole group."),
    )
    since = models.DateTimeField(_("since"))
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("granted by"),
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("ended by"),
    )

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("role assignment")
        verbose_name_plural = _("role assignments")
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "department"],
                condition=Q(ended_at=None),
                name="one_assignment_in_force_per_department",
                violation_error_message=_("This log-in holds the role there already."),
            ),
            models.UniqueConstraint(
                fields=["user", "role"],
                condition=Q(ended_at=None, department=None),
                name="one_assignment_in_force_per_group",
                violation_error_message=_("This log-in holds the role already."),
            ),
            models.CheckConstraint(
                name="role_ends_after_it_is_given",
                condition=Q(ended_at=None) | Q(ended_at__gte=F("since")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role} · {self.department or _('the whole group')}"
