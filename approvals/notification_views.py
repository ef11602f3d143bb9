"""What a person was told, and how they want to be told. They read nobody else's rows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from approvals import notice_words
from approvals.forms import NotificationForm
from approvals.models import Notification
from approvals.services import notifying

LISTED_AT_MOST = 30


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def my_notifications(request: HttpRequest) -> HttpResponse:
    """Show what a person was told, the latest first; mark one, or all, as read."""
    user: Any = request.user
    if request.method == "POST":
        return _read(request, user)
    rows = Notification.objects.of(user)
    if (before := _key(request.GET.get("before", ""))) is not None:
        rows = rows.filter(pk__lt=before)
    listed = list(rows[: LISTED_AT_MOST + 1])
    shown = listed[:LISTED_AT_MOST]
    context = {
        "told": notice_words.read(shown, user, now=timezone.now()),
        "before": shown[-1].pk if len(listed) > LISTED_AT_MOST else None,
        "unread": notifying.unread_of(user),
    }
    return render(request, "approvals/notifications.html", context)


def _read(request: HttpRequest, user: Any) -> HttpResponse:
    """Mark as read what is posted, and lead to what it is about."""
    now, said = timezone.now(), request.POST.get("notification", "")
    if not said:
        notifying.mark_read(user=user, now=now)
        return redirect("approvals:notifications")
    key = _key(said)
    row = Notification.objects.of(user).filter(pk=key).first() if key is not None else None
    if row is None:
        raise Http404
    notifying.mark_read(user=user, notification_id=row.pk, now=now)
    (told,) = notice_words.read([row], user, now=now)
    return redirect(told.address or "approvals:notifications")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def my_settings(request: HttpRequest) -> HttpResponse:
    """Show and keep how a person wants to be told."""
    user: Any = request.user
    kept = notifying.setting_of(user)
    form = NotificationForm(request.POST if request.method == "POST" else None, instance=kept)
    if form.is_bound and form.is_valid():
        notifying.set_setting(user=user, **form.cleaned_data, now=timezone.now())
        messages.success(request, str(_("Kept.")))
        return redirect("approvals:notification-settings")
    context = {"form": form, "address": user.email, "sends_mail": settings.SENDS_MAIL}
    return render(request, "approvals/notification_settings.html", context)


def _key(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None
