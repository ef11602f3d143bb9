"""The audit log: who did what, when, from where; looked for, read, taken along."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from import_export.formats.base_formats import XLSX
from tablib import Dataset

from organization import audit, audit_search, audit_telling
from organization.access import Action
from organization.audit_groups import GROUPS, verbs_of
from organization.audit_words import words_of
from organization.cells import escape
from organization.models import AuditEntry
from organization.scoped_admin import (
    DepartmentFilter,
    DropdownFilter,
    PeriodFilter,
    ReadOnlyAdmin,
    display,
)

# A workbook is built as a whole, and no spreadsheet holds more than a million rows.
WORKBOOK_AT_MOST: Final = 20_000
FILE_AT_MOST: Final = 1_000_000
_AT_ONCE: Final = 2_000


class DeedFilter(DropdownFilter):
    """Deeds of one kind."""

    title = _("what was done")
    parameter_name = "deed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str | Promise]]:
        """Return the kinds."""
        return [(key, label) for key, (label, _words) in GROUPS.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        """Return the deeds of the chosen kind; none for a kind that there is not."""
        return queryset.filter(verb__in=verbs_of(self.value())) if self.value() else queryset


class ThingFilter(DropdownFilter):
    """Things of one kind."""

    title = _("kind of thing")
    parameter_name = "kind"
    ROOMS: ClassVar[tuple[str, ...]] = (
        "organization", "scheduling", "devices", "attendance", "approvals", "reports",
    )  # fmt: skip

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the kinds that have a page of their own, and doors."""
        kinds = [
            (model._meta.label_lower, str(model._meta.verbose_name))
            for model in admin.site._registry
            if model._meta.app_label in self.ROOMS
        ]
        return [*sorted(kinds, key=lambda kind: kind[1]), ("door", str(_("door")))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        """Return the entries about things of the chosen kind."""
        return queryset.filter(thing_type=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what, when: for whoever may read the log of a department."""

    see_action = Action.AUDIT
    list_display = ("moment", "actor", "did_what", "thing_name", "department", "way", "address")
    list_display_links = ("moment",)
    list_filter = (
        ("at", PeriodFilter), DeedFilter, ThingFilter, DepartmentFilter, "channel",
    )  # fmt: skip
    list_select_related = ("actor", "department")
    search_fields = ("thing_name",)
    search_help_text = _("The beginning of a name or number, a person, a log-in, or an address")
    sortable_by = ()
    actions = ("export_csv", "export_workbook")
    fieldsets = (
        (None, {"fields": ("moment", "actor", "did_what", "thing", "department")}),
        (_("What changed"), {"fields": ("table",)}),
        (_("How it came"), {"fields": ("way", "address", "request_id")}),
        (_("More"), {"fields": ("see_also",)}),
    )
    readonly_fields = ("moment", "did_what", "thing", "table", "way", "see_also")

    # Rows ---------------------------------------------------------------------------------------

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        """Return the entries that the words mean; every condition has an index."""
        if not search_term.strip():
            return queryset, False
        return audit_search.search(queryset, search_term, reader=request.user), False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> AuditEntry | None:
        """Return the entry, and who reads it: links lead only to what that person may see."""
        entry = super().get_object(request, object_id, from_field)
        if entry is not None:
            entry.reader = request
        return entry

    # Cells --------------------------------------------------------------------------------------

    @display(description=_("at"), ordering="id")
    def moment(self, entry: AuditEntry) -> str:
        """Return the moment by the clock of the console, to the second."""
        return f"{localtime(entry.at):%Y-%m-%d %H:%M:%S}"

    @display(description=_("did what"))
    def did_what(self, entry: AuditEntry) -> str:
        """Return the verb in words."""
        return words_of(entry.verb)

    @display(description=_("way"))
    def way(self, entry: AuditEntry) -> str:
        """Return by which way it came, and the name of the token, task or command."""
        words = [entry.get_channel_display(), entry.through]
        return " · ".join(str(word) for word in words if word) or "–"

    @display(description=_("thing"))
    def thing(self, entry: AuditEntry) -> str:
        """Return what it is about, as a link where the reader may open it."""
        name = entry.thing_name or "–"
        address = self._address_of_thing(entry)
        link = _link(address, name) if address else name
        kind = _kind(entry.thing_type)
        return format_html("{} <span>({})</span>", link, kind) if kind else link

    @display(description=_("what changed"))
    def table(self, entry: AuditEntry) -> str:
        """Return the facts, what was before beside what is now."""
        return _table(audit_telling.lines(entry), is_change=audit_telling.has_change(entry))

    @display(description=_("see also"))
    def see_also(self, entry: AuditEntry) -> str:
        """Return the ways to everything about this thing, and everything by this person."""
        ways = []
        if entry.thing_id:
            asked = {"thing_type": entry.thing_type, "thing_id": entry.thing_id}
            ways.append((_("Everything about this thing"), asked))
        if entry.actor_id:
            ways.append((_("Everything by this person"), {"actor": entry.actor_id}))
        if entry.address:
            ways.append((_("Everything from this address"), {"address": entry.address}))
        here = reverse("admin:organization_auditentry_changelist")
        return _lines(
            format_html("<div>{}</div>", _link(f"{here}?{urlencode(asked)}", label))
            for label, asked in ways
        )

    def _address_of_thing(self, entry: AuditEntry) -> str:
        reader = getattr(entry, "reader", None)
        model = _model(entry.thing_type)
        page = admin.site._registry.get(model) if model is not None else None
        if reader is None or page is None or not entry.thing_id:
            return ""
        row = page.get_object(reader, entry.thing_id)
        if row is None or not page.has_view_permission(reader, row):
            return ""
        name = f"admin:{entry.thing_type.replace('.', '_')}_change"
        try:
            return reverse(name, args=[entry.thing_id])
        except NoReverseMatch:
            return ""

    # The way out --------------------------------------------------------------------------------

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Let people take the log along who may export somewhere."""
        return self._may_somewhere(request, Action.EXPORT)

    @admin.action(description=_("Export as CSV"), permissions=["export"])
    def export_csv(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> StreamingHttpResponse:
        """Send the chosen entries row by row, however many there are."""
        rows = self._exported(request, queryset, FILE_AT_MOST, "csv")
        answer = StreamingHttpResponse(_as_csv(rows), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="audit-log.csv"'
        return answer

    @admin.action(
        description=_("Export as a workbook (at most 20,000 rows)"), permissions=["export"]
    )
    def export_workbook(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> HttpResponse:
        """Send the chosen entries as a workbook."""
        rows = self._exported(request, queryset, WORKBOOK_AT_MOST, "xlsx")
        content = XLSX().export_data(Dataset(*(_cells(row) for row in rows), headers=_HEADINGS))
        answer = HttpResponse(content, content_type=XLSX().get_content_type())
        answer["Content-Disposition"] = 'attachment; filename="audit-log.xlsx"'
        return answer

    def _exported(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], at_most: int, form: str
    ) -> Iterator[AuditEntry]:
        """Return the rows that may leave, newest first, once it is written down that they do."""
        rows = AuditEntry.objects.visible_to(request.user, Action.EXPORT)
        rows = rows.filter(pk__in=queryset.order_by().values("pk"))
        last = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
        audit.record_export(
            actor=request.user,  # type: ignore[arg-type]
            model=AuditEntry,
            rows=min(rows.filter(pk__lte=last)[:at_most].count(), at_most),
            form=form,
            filters=dict(request.GET.items()),
            now=timezone.now(),
        )
        return _walk(rows.filter(pk__lte=last).select_related("actor", "department"), at_most)


def _walk(rows: QuerySet[AuditEntry], at_most: int) -> Iterator[AuditEntry]:
    last: int | None = None
    while at_most > 0:
        some = rows if last is None else rows.filter(pk__lt=last)
        found = list(some.order_by("-pk")[: min(_AT_ONCE, at_most)])
        yield from found
        if len(found) < _AT_ONCE:
            return
        last, at_most = found[-1].pk, at_most - len(found)


# Cells of a file ----------------------------------------------------------------------------------

_HEADINGS: Final = (
    "at (UTC)", "who", "verb", "did what", "kind of thing", "key", "thing", "department", "way",
    "through", "address", "request", "facts",
)  # fmt: skip


def _cells(entry: AuditEntry) -> list[str]:
    cells = (
        f"{entry.at:%Y-%m-%d %H:%M:%S}",
        str(entry.actor or ""),
        entry.verb,
        words_of(entry.verb),
        entry.thing_type,
        entry.thing_id,
        entry.thing_name,
        entry.department.code if entry.department else "",
        entry.channel,
        entry.through,
        entry.address,
        entry.request_id,
        json.dumps(entry.facts, ensure_ascii=False, sort_keys=True),
    )
    return [escape(cell) for cell in cells]


class _Echo:
    def write(self, text: str) -> str:
        """Return what a writer of CSV would have put into a file."""
        return text


def _as_csv(rows: Iterable[AuditEntry]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    # Excel reads a CSV file as UTF-8 only with a mark at its beginning.
    yield "\ufeff" + writer.writerow(_HEADINGS)
    for row in rows:
        yield writer.writerow(_cells(row))


# Words --------------------------------------------------------------------------------------------


def _model(label: str) -> Any:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def _kind(label: str) -> str:
    model = _model(label)
    return str(model._meta.verbose_name) if model is not None else label


def _link(address: str, name: str | Promise) -> str:
    style = "text-primary-600 dark:text-primary-500"
    return format_html('<a class="{}" href="{}">{}</a>', style, address, name)


def _table(lines: list[audit_telling.Line], *, is_change: bool) -> str:
    if not lines:
        return "–"
    cell = '<td class="px-3 py-2 align-top whitespace-pre-line break-words">{}</td>'
    body = _lines(
        format_html(
            f'<tr class="border-t border-base-200 dark:border-base-800">{cell * 3}</tr>',
            line.label, line.before, line.after,
        )
        if is_change
        else format_html(
            f'<tr class="border-t border-base-200 dark:border-base-800">{cell * 2}</tr>',
            line.label, line.after,
        )
        for line in lines
    )  # fmt: skip
    names = (_("field"), _("before"), _("after")) if is_change else (_("field"), _("value"))
    head = _lines(
        format_html('<th class="px-3 py-2 text-left font-semibold">{}</th>', name) for name in names
    )
    return format_html(
        '<div class="overflow-x-auto"><table class="w-full text-sm"><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>",
        head,
        body,
    )


def _lines(parts: Iterable[str]) -> str:
    return format_html_join("\n", "{}", ((part,) for part in parts))
