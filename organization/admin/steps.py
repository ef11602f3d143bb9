"""A step of one thing: a button on its page, a form of its own, one service, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise

from organization.errors import DomainError
from organization.scoped_admin import ScopedAdmin

Service = Callable[[Any, dict[str, Any]], object]


def writable(page: ScopedAdmin, request: HttpRequest, object_id: Any) -> Any:
    """Return the row that this person may change. Raises Http404 for any other."""
    row = page.get_object(request, str(object_id))
    if row is None or not page.has_change_permission(request, row):
        raise Http404
    return row


def take_step(
    page: ScopedAdmin,
    request: HttpRequest,
    row: Any,
    form: forms.Form,
    *,
    title: str | Promise,
    service: Service,
    done: str | Promise,
    explains: str | Promise = "",
) -> HttpResponse:
    """Show the form of a step, or take the step and return to the row's page.

    `service` is called with the row and the cleaned values; what it refuses is shown.
    """
    opts = page.model._meta
    back = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])
    if request.method == "POST" and form.is_valid():
        try:
            service(row, form.cleaned_data)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, str(done))
            return HttpResponseRedirect(back)
    context = {
        **page.admin_site.each_context(request),
        "opts": opts,
        "original": row,
        "title": title,
        "explains": explains,
        "form": form,
        "back": back,
        "media": page.media + form.media,
    }
    return TemplateResponse(request, "organization/step.html", context)
