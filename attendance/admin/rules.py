"""The pages of rules: who is under one, what it says from when, and what a new text would do."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from attendance.admin.fences import fences_of_rule
from attendance.models import AttendanceDay, AttendanceRule, RuleVersion
from attendance.rule_form import VersionForm, version_initial
from attendance.rule_words import tell_rule, who
from attendance.services import rules as services
from attendance.services.rule_trial import try_rule
from organization.access import Action
from organization.errors import DomainError
from organization.models import Position
from organization.scoped_admin import ScopedAdmin, display
from scheduling.admin.shifts import department_box


@admin.register(AttendanceRule)
class AttendanceRuleAdmin(ScopedAdmin):
    """Rules of the departments one sees, and those of the whole group."""

    list_display = ("name", "people", "says", "state")
    list_filter = ("department", "position")
    search_fields = ("name",)
    list_select_related = ("department", "position")
    actions = None
    change_form_template = "admin/attendance/attendancerule/change_form.html"

    class Media:
        css = {"all": ("scheduling/rules.css", "dist/fences.css")}
        js = (
            forms.Script("scheduling/shift_form.js", defer=True),
            forms.Script("dist/fences.js", defer=True),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AttendanceRule]:
        return super().get_queryset(request).prefetch_related("versions")

    @display(description=_("Who is under it"))
    def people(self, rule: AttendanceRule) -> str:
        return who(rule)

    @display(description=_("Says today"))
    def says(self, rule: AttendanceRule) -> str:
        version = _in_force(rule, localdate())
        return tell_rule(services.text_of(version))[0] if version is not None else "–"

    @display(
        description=_("State"),
        label={"force": "success", "later": "info", "draft": "warning", "none": "default"},
    )
    def state(self, rule: AttendanceRule) -> tuple[str, Any]:
        if any(v.published_at is None for v in rule.versions.all()):
            return "draft", _("Has a draft")
        if _in_force(rule, localdate()) is not None:
            return "force", _("In force")
        return ("later", _("To come")) if rule.versions.all() else ("none", _("Says nothing yet"))

    # --- the rule -------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        names = ("name",) if obj else ("name", "department", "position")
        return [(None, {"fields": names})]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "department":
            return department_box(request, help_text=_("With all below it."))
        if db_field.name == "position":
            return forms.ModelChoiceField(
                Position.objects.all(),
                required=False,
                label=_("Position"),
                empty_label=_("Everybody"),
                help_text=_("Only people in this position."),
            )
        return super().formfield_for_dbfield(db_field, request, **options)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        rule = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {
            "may_write": self._may_write(request, rule),
            # A rule is nothing without a version, and that is written on the next page.
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
        }
        if rule is not None:
            context["who"] = who(rule)
            context["history"] = _history(rule)
            context["new_url"] = reverse("admin:attendance_rule_draft", args=[rule.pk])
            context |= fences_of_rule(request, rule)
        return super().changeform_view(
            request, object_id, form_url, context | (extra_context or {})
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        acting: dict[str, Any] = {"actor": request.user, "now": timezone.now()}
        if change:
            services.rename_rule(rule_id=obj.pk, name=obj.name, **acting)
            return
        made = services.add_rule(
            name=obj.name, department=obj.department, position=obj.position, **acting
        )
        obj.pk, obj._state.adding = made.pk, False

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        return redirect("admin:attendance_rule_draft", obj.pk)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: days were judged by it."""
        return False

    def _may_write(self, request: HttpRequest, rule: AttendanceRule | None) -> bool:
        if rule is None:
            return self.has_add_permission(request)
        return self.has_change_permission(request, rule)

    # --- its versions ---------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        own = [
            path("<int:rule_id>/draft/", view(self.draft), name="attendance_rule_draft"),
            path(
                "<int:rule_id>/preview/",
                view(require_POST(self.preview)),
                name="attendance_rule_preview",
            ),
            path("version/<int:version_id>/", view(self.trial), name="attendance_rule_trial"),
            path(
                "version/<int:version_id>/publish/",
                view(require_POST(self.publish)),
                name="attendance_rule_publish",
            ),
            path(
                "version/<int:version_id>/discard/",
                view(require_POST(self.discard)),
                name="attendance_rule_discard",
            ),
        ]
        return own + super().get_urls()

    def draft(self, request: HttpRequest, rule_id: int) -> HttpResponse:
        """Write a version, beginning with what the rule says today or with a draft of it."""
        rule = self._rule(request, rule_id)
        held = rule.versions.filter(pk=request.GET.get("version") or 0).first()
        begin = held or rule.versions.order_by("-valid_from").first()
        text = services.text_of(begin) if begin is not None else services.RuleText()
        first = held.valid_from if held else localdate() + timedelta(days=1)
        form = VersionForm(
            request.POST or None, initial={**version_initial(text), "valid_from": first}
        )
        if request.method == "POST" and form.is_valid() and form.text is not None:
            try:
                version = services.draft_rule(
                    rule_id=rule.pk,
                    valid_from=form.cleaned_data["valid_from"],
                    text=form.text,
                    **self._acting(request),
                )
            except DomainError as refusal:
                form.add_error("valid_from", str(refusal))
            except ValidationError as refused:
                form.add_error(None, refused)
            else:
                return redirect("admin:attendance_rule_trial", version.pk)
        shown = form.text if form.is_bound else text
        context = self._context(
            request,
            rule,
            form=form,
            title=_("New version of %(rule)s") % {"rule": rule.name},
            who=who(rule),
            preview_url=reverse("admin:attendance_rule_preview", args=[rule.pk]),
            open_overtime=any(name.startswith("overtime") for name in form.errors),
            sentences=tell_rule(shown) if shown is not None else [],
            problems=_problems(form),
        )
        return render(request, "admin/attendance/attendancerule/version.html", context)

    def preview(self, request: HttpRequest, rule_id: int) -> HttpResponse:
        """Answer with what a version half written says."""
        rule = self._rule(request, rule_id)
        form = VersionForm(request.POST)
        form.is_valid()
        context = {
            "who": who(rule),
            "sentences": tell_rule(form.text) if form.text is not None else [],
            "problems": _problems(form),
        }
        return render(request, "admin/attendance/attendancerule/preview.html", context)

    def trial(self, request: HttpRequest, version_id: int) -> HttpResponse:
        """Show what publishing would do."""
        version = self._version(request, version_id)
        trial = None
        if version.published_at is None:
            trial = try_rule(version_id=version.pk, **self._acting(request))
        words = dict(AttendanceDay.Status.choices)
        context = self._context(
            request,
            version.rule,
            title=version.rule.name,
            version=version,
            who=who(version.rule),
            dates=_("From %(day)s") % {"day": version.valid_from},
            sentences=tell_rule(services.text_of(version)),
            trial=trial,
            moves=[(words[a], words[b], n) for (a, b), n in trial.moves.items()] if trial else [],
            publish_url=reverse("admin:attendance_rule_publish", args=[version.pk]),
            discard_url=reverse("admin:attendance_rule_discard", args=[version.pk]),
        )
        return render(request, "admin/attendance/attendancerule/trial.html", context)

    def publish(self, request: HttpRequest, version_id: int) -> HttpResponse:
        """Put a draft in force."""
        version = self._version(request, version_id)
        services.publish_rule(version_id=version.pk, **self._acting(request))
        said = _("Published. From %(day)s on, days are judged by it.")
        self.message_user(request, said % {"day": version.valid_from}, messages.SUCCESS)
        return redirect("admin:attendance_attendancerule_change", version.rule_id)

    def discard(self, request: HttpRequest, version_id: int) -> HttpResponse:
        """Take a draft, or a version to come, away."""
        version = self._version(request, version_id)
        try:
            services.discard_version(version_id=version.pk, **self._acting(request))
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, _("The version is taken away."), messages.SUCCESS)
        return redirect("admin:attendance_attendancerule_change", version.rule_id)

    def _rule(self, request: HttpRequest, rule_id: int) -> AttendanceRule:
        rows = self.rows_for(request, Action.RULE).select_related("department", "position")
        return get_object_or_404(rows, pk=rule_id)

    def _version(self, request: HttpRequest, version_id: int) -> RuleVersion:
        rules = self.rows_for(request, Action.RULE)
        rows = RuleVersion.objects.select_related("rule__department", "rule__position")
        return get_object_or_404(rows, pk=version_id, rule__in=rules)

    @staticmethod
    def _acting(request: HttpRequest) -> dict[str, Any]:
        return {"actor": request.user, "now": timezone.now()}

    def _context(self, request: HttpRequest, rule: AttendanceRule, **more: Any) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "original": rule,
            "media": self.media,
            "rule_url": reverse("admin:attendance_attendancerule_change", args=[rule.pk]),
            **more,
        }


def _problems(form: VersionForm) -> list[Any]:
    return [_named(form, name, said) for name, errors in form.errors.items() for said in errors]


def _named(form: VersionForm, name: str, said: Any) -> Any:
    """Return what is wrong behind the name of its box, unless it names the box itself."""
    if name not in form.fields or name.startswith("overtime"):
        return said
    label = str(form[name].label)
    return said if str(said).startswith(label) else f"{label}: {said}"


def _in_force(rule: AttendanceRule, day: date) -> RuleVersion | None:
    found = [v for v in rule.versions.all() if v.published_at is not None and v.valid_from <= day]
    return max(found, key=lambda v: v.valid_from, default=None)


def _history(rule: AttendanceRule) -> list[dict[str, Any]]:
    """Return the versions of a rule, the newest first."""
    today = localdate()
    current = _in_force(rule, today)
    found = []
    for version in sorted(rule.versions.all(), key=lambda v: v.valid_from, reverse=True):
        draft_url = reverse("admin:attendance_rule_draft", args=[rule.pk])
        found.append(
            {
                "dates": _("From %(day)s") % {"day": version.valid_from},
                "is_draft": version.published_at is None,
                "is_current": version == current,
                "is_future": version.published_at is not None and version.valid_from > today,
                "sentences": tell_rule(services.text_of(version)),
                "edit_url": f"{draft_url}?version={version.pk}",
                "try_url": reverse("admin:attendance_rule_trial", args=[version.pk]),
            }
        )
    return found
