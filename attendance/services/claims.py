"""Punches that are declared before they can be proven: declare, prove, let a flight decide."""

from __future__ import annotations

import csv
import io
import json
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from attendance.evidence.flights import Leg, Proof, corrected, flight_number, proof_of
from attendance.evidence.policy import EvidencePolicy
from attendance.evidence.reasons import Code, Effect, Reason, Scalar, in_order, reason
from attendance.evidence.said import read_moment
from attendance.evidence.suspicions import seen_before
from attendance.evidence.verdict import Outcome, Verdict
from attendance.models import Flight, OfflineClaim, Punch
from attendance.services.checking import keep_checked
from attendance.services.evidence import keep_evidence, picture_of, take_picture
from attendance.services.histories import shown_before
from attendance.services.keeping import NewPunch
from attendance.services.making import NotEmployed, situation_of
from organization import audit, outside
from organization.encryption import CannotUnseal
from organization.errors import DomainError, NotFound
from organization.models import Employee, User
from organization.sealed_fields import opened, sealed

_log: Final = logging.getLogger(__name__)
AHEAD_AT_MOST: Final = timedelta(days=14)
# Whoever is late with the proof has so long to let a person decide.
PROOF_AT_MOST: Final = timedelta(days=30)
# After that a claim with a proof and without a flight is decided by a person.
FLIGHT_AWAITED: Final = timedelta(hours=48)
REMINDED_BEFORE: Final = timedelta(hours=1)
FLIGHTS_AT_MOST: Final = 10_000
_CHUNK: Final = 100
# A round of questions ends before the next bell; what is left is asked then.
_ROUND_SECONDS: Final = 30.0
_MOMENTS: Final = (
    "scheduled_departure_at", "actual_departure_at", "scheduled_arrival_at", "actual_arrival_at",
)  # fmt: skip
State = OfflineClaim.State


class ClaimsNotTaken(DomainError):
    """The rule lets nobody here declare punches."""

    code = "claims_not_taken"
    message = _("Your rule takes no punches that are declared beforehand.")


class NoFlightNumber(DomainError):
    """What was written is no flight number."""

    code = "no_flight_number"
    message = _("“%(number)s” is no flight number; write one like MU5101.")


class DeclaredTooLate(DomainError):
    """A punch is declared before the fact."""

    code = "declared_too_late"
    message = _("A punch is declared before it is made, at most %(days)d days ahead.")


class ClaimIsOver(DomainError):
    """A claim that became a punch, or was given up, stays so."""

    code = "claim_is_over"
    message = _("This claim is over: %(state)s.")


class ProofTooLate(DomainError):
    """Nobody decides about a flight of months ago."""

    code = "proof_too_late"
    message = _("A boarding pass is taken up to %(days)d days after the flight.")


class RowProblem(NamedTuple):
    """What is wrong with a row of a file of flights."""

    row: int
    field: str
    value: str


class BadFlights(DomainError):
    """A file of flights is taken as a whole, or not at all."""

    code = "bad_flights"
    message = _("Nothing was taken. %(told)s")


# --- what people do --------------------------------------------------------------------------


@transaction.atomic
def declare(
    *,
    employee: Employee,
    number: str,
    departs_on: date,
    leg: str,
    claimed_at: datetime,
    actor: User,
    now: datetime,
) -> OfflineClaim:
    """Keep that somebody will punch at a moment without a phone, by a flight.

    Raises ClaimsNotTaken, NoFlightNumber, DeclaredTooLate, NotEmployed and ValidationError.
    """
    known = flight_number(number)
    if known is None:
        raise NoFlightNumber(number=number[:20])
    claimed_at = claimed_at.astimezone(UTC).replace(second=0, microsecond=0)
    if not now <= claimed_at <= now + AHEAD_AT_MOST:
        raise DeclaredTooLate(days=AHEAD_AT_MOST.days)
    where = situation_of(employee, claimed_at)
    if not where.rule.demands.takes_claims:
        raise ClaimsNotTaken
    if abs(departs_on - where.day) > timedelta(days=2):
        raise ValidationError({"departs_on": _("The flight departs around the day of the punch.")})
    claim = OfflineClaim(
        employee=employee,
        department_id=where.department_id,
        flight_number=known,
        departs_on=departs_on,
        leg=leg,
        claimed_at=claimed_at,
        zone=where.zone,
        declared_at=now,
    )
    claim.full_clean()
    claim.save()
    _record("claim.declared", claim, actor, now, flight=known, claimed_at=claimed_at.isoformat())
    return claim


@transaction.atomic
def prove(*, claim_id: int, photo: bytes, actor: User, now: datetime) -> OfflineClaim:
    """Keep the boarding pass of one's own claim, and let it count, or be decided.

    Raises NotFound, ClaimIsOver, ProofTooLate and PhotoRefused. A pass that is handed in again
    before the flight is known takes the place of the first; when it came stays.
    """
    claim = _own(claim_id, actor)
    if claim.state not in OfflineClaim.OPEN:
        raise ClaimIsOver(state=claim.get_state_display())
    if now - claim.claimed_at > PROOF_AT_MOST:
        raise ProofTooLate(days=PROOF_AT_MOST.days)
    kept = take_picture(photo)
    claim.proof = sealed(
        OfflineClaim,
        "proof",
        kept.content,
        employee_id=claim.employee_id,
        declared_at=claim.declared_at,
    )
    claim.proven_at = claim.proven_at or now
    claim.state = State.PROVEN
    claim.save(update_fields=["proof", "proven_at", "state"])
    _record("claim.proven", claim, actor, now)
    return settle(claim, now=now)


@transaction.atomic
def cancel(*, claim_id: int, actor: User, now: datetime) -> OfflineClaim:
    """Take back one's own claim. Raises NotFound, ClaimIsOver."""
    claim = _own(claim_id, actor)
    if claim.state not in OfflineClaim.OPEN:
        raise ClaimIsOver(state=claim.get_state_display())
    claim.state, claim.proof = State.CANCELLED, None
    claim.save(update_fields=["state", "proof"])
    _record("claim.cancelled", claim, actor, now)
    return claim


def _own(claim_id: int, actor: User) -> OfflineClaim:
    rows = OfflineClaim.objects.select_for_update(of=("self",)).select_related("employee")
    claim = rows.filter(pk=claim_id, employee__user=actor.pk).first()
    if claim is None:
        raise NotFound(what=OfflineClaim._meta.verbose_name, key=claim_id)
    return claim


# --- what becomes of a claim -----------------------------------------------------------------


@transaction.atomic
def settle(claim: OfflineClaim, *, now: datetime) -> OfflineClaim:
    """Look what flight and proof make of a claim: a punch, a held punch, a lapse, or nothing yet.

    In time the punch counts; later, or where nobody knows the flight, a person decides; without a
    proof it never counts, nor of somebody who has left. The caller has locked the claim.
    """
    if claim.state not in (State.DECLARED, State.PROVEN):
        return claim
    row = Flight.objects.filter(number=claim.flight_number, departs_on=claim.departs_on).first()
    try:
        rule = situation_of(claim.employee, claim.claimed_at).rule
    except NotEmployed:
        # Declared before they left.
        return _lapse(claim, now)
    within = timedelta(hours=rule.demands.boarding_pass_hours)
    flight = row.read() if row is not None else Flight().read()
    if flight.actual_arrival is not None:
        claim.due_at = flight.actual_arrival + within
        claim.save(update_fields=["due_at"])
    proof = proof_of(claim.proven_at, flight, now, within)
    moment = corrected(claim.claimed_at, Leg(claim.leg), flight)
    if proof is Proof.LAPSED:
        return _lapse(claim, now)
    if claim.proven_at is None:
        return _lapse(claim, now) if now - claim.claimed_at > PROOF_AT_MOST else claim
    if proof is Proof.UNKNOWN or moment is None:
        if now - claim.claimed_at < FLIGHT_AWAITED:
            return claim
        seen = {"flight": claim.flight_number}
        return _punch(claim, claim.claimed_at, [reason(Effect.HOLD, Code.FLIGHT_UNKNOWN, seen)],
                      rule.version_id, now)  # fmt: skip
    late = (claim.proven_at - (claim.due_at or now)).total_seconds()
    facts: dict[str, Scalar] = {
        "flight": claim.flight_number,
        "moved_seconds": (moment - claim.claimed_at).total_seconds(),
    }
    reasons = [reason(Effect.PROOF, Code.BOARDING_PASS, facts)]
    if proof is Proof.LATE:
        reasons = [reason(Effect.HOLD, Code.BOARDING_PASS_LATE, {"late_seconds": late},
                          {"within_seconds": within.total_seconds()})]  # fmt: skip
    return _punch(claim, moment, reasons, rule.version_id, now)


def _lapse(claim: OfflineClaim, now: datetime) -> OfflineClaim:
    claim.state = State.LAPSED
    claim.save(update_fields=["state"])
    _record("claim.lapsed", claim, None, now)
    return claim


def _punch(
    claim: OfflineClaim,
    moment: datetime,
    reasons: list[Reason],
    version_id: int,
    now: datetime,
) -> OfflineClaim:
    picture = picture_of(opened(claim, "proof"))
    # One pass proves both ends of its flight.
    same_flight = Q(
        punch__offline_claim__flight_number=claim.flight_number,
        punch__offline_claim__departs_on=claim.departs_on,
    )
    shown = shown_before(claim.employee, picture.digest, apart_from=same_flight)
    reasons.extend(seen_before(len(shown.others), shown.own))
    holds = any(one.effect is Effect.HOLD for one in reasons)
    verdict = Verdict(Outcome.HELD if holds else Outcome.ACCEPTED, in_order(reasons))
    kept = keep_checked(
        NewPunch(
            employee_id=claim.employee_id,
            department_id=claim.department_id,
            second=int(moment.timestamp()),
            zone=claim.zone,
            method=Punch.Method.OFFLINE,
            source=Punch.Source.CLAIM,
            natural_key=f"claim:{claim.pk}",
        ),
        verdict,
        policy=EvidencePolicy(frozenset((Punch.Method.OFFLINE,))),
        version_id=version_id,
        now=now,
    )
    punch = Punch.objects.get(pk=kept.punch_id)
    if kept.is_new:
        keep_evidence(punch, now=now, picture=picture)
    claim.state, claim.punch, claim.proof = State.PUNCHED, punch, None
    claim.save(update_fields=["state", "punch", "proof"])
    return claim


def settle_claims(*, now: datetime) -> int:
    """Settle the claims whose moment has come, a chunk in a transaction; return how many."""
    last, settled = 0, 0
    while True:
        with transaction.atomic():
            claims = _waiting(last, now)
            settled += sum(_settle_one(claim, now) for claim in claims)
        if not claims:
            return settled
        last = claims[-1].pk


def _settle_one(claim: OfflineClaim, now: datetime) -> bool:
    """Settle one claim; say whether it moved. What is wrong with one stops no other."""
    before = claim.state
    try:
        return settle(claim, now=now).state != before
    except (CannotUnseal, DomainError, ValueError, KeyError) as problem:
        # A proof that nobody can open, a rule that nobody can read: the next bell tries again.
        _log.error("Offline claim %s cannot be settled: %r.", claim.pk, problem)
        return False


def _waiting(after: int, now: datetime) -> list[OfflineClaim]:
    can_skip = connection.features.has_select_for_update_skip_locked
    rows = OfflineClaim.objects.filter(
        state__in=(State.DECLARED, State.PROVEN), claimed_at__lte=now, pk__gt=after
    ).order_by("pk")
    locked = rows.select_for_update(of=("self",) if can_skip else (), skip_locked=can_skip)
    return list(locked.select_related("employee")[:_CHUNK])


@transaction.atomic
def take_reminders(*, now: datetime) -> list[OfflineClaim]:
    """Return the claims whose boarding pass is due within an hour, each once."""
    due = OfflineClaim.objects.select_for_update(of=("self",)).filter(
        state=State.DECLARED, reminded_at=None, due_at__gte=now, due_at__lte=now + REMINDED_BEFORE
    )
    claims = list(due.select_related("employee__user")[:_CHUNK])
    OfflineClaim.objects.filter(pk__in=[one.pk for one in claims]).update(reminded_at=now)
    return claims


# --- flights ---------------------------------------------------------------------------------


@transaction.atomic
def take_flights(content: bytes, *, source: str, actor: User | None, now: datetime) -> int:
    """Take in a CSV or JSON list of flights; return how many say something new.

    A row has number, departs_on (2026-09-01) and, as far as known, scheduled_departure_at,
    actual_departure_at, scheduled_arrival_at and actual_arrival_at with their offsets. A moment
    that a row leaves out stays as it is known. What is known already is written nowhere. `source`
    is kept, and read in the audit log: no secret stands in it. Raises BadFlights, naming each row.
    """
    rows = _rows(content)
    if not rows:
        raise BadFlights(told=_("The file holds no flight."))
    if len(rows) > FLIGHTS_AT_MOST:
        raise BadFlights(
            told=_("A file holds at most %(most)d flights.") % {"most": FLIGHTS_AT_MOST}
        )
    read: list[tuple[str, date, dict[str, datetime]]] = []
    wrong: list[RowProblem] = []
    for place, row in enumerate(rows, start=1):
        found = _read_flight(place, row)
        if isinstance(found, RowProblem):
            wrong.append(found)
        else:
            read.append(found)
    _refuse(wrong)
    new = 0
    for place, (number, departs_on, moments) in enumerate(read, start=1):
        known = Flight.objects.filter(number=number, departs_on=departs_on).first()
        if known is not None and all(getattr(known, name) == at for name, at in moments.items()):
            continue
        new += 1
        if known is not None and (problem := _contradiction(place, known, moments)):
            wrong.append(problem)
            continue
        Flight.objects.update_or_create(
            number=number,
            departs_on=departs_on,
            defaults={**moments, "source": source[:100], "told_at": now},
        )
    _refuse(wrong)
    if not new:
        return 0
    audit.record(
        actor=actor,
        verb="flights.taken",
        thing=audit.Thing(Flight._meta.label_lower, str(Flight._meta.verbose_name_plural)),
        now=now,
        rows=new,
        source=source[:100],
    )
    return new


def _refuse(wrong: list[RowProblem]) -> None:
    if wrong:
        told = "; ".join(f"{one.row}: {one.field} “{one.value}”" for one in wrong[:20])
        raise BadFlights(told=told, problems=[one._asdict() for one in wrong[:100]])


def _contradiction(place: int, known: Flight, moments: Mapping[str, datetime]) -> RowProblem | None:
    """Return what is wrong with a row beside what was told of its flight before."""
    arrived = moments.get("actual_arrival_at", known.actual_arrival_at)
    departed = moments.get("actual_departure_at", known.actual_departure_at)
    if arrived is None or departed is None or arrived > departed:
        return None
    return RowProblem(place, "actual_arrival_at", arrived.isoformat())


def _rows(content: bytes) -> list[Any]:
    text = content.decode("utf-8-sig", "replace").strip()
    if text[:1] in ("[", "{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadFlights(told=_("The file is no JSON.")) from error
        return found if isinstance(found, list) else [found]
    try:
        return list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise BadFlights(told=_("The file is no CSV.")) from error


def _read_flight(place: int, row: object) -> tuple[str, date, dict[str, datetime]] | RowProblem:
    if not isinstance(row, Mapping):
        return RowProblem(place, "row", str(row)[:40])
    number = flight_number(row.get("number"))
    if number is None:
        return RowProblem(place, "number", str(row.get("number"))[:40])
    try:
        departs_on = date.fromisoformat(str(row.get("departs_on")))
    except ValueError:
        return RowProblem(place, "departs_on", str(row.get("departs_on"))[:40])
    moments = {}
    for name in _MOMENTS:
        value = row.get(name)
        if value in (None, ""):
            continue
        moment = read_moment(value)
        if moment is None:
            return RowProblem(place, name, str(value)[:40])
        moments[name] = moment
    arrived, departed = moments.get("actual_arrival_at"), moments.get("actual_departure_at")
    if arrived is not None and departed is not None and arrived <= departed:
        return RowProblem(place, "actual_arrival_at", str(row["actual_arrival_at"])[:40])
    return number, departs_on, moments


def ask_for_flights(*, now: datetime, stopwatch: Callable[[], float] = time.monotonic) -> int:
    """Ask the configured source for the flights that claims wait for; return how many were told.

    FLIGHT_SOURCE_URL holds `{number}` and `{date}`, and answers with one flight, or a list, as
    `take_flights` reads it. What it does not answer is asked again by the next bell, and so is what
    it left no time for: each minute begins with another flight. `stopwatch` counts seconds.
    """
    if not settings.FLIGHT_SOURCE_URL:
        return 0
    wanted = _wanted_flights(now)
    told, began = 0, stopwatch()
    for number, day in wanted[:_CHUNK]:
        if stopwatch() - began >= _ROUND_SECONDS:
            break
        address = settings.FLIGHT_SOURCE_URL.replace("{number}", number).replace("{date}", str(day))
        try:
            content = outside.fetch(address)
            # The rest of the address may hold the key to the source.
            host, _port, _target = outside.parts_of(address)
            told += take_flights(content, source=host, actor=None, now=now)
        except (outside.AddressRefused, outside.AddressSilent, BadFlights) as problem:
            _log.warning("Flight %s of %s: %s", number, day, problem)
    return told


def _wanted_flights(now: datetime) -> list[tuple[str, date]]:
    """Return number and date of the flights that claims wait for, in the order of this minute."""
    arrived = Flight.objects.filter(
        number=OuterRef("flight_number"),
        departs_on=OuterRef("departs_on"),
        actual_arrival_at__isnull=False,
    )
    claims = OfflineClaim.objects.filter(
        ~Exists(arrived),
        state__in=(State.DECLARED, State.PROVEN),
        claimed_at__lte=now + timedelta(hours=6),
        claimed_at__gte=now - FLIGHT_AWAITED,
    )
    wanted = sorted(set(claims.values_list("flight_number", "departs_on")))
    first = int(now.timestamp()) // 60 % max(len(wanted), 1)
    return wanted[first:] + wanted[:first]


def local(moment: datetime, zone: str) -> datetime:
    """Return a moment by the clock of the site."""
    return moment.astimezone(ZoneInfo(zone))


def _record(
    verb: str, claim: OfflineClaim, actor: User | None, now: datetime, **facts: object
) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        thing=claim.employee,
        department=claim.department,
        now=now,
        claim=claim.pk,
        **facts,
    )
