"""Lists that come and go as Excel or CSV files: upload, preview, confirm; and the way out."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.signing import BadSignature, TimestampSigner
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV, XLSX

from organization import audit
from organization.access import Action
from organization.import_files import KEPT_FOR
from organization.scoped_admin import ThemedExportForm, ThemedImportForm, scoped


def _signer(request: HttpRequest) -> TimestampSigner:
    return TimestampSigner(salt=f"import of {request.user.pk}")


class TablesMixin(ImportExportMixin):
    """Import and export on a scoped page. Stands before ScopedAdmin in the bases."""

    import_form_class = ThemedImportForm
    export_form_class = ThemedExportForm
    formats = [XLSX, CSV]
    # Excel reads a CSV file as UTF-8 only with a mark at its beginning.
    to_encoding = "utf-8-sig"

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Let people import who may write somewhere; each row is held to where that is."""
        return self._may_somewhere(request, self.write_action)

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Let people export who may do so somewhere."""
        return self._may_somewhere(request, Action.EXPORT)

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows of the list, as filtered, that this person may export.

        Raises BadRequest for a filter that the list does not have: to leave it out would widen
        what is exported.
        """
        try:
            rows = super().get_export_queryset(request)
        except IncorrectLookupParameters as odd:
            raise BadRequest(str(odd)) from odd
        return scoped(rows, request.user, Action.EXPORT)

    def get_import_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        """Tell the table who imports, and from when transfers hold."""
        form = kwargs.get("form")
        told: dict[str, Any] = {"user": request.user}
        if form is not None and "effective_on" in getattr(form, "cleaned_data", {}):
            told["effective_on"] = form.cleaned_data["effective_on"]
        return told

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        """Write all rows or none."""
        return {**super().get_import_data_kwargs(**kwargs), "rollback_on_validation_errors": True}

    def get_export_data(
        self, file_format: Any, request: HttpRequest, queryset: QuerySet[Any], **kwargs: Any
    ) -> Any:
        """Return the file, once it is written down who takes it, and what is in it."""
        content = super().get_export_data(file_format, request, queryset, **kwargs)
        audit.record_export(
            actor=request.user,  # type: ignore[arg-type]
            model=self.model,
            rows=queryset.count(),
            form=file_format.get_extension(),
            filters=dict(request.GET.items()),
            now=timezone.now(),
        )
        return content

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Import what was uploaded and looked at by the same person, and no other file.

        The library would open, and delete, any file beside it that the form names.
        """
        if not self.has_import_permission(request):
            raise PermissionDenied
        asked = request.POST.copy()
        try:
            asked["import_file_name"] = _signer(request).unsign(
                asked.get("import_file_name", ""), max_age=KEPT_FOR
            )
            if asked.get("format", "") not in map(str, range(len(self.formats))):
                raise BadRequest("format")
            request.POST = asked  # type: ignore[assignment]
            return super().process_import(request, **kwargs) or self._start_again(request)
        except (BadSignature, FileNotFoundError):
            return self._start_again(request)

    def _start_again(self, request: HttpRequest) -> HttpResponse:
        messages.error(request, _("The file is not here any more. Upload it again."))
        return HttpResponseRedirect(request.path.replace("process_import", "import"))

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        """Say what was written; rows that changed since the preview may refuse."""
        if not result.has_errors() and not result.has_validation_errors():
            self._write_down_import(result, request)
            return super().process_result(result, request)
        messages.error(
            request, _("Nothing was imported: something has changed since the preview. Try again.")
        )
        return HttpResponseRedirect(request.path.replace("process_import", "import"))

    def _write_down_import(self, result: Any, request: HttpRequest) -> None:
        # Each row that was written has an entry of its own, by its service.
        totals = {kind: count for kind, count in result.totals.items() if count}
        audit.record(
            actor=request.user,  # type: ignore[arg-type]
            verb="rows.imported",
            thing=audit.Thing(
                self.model._meta.label_lower, str(self.model._meta.verbose_name_plural)
            ),
            department=audit.home_of(request.user, self.write_action),  # type: ignore[arg-type]
            now=timezone.now(),
            file=request.POST.get("original_file_name", ""),
            rows=totals,
        )

    def get_confirm_form_initial(self, request: HttpRequest, import_form: Any) -> dict[str, Any]:
        """Carry the date and the name of the file from the preview to the confirmation."""
        initial: dict[str, Any] = super().get_confirm_form_initial(request, import_form)
        if initial.get("import_file_name"):
            initial["import_file_name"] = _signer(request).sign(
                PurePath(initial["import_file_name"]).name
            )
        if import_form is not None and "effective_on" in import_form.cleaned_data:
            initial["effective_on"] = import_form.cleaned_data["effective_on"]
        return initial
