"""Why a punch came out as it did: each reason of `attendance.evidence` as a sentence.

The sentence is for whoever punched and for whoever decides. It says what was seen, and what would
be right where that helps, in metres and minutes; a fact that is missing or odd is a dash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeGuard
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext, ngettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from attendance.evidence.policy import TERMINAL_METHODS
from attendance.evidence.reasons import Code, Effect, Reason
from attendance.models import Punch
from scheduling.shift_words import listed

EFFECTS: Final[Mapping[Effect, Promise]] = {
    Effect.REFUSE: _("Refused"),
    Effect.HOLD: _("Held"),
    Effect.FLAG: _("Noted"),
    Effect.PROOF: _("Proof"),
}
SENTENCES: Final[Mapping[Code, Promise]] = {
    Code.INSIDE_FENCE: _(
        "Inside %(fence)s, %(metres_to_edge)s from its edge; accurate to %(accuracy_metres)s."
    ),
    Code.WIFI_KNOWN: _("In the company's Wi-Fi, at the access point that ends in %(bssid_ends)s."),
    Code.QR_VALID: _("A valid QR code, %(age_seconds)s old."),
    Code.TERMINAL_SAW: _("Seen by a terminal: %(method)s."),
    Code.SECOND_CHECK_DONE: _("Both proofs are there, %(gap_seconds)s apart."),
    Code.METHOD_NOT_ALLOWED: _("%(method)s is no way to punch here. These are: %(methods)s."),
    Code.METHOD_UNPROVEN: _("%(method)s was said, but not by a terminal."),
    Code.CHECK_FAILED: _("A check broke off, so a person has to look."),
    Code.NOTHING_PROVEN: _("Nothing that was sent proves the punch."),
    Code.POSITION_MISSING: _("No position was sent."),
    Code.POSITION_INVALID: _("The position that was sent is none."),
    Code.ACCURACY_UNKNOWN: _(
        "The phone did not say how accurate its position is; it may be off by %(most_metres)s."
    ),
    Code.ACCURACY_INVALID: _("The phone has not found its position yet; try again in the open."),
    Code.ACCURACY_TOO_COARSE: _(
        "The position may be off by %(accuracy_metres)s; up to %(most_metres)s is allowed."
    ),
    Code.NULL_ISLAND: _("The position is 0, 0, which phones send when positioning fails."),
    Code.NO_FENCES: _("The rule names no place to punch at."),
    Code.OUTSIDE_FENCE: _("%(metres_to_edge)s outside of %(fence)s."),
    Code.UNSURE_OF_FENCE: _(
        "Too near the edge of %(fence)s to tell: %(metres_to_edge)s from it, accurate to "
        "%(accuracy_metres)s."
    ),
    Code.WIFI_UNREAD: _("The phone did not say which Wi-Fi it was in."),
    Code.WIFI_NAME_ONLY: _("The Wi-Fi's name alone proves nothing; its address was not sent."),
    Code.WIFI_UNKNOWN: _("The Wi-Fi is none of the company's."),
    Code.WIFI_MISMATCH: _(
        "The Wi-Fi has the company's name, but not its address; it ends in %(bssid_ends)s."
    ),
    Code.WIFI_FAR_FROM_SITE: _(
        "The phone was %(metres_away)s away from where this Wi-Fi is; up to %(most_metres)s is "
        "believed."
    ),
    Code.BSSID_INVALID: _("The address of the Wi-Fi cannot be read."),
    Code.BSSID_PLACEHOLDER: _(
        "The phone hides the address of the Wi-Fi; let it use the location, and try again."
    ),
    Code.BSSID_MULTICAST: _("The address of the Wi-Fi is one that no access point has."),
    Code.BSSID_LOCAL: _("Somebody chose the address of the Wi-Fi; no maker gave it."),
    Code.QR_MISSING: _("No QR code was scanned."),
    Code.QR_INVALID: _("The QR code is none of the company's."),
    Code.QR_EXPIRED: _(
        "The QR code is %(age_seconds)s old and counts for %(below_seconds)s; scan the one that "
        "is shown now."
    ),
    Code.QR_NOT_YET: _("The QR code is of a time to come."),
    Code.QR_PRINTED: _(
        "The QR code is printed and may be a picture; nothing beside it proves the place."
    ),
    Code.SCREEN_REVOKED: _("The screen of this QR code is out of use."),
    Code.UNIT_MISMATCH: _("The QR code is of another business unit."),
    Code.WEAK_GPS: _("Positioning had failed for %(failing_seconds)s, so another way was open."),
    Code.POSITION_DECLINED: _(
        "The person has not agreed to be located, so another way stands in: %(method)s."
    ),
    Code.WEAK_GPS_NOT_YET: _(
        "Positioning has failed for %(failing_seconds)s; another way opens after %(from_seconds)s."
    ),
    Code.ADDRESS_MISSING: _("No address was written."),
    Code.ADDRESS_TYPED: _("The address was written by hand, so a person decides."),
    Code.PHONE_UNKNOWN: _("Nothing says which phone it was."),
    Code.PHONE_UNFAMILIAR: _("The phone is not bound to this person."),
    Code.PHONE_COOLING: _(
        "The phone was bound %(seconds)s ago; it counts from %(from_seconds)s on."
    ),
    Code.PHONE_CHANGED_OFTEN: ngettext_lazy(
        "The phone was changed %(changes)d time lately; up to %(most)d is usual.",
        "The phone was changed %(changes)d times lately; up to %(most)d is usual.",
        "changes",
    ),
    Code.PHONE_SHARED: ngettext_lazy(
        "%(others)d other person punched with the same phone within %(within_seconds)s.",
        "%(others)d other people punched with the same phone within %(within_seconds)s.",
        "others",
    ),
    Code.MOCK_LOCATION: _("The phone says that its position is made up."),
    Code.PHONE_UNVERIFIED: _("That the phone is honest is only its own word."),
    Code.IMPOSSIBLE_SPEED: _(
        "%(metres)s in %(seconds)s between two punches: %(kmh)s, and nobody is believed to be "
        "faster than %(most_kmh)s."
    ),
    Code.IDENTICAL_POSITIONS: ngettext_lazy(
        "The same position to the last digit on %(days)d date in a row.",
        "The same position to the last digit on %(days)d dates in a row.",
        "days",
    ),
    Code.PHOTO_MISSING: _("The photo is missing."),
    Code.PHOTO_SEEN_BEFORE: ngettext_lazy(
        "%(others)d other person handed in the same photo.",
        "%(others)d other people handed in the same photo.",
        "others",
    ),
    Code.SECOND_CHECK_AWAITED: _("Waits for the second proof until %(until)s: %(method)s."),
    Code.SECOND_CHECK_LATE: _(
        "The two proofs are %(gap_seconds)s apart; up to %(within_seconds)s is allowed."
    ),
    Code.SECOND_CHECK_MISSING: _(
        "The second proof did not come within %(within_seconds)s: %(method)s."
    ),
    Code.OFFLINE: _("Made without a network, and sent %(sent_after_seconds)s later."),
    Code.CLOCK_UNKNOWN: _("The phone did not say what its clock showed when it sent the punch."),
    Code.CLOCK_MISMATCH: _(
        "The phone's clock was wrong by %(off_seconds)s; up to %(most_seconds)s is allowed."
    ),
    Code.CLOCK_UNCHECKED: _(
        "The page had no network since it was opened; nobody can check the phone's clock at the "
        "punch."
    ),
    Code.CLOCK_SET_BACK: _(
        "The phone names a time %(back_seconds)s before it last heard ours; up to "
        "%(most_seconds)s is allowed."
    ),
    Code.TIMES_OUT_OF_ORDER: _(
        "The phone's punches do not follow each other in time: one of them is off by "
        "%(off_seconds)s; up to %(most_seconds)s is allowed."
    ),
    Code.BOARDING_PASS: _("The boarding pass of %(flight)s came in time."),
    Code.BOARDING_PASS_LATE: _(
        "The boarding pass came %(late_seconds)s too late; it is due %(within_seconds)s after the "
        "arrival."
    ),
    Code.FLIGHT_UNKNOWN: _("Nobody has told when %(flight)s departed and arrived."),
    Code.FUTURE_TIME: _("The punch is %(ahead_seconds)s ahead of the time."),
}
# Where the same code says something else by what it does, or by what was seen.
_PRINTED_AND_THERE: Final = _("The QR code is printed; the place or the Wi-Fi beside it is right.")
_OWN_PHOTO: Final = _("The person has handed in this photo before, with another punch.")
_PLAIN_CODE: Final = _("A valid QR code.")
_NEITHER_PROOF: Final = _("%(method)s is none of the two proofs that are wanted: %(methods)s.")
_UNKNOWN: Final = _("Something else was noticed: %(code)s.")
_COUNTS: Final = ("changes", "most", "others", "days")
_NOTHING: Final = "–"
_TWO_DAYS: Final = 48 * 3600
_MOST: Final = 1e12


class _Read(NamedTuple):
    """A reason, whether the verdict gave it or it was stored. What was seen stands first."""

    code: str
    effect: str
    facts: Mapping[str, Any]


def sentence(reason: Reason | Mapping[str, Any], *, zone: ZoneInfo | None = None) -> str:
    """Return a reason as a sentence in the language of the moment; it raises nothing.

    `zone` is the site's; without it, moments are told in the zone of the moment.
    """
    read = _read(reason)
    said = _Said({"code": read.code})
    said |= {name: _told(name, value, zone) for name, value in read.facts.items()}
    said |= {name: _count(read.facts.get(name)) for name in _COUNTS}
    return str(_words(read) % said)


def sentences(
    reasons: Iterable[Reason | Mapping[str, Any]], *, zone: ZoneInfo | None = None
) -> list[str]:
    """Return reasons as sentences, in the order that they are given in."""
    return [sentence(reason, zone=zone) for reason in reasons]


def effect_label(reason: Reason | Mapping[str, Any]) -> str:
    """Return what a reason does to the punch, in a word or two."""
    effect = _read(reason).effect
    return str(EFFECTS[Effect(effect)]) if effect in tuple(Effect) else _NOTHING


def method_label(method: object) -> str:
    """Return what a method is called; one that there is not is a dash."""
    return str(Punch.Method(method).label) if method in Punch.Method.values else _NOTHING


def metres_text(metres: object) -> str:
    """Return metres as people say them: 0.4 m, 120 m, 1.2 km."""
    if not _is_number(metres):
        return _NOTHING
    if metres >= 1000:
        return _fast(gettext("%(count)s km") % {"count": _short(metres / 1000)})
    return _fast(gettext("%(count)s m") % {"count": _short(metres)})


def span_text(seconds: object) -> str:
    """Return seconds as people say them: 45 s, 15 min 1 s, 3 h 20 min, 2 days."""
    if not _is_number(seconds):
        return _NOTHING
    whole = abs(int(seconds))
    minutes, rest = divmod(whole, 60)
    hours, left = divmod(minutes, 60)
    if whole >= _TWO_DAYS:
        days = whole // 86400
        return _fast(ngettext("%(count)d day", "%(count)d days", days) % {"count": days})
    parts = []
    if hours:
        parts.append(gettext("%(hours)d h") % {"hours": hours})
    if left:
        parts.append(gettext("%(minutes)d min") % {"minutes": left})
    if not hours and (rest or not minutes):
        parts.append(gettext("%(seconds)d s") % {"seconds": rest})
    return _fast(" ".join(parts))


class _Said(dict[str, Any]):
    """The words of a sentence; what was not told is a dash."""

    def __missing__(self, name: str) -> str:
        return _NOTHING


def _read(reason: Reason | Mapping[str, Any]) -> _Read:
    written = reason.as_dict() if isinstance(reason, Reason) else reason
    seen, right = (written.get(name) for name in ("seen", "right"))
    facts = {**(right if isinstance(right, Mapping) else {})}
    facts |= seen if isinstance(seen, Mapping) else {}
    return _Read(str(written.get("code", "")), str(written.get("effect", "")), facts)


def _words(read: _Read) -> Promise:
    if read.code == Code.QR_PRINTED and read.effect == Effect.FLAG:
        return _PRINTED_AND_THERE
    if read.code == Code.PHOTO_SEEN_BEFORE and "own" in read.facts:
        return _OWN_PHOTO
    if read.code == Code.QR_VALID and not _is_number(read.facts.get("age_seconds")):
        return _PLAIN_CODE
    if read.code == Code.SECOND_CHECK_MISSING and "methods" in read.facts:
        return _NEITHER_PROOF
    return SENTENCES.get(read.code, _UNKNOWN)  # type: ignore[call-overload]


def _told(name: str, value: object, zone: ZoneInfo | None) -> str:
    unit = name.split("_")
    if "seconds" in unit:
        return span_text(value)
    if "metres" in unit:
        return metres_text(value)
    if "kmh" in unit:
        count = _short(value) if _is_number(value) else _NOTHING
        return _fast(gettext("%(count)s km/h") % {"count": count})
    if name in ("method", "methods"):
        return _methods(value)
    if name == "until":
        return _clock(value, zone)
    return _NOTHING if value is None else str(value)


def _methods(value: object) -> str:
    """Return methods as a list of labels; who may use every terminal may use "terminals"."""
    named = [one.strip() for one in value.split(",")] if isinstance(value, str) else []
    is_any = set(named) >= TERMINAL_METHODS
    own = [one for one in named if not (is_any and one in TERMINAL_METHODS)]
    labels = [method_label(one) for one in own]
    return listed([*labels, *([gettext("a terminal")] if is_any else [])]) or _NOTHING


def _clock(value: object, zone: ZoneInfo | None) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
        return f"{moment.astimezone(zone or get_current_timezone()):%H:%M}"
    except (ValueError, OverflowError):
        return _NOTHING


def _count(value: object) -> int:
    return int(value) if _is_number(value) else 0


def _short(number: float) -> str:
    return f"{number:.1f}" if number < 10 and round(number, 1) % 1 else f"{number:.0f}"


def _fast(said: str) -> str:
    """A number and its unit stay on one line."""
    return said.replace(" ", "\u00a0")


def _is_number(value: object) -> TypeGuard[int | float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < _MOST
