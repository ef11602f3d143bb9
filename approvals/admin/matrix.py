"""The matrix in the console: its rows, their steps, and who will decide what, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.timezone import localdate
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from approvals.admin.people import offer_people
from approvals.matrix import Asked
from approvals.models import ApprovalRule, ApprovalRuleStep, Request, Step
from approvals.services.standing import who_decides
from approvals.wording import days_text, reason_text
from attendance.wording import ANOMALIES, duration_text
from organization import audit
from organization.access import Action
from organization.models import Employee, Role, User
from organization.scoped_admin import (
    ScopedAdmin,
    ScopedTabularInline,
    UnfoldAdminSelectWidget,
    display,
)
from organization.services import department_on
from scheduling.admin.shifts import department_box
from scheduling.assignment_form import EmployeeField


class StepForm(forms.ModelForm):
    """A step; one that stays as it was offered is meant as well."""

    def has_changed(self) -> bool:
        """Say yes: every line that is there is a step."""
        return True


class StepInline(ScopedTabularInline):
    """The steps of a row, one after the other."""

    model = ApprovalRuleStep
    form = StepForm
    fields = (
        "index", "way", "levels", "role", "person", "mode", "remind_hours", "escalate_hours",
    )  # fmt: skip
    min_num = 1
    max_num = 6

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Leave out the ways to other pages: eight boxes stand in one line."""
        box = super().formfield_for_dbfield(db_field, request, **kwargs)
        for way in ("add", "change", "delete", "view"):
            if hasattr(box.widget, f"can_{way}_related"):
                setattr(box.widget, f"can_{way}_related", False)
        return box

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer people whom the reader configures, and roles that decide."""
        if db_field.name == "person":
            people = Employee.objects.visible_to(request.user, Action.RULE)
            kwargs["queryset"] = User.objects.filter(
                employee__in=people, is_active=True, is_program=False
            ).order_by("employee__number")
        if db_field.name == "role":
            deciding = [role.pk for role in Role.objects.all() if Action.DECIDE in role.allowed]
            kwargs["queryset"] = Role.objects.filter(pk__in=deciding)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class WhoForm(forms.Form):
    """A request that somebody might make."""

    employee = EmployeeField(label=_("Who asks"), help_text=_("Number, or full name."))
    kind = forms.ChoiceField(label=_("What"), choices=Request.Kind.choices)
    days = forms.FloatField(label=_("Days"), required=False, min_value=0, max_value=400)
    minutes = forms.IntegerField(label=_("Minutes"), required=False, min_value=0, max_value=9999)
    nth = forms.IntegerField(
        label=_("Which one of the month"), required=False, min_value=0, max_value=999
    )
    anomaly = forms.ChoiceField(
        label=_("Anomaly"),
        required=False,
        choices=[("", "–"), *((key.value, words) for key, words in ANOMALIES.items())],
    )

    def asked(self, path_: str) -> Asked:
        """Return the request as the matrix wants it."""
        said = self.cleaned_data
        return Asked(
            said["kind"],
            path_,
            days=said["days"] or 0,
            minutes=said["minutes"] or 0,
            nth=said["nth"] or 0,
            anomaly=said["anomaly"],
        )


@admin.register(ApprovalRule)
class ApprovalRuleAdmin(ScopedAdmin):
    """Rows of the departments one sees, and those of the whole group."""

    empty_text = _("Without a row the direct supervisor decides, and HR too on three days or more.")
    list_display = ("name", "place", "kind", "conditions", "who", "is_active")
    list_filter = ("kind", "is_active", "department")
    list_select_related = ("department",)
    search_fields = ("name",)
    actions = None
    inlines = (StepInline,)
    fields = (
        "name", "department", "kind", "from_days", "from_minutes", "from_count", "anomaly",
        "is_active",
    )  # fmt: skip
    change_list_template = "admin/approvals/approvalrule/change_list.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the rows with their steps, and whom these name."""
        rows = super().get_queryset(request)
        return rows.prefetch_related("steps__role", "steps__person__employee")

    @display(description=_("department"), ordering="department__path")
    def place(self, rule: ApprovalRule) -> str:
        """Return for whom it is."""
        return str(rule.department or _("The whole group"))

    @display(description=_("when"))
    def conditions(self, rule: ApprovalRule) -> str:
        """Return the conditions in words."""
        parts = []
        if rule.from_days:
            parts.append(_("from %(days)s") % {"days": days_text(float(rule.from_days))})
        if rule.from_minutes:
            parts.append(_("from %(span)s") % {"span": duration_text(rule.from_minutes)})
        if rule.from_count:
            parts.append(_("from no. %(number)d of the month") % {"number": rule.from_count})
        if rule.anomaly:
            parts.append(rule.get_anomaly_display())
        return ", ".join(map(str, parts)) or "–"

    @display(description=_("who decides"))
    def who(self, rule: ApprovalRule) -> str:
        """Return the steps in words."""
        return " → ".join(_whom(step) for step in rule.steps.all()) or "–"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Offer the departments that the reader configures."""
        if db_field.name == "department":
            box = department_box(request, help_text=_("With all below it."))
            # The box is made for pages of our own; this one is the theme's.
            box.widget = UnfoldAdminSelectWidget(choices=box.choices)
            return box
        return super().formfield_for_dbfield(db_field, request, **options)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: a row that is not in use is switched off."""
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the steps, and write down what the row says now."""
        super().save_related(request, form, formsets, change)
        note_row(form.instance, actor=request.user, now=timezone.now())

    # --- who will decide, and why ----------------------------------------------------------

    def get_urls(self) -> list[Any]:
        """Put the question before the pages of rows."""
        view = self.admin_site.admin_view(require_safe(self.ask))
        return [path("who/", view, name="approvals_who"), *super().get_urls()]

    def ask(self, request: HttpRequest) -> HttpResponse:
        """Answer who will decide a request of somebody, and why."""
        if not self.has_add_permission(request):
            return HttpResponse(status=404)
        form = WhoForm(request.GET if "employee" in request.GET else None)
        form.fields["employee"].people = Employee.objects.visible_to(request.user, Action.RULE)
        offer_people(form, "employee")
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": _("Who will decide this, and why"),
            "opts": self.opts,
            "form": form,
            "media": self.media,
        }
        if form.is_bound and form.is_valid():
            context |= _answer(form)
        return render(request, "admin/approvals/approvalrule/who.html", context)

    class Media:
        css = {
            "all": (
                "scheduling/rules.css",
                "scheduling/rosters.css",
                "approvals/approvals.css",
            )
        }
        js = (forms.Script("approvals/people.js", defer=True),)


def _whom(step: ApprovalRuleStep) -> str:
    """Return whom a step asks: a named person: Alice."""
    way, named = str(step.get_way_display()), step.role
    if step.person is not None:
        person = getattr(step.person, "employee", None)
        named = person.name if person is not None else step.person.get_username()
    return gettext("%(way)s: %(name)s") % {"way": way, "name": named} if named else way


def _answer(form: WhoForm) -> dict[str, Any]:
    employee = form.cleaned_data["employee"]
    department = department_on(employee, localdate())
    row, standing, steps = who_decides(employee, department, form.asked(department.path))
    told = [
        {
            "way": Step.Way(step.spec.way.value).label,
            "mode": Step.Mode(step.spec.mode.value).label if len(step.deciders) > 1 else "",
            "names": ", ".join(standing.name(user) for user in step.deciders) or "–",
            "reasons": [reason_text(reason) for reason in step.reasons],
        }
        for step in steps
    ]
    return {"employee": employee, "department": department, "row": row, "steps": told}


def note_row(rule: ApprovalRule, *, actor: Any, now: datetime) -> None:
    """Write down what a row says."""
    rule = ApprovalRule.objects.select_related("department").get(pk=rule.pk)
    audit.record(
        actor=actor,
        verb="matrix.changed",
        thing=rule,
        department=rule.department,
        now=now,
        after={
            "kind": rule.kind,
            "from_days": str(rule.from_days),
            "from_minutes": rule.from_minutes,
            "from_count": rule.from_count,
            "anomaly": rule.anomaly,
            "is_active": rule.is_active,
            "steps": [
                {
                    "way": step.way,
                    "levels": step.levels,
                    "role": step.role.key if step.role else "",
                    "person": step.person.get_username() if step.person else "",
                    "mode": step.mode,
                    "remind_hours": step.remind_hours,
                    "escalate_hours": step.escalate_hours,
                }
                for step in rule.steps.select_related("role", "person")
            ],
        },
    )
