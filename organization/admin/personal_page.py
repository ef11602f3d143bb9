"""The page of one person's data in the console: what is kept, a copy of it, its erasure."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from organization.errors import DomainError, NotFound
from organization.models import Employee, User
from organization.personal.answers import copy_as_answer
from organization.personal.copies import employee_for_copy
from organization.personal.erasing import (
    REASON_AT_MOST,
    employee_for_erasure,
    erase,
    preview,
    proofs,
)
from organization.personal.summary import groups, looks
from organization.scoped_admin import ScopedAdmin, UnfoldAdminTextInputWidget


class EraseForm(forms.Form):
    """Who asked, and why."""

    reason = forms.CharField(
        label=_("Who asked for it, and why"),
        min_length=3,
        max_length=REASON_AT_MOST,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("The reason stays in the audit log as part of the proof."),
    )


def may_open(user: Any, employee_id: Any) -> bool:
    """Say whether the page has something to do for `user`: a copy or an erasure."""
    return _may(employee_for_copy, user, employee_id) or _may(
        employee_for_erasure, user, employee_id
    )


def _may(find: Any, user: User, employee_id: Any) -> bool:
    try:
        find(int(employee_id), actor=user)
    except (NotFound, ValueError, OverflowError):
        return False
    return True


def personal_page(page: ScopedAdmin, request: HttpRequest, employee_id: int) -> HttpResponseBase:
    """Show what is kept about a person; give a copy; erase, after showing what goes."""
    user: Any = request.user
    if not may_open(user, employee_id):
        raise Http404
    person = Employee.objects.select_related("department", "user").get(pk=employee_id)
    may_copy = _may(employee_for_copy, user, person.pk)
    may_erase = _may(employee_for_erasure, user, person.pk)
    act = request.POST.get("act", "") if request.method == "POST" else ""
    if act == "copy":
        if not may_copy:
            raise Http404
        return copy_as_answer(person.pk, actor=user, now=timezone.now())
    form = EraseForm(request.POST if act == "erase" else None)
    if act == "erase":
        if not may_erase:
            raise Http404
        if form.is_valid() and _erase(request, person, form):
            return HttpResponseRedirect(request.get_full_path())
    return _shown(page, request, person, form, may_copy=may_copy, may_erase=may_erase)


def _erase(request: HttpRequest, person: Employee, form: EraseForm) -> bool:
    """Erase and say what went; else say beside the form why not."""
    actor: Any = request.user
    reason = form.cleaned_data["reason"]
    try:
        gone = erase(person.pk, reason=reason, actor=actor, now=timezone.now())
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    count = sum(gone.values())
    said = ngettext("%(count)d row was erased.", "%(count)d rows were erased.", count)
    nothing = _("There was nothing to erase.")
    messages.success(request, said % {"count": count} if count else nothing)
    return True


def _shown(
    page: ScopedAdmin,
    request: HttpRequest,
    person: Employee,
    form: EraseForm,
    *,
    may_copy: bool,
    may_erase: bool,
) -> HttpResponse:
    context = {
        **page.admin_site.each_context(request),
        "opts": page.model._meta,
        "original": person,
        "title": _("Personal data"),
        "groups": groups(person),
        "looks": list(looks(person)),
        "proofs": proofs(person)[:10],
        "may_copy": may_copy,
        "erasure": preview(person, now=timezone.now()) if may_erase else None,
        "form": form,
        "media": page.media + form.media,
    }
    return TemplateResponse(request, "organization/personal.html", context)
