"""The base of every page: rows pass the one door, and only this file knows the theme.

`get_queryset` covers lists, details, history, deletion and autocomplete. Three side doors of
the admin do not pass it and are closed here: choices of foreign keys, relation filters in the
sidebar, and the counts of list pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial, wraps
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin as ThemedAdmin
from unfold.admin import StackedInline as ThemedStackedInline
from unfold.admin import TabularInline as ThemedTabularInline
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    DropdownFilter,
    RangeDateFilter,
)
from unfold.contrib.filters.admin import RelatedDropdownFilter as ThemedRelatedFilter
from unfold.contrib.import_export.forms import ExportForm as ThemedExportForm
from unfold.contrib.import_export.forms import ImportForm as ThemedImportForm
from unfold.decorators import action as themed_action
from unfold.decorators import display as themed_display
from unfold.forms import ActionForm as ThemedActionForm
from unfold.forms import (
    AdminPasswordChangeForm as ThemedPasswordChangeForm,
)
from unfold.forms import UserChangeForm as ThemedUserChangeForm
from unfold.forms import UserCreationForm as ThemedUserCreationForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from organization.access import Action, ScopedQuerySet, departments_for, granted_paths
from organization.errors import DomainError
from organization.models import AuditEntry, Department

__all__ = [
    "DepartmentFilter",
    "DropdownFilter",
    "ManyByKey",
    "PeriodFilter",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "ScopedAdmin",
    "ScopedAutocompleteFilter",
    "ScopedRelatedFilter",
    "ScopedStackedInline",
    "ScopedTabularInline",
    "SelectByKey",
    "SelectManyByKey",
    "ThemedActionForm",
    "ThemedExportForm",
    "ThemedImportForm",
    "ThemedPasswordChangeForm",
    "ThemedUserChangeForm",
    "ThemedUserCreationForm",
    "UnfoldAdminCheckboxSelectMultipleWidget",
    "UnfoldAdminSelectWidget",
    "UnfoldAdminSingleDateWidget",
    "UnfoldAdminTextInputWidget",
    "action",
    "display",
]


def action(function: Callable[..., Any] | None = None, **options: Any) -> Callable[..., Any]:
    """Declare an action. On a row that may not be acted on, the theme's 403 becomes a 404.

    Otherwise the answer would tell a row of others from one that does not exist.
    """
    if function is None:
        return partial(action, **options)
    guarded = themed_action(function, **options)

    @wraps(guarded)
    def closed(page: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return guarded(page, request, *args, **kwargs)
        except PermissionDenied as refused:
            if "object_id" in kwargs:
                raise Http404 from refused
            raise

    return closed


class Labelled(tuple[str, Any]):
    """A state and its words: a list colours them by the state, a page writes the words."""

    __slots__ = ()

    def __str__(self) -> str:
        return str(self[1])


def display(function: Callable[..., Any] | None = None, **options: Any) -> Callable[..., Any]:
    """Declare a column of a list, which is also a line of the page of a row.

    The theme shows coloured states and moments in lists only; the page of a row would write what
    Python thinks of them.
    """
    if function is None:
        return partial(display, **options)

    colors = options.get("label")

    @wraps(function)
    def shown(*args: Any, **kwargs: Any) -> Any:
        value = function(*args, **kwargs)
        if isinstance(value, datetime):
            return localize(timezone.localtime(value))
        if not isinstance(value, tuple) or len(value) != 2:
            return value
        # Of a state without a colour the theme would write the key.
        return value[1] if isinstance(colors, dict) and value[0] not in colors else Labelled(value)

    return themed_display(shown, **options)


class BoundedPaginator(Paginator):
    """Pages without counting the table: it looks no further than it must, at most 10,000 rows."""

    LOOKS_AHEAD: ClassVar[int] = 10_000

    @cached_property
    def count(self) -> int:
        """Return the number of rows, or LOOKS_AHEAD where there are more."""
        rows = self.object_list
        if isinstance(rows, models.QuerySet):
            return rows.order_by().values("pk")[: self.LOOKS_AHEAD].count()
        return len(rows)


def scoped(queryset: models.QuerySet[Any], user: Any, act: Action) -> models.QuerySet[Any]:
    """Return the rows on which `user` may act; unscoped models are open to administrators only."""
    if isinstance(queryset, ScopedQuerySet):
        return queryset.visible_to(user, act)
    return queryset


class ScopedRelatedFilter(ThemedRelatedFilter):
    """A sidebar filter whose choices are the rows that this person may see, at most 200."""

    AT_MOST: ClassVar[int] = 200

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: Any
    ) -> list[tuple[Any, str]]:
        """Return (key, name) of what may be chosen."""
        rows = scoped(field.remote_field.model._default_manager.all(), request.user, Action.SEE)
        return [(row.pk, str(row)) for row in rows[: self.AT_MOST]]


class ScopedAutocompleteFilter(AutocompleteSelectFilter):
    """A sidebar filter that is searched, for relations with too many rows for a list."""

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        """Yield the field; a key in the address names nobody whom this person may not see."""
        key = str(self.value() or "")
        # The box looks its choice up by a way on which a number too large for a key is a crash.
        if not (key.isdecimal() and int(key[:20]) < 2**63):
            self.lookup_val = None
        for choice in super().choices(changelist):
            rows = self.field.remote_field.model._default_manager.all()
            choice["form"].fields[self.lookup_kwarg].queryset = scoped(
                rows, self.request.user, Action.SEE
            )
            yield choice


class DepartmentFilter(DropdownFilter):
    """A department with all below it, in the order of the tree.

    For rows with another way to their department, make a subclass with another `path_lookup`.
    """

    title = _("department")
    parameter_name = "in"
    path_lookup: ClassVar[str] = "department__path"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return (key, indented name) of the departments that this person may see."""
        rows = sorted(departments_for(request.user, Action.SEE), key=Department.lineage)
        self._paths = {str(row.pk): row.path for row in rows}
        top = min((row.depth for row in rows), default=0)
        return [(str(row.pk), "\u2003" * (row.depth - top) + row.name) for row in rows]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Return the rows of the department and all below; nothing for an unknown one."""
        key = self.value()
        if not key:
            return queryset
        path = self._paths.get(key)
        if path is None:
            return queryset.none()
        return queryset.filter(**{f"{self.path_lookup}__startswith": path})


class PeriodFilter(RangeDateFilter):
    """Two dates, for a moment: from the beginning of the first to the end of the second."""

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """Return the rows of the period, by the clock of the console; none for no date."""
        for end, compare, days in (("from", "gte", 0), ("to", "lt", 1)):
            said = self.used_parameters.get(f"{self.parameter_name}_{end}")
            if not said:
                continue
            try:
                day = date.fromisoformat(str(said)) + timedelta(days=days)
                moment = timezone.make_aware(datetime.combine(day, time()))
            except (ValueError, OverflowError):
                return queryset.none()
            queryset = queryset.filter(**{f"{self.parameter_name}__{compare}": moment})
        return queryset


class SelectByKey(AutocompleteSelect):
    """A searched choice, where a value that is no key chooses nothing.

    Django would ask the database for it while it draws the form again, and fail.
    """

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        """Return the chosen row."""
        return super().optgroups(name, [one for one in value if _is_key(one)], attr)


class SelectManyByKey(AutocompleteSelectMultiple):
    """A searched choice of several rows, where values that are no keys choose nothing."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        """Return the chosen rows."""
        return super().optgroups(name, [one for one in value if _is_key(one)], attr)


class ManyByKey(forms.ModelMultipleChoiceField):
    """Several rows out of those that a person may use, at most `most`."""

    def __init__(self, *args: Any, most: int = 500, **kwargs: Any) -> None:
        self.most = most
        super().__init__(*args, **kwargs)

    def clean(self, value: Any) -> Any:
        """Return the rows; what is no key is none of them."""
        chosen = list(value or ())
        if len(chosen) > self.most:
            said = _("Choose at most %(most)d.")
            raise ValidationError(said, code="too_many", params={"most": self.most})
        wrong = [one for one in chosen if not _is_key(one)]
        if wrong:
            raise ValidationError(
                self.error_messages["invalid_choice"],
                code="invalid_choice",
                params={"value": str(wrong[0])[:20]},
            )
        return super().clean(chosen)


def _is_key(value: Any) -> bool:
    text = str(value)
    return text.isascii() and text.isdecimal() and len(text) < 19


class _ScopedForeignKeys:
    """Closes the side door of foreign-key choices, for pages and inlines alike."""

    write_action: ClassVar[Action] = Action.RULE

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only rows that this person may use."""
        if "queryset" not in kwargs:
            rows = db_field.remote_field.model._default_manager.all()
            # Whom a row is about decides who may write it; what it uses need only be visible.
            own = getattr(db_field.model._default_manager.all(), "person_lookup", None)
            act = self.write_action if db_field.name == own else Action.SEE
            kwargs["queryset"] = scoped(rows, request.user, act)
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs.setdefault(
                "widget",
                SelectByKey(db_field, self.admin_site),  # type: ignore[attr-defined]
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


class ScopedAdmin(_ScopedForeignKeys, ThemedAdmin):
    """A page whose rows are the ones that this person may see, change or delete.

    Seeing needs Action.SEE somewhere, writing needs `write_action` on the row. Models without
    a department (positions, sources) can be read by whoever may configure, and written by
    superusers; see `is_common`.
    """

    see_action: ClassVar[Action] = Action.SEE
    is_common: ClassVar[bool] = False
    # What an empty list says below "Nothing here yet".
    empty_text: ClassVar[Any] = ""
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    compressed_fields = True
    warn_unsaved_form = True
    list_fullwidth = True
    list_filter_submit = True

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the rows that this person may see."""
        return scoped(super().get_queryset(request), request.user, self.see_action)

    def response_action(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> HttpResponse | None:
        """Act on the chosen rows; a key that can be none is a bad request."""
        if not all(map(_is_key, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            raise BadRequest(ACTION_CHECKBOX_NAME)
        return super().response_action(request, queryset)

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Answer as for any address that leads nowhere: what may not be seen is not found."""
        raise Http404

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the page, or save it. What a service refuses stands above what was typed."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (DomainError, ValidationError) as refusal:
            if request.method != "POST":
                raise
            request.__dict__["_refused"] = (
                refusal.messages if isinstance(refusal, ValidationError) else [str(refusal)]
            )
        # Once more, with the refusal among the errors of the form.
        return super().changeform_view(request, object_id, form_url, extra_context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the audit log of a row: services write there, and not in Django's own history."""
        log = self.admin_site._registry[AuditEntry]
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        if not log.has_view_permission(request):
            return super().history_view(request, object_id, extra_context)
        asked = {"thing_type": row._meta.label_lower, "thing_id": row.pk}
        return HttpResponseRedirect(
            f"{reverse('admin:organization_auditentry_changelist')}?{urlencode(asked)}"
        )

    def get_form(
        self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Any]]:
        """Return the form, which tells what a service has refused."""
        form = super().get_form(request, obj, change, **kwargs)
        if (refused := request.__dict__.get("_refused")) is None:
            return form

        class Refused(form):  # type: ignore[valid-type,misc]
            def clean(self) -> Any:
                cleaned = super().clean()
                self.add_error(None, refused)
                return cleaned

        return Refused

    def rows_for(self, request: HttpRequest, act: Action) -> models.QuerySet[Any]:
        """Return the rows on which this person may `act`."""
        return scoped(self.model._default_manager.all(), request.user, act)

    def _may_somewhere(self, request: HttpRequest, act: Action) -> bool:
        paths = granted_paths(request.user, act)
        return paths is None or bool(paths) or (act is Action.SEE and self._has_own_rows(request))

    def _has_own_rows(self, request: HttpRequest) -> bool:
        """Say whether the rows are about people and this person is one of them."""
        rows = self.model._default_manager.all()
        if not isinstance(rows, ScopedQuerySet) or rows.person_lookup is None:
            return False
        return getattr(request.user, "employee", None) is not None

    def _may(self, request: HttpRequest, act: Action, obj: Any | None) -> bool:
        # A page asks the same question many times.
        kept = request.__dict__.setdefault("_may", {})
        # The theme hands the buttons of a page the key of its row instead of the row.
        pk = obj.pk if isinstance(obj, models.Model) else obj
        key = (self.model, act, pk if pk is None else str(pk))
        if key not in kept:
            kept[key] = self._find_out(request, act, pk)
        return kept[key]

    def _find_out(self, request: HttpRequest, act: Action, pk: Any | None) -> bool:
        if not self._may_somewhere(request, act):
            return False
        if pk is None or self.is_common:
            return not (self.is_common and act is self.write_action) or bool(
                request.user.is_superuser
            )
        return self.rows_for(request, act).filter(pk=pk).exists()

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the app to whoever may see anything in it."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Allow people with a grant; the queryset decides which rows."""
        return self._may(request, self.see_action, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow people who may write somewhere; the choices of the form hold them there."""
        return self._may(request, self.write_action, None)

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Allow people who may write this row."""
        return self._may(request, self.write_action, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Allow people who may write this row."""
        return self._may(request, self.write_action, obj)

    def get_list_filter(self, request: HttpRequest) -> Sequence[Any]:
        """Return the filters, each relation among them scoped."""
        return [self._scoped_filter(entry) for entry in super().get_list_filter(request)]

    def _scoped_filter(self, entry: Any) -> Any:
        if not isinstance(entry, str):
            return entry
        field: Any = self.model
        for part in entry.split("__"):
            field = (
                field._meta if hasattr(field, "_meta") else field.related_model._meta
            ).get_field(part)
        return (entry, ScopedRelatedFilter) if field.is_relation else entry

    def apply_each(
        self,
        request: HttpRequest,
        queryset: models.QuerySet[Any],
        service: Callable[[Any], object],
    ) -> None:
        """Call `service` on every row; report successes together and each refusal by name."""
        done = 0
        for row in queryset:
            try:
                service(row)
            except DomainError as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.ERROR)
            else:
                done += 1
        if done:
            text = ngettext("Done for %(count)d row.", "Done for %(count)d rows.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)


class ReadOnlyAdmin(ScopedAdmin):
    """A page to look at. Nobody adds, edits or deletes here, superusers included."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody."""
        return False


class _ParentDecides(_ScopedForeignKeys):
    """An inline may be touched by whoever may touch the row that holds it."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Whoever reached the page may read it."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """As the page."""
        return self._parent_may(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """As the page."""
        return self._parent_may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """As the page."""
        return self._parent_may(request, obj)

    def _parent_may(self, request: HttpRequest, obj: Any | None) -> bool:
        page = admin.site._registry[self.parent_model]  # type: ignore[attr-defined]
        if obj is None:
            return page.has_add_permission(request)
        return page.has_change_permission(request, obj)


class ScopedTabularInline(_ParentDecides, ThemedTabularInline):
    """Rows of a page, as a table."""


class ScopedStackedInline(_ParentDecides, ThemedStackedInline):
    """Rows of a page, one below the other."""


class ReadOnlyInline(ThemedTabularInline):
    """Rows to look at."""

    extra = 0
    can_delete = False
    max_num = 0

    def has_view_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Whoever reached the page may read it."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody."""
        return False
