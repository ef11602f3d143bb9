"""A phone's claim becomes a punch: checked by the rule, kept once, or refused with its reasons.

The phone signs what it says with a key that never leaves it, and numbers it. A punch made with a
network gets the server's time. One made without keeps its own, and says so.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from attendance.evidence.claims import Claim
from attendance.evidence.fences import Fence
from attendance.evidence.geometry import Circle
from attendance.evidence.networks import AccessPoint
from attendance.evidence.policy import QR, WIFI, EvidencePolicy, History
from attendance.evidence.reasons import Code, Effect, Reason, in_order, reason
from attendance.evidence.said import Said
from attendance.evidence.screens import CodeState, Screen, read_code, use_key
from attendance.evidence.verdict import Outcome, Verdict, verify
from attendance.joining import Silent
from attendance.loading import load_posted
from attendance.models import Punch, PunchCheck, Purpose
from attendance.services import consents, positioning
from attendance.services.checking import (
    NO_RULE,
    Rule,
    earlier_of,
    keep_checked,
    lock_person,
    outcome_of,
    rules_of,
)
from attendance.services.evidence import Picture, keep_evidence, take_picture
from attendance.services.histories import read_history
from attendance.services.keeping import NewPunch
from attendance.services.phone_addresses import cools_until
from attendance.services.places import fences_under
from attendance.services.punching import place, was_employed
from attendance.services.screens import code_in, screens_of
from attendance.services.sharing import flag_sharers, is_shared
from devices.models import AccessPoint as AccessPointRow
from devices.models import Phone
from devices.phones import bound_phone, is_signed, note_counter
from devices.wifi import access_points_for
from organization.errors import DomainError, NotAllowed
from organization.models import Employee

# A phone that lay in a drawer for longer tells of days that are closed and paid.
OFFLINE_AT_MOST: Final = timedelta(days=31)
# Until then a repeat hears the first answer; later it is somebody's recording.
REPEATED_WITHIN: Final = timedelta(minutes=10)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


class PhoneUnknown(DomainError):
    """The phone is not bound to the person, or not any more."""

    code = "phone_not_bound"
    message = _("This phone is not bound to you. Open the punch page again to bind it.")


class BadSignature(NotAllowed):
    """What came was not signed by the phone that it names."""

    code = "bad_signature"
    message = _("The signature of the phone does not fit what was sent.")


class CounterUsed(DomainError):
    """One number of a phone names one punch."""

    code = "counter_used"
    message = _("The phone has used the number %(counter)d for another punch.")


class Replayed(DomainError):
    """A punch that counts already comes again, long after."""

    code = "replayed"
    message = _("This punch was sent before; it counts once.")


class OfflineRefused(DomainError):
    """The rule takes no punches that were made without a network, or it is too long ago."""

    code = "offline_refused"
    message = _("A punch that was kept on the phone is not taken: %(why)s")


class ConsentMissing(DomainError):
    """A position is taken from nobody who has not agreed."""

    code = "consent_missing"
    message = _("You have not agreed to the notice about positions. Read it, or punch otherwise.")


class NotEmployed(DomainError):
    """Somebody who has left, or has not begun."""

    code = "not_employed"
    message = _("You are not employed at that moment.")


class PhotoDiffers(DomainError):
    """The picture is not the one that the phone signed for."""

    code = "photo_differs"
    message = _("The photo is not the one that the phone signed for. Take it again.")


class TooManyHeld(DomainError):
    """Somebody makes more punches than anybody can look at. `seconds` later one is taken again."""

    code = "too_many_held"
    message = _(
        "%(most)d of your punches within an hour wait for a person to look at them. The next one "
        "is taken in %(minutes)d minutes; nobody has to decide about more."
    )

    def __init__(self, most: int, wait: timedelta) -> None:
        self.seconds = max(1, math.ceil(wait.total_seconds()))
        super().__init__(most=most, minutes=math.ceil(self.seconds / 60))


class ClaimRefused(DomainError):
    """The rule refuses the claim; nothing is kept. `reasons` say why, the decisive ones first."""

    code = "claim_refused"
    message = _("The punch was refused.")

    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        super().__init__(reasons=[one.as_dict() for one in reasons])
        self.reasons = reasons


class Made(NamedTuple):
    """A punch that a claim made, with the latest check, and whether this claim brought it."""

    punch: Punch
    check: PunchCheck | None
    is_new: bool


class Situation(NamedTuple):
    """Where somebody stands at a moment: their department and zone, the date, and the rule.

    `path` is the department's way down the tree, as Department.path has it.
    """

    department_id: int
    path: str
    zone: str
    day: date
    rule: Rule


def make_punch(
    employee: Employee,
    said: Said,
    *,
    content: bytes,
    signature: str,
    photo: bytes | None = None,
    sent_at: datetime | None = None,
    now: datetime,
) -> Made:
    """Turn what a phone signed into a punch, once; a repeat within ten minutes hears it again.

    `content` are the signed bytes that `said` was read from; `sent_at` is what the phone's clock
    says while it sends a punch that it had kept. Raises PhoneUnknown, BadSignature, CounterUsed,
    Replayed, OfflineRefused, ConsentMissing, NotEmployed, PhotoDiffers, PhotoRefused,
    TooManyPhotos, TooManyHeld and ClaimRefused: whatever it raises, nothing is kept.

    Where others punched with the same phone shortly before, theirs are flagged afterwards, each in
    a transaction of its own: nobody waits for two people at once.
    """
    made = _make(
        employee, said, content=content, signature=signature, photo=photo, sent_at=sent_at, now=now
    )
    if made.is_new and made.check is not None and is_shared(made.check):
        flag_sharers(made.check, now=now)
    return made


@transaction.atomic
def _make(
    employee: Employee,
    said: Said,
    *,
    content: bytes,
    signature: str,
    photo: bytes | None,
    sent_at: datetime | None,
    now: datetime,
) -> Made:
    phone = bound_phone(employee, said.phone)
    if phone is None:
        raise PhoneUnknown
    if not is_signed(phone, content, signature):
        raise BadSignature(department=str(employee.department))
    _refuse_other_photo(said, photo)
    digest = salted_hmac("attendance.claim", content, algorithm="sha256").hexdigest()
    code = code_in(said.code) if said.code is not None else None
    screens = screens_of(code) if code is not None else ()
    natural_key = _natural_key(employee, phone, said, code, screens, now)
    lock_person(employee.pk)
    known = _known(natural_key, digest, said, now) or _arrived(employee, phone, said)
    if known is not None:
        return known
    at = _moment(said, now)
    where = situation_of(employee, at)
    _refuse_kept(said, at, where.rule, now)
    # Whoever is located, or punches otherwise for not being: only then these two are asked.
    is_of_place = said.position is not None or said.method not in where.rule.demands.methods
    has_agreed = not is_of_place or consents.has_consent(employee, Purpose.LOCATION)
    if said.position is not None and not has_agreed:
        raise ConsentMissing
    policy = policy_of(
        employee,
        where,
        screens=screens,
        with_networks=bool(said.bssid or said.ssid),
        with_fences=said.position is not None,
    )
    picture = take_picture(photo) if photo is not None else None
    photo_digest = picture.digest if picture is not None else None
    read = read_history(
        employee, where.path, said, policy, at=at, zone=where.zone, photo_digest=photo_digest
    )
    failure = positioning.failure_of(employee) if is_of_place else None
    claim = said._replace(code=code).claim(
        photo_digest=photo_digest,
        failing_since=positioning.since(failure, now=now),
        phone_clock=sent_at or said.sent_at,
        is_position_declined=not has_agreed,
    )
    verdict = verify(policy, claim, read.history, at=at, day=where.day, now=now)
    if not read.is_whole:
        verdict = _unread(verdict)
    if verdict.outcome is Outcome.REFUSED:
        raise ClaimRefused(verdict.reasons)
    if outcome_of(verdict) == PunchCheck.Outcome.HELD:
        _refuse_too_many_held(employee, now)
    kept = keep_checked(
        NewPunch(
            employee_id=employee.pk,
            department_id=where.department_id,
            second=int(at.timestamp()),
            zone=where.zone,
            method=said.method,
            source=Punch.Source.PHONE,
            natural_key=natural_key,
        ),
        verdict,
        policy=policy,
        version_id=where.rule.version_id,
        now=now,
        phone=phone,
        number=said.number,
        claim_digest=digest,
    )
    note_counter(phone, said.counter)
    if said.position is not None and failure is not None:
        positioning.note_fix(employee)
    if kept.check is None:
        punch = Punch.objects.select_related("employee").get(pk=kept.punch_id)
        return Made(punch, _latest(punch), kept.is_new)
    kept.check.punch.employee = employee
    _keep_proof(kept.check.punch, said, picture, now)
    return Made(kept.check.punch, kept.check, kept.is_new)


def make_automatic(
    employee: Employee,
    *,
    at: datetime,
    bssid: str,
    ssid: str | None,
    received_at: datetime,
    natural_key: str,
    unconfirmed_since: datetime | None = None,
    now: datetime,
) -> Made | Silent | None:
    """Make a punch of somebody's joining the company's Wi-Fi; None where it makes none.

    `unconfirmed_since` is when the person entered the address of the phone, where nothing else says
    whose it is: too soon after it the answer is that the address is cooling.

    The person has switched it on, the rule allows it, and the access point is known. The caller
    has settled that the moment lies in a punch window. Nothing is held: what is not surely proven
    makes no punch, for nobody pressed a button.
    """
    if not consents.is_automatic(employee.pk):
        return None
    try:
        where = situation_of(employee, at)
    except NotEmployed:
        return None
    demands = where.rule.demands
    if not demands.punches_by_wifi_itself:
        return None
    if unconfirmed_since is not None and at < cools_until(unconfirmed_since, demands):
        return Silent.ADDRESS_COOLING
    # Nobody held a phone up: what a rule asks of one cannot be asked here.
    asked = policy_of(employee, where, with_networks=True, with_fences=False)
    asked = replace(
        asked, are_phones_checked=False, is_attestation_demanded=False, is_photo_demanded=False
    )
    claim = Claim(method=WIFI, bssid=bssid, ssid=ssid)
    with transaction.atomic():
        lock_person(employee.pk)
        history = History(punches=earlier_of(employee.pk, at, asked))
        verdict = verify(asked, claim, history, at=at, day=where.day, now=max(now, received_at))
        holding = {one.code for one in verdict.reasons if one.effect is Effect.HOLD}
        if verdict.outcome is Outcome.REFUSED or holding - {Code.SECOND_CHECK_AWAITED}:
            return None
        kept = keep_checked(
            NewPunch(
                employee_id=employee.pk,
                department_id=where.department_id,
                second=int(at.timestamp()),
                zone=where.zone,
                method=WIFI,
                source=Punch.Source.WIFI,
                natural_key=natural_key,
            ),
            verdict,
            policy=asked,
            version_id=where.rule.version_id,
            now=now,
        )
        punch = Punch.objects.select_related("employee").get(pk=kept.punch_id)
        if kept.is_new:
            keep_evidence(punch, now=now, bssid=bssid)
    return Made(punch, _latest(punch), kept.is_new)


# --- where somebody stands, and what is demanded there ---------------------------------------


def situation_of(employee: Employee, at: datetime) -> Situation:
    """Return where somebody stands at a moment. Three queries. Raises NotEmployed."""
    # In no zone the date is more than a day behind.
    posted = load_posted([employee.pk], at.astimezone(UTC).date() - _DAY)
    person, second = posted.people[employee.pk], int(at.timestamp())
    zones = {key: site.zone.key for key, site in posted.sites.items()}
    department_id, zone = place(person, second, zones)
    if not was_employed(employee.pk, person, second, zone):
        raise NotEmployed
    day = at.astimezone(ZoneInfo(zone)).date()
    rule = rules_of(posted, day).get(employee.pk, NO_RULE)
    return Situation(department_id, posted.sites[department_id].path, zone, day, rule)


def policy_of(
    employee: Employee,
    where: Situation,
    *,
    screens: tuple[Screen, ...] = (),
    with_networks: bool,
    with_fences: bool,
) -> EvidencePolicy:
    """Return what a claim of somebody is judged by: the rule, with its places and networks.

    Access points are read only for a claim that names a network, and fences only for one with a
    position: without one nobody is inside or outside of anything.
    """
    points: tuple[AccessPoint, ...] = ()
    if with_networks:
        points = tuple(map(_access_point, access_points_for(where.path)))
    fences: tuple[Fence, ...] = ()
    if with_fences:
        fences = fences_under({employee.pk: where.rule.version_id})[employee.pk]
    return where.rule.demands.policy(
        fences=fences,
        access_points=points,
        screens=screens,
    )


def _access_point(row: AccessPointRow) -> AccessPoint:
    place = None
    if row.latitude is not None and row.longitude is not None and row.radius_metres is not None:
        place = Fence(row.name, Circle(row.latitude, row.longitude, row.radius_metres))
    return AccessPoint(row.bssid, row.ssid or None, place)


# --- what is refused before it is judged -----------------------------------------------------


def _refuse_other_photo(said: Said, photo: bytes | None) -> None:
    if photo is None and said.photo_sha256 is None:
        return
    seen = hashlib.sha256(photo).hexdigest() if photo is not None else ""
    if not constant_time_compare(seen, said.photo_sha256 or ""):
        raise PhotoDiffers


def _refuse_kept(said: Said, at: datetime, rule: Rule, now: datetime) -> None:
    if not said.is_offline:
        return
    ahead = timedelta(minutes=rule.demands.clock_error_minutes)
    if at - now > ahead:
        minutes = rule.demands.clock_error_minutes
        raise OfflineRefused(
            why=_("its time is more than %(minutes)d min ahead of ours. Put the phone's clock "
                  "right and punch again.") % {"minutes": minutes}
        )  # fmt: skip
    if not rule.demands.allows_offline:
        raise OfflineRefused(why=_("the rule asks for a network at the punch."))
    if now - at > OFFLINE_AT_MOST:
        raise OfflineRefused(why=_("it is more than 31 days old."))


def _refuse_too_many_held(employee: Employee, now: datetime) -> None:
    """Refuse what would be held where so many were within the hour. Its caller holds the person."""
    most: int = settings.HELD_PUNCHES_AN_HOUR
    held = Punch.objects.filter(
        employee=employee,
        is_held=True,
        source=Punch.Source.PHONE,
        received_at__gt=now - _HOUR,
        # What is received now was made so long ago at most; the index knows when it was made.
        punched_at__gt=now - OFFLINE_AT_MOST - _HOUR,
    )
    newest = held.order_by("-received_at").values_list("received_at", flat=True)
    oldest_of_most = newest[most - 1 : most]
    for received_at in oldest_of_most:
        raise TooManyHeld(most, received_at + _HOUR - now)


def _moment(said: Said, now: datetime) -> datetime:
    """Return when the punch was made, whole seconds: only offline does the phone's clock count."""
    at = said.at if said.is_offline else now
    return at.astimezone(UTC).replace(microsecond=0)


def _natural_key(
    employee: Employee,
    phone: Phone,
    said: Said,
    code: str | None,
    screens: tuple[Screen, ...],
    now: datetime,
) -> str:
    """Return what makes a claim the same fact when it comes again.

    A living code is good once for each person, whichever phone shows it. A printed one lives for
    ever, so there the phone's number counts, as everywhere else.
    """
    if said.method == QR and code is not None:
        scanned = read_code(code, screens, now)
        if scanned.screen is not None and scanned.state is not CodeState.PRINTED:
            return f"code:{use_key(scanned, str(employee.pk))}"
    return _numbered(employee, phone, said.counter)


def _numbered(employee: Employee, phone: Phone, number: int) -> str:
    return f"phone:{employee.pk}:{phone.key}:{number}"


def _known(natural_key: str, digest: str, said: Said, now: datetime) -> Made | None:
    """Return the punch that this claim has made before. Raises CounterUsed, Replayed."""
    punch = Punch.objects.select_related("employee").filter(natural_key=natural_key).first()
    if punch is None:
        return None
    check = punch.checks.order_by("pk").first()
    is_same = check is not None and constant_time_compare(check.claim_digest, digest)
    if not is_same and natural_key.startswith("phone:"):
        raise CounterUsed(counter=said.counter)
    if not said.is_offline and now - punch.received_at > REPEATED_WITHIN:
        raise Replayed(punch=punch.pk)
    return Made(punch, _latest(punch), is_new=False)


def _arrived(employee: Employee, phone: Phone, said: Said) -> Made | None:
    """Return the punch that this one stands in for, if it arrived after all."""
    if said.instead_of is None:
        return None
    key = _numbered(employee, phone, said.instead_of)
    punch = Punch.objects.select_related("employee").filter(natural_key=key).first()
    return None if punch is None else Made(punch, _latest(punch), is_new=False)


# --- afterwards ------------------------------------------------------------------------------


def _unread(verdict: Verdict) -> Verdict:
    """Hold what would count: something that speaks against it may stand in what nobody can read."""
    broken = reason(Effect.HOLD, Code.CHECK_FAILED, {"check": "history"})
    outcome = verdict.outcome if verdict.outcome is Outcome.REFUSED else Outcome.HELD
    return Verdict(outcome, in_order([*verdict.reasons, broken]))


def _keep_proof(punch: Punch, said: Said, picture: Picture | None, now: datetime) -> None:
    integrity: dict[str, Any] | None = None
    if said.is_mock is not None:
        integrity = {"is_mock": said.is_mock}
    keep_evidence(
        punch,
        now=now,
        position=said.position,
        bssid=said.bssid,
        picture=picture,
        integrity=integrity,
        address=said.address,
    )


def _latest(punch: Punch) -> PunchCheck | None:
    return punch.checks.order_by("-pk").first()
