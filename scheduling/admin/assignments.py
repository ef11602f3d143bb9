"""The pages of assignments: who works what from when, and who wins where several apply."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from organization.access import Action, departments_for
from organization.errors import DomainError
from organization.models import Employee
from organization.scoped_admin import ScopedAdmin, display
from scheduling.admin.rotations import picture_of_rotation
from scheduling.assignment_form import WEEKDAYS, AssignmentForm, EndForm, default_start
from scheduling.models import Rotation, Shift, ShiftAssignment
from scheduling.services import assignments as services
from scheduling.services.shifts import days_changed, scopes_of_assignments
from scheduling.shift_words import listed

_PARTS = ("department", "position", "employee", "shift", "rotation")


@admin.register(ShiftAssignment)
class ShiftAssignmentAdmin(ScopedAdmin):
    """Assignments of the departments and the people one sees."""

    list_display = ("who", "what", "days", "starts_on", "ends_on", "state")
    list_display_links = ("who",)
    list_filter = ("shift", "rotation", "department")
    search_fields = ("employee__number", "employee__name", "department__name", "position__name")
    list_select_related = _PARTS
    date_hierarchy = None
    actions = None

    class Media:
        css = {"all": ("scheduling/rules.css",)}
        js = (forms.Script("scheduling/shift_form.js", defer=True),)

    @display(description=_("For whom"), ordering="department__path")
    def who(self, assignment: ShiftAssignment) -> str:
        return services.target_name(assignment)

    @display(description=_("Works"))
    def what(self, assignment: ShiftAssignment) -> str:
        return str(assignment.shift or assignment.rotation)

    @display(description=_("On"))
    def days(self, assignment: ShiftAssignment) -> str:
        return days_told(assignment) if assignment.shift_id else "–"

    @display(
        description=_("State"),
        label={"now": "success", "later": "info", "over": "default"},
        ordering="starts_on",
    )
    def state(self, assignment: ShiftAssignment) -> tuple[str, Any]:
        today = localdate()
        if assignment.starts_on > today:
            return "later", _("To come")
        if assignment.ends_on is not None and assignment.ends_on < today:
            return "over", _("Over")
        return "now", _("In force")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody here: an assignment is ended, or taken away on its page."""
        return False

    def get_urls(self) -> list[Any]:
        def door(view: Any) -> Any:
            return self.admin_site.admin_view(require_POST(view))

        own = [
            path("preview/", door(self.preview), name="scheduling_shiftassignment_preview"),
            path(
                "<int:assignment_id>/withdraw/",
                door(self.withdraw),
                name="scheduling_shiftassignment_withdraw",
            ),
        ]
        return own + super().get_urls()

    # --- a new one ------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Ask for whom, what and from when, and assign."""
        if not self.has_add_permission(request):
            return HttpResponse(status=404)
        form = self._form(request, request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                made = services.assign_shift(
                    **form.asked(),
                    actor=request.user,  # type: ignore[arg-type]
                    now=timezone.now(),
                )
            except (DomainError, ValidationError) as refusal:
                form.add_error(None, str(refusal))
            else:
                self.message_user(request, sentence_of(made), messages.SUCCESS)
                return redirect("admin:scheduling_shiftassignment_changelist")
        context = self._context(request, title=_("Assign a shift or rotation"), form=form)
        context |= {
            "preview_url": reverse("admin:scheduling_shiftassignment_preview"),
            "people": None,
            **(_answer(form) if form.is_bound else {}),
        }
        return render(request, "admin/scheduling/shiftassignment/change_form.html", context)

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Answer with how many people a form half filled in concerns."""
        if not self.has_add_permission(request):
            return HttpResponse(status=404)
        form = self._form(request, request.POST)
        return render(request, "admin/scheduling/shiftassignment/preview.html", _answer(form))

    def _form(self, request: HttpRequest, data: Any) -> AssignmentForm:
        return AssignmentForm(
            data,
            initial={"starts_on": default_start(localdate())},
            departments=departments_for(request.user, Action.RULE),
            people=Employee.objects.visible_to(request.user, Action.RULE),
            shifts=Shift.objects.visible_to(request.user, Action.SEE),
            rotations=Rotation.objects.visible_to(request.user, Action.SEE),
            may_omit_department=bool(request.user.is_superuser),
        )

    # --- one that is there ----------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show what it says, and let it end."""
        rows = self.get_queryset(request).select_related(*_PARTS, "employee__department")
        assignment = get_object_or_404(rows, pk=object_id if object_id.isdecimal() else 0)
        if not self.has_view_permission(request, assignment):
            raise Http404
        may_write = self.has_change_permission(request, assignment)
        if request.method == "POST" and not may_write:
            raise Http404
        form = EndForm(request.POST or None, initial={"ends_on": assignment.ends_on})
        if request.method == "POST" and form.is_valid():
            try:
                services.end_assignment(
                    assignment_id=assignment.pk,
                    ends_on=form.cleaned_data["ends_on"],
                    actor=request.user,  # type: ignore[arg-type]
                    now=timezone.now(),
                )
            except DomainError as refusal:
                form.add_error("ends_on", str(refusal))
            else:
                assignment.refresh_from_db(fields=["ends_on"])
                self.message_user(request, sentence_of(assignment), messages.SUCCESS)
                return redirect("admin:scheduling_shiftassignment_changelist")
        context = self._context(request, title=services.target_name(assignment), form=form)
        context |= {
            "may_write": may_write,
            "sentence": sentence_of(assignment),
            "people": services.people_of(assignment, localdate()),
            "withdraw_url": reverse(
                "admin:scheduling_shiftassignment_withdraw", args=[assignment.pk]
            ),
        }
        if assignment.rotation is not None:
            context |= picture_of_rotation(assignment.rotation)
        return render(request, "admin/scheduling/shiftassignment/end.html", context)

    def withdraw(self, request: HttpRequest, assignment_id: int) -> HttpResponse:
        """Take an assignment away."""
        row = get_object_or_404(self.rows_for(request, Action.RULE), pk=assignment_id)
        services.withdraw_assignment(
            assignment_id=row.pk,
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
        self.message_user(request, _("The assignment is taken away."), messages.SUCCESS)
        return redirect("admin:scheduling_shiftassignment_changelist")

    def _context(self, request: HttpRequest, **more: Any) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "media": self.media,
            "list_url": reverse("admin:scheduling_shiftassignment_changelist"),
            **more,
        }


def days_told(assignment: ShiftAssignment) -> str:
    """Return the days of the week in words."""
    if assignment.weekdays == "12345":
        return str(_("Monday to Friday"))
    if assignment.weekdays == "1234567":
        return str(_("every day"))
    names = dict(WEEKDAYS)
    return listed(str(names[digit]) for digit in assignment.weekdays)


def sentence_of(assignment: ShiftAssignment) -> str:
    """Return what an assignment says."""
    facts = {
        "who": services.target_name(assignment),
        "what": assignment.shift or assignment.rotation,
        "days": days_told(assignment),
        "dates": services.dates_told(assignment),
    }
    if assignment.shift_id is not None:
        return str(_("%(who)s: %(what)s, %(days)s, %(dates)s.")) % facts
    return str(_("%(who)s: %(what)s, %(dates)s.")) % facts


def _answer(form: AssignmentForm) -> dict[str, Any]:
    """Return what the preview shows of a posted form."""
    form.is_valid()
    if form.assignment is None:
        problems = [
            f"{form[name].label}: {said}" if name in form.fields else said
            for name, errors in form.errors.items()
            for said in errors
        ]
        return {"problems": problems, "people": None}
    made, today = form.assignment, localdate()
    return {
        "sentence": sentence_of(made),
        "people": services.people_of(made, today),
        "exceptions": _narrower(made).count(),
        "rank": _rank(made),
        "starts_on": made.starts_on,
        "days_again": days_changed(
            scopes_of_assignments([made]),
            starts_on=made.starts_on,
            ends_on=made.ends_on,
            today=today,
        ),
    }


def _rank(made: ShiftAssignment) -> str:
    if made.employee_id is not None:
        return "employee"
    if made.department_id is not None:
        return "both" if made.position_id is not None else "department"
    return "position"


def _narrower(made: ShiftAssignment) -> QuerySet[ShiftAssignment]:
    """Return the assignments that win over this one for some of its people."""
    rows = ShiftAssignment.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=made.starts_on))
    if made.employee_id is not None:
        return rows.none()
    if made.department is None:
        return rows.filter(
            Q(department__isnull=False, position__isnull=True)
            | Q(department__isnull=False, position=made.position_id)
            | Q(employee__position=made.position_id)
        )
    path = made.department.path
    people = Q(employee__department__path__startswith=path)
    if made.position_id is not None:
        people &= Q(employee__position=made.position_id)
        below = Q(department__path__startswith=path, position=made.position_id)
        return rows.filter(people | below).exclude(department=made.department)
    positions = Q(department__path__startswith=path, position__isnull=False)
    below = Q(department__path__startswith=path) & ~Q(department=made.department)
    return rows.filter(people | positions | below)
