"""Coming in and going out: one log-in for everybody, and from there to where each belongs.

Until the last step is taken nobody is logged in: a right password leaves a note in the session, and
only the code that belongs to it turns the note into a log-in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from config.gate import FACTOR_AT
from organization import lockout, second_factor
from organization.access import Action, granted_paths
from organization.models import User

_NOTE: Final = "password_was_right"
_NOTE_LASTS: Final = 10 * 60
SAID: Final = {
    second_factor.Verdict.WRONG: _("This code is not right."),
    second_factor.Verdict.RUN_OUT: _(
        "This code has run out, or was used before. Wait for the next one. If that happens again, "
        "let your phone set its clock by the network."
    ),
    second_factor.Verdict.RESTING: _("Too many wrong codes. Try again in a quarter of an hour."),
}


class LogIn(LoginView):
    """The first step. Whoever has a second factor goes on to the second."""

    template_name = "attendance/login.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Log in, or note down whose password was right."""
        user = form.get_user()
        if not second_factor.is_enrolled(user):
            return super().form_valid(form)
        session = self.request.session
        session.flush()
        session[_NOTE] = {
            "user": user.pk,
            # A password that changes meanwhile makes the note worthless.
            "of": user.get_session_auth_hash(),
            "at": int(timezone.now().timestamp()),
            "next": self.get_redirect_url(),
        }
        return redirect("login-code")


log_in: Final = LogIn.as_view()
log_out: Final = LogoutView.as_view(next_page="login")


@sensitive_post_parameters("code")
@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Take the second step: a code from the phone, or a recovery code."""
    now = timezone.now()
    user = _whose_password_was_right(request, now)
    if user is None:
        return redirect("login")
    said = None
    if request.method == "POST":
        if lockout.is_locked(request, user.get_username()):
            return locked_out(request)
        verdict = second_factor.check(user, request.POST.get("code", "")[:100], now=now)
        if verdict is second_factor.Verdict.RIGHT:
            return _come_in(request, user, now)
        if verdict is second_factor.Verdict.WRONG:
            lockout.note_failure(request, user.get_username())
        said = SAID[verdict]
    return render(request, "account/code.html", {"said": said})


def _whose_password_was_right(request: HttpRequest, now: datetime) -> User | None:
    note = request.session.get(_NOTE)
    if note is None or not 0 <= now.timestamp() - note["at"] < _NOTE_LASTS:
        return None
    user = User.objects.filter(pk=note["user"], is_active=True).first()
    if user is None or not constant_time_compare(note["of"], user.get_session_auth_hash()):
        return None
    return user


def _come_in(request: HttpRequest, user: User, now: datetime) -> HttpResponse:
    note = request.session.pop(_NOTE)
    login(request, user, backend="organization.passwords.PasswordBackend")
    request.session[FACTOR_AT] = int(now.timestamp())
    return redirect(note["next"] or "home")


@require_http_methods(["GET", "HEAD", "POST"])
def console_log_in(request: HttpRequest) -> HttpResponse:
    """Lead from the console's own log-in, which is no second door, to the one that there is."""
    if request.user.is_authenticated:
        return redirect("home")
    asked = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure()):
        asked = reverse("admin:index")
    return redirect(f"{reverse('login')}?{urlencode({'next': asked}, safe='/')}")


@require_safe
def console_password(request: HttpRequest) -> HttpResponse:
    """Lead from the console's own page to the one where everybody changes their password."""
    return redirect("account-password")


def nowhere(request: HttpRequest) -> HttpResponse:
    """Answer as for an address that leads nowhere."""
    raise Http404


def locked_out(request: HttpRequest, *_other: Any) -> HttpResponse:
    """Answer that there were too many failures: alike for every name, known or not."""
    minutes = int(lockout.LASTS.total_seconds()) // 60
    said = ngettext(
        "Too many failed log-ins. Try again in %(count)d minute.",
        "Too many failed log-ins. Try again in %(count)d minutes.",
        minutes,
    ) % {"count": minutes}
    answer = render(request, "account/locked_out.html", {"said": said}, status=429)
    answer["Retry-After"] = str(int(lockout.LASTS.total_seconds()))
    return answer


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead whoever works in the console there, everybody else to their own month."""
    if not request.user.is_authenticated:
        return redirect("login")
    return redirect("admin:index" if _works_here(request.user) else "attendance:my-month")


def _works_here(user: User) -> bool:
    """Say whether the console shows this person more than their own rows."""
    return user.is_staff and any(granted_paths(user, act) != () for act in Action)
