"""One's own log-in: password, second factor, where it is in use, language."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from config.doors import SAID, locked_out
from config.gate import FACTOR_AT
from organization import accounts, lockout, second_factor, sessions, tokens
from organization.models import User
from organization.pictures import picture_of


@require_safe
@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Show one's own log-in."""
    user: Any = request.user
    now = timezone.now()
    here = sessions.digest_of(request.session.session_key or "")
    context = {
        "enrolled": second_factor.is_enrolled(user),
        "required": second_factor.is_required(user),
        "codes_left": second_factor.codes_left(user),
        "sessions": sessions.open_sessions(user, now=now),
        "here": here,
        "tokens": tokens.valid_tokens(user, now=now),
        "is_employee": hasattr(user, "employee"),
        "languages_to_keep": [("", _("The browser's language")), *settings.LANGUAGES],
    }
    return render(request, "account/account.html", context)


@require_POST
@login_required
def language(request: HttpRequest) -> HttpResponse:
    """Keep a language with the log-in; the switch of this browser is forgotten."""
    user: Any = request.user
    kept = request.POST.get("language", "")
    if kept and kept not in dict(settings.LANGUAGES):
        return redirect("account")
    user.language = kept
    user.save(update_fields=["language"])
    if kept:
        translation.activate(kept)
    messages.success(request, _("Your language was kept."))
    answer = redirect("account")
    answer.delete_cookie(settings.LANGUAGE_COOKIE_NAME, path=settings.LANGUAGE_COOKIE_PATH)
    return answer


@require_POST
@login_required
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End every other session of one's own log-in."""
    user: Any = request.user
    accounts.end_sessions(user, actor=user, now=timezone.now(), but=request.session.session_key)
    messages.success(request, _("You are logged out everywhere else."))
    return redirect("account")


@require_POST
@login_required
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke a token of one's own log-in."""
    user: Any = request.user
    token = get_object_or_404(user.api_tokens, pk=pk)
    tokens.revoke(token.pk, actor=user, now=timezone.now())
    messages.success(request, _("The token was revoked."))
    return redirect("account")


class Password(View):
    """Choose a password. Whoever knows the old one says it; a one-time password was just said."""

    @method_decorator(sensitive_post_parameters())
    @method_decorator(never_cache)
    @method_decorator(login_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Answer those who are logged in."""
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        return self._show(request, self._form(request))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change it; what the old one opened elsewhere ends."""
        user: Any = request.user
        if lockout.is_locked(request, user.get_username()):
            return locked_out(request)
        form = self._form(request, request.POST)
        if not form.is_valid():
            if "old_password" in form.errors and request.POST.get("old_password"):
                lockout.note_failure(request, user.get_username())
            return self._show(request, form)
        with transaction.atomic():
            accounts.change_password(
                user,
                form.cleaned_data["new_password1"],
                now=timezone.now(),
                but=request.session.session_key,
            )
            update_session_auth_hash(request, user)
        messages.success(request, _("Your password was changed. You are logged out elsewhere."))
        return redirect(_next(request) or "account")

    def _form(self, request: HttpRequest, data: Any = None) -> forms.Form:
        user: Any = request.user
        kind = PasswordChangeForm if user.one_time_until is None else SetPasswordForm
        return kind(user, data)

    def _show(self, request: HttpRequest, form: forms.Form) -> HttpResponse:
        user: Any = request.user
        given = accounts.one_time_passwords_given(user) if user.one_time_until else []
        context = {"form": form, "next": _next(request), "given": given}
        return render(request, "account/password.html", context)


class Factor(View):
    """Set up the second factor, renew its recovery codes, or take it off."""

    @method_decorator(sensitive_post_parameters())
    @method_decorator(never_cache)
    @method_decorator(login_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Answer those who are logged in."""
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show how it stands."""
        return self._show(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Do what the button says."""
        user: Any = request.user
        if lockout.is_locked(request, user.get_username()):
            return locked_out(request)
        act = {"begin": self._begin, "confirm": self._confirm}.get(request.POST.get("act", ""))
        if act is not None:
            return act(request, user)
        return self._with_code(request, user)

    def _begin(self, request: HttpRequest, user: User) -> HttpResponse:
        # Whoever finds an open browser must not tie the log-in to a phone of their own.
        if not sessions.is_fresh(request, now=timezone.now()) and not user.check_password(
            request.POST.get("password", "")
        ):
            lockout.note_failure(request, user.get_username())
            return self._show(request, said=_("This is not your password."))
        if not second_factor.is_enrolled(user):
            second_factor.begin(user)
        return self._again(request)

    def _confirm(self, request: HttpRequest, user: User) -> HttpResponse:
        now = timezone.now()
        code = request.POST.get("code", "")[:100]
        with transaction.atomic():
            codes = second_factor.confirm(user, code, but=request.session.session_key, now=now)
            if codes:
                request.session.cycle_key()
                request.session[FACTOR_AT] = int(now.timestamp())
        if not codes:
            return self._show(request, said=SAID[second_factor.Verdict.WRONG])
        return self._tell(request, codes)

    def _with_code(self, request: HttpRequest, user: User) -> HttpResponse:
        """Renew the recovery codes, or take the factor off: a code says that it is its owner."""
        now = timezone.now()
        verdict = second_factor.check(user, request.POST.get("code", "")[:100], now=now)
        if verdict is second_factor.Verdict.WRONG:
            lockout.note_failure(request, user.get_username())
        if verdict is not second_factor.Verdict.RIGHT:
            return self._show(request, said=SAID[verdict])
        if request.POST.get("act") == "renew":
            return self._tell(request, second_factor.renew_recovery_codes(user, now=now))
        if request.POST.get("act") == "reset":
            second_factor.reset(user, actor=user, now=now, but=request.session.session_key)
            request.session.pop(FACTOR_AT, None)
            messages.success(request, _("The second factor was taken off."))
        return self._again(request)

    def _tell(self, request: HttpRequest, codes: list[str]) -> HttpResponse:
        context = {"codes": codes, "next": _next(request)}
        return render(request, "account/recovery_codes.html", context)

    def _again(self, request: HttpRequest) -> HttpResponse:
        return redirect(request.get_full_path())

    def _show(self, request: HttpRequest, said: object = None) -> HttpResponse:
        user: Any = request.user
        context: dict[str, Any] = {
            "enrolled": second_factor.is_enrolled(user),
            "required": second_factor.is_required(user),
            "codes_left": second_factor.codes_left(user),
            "is_fresh": sessions.is_fresh(request, now=timezone.now()),
            "said": said,
        }
        if factor := second_factor.pending(user):
            side, path = picture_of(second_factor.address_of(factor))
            secret = second_factor.secret_of(factor)
            context |= {
                "side": side,
                "path": path,
                "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            }
        return render(request, "account/factor.html", context)


def _next(request: HttpRequest) -> str:
    """Return where the person was going, if that is a page of ours."""
    asked = request.POST.get("next", request.GET.get("next", ""))
    mine = url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure())
    return asked if mine else ""
