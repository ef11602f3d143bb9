"""What opens a log-in, for whoever manages it: password, second factor, sessions, tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache

from organization import accounts, lockout, second_factor, sessions, tokens
from organization.admin.steps import writable
from organization.errors import DomainError
from organization.models import User
from organization.scoped_admin import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, action

DAYS = ((90, _("90 days")), (365, _("one year")), (730, _("two years")), (0, _("without end")))


class NewLogInForm(forms.ModelForm):
    """A log-in begins with its name; its first password is made for it and told once."""

    class Meta:
        model = User
        fields = ("username",)


class TokenForm(forms.Form):
    """What a token is for, and how long it holds."""

    name = forms.CharField(
        label=_("What for"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Which program uses it, and where."),
    )
    days = forms.TypedChoiceField(
        label=_("Holds for"),
        choices=DAYS,
        initial=365,
        coerce=int,
        widget=UnfoldAdminSelectWidget,
    )


class LogInDoors:
    """The part of the page of log-ins that opens and shuts them. Every button calls a service."""

    actions_detail: ClassVar = ("doors_page",)

    @action(
        description=_("Password, sessions, tokens"),
        url_path="doors",
        icon="key",
        permissions=["change"],
    )
    @method_decorator(never_cache)
    def doors_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show what opens a log-in, and do what a button says."""
        user = writable(self, request, object_id)
        form = TokenForm(request.POST if request.POST.get("act") == "issue" else None)
        told = None
        if request.method == "POST":
            act = self._acts().get(request.POST.get("act", ""))
            if act is None:
                raise PermissionDenied
            try:
                told = act(request, user, form)
            except DomainError as refusal:
                messages.error(request, str(refusal))
            if told is None and not form.errors:
                return HttpResponseRedirect(request.path)
        return self._show_doors(request, user, form, told)

    def _acts(self) -> dict[str, Callable[[HttpRequest, User, TokenForm], dict[str, Any] | None]]:
        return {
            "password": self._give_password,
            "sessions": self._end_sessions,
            "factor": self._reset_factor,
            "issue": self._issue,
            "revoke": self._revoke,
            "unlock": self._unlock,
        }

    def _give_password(self, request: HttpRequest, user: User, form: TokenForm) -> dict[str, Any]:
        password = accounts.give_one_time_password(user, actor=request.user, now=timezone.now())
        return {"told": password, "told_kind": "password", "until": user.one_time_until}

    def _end_sessions(self, request: HttpRequest, user: User, form: TokenForm) -> None:
        count = accounts.end_sessions(user, actor=request.user, now=timezone.now())
        text = ngettext("%(count)d session was ended.", "%(count)d sessions were ended.", count)
        messages.success(request, text % {"count": count})

    def _reset_factor(self, request: HttpRequest, user: User, form: TokenForm) -> None:
        if not request.user.is_superuser:
            raise PermissionDenied
        second_factor.reset(user, actor=request.user, now=timezone.now())
        messages.success(request, _("The second factor was taken off."))

    def _issue(self, request: HttpRequest, user: User, form: TokenForm) -> dict[str, Any] | None:
        if not form.is_valid():
            return None
        now = timezone.now()
        days = form.cleaned_data["days"]
        _token, key = accounts.issue_token(
            user,
            name=form.cleaned_data["name"],
            actor=request.user,
            now=now,
            expires_at=now + timedelta(days=days) if days else None,
        )
        return {"told": key, "told_kind": "token"}

    def _revoke(self, request: HttpRequest, user: User, form: TokenForm) -> None:
        key = request.POST.get("token", "")
        token = get_object_or_404(user.api_tokens, pk=key if key.isdecimal() else 0)
        tokens.revoke(token.pk, actor=request.user, now=timezone.now())
        messages.success(request, _("The token was revoked."))

    def _unlock(self, request: HttpRequest, user: User, form: TokenForm) -> None:
        now = timezone.now()
        rows = lockout.attempts(now=now).filter(username=user.get_username())
        lockout.lift(rows, actor=request.user, now=now)
        messages.success(request, _("The log-in may be tried again."))

    def _show_doors(
        self, request: HttpRequest, user: User, form: TokenForm, told: dict[str, Any] | None
    ) -> HttpResponse:
        now = timezone.now()
        opts = self.model._meta
        context = {
            **self.admin_site.each_context(request),
            "opts": opts,
            "original": user,
            "title": _("Password, sessions, tokens"),
            "back": reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[user.pk]),
            "form": TokenForm() if told else form,
            "enrolled": second_factor.is_enrolled(user),
            "sessions": sessions.open_sessions(user, now=now)[:50],
            "tokens": user.api_tokens.all()[:100],
            "failures": lockout.attempts(now=now).filter(username=user.get_username())[:50],
            "now": now,
            **(told or {}),
        }
        return TemplateResponse(request, "organization/log_in_doors.html", context)

    # The stock pages that set a password, replaced.

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Lead to the page that gives a one-time password: nobody chooses one for another."""
        return HttpResponseRedirect(reverse("admin:organization_user_doors_page", args=[id]))

    def response_add(
        self, request: HttpRequest, obj: User, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Tell the first password of a new log-in, once."""
        if getattr(obj, "is_program", False):
            return HttpResponseRedirect(
                reverse("admin:organization_user_doors_page", args=[obj.pk])
            )
        form = TokenForm()
        return self._show_doors(request, obj, form, self._give_password(request, obj, form))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save a log-in; switching it off or on is a decision of its own."""
        now = timezone.now()
        if not change:
            obj.set_unusable_password()
            super().save_model(request, obj, form, change)
            return
        wanted = obj.is_active
        obj.is_active = User.objects.values_list("is_active", flat=True).get(pk=obj.pk)
        accounts.save_edited(obj, actor=request.user, now=now)
        if wanted != obj.is_active:
            service = accounts.switch_on if wanted else accounts.switch_off
            service(obj, actor=request.user, now=now)
