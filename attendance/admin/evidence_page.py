"""What proved a punch: a button that says it will be written down, and then the evidence."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from attendance.console.photo_file import photo_file
from attendance.models import Punch, PunchEvidence
from attendance.services import evidence
from attendance.wording import evidence_lines
from organization.errors import DomainError, NotFound


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def evidence_page(request: HttpRequest, punch_id: int) -> HttpResponse:
    """Show which kinds of evidence are kept; a POST opens them, and that is written down."""
    user: Any = request.user
    try:
        punch = evidence.find_punch(punch_id, actor=user)
    except NotFound as refusal:
        raise Http404 from refusal
    is_own = punch.employee.user_id == user.pk
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": str(punch.employee),
        "opts": Punch._meta,
        "punch": punch,
        "rows": punch.evidence.order_by("pk").defer("sealed"),
        "is_own": is_own,
        "reason": "",
    }
    if request.method == "POST":
        reason = context["reason"] = request.POST.get("reason", "")
        try:
            pieces = evidence.view_evidence(punch_id, actor=user, reason=reason, now=timezone.now())
        except DomainError as refusal:
            context["problem"] = str(refusal)
        else:
            photo = next((one.photo for one in pieces if one.photo is not None), None)
            if "photo" in request.POST:
                if photo is None:
                    raise Http404
                return photo_file(photo, f"punch-{punch.pk}")
            context["pieces"] = [
                (PunchEvidence.Kind(one.kind).label, evidence_lines(one.facts))
                for one in pieces
                if one.photo is None
            ]
            context["has_photo"] = photo is not None
    return render(request, "admin/attendance/punch/evidence.html", context)
