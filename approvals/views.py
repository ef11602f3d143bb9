"""A person's requests, what they can ask for, and what waits for them, on a phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from approvals import acting, cards, services
from approvals.content import YEARS
from approvals.forms import AbsenceForm, AppealForm, MakeUpForm, OvertimeForm, at_wall
from approvals.models import Request
from approvals.services.limits import left_of, limits_of, make_ups_in, slots_of
from approvals.services.photos import view_photo
from approvals.services.standing import names_of
from approvals.services.submitting import planned_at, refused_on, today_of
from attendance.console.day import read_date
from attendance.console.own import own_employee
from attendance.console.own_links import claim_links
from attendance.console.photo_file import photo_file
from attendance.engine import Anomaly, DayResult
from attendance.loading import Loaded
from attendance.services.days import explain_day, zones_of
from attendance.services.evidence import Unreadable
from organization.errors import DomainError, NotFound
from organization.models import Employee, User

LISTED_AT_MOST = 50


@require_safe
@login_required
def my_requests(request: HttpRequest) -> HttpResponse:
    """Show what a person has asked for, the latest first."""
    user: Any = request.user
    employee = own_employee(user)
    if employee is None:
        return render(request, "attendance/me_nobody.html")
    rows = Request.objects.filter(employee=employee)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdecimal() and len(before) < 18:
        rows = rows.filter(pk__lt=int(before))
    listed = list(rows[: LISTED_AT_MOST + 1])
    context = {
        "rows": listed[:LISTED_AT_MOST],
        "before": listed[LISTED_AT_MOST - 1].pk if len(listed) > LISTED_AT_MOST else None,
        "more": claim_links(employee, timezone.now()),
    }
    return render(request, "approvals/my_requests.html", context)


@require_safe
@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what waits for whoever asks, as cards to decide, a page of them and of one kind."""
    user: Any = request.user
    now = timezone.now()
    here = cards.place(request.GET)
    rows = cards.inbox(user, now=now)
    if "kind" in here:
        rows = rows.filter(kind=here["kind"])
    shown = cards.read_cards(cards.following(rows, here), user, now=now)
    context = {
        "cards": shown,
        "number": rows.order_by()[: cards.COUNTED_TO].count(),
        "here": here,
        "further": cards.last_if_more(rows, shown),
        "kinds": Request.Kind.choices,
    }
    return render(request, "approvals/inbox.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def request_page(request: HttpRequest, request_id: int) -> HttpResponse:
    """Show a request, and do what is posted about it. What may not be read is not found."""
    user: Any = request.user
    now = timezone.now()
    try:
        found = cards.find(user, request_id, now=now)
        if request.method == "POST":
            return _act(request, user, request_id, now)
    except NotFound as refusal:
        raise Http404 from refusal
    (card,) = cards.read_cards(Request.objects.filter(pk=found.pk), user, now=now)
    context = {"card": card, "turn_to": _turn_to(user, card)}
    return render(request, "approvals/request.html", context)


def _turn_to(user: User, card: cards.Card) -> str:
    """Return who approved what somebody asked for: they cannot take it back themselves."""
    request = card.request
    asks = user.pk in {request.employee.user_id, request.submitted_by_id}
    if request.status != Request.Status.APPROVED or not asks or request.settled_by_id is None:
        return ""
    return names_of([request.settled_by_id]).get(request.settled_by_id, "")


@require_safe
@login_required
def request_photo(request: HttpRequest, request_id: int) -> HttpResponse:
    """Answer with the photo of a request, as a file that no browser takes for a page."""
    user: Any = request.user
    try:
        photo = view_photo(request_id, actor=user, now=timezone.now())
    except (NotFound, Unreadable) as refusal:
        raise Http404 from refusal
    return photo_file(photo, f"request-{request_id}")


def _act(request: HttpRequest, user: Any, request_id: int, now: datetime) -> HttpResponse:
    try:
        said = acting.act(user, request_id, request.POST.dict(), now=now)
    except NotFound:
        raise
    except (DomainError, ValidationError) as refusal:
        messages.error(request, _words(refusal))
        return redirect("approvals:request", request_id)
    messages.success(request, str(said))
    if request.POST.get("act") in ("approve", "reject"):
        here = urlencode(cards.place(request.POST))
        return redirect(reverse("approvals:inbox") + (f"?{here}" if here else ""))
    return redirect("approvals:request", request_id)


def _words(refusal: DomainError | ValidationError) -> str:
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)


# --- asking ------------------------------------------------------------------------------------


class Behalf(NamedTuple):
    """Somebody for whom another asks, and the page on which they do.

    `page` names the address of a request there; `context` is what the frame of the page shows.
    """

    employee: Employee
    page: str
    context: dict[str, Any]


class _Asker:
    """Whoever fills in a form: the person, their zone, and the day that they come from."""

    def __init__(self, request: HttpRequest, employee: Employee) -> None:
        self.user: Any = request.user
        self.employee = employee
        self.now = timezone.now()
        self.zone = ZoneInfo(zones_of([employee.pk])[employee.pk])
        said = request.POST.get("work_date") or request.GET.get("day", "")
        self.day: date = read_date(said) or today_of(employee, self.now)
        self.slot = request.GET.get("slot", "")

    @cached_property
    def explained(self) -> tuple[Loaded, DayResult]:
        """Return the day as it is now."""
        return explain_day(employee_id=self.employee.pk, work_date=self.day, now=self.now)

    @property
    def facts(self) -> dict[str, Any]:
        """Return what every service asks."""
        return {"employee": self.employee, "actor": self.user, "now": self.now}


def _ask(
    request: HttpRequest,
    title: Any,
    build: Callable[[_Asker, Any], forms.Form],
    submit: Callable[[_Asker, Any], Request],
    without: Any = "",
    left: Callable[[_Asker], list[str]] | None = None,
    behalf: Behalf | None = None,
) -> HttpResponse:
    """Show a form; keep what is asked, or say above it what was refused.

    `without` is said instead of the form where the day has nothing to choose from; `left` is what
    may still be asked for.
    """
    user: Any = request.user
    employee = behalf.employee if behalf is not None else own_employee(user)
    if employee is None:
        if request.method == "POST":
            raise Http404
        return render(request, "attendance/me_nobody.html")
    asker = _Asker(request, employee)
    with timezone.override(asker.zone):
        form = build(asker, request.POST if request.method == "POST" else None)
        if behalf is not None and "corrected_at" in form.fields:
            form.fields["corrected_at"].label = _("Was there at")
        if form.is_bound and form.is_valid() and not _refuse_odd_years(form):
            try:
                made = submit(asker, form)
            except (DomainError, ValidationError) as refusal:
                form.add_error(None, _words(refusal))
            else:
                messages.success(request, str(_("Asked. You will find the answer here.")))
                return redirect(behalf.page if behalf else "approvals:request", made.pk)
        slots: Any = form.fields.get("slot")
        nothing = "" if form.is_bound or slots is None or slots.choices else without
        context = {"form": form, "title": title, "day": asker.day, "nothing": nothing}
        context["left"] = left(asker) if left is not None else []
        if behalf is not None:
            context |= behalf.context
        return render(request, "approvals/ask.html", context)


def _refuse_odd_years(form: forms.Form) -> bool:
    """Say at its box what no calendar here reaches; return whether there was any."""
    odd = [
        name
        for name, value in form.cleaned_data.items()
        if isinstance(value, date) and value.year not in YEARS
    ]
    for name in odd:
        form.add_error(name, _("Give a date between 2000 and 2100."))
    return bool(odd)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def ask_make_up(request: HttpRequest, behalf: Behalf | None = None) -> HttpResponse:
    """Ask for a make-up punch."""

    def build(asker: _Asker, data: Any) -> forms.Form:
        loaded, result = asker.explained
        slots = slots_of(loaded)
        slot = next((one for one in (asker.slot, *result.missing) if one in slots), "")
        at = planned_at(loaded, slot) if slot else None
        first = {"work_date": asker.day, "slot": slot, "corrected_at": at}
        return MakeUpForm(
            data,
            request.FILES or None,
            slots=slots,
            is_photo_needed=limits_of(loaded).is_photo_needed,
            initial=first,
        )

    def submit(asker: _Asker, form: Any) -> Request:
        return services.submit_make_up(**asker.facts, **form.cleaned_data)

    without = _("No punch is expected on this day, so that none is missing.")
    title = _("Ask for a make-up punch")
    return _ask(request, title, build, submit, without, _make_ups_left, behalf)


def _make_ups_left(asker: _Asker) -> list[str]:
    loaded, _result = asker.explained
    terms = limits_of(loaded)
    used = make_ups_in(asker.employee, terms.period)
    said = gettext("%(left)d of %(limit)d make-ups are left from %(first)s to %(last)s.")
    return [
        said
        % {
            "left": max(terms.per_period - used, 0),
            "limit": terms.per_period,
            "first": terms.period.first,
            "last": terms.period.last,
        }
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def ask_appeal(request: HttpRequest) -> HttpResponse:
    """Dispute what was found at a slot, or that a punch was refused."""

    def build(asker: _Asker, data: Any) -> forms.Form:
        loaded, result = asker.explained
        known = slots_of(loaded)
        slots = tuple(
            dict.fromkeys(
                one.slot
                for one in result.findings
                if one.slot in known and one.anomaly is not Anomaly.MISSING
            )
        )
        return AppealForm(
            data,
            slots=slots,
            day=asker.day,
            refused=refused_on(loaded),
            initial={"work_date": asker.day, "slot": asker.slot},
        )

    def submit(asker: _Asker, form: Any) -> Request:
        return services.submit_appeal(**asker.facts, **form.cleaned_data)

    without = _("Nothing was found on this day that could be disputed.")
    return _ask(request, _("Appeal"), build, submit, without)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def ask_absence(request: HttpRequest, behalf: Behalf | None = None) -> HttpResponse:
    """Ask for leave, an outing or a trip."""

    def build(asker: _Asker, data: Any) -> forms.Form:
        return AbsenceForm(data, initial={"first": asker.day, "last": asker.day})

    def submit(asker: _Asker, form: Any) -> Request:
        said = form.cleaned_data
        about = {name: said[name] for name in ("kind", "leave_type", "reason")} | asker.facts
        if form.is_hours:
            return services.submit_hours(
                starts_at=at_wall(said["first"], said["starts"], asker.zone),
                ends_at=at_wall(said["last"], said["ends"], asker.zone),
                **about,
            )
        span = {name: said[name] for name in ("first", "last", "from_noon", "until_noon")}
        return services.submit_days(**span, **about)

    title = _("Ask for leave, an outing or a trip")
    return _ask(request, title, build, submit, left=_leave_left, behalf=behalf)


def _leave_left(asker: _Asker) -> list[str]:
    said = gettext("%(leave)s: %(left)s of %(days)s days are left in %(year)s.")
    return [
        said
        % {
            "leave": one.leave,
            "left": f"{one.left:g}",
            "days": f"{one.days:g}",
            "year": one.year,
        }
        for one in left_of(asker.employee, asker.day.year)
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def ask_overtime(request: HttpRequest) -> HttpResponse:
    """Ask for overtime."""

    def build(asker: _Asker, data: Any) -> forms.Form:
        return OvertimeForm(data, initial={"work_date": asker.day})

    def submit(asker: _Asker, form: Any) -> Request:
        starts, ends = form.span(asker.zone)
        said = form.cleaned_data
        return services.submit_overtime(
            work_date=said["work_date"], starts_at=starts, ends_at=ends, reason=said["reason"],
            **asker.facts,
        )  # fmt: skip

    return _ask(request, _("Ask for overtime"), build, submit)
