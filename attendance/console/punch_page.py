"""What a phone shows who is about to punch: the plan, what is done, what a punch would be now."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from attendance import reason_words, wording
from attendance.console.checked import decider_name, latest_check, latest_decision
from attendance.console.day import Meanings, PunchLine, punches_of
from attendance.console.status_style import STYLES
from attendance.engine import (
    Anomaly,
    DayResult,
    Mark,
    Minute,
    PlanKind,
    ShiftPlan,
    assign,
    evaluate_day,
)
from attendance.evidence.demands import Demands
from attendance.evidence.fences import Fence
from attendance.evidence.geometry import Circle
from attendance.evidence.photos import BYTES_AT_MOST
from attendance.evidence.reasons import Effect
from attendance.loading import Loaded, inputs, load_facts
from attendance.models import AwaitedCheck, Punch, PunchCheck, PunchDecision, Purpose
from attendance.planning import minute_of
from attendance.services import consents, phone_addresses, positioning
from attendance.services.checking import demands_under
from attendance.services.places import fences_under
from devices.models import Phone
from organization.models import Employee, User
from scheduling.models import Shift

_DAY: Final = timedelta(days=1)
# No punch of the database has this key.
_NOW: Final = -1
PHOTO_TYPES: Final = ("image/jpeg", "image/png", "image/webp")


class _Today(NamedTuple):
    """The day that a punch made now would belong to, as its facts stand."""

    work_date: date
    zone: ZoneInfo
    loaded: Loaded
    result: DayResult
    lines: list[PunchLine]
    terms_version: int


def read_state(
    employee: Employee, user: User, *, phone_key: str, language: str, now: datetime
) -> dict[str, Any]:
    """Return everything that the page for punching shows, as JSON knows it.

    A constant number of queries. It holds nothing of anybody else, and no secret.
    """
    today = _read_today(employee, user, now)
    version_id = today.terms_version
    rule = demands_under(version_id)
    return {
        "now": now.isoformat(),
        "zone": str(today.zone),
        "work_date": today.work_date.isoformat(),
        "person": {"name": employee.name, "number": employee.number},
        "plan": _plan(today),
        "next": _next(today, now),
        "done": _done(today),
        "day": _day(today),
        **_demanded(rule),
        "fences": [_fence(one) for one in fences_under({employee.pk: version_id})[employee.pk]],
        "weak_gps": read_weak_gps(employee, rule, now=now),
        "consent": read_consent(employee, Purpose.LOCATION, language),
        "phone": _phone(employee, phone_key, rule, now),
        "automatic": {
            "is_allowed": rule.punches_by_wifi_itself,
            "is_on": consents.is_automatic(employee.pk),
            "needs": gettext(
                "The company's Wi-Fi has to know you: by your log-in there, or by the address of "
                "your phone."
            ),
            "addresses": [
                _own_address(one) for one in phone_addresses.own_addresses(employee, rule, now=now)
            ],
        },
        "photo": {"max_bytes": BYTES_AT_MOST, "types": list(PHOTO_TYPES)},
    }


def _read_today(employee: Employee, user: User, now: datetime) -> _Today:
    # The facts name the zone, in which the date is at most a day away from that in UTC.
    there = now.astimezone(UTC).date()
    facts = load_facts([employee.pk], there - 2 * _DAY, there + 2 * _DAY)
    day = now.astimezone(facts.book.sites[employee.department_id].zone).date()
    dates = [day - _DAY, day, day + _DAY]
    around = list(inputs(facts, employee.pk, dates, minute_of(now)))
    chosen = _day_of_now(around, now)
    loaded = around[chosen]
    result = evaluate_day(loaded.day)
    zone = facts.book.zone_of(loaded.department_id, loaded.work_date)
    neighbours = [one for n, one in enumerate(around) if n != chosen]
    lines = punches_of(user, employee, Meanings(loaded, result, neighbours, zone))
    # A punch of the small hours may belong to yesterday; what it must prove is today's rule.
    version = around[1].planned.terms.version_id
    return _Today(loaded.work_date, zone, loaded, result, lines, version)


def _day_of_now(around: list[Loaded], now: datetime) -> int:
    """Return which of three days a punch made now belongs to, by the engine's own word."""
    planned = [(n, one.planned.plan) for n, one in enumerate(around)]
    plans = [(n, plan) for n, plan in planned if plan is not None]
    shared, _left = assign([plan for _n, plan in plans], [Mark(int(now.timestamp()))])
    taking = [n for (n, _plan), marks in zip(plans, shared, strict=True) if marks]
    return taking[0] if taking else 1


# --- the plan, and what a punch would be -----------------------------------------------------


def _plan(today: _Today) -> dict[str, Any]:
    planned = today.loaded.planned
    plan = planned.plan
    if planned.shift_id is None or plan is None:
        return {"name": str(wording.DAY_TYPES[planned.day_type]), "times": [], "kind": "off"}
    name = Shift.objects.filter(pk=planned.shift_id).values_list("name", flat=True).first() or ""
    if plan.kind is PlanKind.AMOUNT:
        return {"name": name, "times": [wording.duration_text(plan.required)], "kind": "free"}
    times = ["–".join(_wall(at, today) for at in segment) for segment in plan.segments]
    return {"name": name, "times": times, "kind": "shift"}


def _next(today: _Today, now: datetime) -> dict[str, Any] | None:
    """Return which slot a punch made now would fill; None where it would fill none."""
    plan = today.loaded.planned.plan
    if plan is None:
        return None
    mark = Mark(int(now.timestamp()), id=_NOW)
    would = evaluate_day(today.loaded.day._replace(marks=(*today.loaded.day.marks, mark)))
    slot = next((one.name for one in would.slots if one.punch == _NOW), None)
    if slot is None:
        return None
    at = _due(slot, plan)
    return {
        "slot": slot,
        "label": wording.slot_label(slot),
        "at": _wall(at, today) if at is not None else None,
        "is_again": any(one.name == slot for one in today.result.slots),
    }


def _due(slot: str, plan: ShiftPlan) -> Minute | None:
    side = slot.rstrip("0123456789")
    number = int(slot[len(side) :] or 1) - 1
    if number >= len(plan.segments):
        return None
    return plan.segments[number][side == "out"]


def _wall(at: Minute, today: _Today) -> str:
    return wording.time_text(at, work_date=today.work_date, zone=today.zone)


# --- what is done ----------------------------------------------------------------------------


def _done(today: _Today) -> list[dict[str, Any]]:
    lines = [line for line in today.lines if line.kind != "other"]
    return [_line(line, latest_check(line.punch), today) for line in lines]


def _line(line: PunchLine, check: PunchCheck | None, today: _Today) -> dict[str, Any]:
    punch = line.punch
    outcome, label = outcome_of(line, check)
    later = _accepted_later(punch)
    found = check.reasons if check is not None else []
    # What is only noted is for whoever decides.
    telling = [one for one in found if one["effect"] in (Effect.HOLD, Effect.REFUSE)]
    return {
        "id": punch.pk,
        "time": line.wall,
        "at": punch.punched_at.isoformat(),
        "method": punch.method,
        "method_label": punch.get_method_display(),
        "outcome": outcome,
        "outcome_label": later or label,
        "is_later": later is not None,
        "sentence": _sentence(line, outcome, today),
        "reasons": reason_words.sentences(telling, zone=today.zone),
        "is_offline": any(one["code"] == "offline" for one in found),
    }


def _accepted_later(punch: Punch) -> str | None:
    """Return who or what let a held punch count; None for one that did at once, or does not."""
    decided = latest_decision(punch) if punch.is_held else None
    if decided is None or decided.verdict != PunchDecision.Verdict.ACCEPTED:
        return None
    if decided.decided_by_id is None:
        return gettext("counts since both proofs are there")
    name = decider_name(decided)
    return gettext("held at first, accepted later by %(name)s") % {"name": name}


def outcome_of(line: PunchLine, check: PunchCheck | None) -> tuple[str, str]:
    """Return what became of a punch, as a code and in words."""
    outcomes = PunchCheck.Outcome
    decided = latest_decision(line.punch)
    if decided is not None:
        verdict = PunchDecision.Verdict(decided.verdict)
        return verdict.value, str(verdict.label)
    if not line.punch.is_held:
        return outcomes.ACCEPTED.value, str(outcomes.ACCEPTED.label)
    last = outcomes(check.outcome) if check is not None else outcomes.HELD
    return last.value, str(last.label)


def _sentence(line: PunchLine, outcome: str, today: _Today) -> str:
    return gettext("%(time)s · %(meaning)s") % {
        "time": line.wall,
        "meaning": _meaning(line, outcome, today),
    }


def _meaning(line: PunchLine, outcome: str, today: _Today) -> str:
    if outcome == PunchCheck.Outcome.AWAITED:
        due = AwaitedCheck.objects.filter(punch=line.punch).first()
        if due is not None:
            until = due.due_at.astimezone(today.zone)
            return gettext("waits for the second check until %(until)s") % {
                "until": f"{until:%H:%M:%S}"
            }
    if outcome not in (PunchCheck.Outcome.ACCEPTED, PunchDecision.Verdict.ACCEPTED):
        return line.meaning
    slot = next((one.name for one in today.result.slots if one.punch == line.punch.pk), None)
    if slot is None:
        return line.meaning
    minutes = _minutes_wrong(today.result, slot)
    if slot.startswith("in"):
        words = ngettext("%(count)d minute late", "%(count)d minutes late", minutes)
    elif minutes:
        words = ngettext("left %(count)d minute early", "left %(count)d minutes early", minutes)
    else:
        # Nobody has left early while they may still come back: it is said as it stands.
        minutes = _minutes_wrong(_once_closed(today), slot)
        words = ngettext(
            "%(count)d minute before the end, so far",
            "%(count)d minutes before the end, so far",
            minutes,
        )
    return words % {"count": minutes} if minutes else gettext("on time")


def _minutes_wrong(result: DayResult, slot: str) -> int:
    wrong = (one for one in result.findings if one.slot == slot)
    return next((one.minutes for one in wrong if one.anomaly == Anomaly.TIME), 0)


def _once_closed(today: _Today) -> DayResult:
    """Return the day as it would be if nobody punched any more."""
    day = today.loaded.day
    if day.plan is None or day.as_of > day.plan.closes:
        return today.result
    return evaluate_day(day._replace(as_of=Minute(day.plan.closes + 1)))


def _day(today: _Today) -> dict[str, Any]:
    why = wording.sentences(today.result.notes, work_date=today.work_date, zone=today.zone)
    status = today.result.status.value
    return {
        "status": status,
        "label": str(STYLES[status].label),
        "sentence": why[-1] if why else "",
        "url": reverse("attendance:my-day", args=[today.work_date.isoformat()]),
    }


# --- what is demanded ------------------------------------------------------------------------


def _demanded(demands: Demands) -> dict[str, Any]:
    proofs = demands.second_check
    return {
        "methods": sorted(demands.methods),
        "fallback": sorted(demands.fallback) if "location" in demands.methods else [],
        "needs_photo": demands.is_photo_demanded,
        "needs_place_with_code": demands.is_place_demanded_with_code,
        "allows_offline": demands.allows_offline,
        "max_accuracy": demands.max_accuracy_metres,
        "second_check": None
        if proofs is None
        else {
            "first": proofs.first,
            "second": proofs.second,
            "first_label": reason_words.method_label(proofs.first),
            "second_label": reason_words.method_label(proofs.second),
            "minutes": proofs.gap_minutes,
        },
    }


def _fence(fence: Fence) -> dict[str, Any]:
    """Return a fence as the page draws it: degrees on WGS-84, rings as GeoJSON has them."""
    shape = fence.shape
    if isinstance(shape, Circle):
        return {
            "name": fence.key,
            "kind": "circle",
            "latitude": shape.latitude,
            "longitude": shape.longitude,
            "radius": shape.radius,
        }
    rings = [
        [[longitude, latitude] for latitude, longitude in ring]
        for ring in (shape.ring, *shape.holes)
    ]
    return {"name": fence.key, "kind": "area", "rings": rings}


def read_weak_gps(employee: Employee, demands: Demands, *, now: datetime) -> dict[str, Any]:
    """Return since when positioning fails, and when that opens another way to punch."""
    since = positioning.failing_since(employee, now=now)
    if since is None:
        return {"since": None, "opens_at": None, "is_open": False}
    opens_at = since + timedelta(minutes=demands.weak_gps_minutes)
    return {
        "since": since.isoformat(),
        "opens_at": opens_at.isoformat(),
        "is_open": now >= opens_at,
    }


def read_consent(employee: Employee, purpose: str, language: str) -> dict[str, Any] | None:
    """Return the notice in force and whether the person agreed to it; None if there is none."""
    notice = consents.notice_for(purpose, language)
    if notice is None:
        return None
    held = employee.consents.filter(purpose=purpose, withdrawn_at=None).first()
    is_given = held is not None and held.version == notice.version
    return {
        "purpose": purpose,
        "version": notice.version,
        "title": notice.title,
        "text": notice.text,
        "is_given": is_given,
        "given_at": held.given_at.isoformat() if held is not None and is_given else None,
    }


def _own_address(one: phone_addresses.OwnAddress) -> dict[str, Any]:
    until = one.cooling_until
    return {**one._asdict(), "cooling_until": until.isoformat() if until is not None else None}


def _phone(employee: Employee, key: str, demands: Demands, now: datetime) -> dict[str, Any]:
    bound = Phone.objects.filter(employee=employee).order_by("bound_at")
    phones = list(bound)
    here = next((one for one in phones if one.key == key and one.released_at is None), None)
    if here is None:
        return {"is_known": False, "counter": 0, "name": "", "bound_at": None,
                "is_cooling": False, "cooling_until": None}  # fmt: skip
    until = here.bound_at + timedelta(hours=demands.cooling_hours)
    is_first = phones[0].bound_at == here.bound_at
    is_cooling = demands.are_phones_checked and not is_first and now < until
    return {
        "is_known": True,
        "counter": here.counter,
        "name": here.name,
        "bound_at": here.bound_at.isoformat(),
        "is_cooling": is_cooling,
        "cooling_until": until.isoformat() if is_cooling else None,
    }
