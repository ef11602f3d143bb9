"""The pages of calendars: special days, where statutory ones come from, and what would change."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from organization.access import Action, departments_for
from organization.errors import DomainError
from organization.scoped_admin import ScopedAdmin, display
from scheduling import holidays
from scheduling.models import CalendarDay, CalendarSource, CalendarYear
from scheduling.services import calendar
from scheduling.services.calendar import YearChange
from scheduling.workbook import LARGEST_FILE

_HERE: Final = "admin/scheduling/calendarday"
_SALT: Final = "scheduling.calendar.preview"
# Long enough to read a year of changes.
_SEEN_FOR: Final = 60 * 60
Kind = CalendarDay.Kind


class CompanyDayForm(forms.ModelForm):
    """A day off or a working day of the company. Statutory days come from sources."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=[(kind.value, kind.label) for kind in CalendarDay.COMPANY_KINDS]
    )

    class Meta:
        model = CalendarDay
        fields = ("day", "kind", "name", "department")


class CalendarFileForm(forms.Form):
    """A calendar as a file."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("JSON or iCalendar, or a table with date, kind, name and statutory."),
        widget=forms.FileInput(attrs={"accept": ".json,.ics,.csv,.xlsx,.xls,.ods"}),
    )

    def clean_file(self) -> Any:
        """Refuse what is too large to be a calendar."""
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise ValidationError(_("A calendar is smaller than 20 MB."))
        return file


@admin.register(CalendarDay)
class CalendarDayAdmin(ScopedAdmin):
    """Dates that are not what their weekday says."""

    change_list_template = "admin/scheduling/calendarday/change_list.html"
    form = CompanyDayForm
    list_display = ("day", "weekday", "what", "name", "owner", "origin")
    list_filter = ("kind", "department")
    list_select_related = ("department", "source")
    search_fields = ("name",)
    ordering = ("-day",)
    actions = None

    class Media:
        css = {"all": ("scheduling/rules.css", "scheduling/rosters.css")}

    @display(description=_("Day of the week"))
    def weekday(self, row: CalendarDay) -> str:
        return str(WEEKDAYS[row.day.weekday()])

    @display(
        description=_("Kind"),
        ordering="kind",
        label={
            Kind.HOLIDAY: "danger",
            Kind.IN_LIEU: "warning",
            Kind.MAKEUP_WORKDAY: "info",
            Kind.DAY_OFF: "warning",
            Kind.SPECIAL_WORKDAY: "info",
        },
    )
    def what(self, row: CalendarDay) -> tuple[str, str]:
        return row.kind, row.get_kind_display()

    @display(description=_("For"), ordering="department__path")
    def owner(self, row: CalendarDay) -> str:
        return str(row.department or _("The whole group"))

    @display(description=_("Source"), ordering="source__name")
    def origin(self, row: CalendarDay) -> str:
        return str(row.source or _("Company"))

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Let only administrators set days for the whole group."""
        form = super().get_form(request, obj, **kwargs)
        if "department" in form.base_fields:
            box = form.base_fields["department"]
            box.queryset = departments_for(request.user, Action.RULE)
            box.required = not request.user.is_superuser
        return form

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Company days only: statutory ones come from their source."""
        is_statutory = obj is not None and obj.kind not in CalendarDay.COMPANY_KINDS
        return not is_statutory and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As changing."""
        return self.has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: CalendarDay, form: Any, change: bool) -> None:
        """Set the day through the service, which lets its employee-days be judged again."""
        before = CalendarDay.objects.get(pk=obj.pk) if change else None
        saved = calendar.set_company_day(
            day=obj.day,
            kind=Kind(obj.kind),
            name=obj.name,
            department=obj.department,
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
            instead_of=before,
        )
        obj.pk = saved.pk

    def delete_model(self, request: HttpRequest, obj: CalendarDay) -> None:
        """Remove the day through the service."""
        calendar.remove_company_day(day_id=obj.pk, actor=request.user, now=timezone.now())  # type: ignore[arg-type]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Say above the list which years are announced."""
        today = localdate()
        years = range(today.year - 1, today.year + 2)
        states = {row.year: row for row in CalendarYear.objects.filter(year__in=years)}
        context = {
            "years": [states.get(year) or CalendarYear(year=year) for year in years],
            "provisional": calendar.provisional_years([today.year, today.year + 1]),
            "this_year": today.year,
            "may_sync": request.user.is_superuser,
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    # --- statutory days -------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        def door(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        own = [
            path("sync/", door(self.sync), name="scheduling_calendarday_sync"),
            path(
                "sync/<int:source_id>/",
                door(require_POST(self.ask)),
                name="scheduling_calendarday_ask",
            ),
            path(
                "sync/apply/", door(require_POST(self.apply)), name="scheduling_calendarday_apply"
            ),
        ]
        return own + super().get_urls()

    def sync(self, request: HttpRequest) -> HttpResponse:
        """Show the sources, and take a file."""
        self._require_superuser(request)
        calendar.builtin_source()
        form = CalendarFileForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            name = str(file.name)[:100]
            try:
                reading = calendar.believe(name, holidays.read_calendar(file.read(), name))
            except DomainError as refusal:
                form.add_error("file", str(refusal))
            else:
                if not reading.years:
                    form.add_error("file", _("The file names no special day."))
                else:
                    return self._preview(request, name, None, reading)
        context = self._context(
            request,
            title=_("Statutory days"),
            form=form,
            sources=CalendarSource.objects.order_by("kind", "name"),
            years=CalendarYear.objects.select_related("source")[:6],
        )
        return render(request, f"{_HERE}/sync.html", context)

    def ask(self, request: HttpRequest, source_id: int) -> HttpResponse:
        """Ask one source, and show what would change."""
        self._require_superuser(request)
        source = get_object_or_404(CalendarSource, pk=source_id)
        try:
            reading = calendar.ask(source, calendar.years_to_sync(localdate()))
        except DomainError as refusal:
            calendar.note_problem(source, refusal)
            messages.error(request, str(refusal))
            return redirect("admin:scheduling_calendarday_sync")
        return self._preview(request, source.name, source.pk, reading)

    def _preview(
        self, request: HttpRequest, name: str, source_id: int | None, reading: holidays.Reading
    ) -> HttpResponse:
        changes = calendar.preview_calendar(reading)
        seen = {"source": source_id, "name": name, "reading": calendar.to_json(reading)}
        context = self._context(
            request,
            title=name,
            changes=[told(change) for change in changes],
            has_news=any(change.changes or not change.is_kept for change in changes),
            seen=signing.dumps(seen, salt=_SALT, compress=True),
        )
        return render(request, f"{_HERE}/preview.html", context)

    def apply(self, request: HttpRequest) -> HttpResponse:
        """Apply exactly what was shown."""
        self._require_superuser(request)
        try:
            seen = signing.loads(request.POST.get("seen", ""), salt=_SALT, max_age=_SEEN_FOR)
        except signing.BadSignature:
            messages.error(request, _("The preview is too old; look again."))
            return redirect("admin:scheduling_calendarday_sync")
        if seen["source"] is None:
            source, _made = CalendarSource.objects.get_or_create(
                name=seen["name"], defaults={"kind": CalendarSource.Kind.FILE}
            )
        else:
            source = get_object_or_404(CalendarSource, pk=seen["source"])
        try:
            calendar.apply_calendar(
                source=source,
                reading=calendar.from_json(seen["reading"]),
                actor=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )
        except DomainError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request, _("The calendar is applied; the days it moved are judged again.")
            )
        return redirect("admin:scheduling_calendarday_changelist")

    def _require_superuser(self, request: HttpRequest) -> None:
        if not request.user.is_superuser:
            raise Http404

    def _context(self, request: HttpRequest, **more: Any) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "media": self.media,
            "list_url": reverse("admin:scheduling_calendarday_changelist"),
            **more,
        }


WEEKDAYS: Final = (
    _("Monday"),
    _("Tuesday"),
    _("Wednesday"),
    _("Thursday"),
    _("Friday"),
    _("Saturday"),
    _("Sunday"),
)


def told(change: YearChange) -> dict[str, Any]:
    """Return what the page says about a year."""
    return {
        "year": change.year,
        "is_announced": change.is_announced,
        "was_announced": change.was_announced,
        "is_kept": change.is_kept,
        "rows": [
            {
                "day": row.day,
                "weekday": WEEKDAYS[row.day.weekday()],
                "before": Kind(row.before.kind.value).label if row.before else None,
                "after": Kind(row.after.kind.value).label if row.after else None,
                "name": (row.after or row.before).name,  # type: ignore[union-attr]
            }
            for row in change.changes
        ],
    }


@admin.register(CalendarSource)
class CalendarSourceAdmin(ScopedAdmin):
    """Where statutory days are asked for, every night."""

    is_common = True
    see_action = Action.RULE
    list_display = ("name", "kind", "url", "is_active", "last_synced_at", "problem")
    fields = ("name", "kind", "url", "is_active")
    search_fields = ("name",)

    @display(description=_("Last problem"))
    def problem(self, source: CalendarSource) -> str:
        return source.last_problem or "–"

    def get_queryset(self, request: HttpRequest) -> QuerySet[CalendarSource]:
        """Return all: whoever configures may read where days come from."""
        return CalendarSource.objects.all()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: days hang on their source. Take it out of use instead."""
        return False
