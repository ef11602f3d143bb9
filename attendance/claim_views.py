"""A person's own offline claims: declare a punch by a flight, hand in the boarding pass."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from attendance.console import own
from attendance.evidence.photos import BYTES_AT_MOST
from attendance.models import OfflineClaim
from attendance.services import claims
from attendance.services.checking import demands_at
from organization.errors import DomainError
from organization.models import Employee
from organization.services import zone_names

_SHOWN: Final = 50


class DeclareForm(forms.Form):
    """A punch that somebody will make where no phone may be used."""

    number = forms.CharField(
        label=_("Flight number"), max_length=12, help_text=_("Such as MU5101.")
    )
    departs_on = forms.DateField(
        label=_("Date of departure"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    leg = forms.ChoiceField(
        label=_("The punch hangs on"),
        choices=OfflineClaim.Leg.choices,
        help_text=_("If that is late, the punch moves with it."),
    )
    claimed_at = forms.DateTimeField(
        label=_("When you will punch"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M"],
        help_text=_("By the clock of your site, as the flight is scheduled."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def my_claims(request: HttpRequest) -> HttpResponse:
    """Show one's own claims; declare one, hand in a boarding pass, or take one back."""
    user: Any = request.user
    employee = own.own_employee(user)
    if employee is None:
        if request.method == "POST":
            raise Http404
        return render(request, "attendance/me_nobody.html")
    zone = ZoneInfo(zone_names()[employee.department_id])
    form = DeclareForm(request.POST if request.POST.get("act") == "declare" else None)
    if request.method == "POST":
        done = _act(request, employee, form, zone)
        if done is not None:
            return done
    now = timezone.now()
    demands = demands_at(employee.pk, own.today_of(employee, now=now))
    rows = OfflineClaim.objects.visible_to(user).filter(employee=employee).select_related("punch")
    context = {
        "claims": [_told(row, zone, now) for row in rows[:_SHOWN]],
        "form": form,
        "is_taken": demands.takes_claims,
        "hours": demands.boarding_pass_hours,
    }
    return render(request, "attendance/me_claims.html", context)


def _act(
    request: HttpRequest, employee: Employee, form: DeclareForm, zone: ZoneInfo
) -> HttpResponse | None:
    user: Any = request.user
    acting: dict[str, Any] = {"actor": user, "now": timezone.now()}
    act = request.POST.get("act", "")
    key = request.POST.get("claim", "")
    claim_id = int(key) if key.isdecimal() and len(key) < 19 else 0
    try:
        if act == "declare":
            if not form.is_valid():
                return None
            said = form.cleaned_data
            claims.declare(
                employee=employee,
                number=said["number"],
                departs_on=said["departs_on"],
                leg=said["leg"],
                claimed_at=_on_site(said["claimed_at"], zone),
                **acting,
            )
            messages.success(request, _("Declared. Hand in the boarding pass after the flight."))
        elif act == "prove":
            claims.prove(claim_id=claim_id, photo=_photo(request), **acting)
            messages.success(request, _("The boarding pass was kept."))
        elif act == "cancel":
            claims.cancel(claim_id=claim_id, **acting)
            messages.success(request, _("The claim was taken back."))
        else:
            raise Http404
    except (DomainError, ValidationError) as refused:
        told = refused.messages if isinstance(refused, ValidationError) else [str(refused)]
        if act != "declare":
            messages.error(request, " ".join(told))
            return redirect("attendance:my-claims")
        form.add_error(None, told)
        return None
    return redirect("attendance:my-claims")


def _on_site(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return what was typed by the clock of the site, whatever zone the console reads."""
    return timezone.localtime(moment).replace(tzinfo=zone)


def _photo(request: HttpRequest) -> bytes:
    file = request.FILES.get("photo")
    if file is None or file.size is None or file.size > BYTES_AT_MOST:
        raise ValidationError(_("Choose a photo of the boarding pass, of at most 8 MB."))
    return file.read()


def _told(row: OfflineClaim, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    states = OfflineClaim.State
    is_over = now - row.claimed_at > claims.PROOF_AT_MOST
    return {
        "row": row,
        "at": row.claimed_at.astimezone(zone),
        "due": row.due_at.astimezone(zone) if row.due_at is not None else None,
        "punched": row.punch.punched_at.astimezone(zone) if row.punch is not None else None,
        "is_held": row.punch is not None and row.punch.is_held,
        "may_prove": row.state in (states.DECLARED, states.LAPSED) and not is_over,
        "may_cancel": row.state in OfflineClaim.OPEN and not is_over,
        "is_moved": row.punch is not None
        and abs(row.punch.punched_at - row.claimed_at) >= timedelta(minutes=1),
    }
