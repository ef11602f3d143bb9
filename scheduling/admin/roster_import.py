"""The way of a sheet into the roster: upload, look and map, confirm. Each step is one service."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from kombu.exceptions import OperationalError

from organization import audit
from organization.access import Action, departments_for
from organization.errors import DomainError, NotFound
from organization.models import Department, Employee
from scheduling.models import RosterEntry, RosterUpload, Shift
from scheduling.pattern import ShiftPattern
from scheduling.roster_form import (
    CodesForm,
    HireForm,
    MonthForm,
    PeopleForm,
    UploadForm,
    may_be_hired,
)
from scheduling.rosterexport import export_month, template
from scheduling.rosterplan import CONCERNS, Choices, Preview
from scheduling.services import add_shift, rosters
from scheduling.tasks import write_ordered_rosters

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HERE: Final = "admin/scheduling/rosterentry"
_ERRORS_SHOWN: Final = 100
State = RosterUpload.State


class RosterImport:
    """The pages of the import, for the page of rosters to stand on."""

    admin_site: Any
    model: Any
    media: Any

    def get_urls(self) -> list[Any]:
        """Add the steps before the pages of single entries."""

        def door(view: Any, methods: Any = None) -> Any:
            return self.admin_site.admin_view(methods(view) if methods else view)

        def step(name: str, view: Any) -> Any:
            return path(
                f"import/<int:upload_id>/{name}/",
                door(view, require_POST),
                name=f"scheduling_rosterentry_import_{name}",
            )

        own = [
            path("import/", door(self.upload), name="scheduling_rosterentry_import"),
            path(
                "import/<int:upload_id>/",
                door(self.look, require_GET),
                name="scheduling_rosterentry_import_look",
            ),
            path(
                "import/<int:upload_id>/progress/",
                door(self.progress, require_GET),
                name="scheduling_rosterentry_import_progress",
            ),
            step("month", self.choose_month),
            step("codes", self.map_codes),
            step("people", self.map_people),
            step("hire", self.hire),
            step("confirm", self.confirm),
            step("discard", self.discard),
            path(
                "template/",
                door(self.template, require_GET),
                name="scheduling_rosterentry_template",
            ),
            path("export/", door(self.export, require_POST), name="scheduling_rosterentry_export"),
        ]
        return own + super().get_urls()  # type: ignore[misc]

    # --- upload ---------------------------------------------------------------------------

    def upload(self, request: HttpRequest) -> HttpResponse:
        """Take a sheet in."""
        self._require_rule(request)
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            choices = Choices(
                month=form.cleaned_data["month"], empty_clears=form.cleaned_data["empty_clears"]
            )
            try:
                kept = rosters.keep_upload(
                    file_name=file.name, content=file.read(), actor=request.user, choices=choices
                )
            except DomainError as refusal:
                form.add_error("file", str(refusal))
            else:
                return redirect("admin:scheduling_rosterentry_import_look", kept.pk)
        unfinished = rosters.uploads_of(request.user).filter(
            state__in=(State.UPLOADED, State.RUNNING, State.FAILED)
        )
        context = self._context(
            request,
            title=_("Import a roster"),
            form=form,
            unfinished=unfinished.select_related("uploaded_by")[:5],
            departments=departments_for(request.user, Action.RULE),
            month=next_month(localdate()),
        )
        return render(request, f"{_HERE}/upload.html", context)

    # --- look -----------------------------------------------------------------------------

    def look(self, request: HttpRequest, upload_id: int) -> HttpResponse:
        """Show what the sheet would change, or how far it is."""
        upload = self._find(request, upload_id)
        if upload.state == State.CONFIRMED:
            return redirect("admin:scheduling_rosterbatch_change", upload.batch.pk)
        if upload.state == State.DISCARDED:
            return redirect("admin:scheduling_rosterentry_import")
        if upload.state == State.RUNNING:
            context = self._context(request, title=upload.file_name, upload=upload)
            return render(request, f"{_HERE}/running.html", context | _done(upload))
        return self._show(request, upload)

    def _show(self, request: HttpRequest, upload: RosterUpload, **forms: Any) -> HttpResponse:
        try:
            preview = rosters.preview_roster(upload, request.user)  # type: ignore[arg-type]
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return redirect("admin:scheduling_rosterentry_import")
        choices = rosters.choices_of(upload)
        hireable = may_be_hired(preview.unknown_people)
        shifts = {shift.pk: shift for shift in Shift.objects.visible_to(request.user)}
        context = self._context(
            request,
            title=upload.file_name,
            upload=upload,
            preview=preview,
            errors=preview.errors[:_ERRORS_SHOWN],
            samples=[
                {"who": who, "change": change, "before": shifts.get(change.before or 0),
                 "after": shifts.get(change.after or 0)}
                for who, change in preview.samples
            ],
            concerns=[
                {
                    "said": CONCERNS[concern],
                    "count": count,
                    "rows": [w for w in preview.warnings if w.concern is concern],
                }
                for concern, count in preview.concerns.items()
            ],
            month_form=MonthForm(
                initial={
                    "month": f"{choices.month:%Y-%m}" if choices.month else "",
                    "empty_clears": choices.empty_clears,
                }
            ),
            codes_form=CodesForm(
                None, preview=preview, shifts=usable_shifts(request)
            ),
            people_form=PeopleForm(None, preview=preview, people=self._people(request)),
            hire_count=hireable if hireable <= rosters.HIRED_AT_MOST else 0,
            hire_form=self._hire_form(request, None, preview),
            mapped=len(choices.codes) + len(choices.people),
        )  # fmt: skip
        return render(request, f"{_HERE}/preview.html", context | forms)

    def _people(self, request: HttpRequest) -> Any:
        return Employee.objects.visible_to(request.user, Action.RULE)

    def _hire_form(self, request: HttpRequest, data: Any, preview: Preview) -> HireForm:
        return HireForm(
            data,
            departments=departments_for(request.user, Action.RULE),
            initial={"joined_on": preview.starts_on, "prefix": "R"},
        )

    # --- map ------------------------------------------------------------------------------

    def choose_month(self, request: HttpRequest, upload_id: int) -> HttpResponse:
        """Keep the month and what empty cells say."""
        upload = self._find(request, upload_id)
        form = MonthForm(request.POST)
        if not form.is_valid():
            return self._show(request, upload, month_form=form)
        return self._choose(request, upload, form.chosen(rosters.choices_of(upload)))

    def map_codes(self, request: HttpRequest, upload_id: int) -> HttpResponse:
        """Keep what codes mean; make the shifts that are new."""
        upload = self._find(request, upload_id)
        preview = rosters.preview_roster(upload, request.user)  # type: ignore[arg-type]
        form = CodesForm(request.POST, preview=preview, shifts=usable_shifts(request))
        if not form.is_valid():
            return self._show(request, upload, codes_form=form)
        meanings = form.meanings()
        try:
            for new in form.new_shifts():
                shift = add_shift(
                    code=new.code[:20],
                    name=new.code,
                    department=self._owner(request),
                    pattern=ShiftPattern(segments=((new.start, new.end),)),
                    valid_from=preview.starts_on or localdate(),
                    actor=request.user,  # type: ignore[arg-type]
                    now=timezone.now(),
                )
                meanings[new.code] = shift.pk
        except ValidationError as refusal:
            form.add_error(None, "; ".join(refusal.messages))
            return self._show(request, upload, codes_form=form)
        choices = rosters.choices_of(upload)
        return self._choose(request, upload, replace(choices, codes={**choices.codes, **meanings}))

    def _owner(self, request: HttpRequest) -> Department | None:
        """Return whose a new shift is: the whole group's, or that of one's highest department."""
        if request.user.is_superuser:  # type: ignore[union-attr]
            return None
        own = departments_for(request.user, Action.RULE).order_by("path").first()
        if own is None:
            raise Http404
        return own  # type: ignore[no-any-return]

    def map_people(self, request: HttpRequest, upload_id: int) -> HttpResponse:
        """Keep who is who."""
        upload = self._find(request, upload_id)
        preview = rosters.preview_roster(upload, request.user)  # type: ignore[arg-type]
        form = PeopleForm(request.POST, preview=preview, people=self._people(request))
        if not form.is_valid():
            return self._show(request, upload, people_form=form)
        choices = rosters.choices_of(upload)
        people = {**choices.people, **form.chosen()}
        return self._choose(request, upload, replace(choices, people=people))

    def hire(self, request: HttpRequest, upload_id: int) -> HttpResponse:
        """Add the people that nobody knows."""
        upload = self._find(request, upload_id)
        preview = rosters.preview_roster(upload, request.user)  # type: ignore[arg-type]
        form = self._hire_form(request, request.POST, preview)
        if not form.is_valid():
            return self._show(request, upload, hire_form=form)
        try:
            added = rosters.add_people(
                upload_id=upload.pk,
                **form.cleaned_data,
                actor=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )
        except (DomainError, ValidationError) as refusal:
            said = refusal.messages if isinstance(refusal, ValidationError) else [str(refusal)]
            form.add_error(None, "; ".join(said))
            return self._show(request, upload, hire_form=form)
        text = ngettext("%(count)d person was added.", "%(count)d people were added.", len(added))
        messages.success(request, text % {"count": len(added)})
        return redirect("admin:scheduling_rosterentry_import_look", upload.pk)

    def _choose(self, request: HttpRequest, upload: RosterUpload, choices: Choices) -> HttpResponse:
        try:
            rosters.choose(upload_id=upload.pk, choices=choices, actor=request.user)  # type: ignore[arg-type]
        except DomainError as refusal:
            messages.error(request, str(refusal))
        return redirect("admin:scheduling_rosterentry_import_look", upload.pk)

    # --- confirm --------------------------------------------------------------------------

    def confirm(self, request: HttpRequest, upload_id: int) -> HttpResponse:
        """Order the sheet to be written: a small one at once, a large one by a worker."""
        upload = self._find(request, upload_id)
        try:
            rosters.start_confirmation(
                upload_id=upload.pk,
                actor=request.user,  # type: ignore[arg-type]
                seen=request.POST.get("seen", ""),
            )
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return redirect("admin:scheduling_rosterentry_import_look", upload.pk)
        if len(upload.content) > rosters.WRITTEN_AT_ONCE:
            try:
                write_ordered_rosters.delay()
            except OperationalError:
                # Without a broker nobody hears the bell; it rings again by itself every minute.
                messages.warning(request, _("The import is queued, and begins within minutes."))
        elif batch := rosters.finish_confirmation(upload_id=upload.pk, now=timezone.now()):
            messages.success(request, _("The roster is imported."))
            return redirect("admin:scheduling_rosterbatch_change", batch.pk)
        return redirect("admin:scheduling_rosterentry_import_look", upload.pk)

    def progress(self, request: HttpRequest, upload_id: int) -> HttpResponse:
        """Answer how far the writing is; when it is over, where to go."""
        upload = self._find(request, upload_id)
        if upload.state != State.RUNNING:
            look = reverse("admin:scheduling_rosterentry_import_look", args=[upload.pk])
            return HttpResponse(headers={"HX-Redirect": look})
        context = {"upload": upload, **_done(upload)}
        return render(request, f"{_HERE}/progress.html", context)

    def discard(self, request: HttpRequest, upload_id: int) -> HttpResponse:
        """Put the sheet aside."""
        upload = self._find(request, upload_id)
        try:
            rosters.discard_upload(upload_id=upload.pk, actor=request.user)  # type: ignore[arg-type]
        except DomainError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("The sheet is put aside; nothing was written."))
        return redirect("admin:scheduling_rosterentry_import")

    # --- sheets out -----------------------------------------------------------------------

    def template(self, request: HttpRequest) -> HttpResponse:
        """Give an empty month to fill in."""
        self._require_rule(request)
        return self._sheet(request, template, "roster-template", Action.RULE)

    def export(self, request: HttpRequest) -> HttpResponse:
        """Give a month as a sheet that imports back unchanged."""
        if not departments_for(request.user, Action.EXPORT).exists():
            raise Http404
        sheet = self._sheet(request, export_month, "roster", Action.EXPORT)
        self._write_down_export(request)
        return sheet

    def _write_down_export(self, request: HttpRequest) -> None:
        month, department = self._asked(request, Action.EXPORT)
        rows = RosterEntry.objects.visible_to(request.user, Action.EXPORT).filter(
            work_date__year=month.year, work_date__month=month.month
        )
        if department is not None:
            rows = rows.filter(employee__department__path__startswith=department.path)
        audit.record_export(
            actor=request.user,  # type: ignore[arg-type]
            model=RosterEntry,
            rows=rows.count(),
            form="xlsx",
            filters={"month": f"{month:%Y-%m}", "department": department or ""},
            department=department,
            now=timezone.now(),
        )

    def _sheet(self, request: HttpRequest, make: Any, name: str, action: Action) -> HttpResponse:
        month, department = self._asked(request, action)
        content = make(month=month, actor=request.user, department=department)
        headers = {"Content-Disposition": f'attachment; filename="{name}-{month:%Y-%m}.xlsx"'}
        return HttpResponse(content, content_type=XLSX, headers=headers)

    def _asked(self, request: HttpRequest, action: Action) -> tuple[date, Department | None]:
        """Return the month and the department that are asked for. Raises Http404."""
        asked = request.POST if request.method == "POST" else request.GET
        try:
            month = date.fromisoformat(f"{asked.get('month', '')}-01")
        except ValueError:
            month = next_month(localdate())
        wanted = asked.get("department", "")
        departments = departments_for(request.user, action)
        department = departments.filter(pk=wanted).first() if wanted.isdecimal() else None
        if wanted and department is None:
            raise Http404
        return month, department

    # --- shared ---------------------------------------------------------------------------

    def _require_rule(self, request: HttpRequest) -> None:
        if not departments_for(request.user, Action.RULE).exists():
            raise Http404

    def _find(self, request: HttpRequest, upload_id: int) -> RosterUpload:
        self._require_rule(request)
        try:
            return rosters.find_upload(upload_id, request.user)  # type: ignore[arg-type]
        except NotFound as missing:
            raise Http404 from missing

    def _context(self, request: HttpRequest, **more: Any) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "media": self.media,
            "list_url": reverse("admin:scheduling_rosterentry_changelist"),
            **more,
        }


def usable_shifts(request: HttpRequest) -> Any:
    """Return the shifts that a code may mean."""
    return Shift.objects.visible_to(request.user).filter(is_active=True).order_by("code")


def next_month(today: date) -> date:
    """Return the first day of the next month: the one that is planned now."""
    return date(today.year + today.month // 12, today.month % 12 + 1, 1)


def _done(upload: RosterUpload) -> dict[str, int]:
    percent = 100 * upload.progress // upload.total if upload.total else 0
    return {"percent": min(percent, 99)}
