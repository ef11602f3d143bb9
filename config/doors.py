"""Coming in and going out: one log-in for everybody, and from there to where each belongs.

The console keeps a log-in of its own, which lets nobody in who has no business there; people
who only punch come in here.
"""

from typing import Final

from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from organization.access import Action, granted_paths
from organization.models import User

log_in: Final = LoginView.as_view(
    template_name="attendance/login.html", redirect_authenticated_user=True
)
log_out: Final = LogoutView.as_view(next_page="login")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead whoever works in the console there, everybody else to their own month."""
    if not request.user.is_authenticated:
        return redirect("login")
    return redirect("admin:index" if _works_here(request.user) else "attendance:my-month")


def _works_here(user: User) -> bool:
    """Say whether the console shows this person more than their own rows."""
    return user.is_staff and any(granted_paths(user, act) != () for act in Action)
