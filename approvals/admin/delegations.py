"""Deputies in the console: who stands in for whom, from when until when."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from approvals import services
from approvals.admin.people import offer_people
from approvals.models import Delegation
from approvals.services.delegating import givers_for
from approvals.services.standing import deputies_for
from organization.access import Action
from organization.errors import DomainError
from organization.models import Employee, User
from organization.scoped_admin import ReadOnlyAdmin, display
from scheduling.assignment_form import EmployeeField, people_called

_MOMENT = "%Y-%m-%dT%H:%M"


class DeputyField(EmployeeField):
    """Somebody who may stand in for `giver`, whom the form sets as soon as it knows them."""

    giver: User | None = None

    def refusal_of_nobody(self, written: str) -> ValidationError:
        """Return why not, in words that say of nobody whether they are employed."""
        if self.giver is None:
            return super().refusal_of_nobody(written)
        if people_called(written, Employee.objects.filter(user=self.giver)):
            return ValidationError(_("Nobody stands in for themselves."))
        return ValidationError(
            _(
                "“%(value)s” cannot stand in for %(giver)s: another business unit, no log-in, or "
                "nobody of that number or full name."
            ),
            params={"value": written, "giver": _named(self.giver)},
        )


class DelegationForm(forms.Form):
    """Who, instead of whom, from when until when. People are written.

    Whom the reader sees is offered as the giver. Who may be the deputy depends on the giver, so
    nobody is offered there.
    """

    giver = EmployeeField(
        label=_("Instead of"), required=False, help_text=_("Number, or full name. Empty: you.")
    )
    deputy = DeputyField(
        label=_("Decides"),
        help_text=_("Number, or full name, of somebody of the same business unit with a log-in."),
    )
    starts_at = forms.DateTimeField(
        label=_("From"),
        input_formats=[_MOMENT],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MOMENT),
    )
    ends_at = forms.DateTimeField(
        label=_("To"),
        input_formats=[_MOMENT],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MOMENT),
    )

    def __init__(self, *args: Any, actor: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.actor = actor
        self.fields["giver"].people = Employee.objects.filter(user__in=givers_for(actor))
        self.fields["deputy"].people = Employee.objects.none()
        offer_people(self, "giver")

    def clean_giver(self) -> User:
        """Return the log-in; whoever may stand in for it can be written in the next box."""
        person = self.cleaned_data["giver"]
        giver = person.user if person is not None else self.actor
        box: Any = self.fields["deputy"]
        box.giver, box.people = giver, Employee.objects.filter(user__in=deputies_for(giver))
        return giver

    def clean_deputy(self) -> User:
        """Return the log-in."""
        return self.cleaned_data["deputy"].user


@admin.register(Delegation)
class DelegationAdmin(ReadOnlyAdmin):
    """Delegations of the departments one sees, and those that one gave or holds."""

    empty_text = _("Whoever goes away names somebody who decides in their place meanwhile.")
    list_display = ("instead_of", "decides", "starts_at", "ends_at", "state")
    list_select_related = ("giver__employee", "deputy__employee")
    search_fields = ("giver__employee__name", "deputy__employee__name")
    ordering = ("-pk",)
    sortable_by = ()
    actions = ("end",)

    @display(description=_("instead of"))
    def instead_of(self, row: Delegation) -> str:
        """Return who is away."""
        return _named(row.giver)

    @display(description=_("decides"))
    def decides(self, row: Delegation) -> str:
        """Return who stands in."""
        return _named(row.deputy)

    @display(
        description=_("state"),
        label={"now": "success", "later": "info", "over": "default", "ended": "default"},
    )
    def state(self, row: Delegation) -> tuple[str, Any]:
        """Say whether it holds."""
        now = timezone.now()
        if row.ended_at is not None:
            return "ended", _("Ended")
        if row.ends_at <= now:
            return "over", _("Over")
        return ("later", _("To come")) if row.starts_at > now else ("now", _("In force"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever decides somewhere names a deputy, and whoever configures names one for others."""
        return self._may_somewhere(request, Action.DECIDE)

    def has_end_permission(self, request: HttpRequest) -> bool:
        """As whoever names one; the service looks at the row."""
        return self._may_somewhere(request, Action.DECIDE)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Ask who, instead of whom, from when until when."""
        if not self.has_add_permission(request):
            return HttpResponse(status=404)
        actor: Any = request.user
        form = DelegationForm(
            request.POST if request.method == "POST" else None,
            actor=actor,
            initial={"starts_at": timezone.now()},
        )
        if form.is_bound and form.is_valid():
            try:
                services.delegate(**form.cleaned_data, actor=actor, now=timezone.now())
            except (DomainError, ValidationError) as refusal:
                is_invalid = isinstance(refusal, ValidationError)
                form.add_error(None, refusal.messages if is_invalid else str(refusal))
            else:
                self.message_user(request, _("Named. It begins by itself."), messages.SUCCESS)
                return redirect("admin:approvals_delegation_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Name a deputy"),
            "opts": self.opts,
            "form": form,
            "media": self.media,
            "list_url": reverse("admin:approvals_delegation_changelist"),
        }
        return render(request, "admin/approvals/delegation/name.html", context)

    @admin.action(description=_("End"), permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[Delegation]) -> None:
        """Let the chosen delegations end now."""
        now = timezone.now()
        self.apply_each(
            request,
            queryset,
            lambda row: services.end_delegation(
                delegation_id=row.pk,
                actor=request.user,  # type: ignore[arg-type]
                now=now,
            ),
        )

    class Media:
        css = {"all": ("scheduling/rules.css",)}
        js = (forms.Script("approvals/people.js", defer=True),)


def _named(user: User) -> str:
    person = getattr(user, "employee", None)
    return person.name if person is not None else user.get_username()
