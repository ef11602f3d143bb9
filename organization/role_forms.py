"""The forms of the pages where roles are given and log-ins are opened."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from organization import roles, tokens
from organization.access import Action, departments_for
from organization.errors import DomainError, NotFound
from organization.forms import DepartmentChoice
from organization.models import Role, RoleAssignment, User
from organization.role_errors import (
    BeyondOwnRights,
    LastAdministrator,
    NotForThem,
    ToOneself,
    WrongPlace,
)
from organization.role_scope import receivers_for, roles_for
from organization.role_words import ACTION_WORDS
from organization.scoped_admin import (
    SelectByKey,
    ThemedUserChangeForm,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextInputWidget,
)

# Which field a refusal is about.
_FIELDS: Final[dict[type[DomainError], str]] = {
    BeyondOwnRights: "department",
    NotForThem: "role",
    NotFound: "user",
    ToOneself: "user",
    WrongPlace: "department",
}


class RoleChoice(forms.ModelChoiceField):
    """A choice among roles, each with what it allows."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("queryset", Role.objects.none())
        super().__init__(widget=forms.RadioSelect, empty_label=None, label=_("Role"), **kwargs)

    def label_from_instance(self, obj: Role) -> str:
        """Return the name, and below it what the role allows."""
        return format_html(
            '<span class="font-semibold text-important">{}</span><br>{}', obj, obj.sentence
        )


class LogInChoice(forms.ModelChoiceField):
    """A choice among log-ins, by name of the person."""

    def label_from_instance(self, obj: User) -> str:
        """Return the log-in and whose it is."""
        return name_of(obj)


def name_of(user: User) -> str:
    """Return a log-in with whose it is."""
    person = getattr(user, "employee", None)
    return f"{user.get_username()} · {person}" if person else user.get_username()


class AssignForm(forms.Form):
    """Who, which role, where."""

    user = LogInChoice(queryset=User.objects.none(), label=_("Log-in"))
    role = RoleChoice()
    department = DepartmentChoice(
        label=_("Department"), required=False, help_text=_("The role holds there and below.")
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        user: Any = self.fields["user"]
        user.widget = SelectByKey(RoleAssignment._meta.get_field("user"), admin.site)
        user.queryset = receivers_for(actor).filter(is_active=True).select_related("employee")
        _offer(self.fields["role"], [role.pk for role in roles_for(actor)])
        where: Any = self.fields["department"]
        where.queryset = departments_for(actor, Action.GRANT).order_by("path")
        where.required = not actor.is_superuser
        if actor.is_superuser:
            where.help_text = _(
                "The role holds there and below. Empty for the super administrator only, "
                "who holds it for the whole group."
            )

    def clean(self) -> dict[str, Any]:
        """Refuse what the service would refuse, beside the field it is about."""
        said: dict[str, Any] = super().clean() or {}
        if self.errors:
            return said
        try:
            roles.check_assignable(
                user=said["user"],
                role=said["role"],
                department=said["department"],
                actor=self.actor,
            )
        except DomainError as refusal:
            self.refuse(refusal)
        return said

    def refuse(self, refusal: DomainError) -> None:
        """Say what the service said."""
        self.add_error(_FIELDS.get(type(refusal)), str(refusal))


class EndForm(forms.Form):
    """Nothing to fill in: the button is the decision."""


class OpenLogInForm(forms.Form):
    """The name of a log-in for a person."""

    username = forms.CharField(
        label=_("Name of the log-in"),
        max_length=150,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("What the person types to log in, such as the employee number."),
    )


class ProgramForm(forms.Form):
    """A log-in for a program, with its first role."""

    username = forms.CharField(
        label=_("Name of the log-in"),
        max_length=150,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Name the program and the place, such as payroll-north."),
    )
    role = RoleChoice()
    department = DepartmentChoice(label=_("Department"))

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = [role.pk for role in roles_for(actor) if role.is_for_programs]
        _offer(self.fields["role"], allowed)
        where: Any = self.fields["department"]
        where.queryset = departments_for(actor, Action.GRANT).order_by("path")


def _offer(field: Any, keys: list[int]) -> None:
    field.queryset = Role.objects.filter(pk__in=keys)


class LogInForm(ThemedUserChangeForm):
    """A log-in. What it may do is no field of it: roles are given."""

    def clean_is_active(self) -> bool:
        """Refuse to shut out the last one who could let anybody in again."""
        wanted: bool = self.cleaned_data["is_active"]
        user = self.instance
        if user.is_superuser and user.is_active and not wanted:
            try:
                roles.check_another_administrator(user)
            except LastAdministrator as refusal:
                raise forms.ValidationError(str(refusal), code=refusal.code) from refusal
        return wanted


class RoleForm(forms.ModelForm):
    """A role of one's own."""

    actions = forms.TypedMultipleChoiceField(
        label=_("Allows"),
        coerce=Action,
        choices=[(action.value, words) for action, words in ACTION_WORDS.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    confirm = forms.BooleanField(required=False)

    class Meta:
        model = Role
        fields = ("name", "actions", "is_for_programs")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.holders = roles.holders_of(self.instance) if self.instance.pk else 0
        if "confirm" not in self.fields:
            return
        if not self.holders:
            del self.fields["confirm"]
            return
        self.fields["confirm"].label = self._confirmation()

    def _confirmation(self) -> str:
        return ngettext(
            "Yes, change it for the %(count)d log-in that holds this role.",
            "Yes, change it for all %(count)d log-ins that hold this role.",
            self.holders,
        ) % {"count": self.holders}

    def clean_actions(self) -> list[str]:
        """Return what is kept: the values."""
        return [action.value for action in self.cleaned_data["actions"]]

    def clean(self) -> dict[str, Any]:
        """Ask once more where people would gain or lose something."""
        said: dict[str, Any] = super().clean() or {}
        before = set(self.initial.get("actions") or ())
        changes = "actions" in said and set(said["actions"]) != before
        if self.holders and changes and not said.get("confirm"):
            self.add_error("confirm", self._warning(before, set(said["actions"])))
        return said

    def _warning(self, before: set[str], after: set[str]) -> str:
        def words(values: set[str]) -> str:
            named = [str(ACTION_WORDS[action]) for action in Action if action.value in values]
            return ", ".join(named) or "–"

        said = str(
            _(
                "They gain: %(gain)s. They lose: %(loss)s. "
                "Tick the box to change it for all of them."
            )
        ) % {"gain": words(after - before), "loss": words(before - after)}
        return " ".join(filter(None, (said, self._of_keys())))

    def _of_keys(self) -> str:
        held = self.instance.assignments.in_force().values_list("user", flat=True)
        count = tokens.in_use(list(held), now=timezone.now())
        if not self.instance.is_for_programs or not count:
            return ""
        return ngettext(
            "%(count)d token is in use, and changes with it.",
            "%(count)d tokens are in use, and change with it.",
            count,
        ) % {"count": count}
