"""What a rule demands of a punch, in words: its parts, what it says, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from attendance.evidence.claims import Problem
from attendance.evidence.demands import BOUNDS, FALLBACKS, PHONE_METHODS, Demands, TwoProofs
from attendance.evidence.policy import LOCATION, MANUAL, QR, WIFI
from attendance.evidence.reasons import Effect
from attendance.models import Punch
from scheduling.shift_words import duration, listed

Words = str | Promise

PROOFS: Final[Mapping[str, Words]] = {one.value: one.label for one in Punch.Method}
FIELDS: Final[Mapping[str, Words]] = {
    "methods": _("Ways to punch with a phone"),
    "is_photo_demanded": _("A photo of the scene"),
    "is_place_demanded_with_code": _("The place with a QR code"),
    "is_attestation_demanded": _("A phone that somebody vouches for"),
    "are_phones_checked": _("Phones are checked"),
    "phone_effect": _("An unusual phone"),
    "suspicion_effect": _("A suspicious movement"),
    "fallback": _("When positioning fails"),
    "second_check": _("Two proofs"),
    "second_check.first": _("First proof"),
    "second_check.second": _("Second proof"),
    "second_check.gap_minutes": _("At most apart"),
    "instead_of_face": _("Instead of the face"),
    "reports_position": _("Field staff report where they are"),
    "allows_offline": _("Punches without a network"),
    "allows_automatic_wifi": _("Automatic Wi-Fi punches"),
    "takes_claims": _("Punches declared by a flight"),
    "boarding_pass_hours": _("A boarding pass is due within"),
    "max_accuracy_metres": _("A position may be off by"),
    "weak_gps_minutes": _("Another way opens after"),
    "shared_phone_minutes": _("Unusual when two people use it within"),
    "cooling_hours": _("A new phone counts after"),
    "phone_changes": _("Changes of phone, at most"),
    "phone_changes_days": _("Counted over"),
    "max_speed_kmh": _("Suspicious when faster than"),
    "identical_days": _("Suspicious when the same to the last digit on"),
    "wifi_far_metres": _("Held when its Wi-Fi is farther away than"),
    "clock_error_minutes": _("A phone's clock may be off by"),
}
# Numbers that are told only where they are not the usual ones.
NUMBERS: Final[Mapping[str, Words]] = {
    "max_accuracy_metres": _("A position may be off by %(number)d m."),
    "shared_phone_minutes": _("Two people on one phone within %(number)d min are unusual."),
    "max_speed_kmh": _("More than %(number)d km/h between two punches is suspicious."),
    "identical_days": _("The same position to the last digit on %(number)d dates is suspicious."),
    "wifi_far_metres": _("More than %(number)d m away from its Wi-Fi, a phone is held."),
    "clock_error_minutes": _("A phone's clock may be off by %(number)d min."),
}
SENTENCES: Final[Mapping[str, Words]] = {
    "unknown_method": _("%(field)s: choose among those that are offered."),
    "unknown_effect": _("%(field)s: it is held, or it is flagged."),
    "not_yes_or_no": _("%(field)s: yes or no."),
    "not_a_number": _("%(field)s: write a whole number."),
    "out_of_range": _("%(field)s: write %(least)d to %(most)d."),
    "same_method": _("%(field)s: choose another method; the same one twice proves nothing more."),
    "method_not_allowed": _(
        "%(field)s: nobody may punch like that here. Tick it among the ways to punch, or choose "
        "another."
    ),
    "face_without_alternative": _(
        "%(field)s: nobody has to give their face. Choose what they show instead."
    ),
    "no_face_demanded": _("%(field)s: no face is demanded; leave it empty."),
}


def sentence(problem: Problem) -> str:
    """Return what is wrong, in the reader's language: the field, and what would be right."""
    said: dict[str, object] = {"field": FIELDS[problem.field]}
    if problem.field in BOUNDS:
        said["least"], said["most"] = BOUNDS[problem.field]
    return str(SENTENCES[problem.code]) % said


def tell_demands(demands: Demands) -> list[str]:
    """Return what a rule demands, one sentence each; numbers only where they are not the usual."""
    return list(_tell(demands))


def _tell(demands: Demands) -> Iterator[str]:
    if demands.methods:
        methods = [PROOFS[name] for name in PHONE_METHODS if name in demands.methods]
        yield gettext("People punch with their phone: %(methods)s.") % {"methods": either(methods)}
    else:
        yield gettext("Nobody under this rule punches with a phone.")
    if demands.second_check is not None:
        yield from _tell_proofs(demands, demands.second_check)
    if demands.methods:
        yield from _tell_besides(demands)
        yield from _tell_phones(demands)
        yield from _tell_ways(demands)
    if demands.reports_position:
        yield gettext("Field staff report where they are while on duty; they must have been told.")
    yield from _tell_numbers(demands)


def _tell_proofs(demands: Demands, proofs: TwoProofs) -> Iterator[str]:
    yield gettext("Two proofs are wanted, at most %(gap)s apart: %(first)s and %(second)s.") % {
        "gap": duration(proofs.gap_minutes),
        "first": PROOFS[proofs.first],
        "second": PROOFS[proofs.second],
    }
    if demands.instead_of_face is not None:
        instead = PROOFS[demands.instead_of_face]
        yield gettext("Who does not give their face shows this instead: %(method)s.") % {
            "method": instead
        }
    pair = {proofs.first, proofs.second, demands.instead_of_face}
    if others := [PROOFS[name] for name in PHONE_METHODS if name in demands.methods - pair]:
        yield gettext("None of the two proofs, and so held each time: %(methods)s.") % {
            "methods": listed(str(one) for one in others)
        }


def _tell_besides(demands: Demands) -> Iterator[str]:
    if demands.is_photo_demanded:
        yield gettext("A photo of the scene is asked for.")
    if demands.is_place_demanded_with_code and QR in demands.methods:
        yield gettext("A QR code counts only together with the place.")
    if demands.is_attestation_demanded:
        yield gettext("A phone that nobody vouches for is held.")
    if LOCATION in demands.methods and demands.fallback:
        words = {WIFI: PROOFS[WIFI], MANUAL: gettext("an address written by hand (held)")}
        ways = [words[name] for name in FALLBACKS if name in demands.fallback]
        yield gettext("When positioning has failed for %(wait)s: %(ways)s.") % {
            "wait": duration(demands.weak_gps_minutes),
            "ways": either(ways),
        }
    elif LOCATION in demands.methods:
        yield gettext("When positioning fails, there is no other way.")


def _tell_phones(demands: Demands) -> Iterator[str]:
    if not demands.are_phones_checked:
        yield gettext("It does not matter whose phone it is.")
    else:
        yield (
            gettext("An unusual phone is held until a person decides.")
            if demands.phone_effect == Effect.HOLD
            else gettext("An unusual phone is noted.")
        )
        if demands.cooling_hours:
            yield gettext("A new phone counts after %(wait)s.") % {
                "wait": duration(demands.cooling_hours * 60)
            }
        yield ngettext(
            "The phone may be changed %(count)d time in %(days)d days.",
            "The phone may be changed %(count)d times in %(days)d days.",
            demands.phone_changes,
        ) % {"count": demands.phone_changes, "days": demands.phone_changes_days}
    yield (
        gettext("A suspicious movement is held until a person decides.")
        if demands.suspicion_effect == Effect.HOLD
        else gettext("A suspicious movement is noted.")
    )


def _tell_ways(demands: Demands) -> Iterator[str]:
    if demands.takes_claims:
        yield gettext(
            "Punches may be declared beforehand by a flight; the boarding pass is due within "
            "%(wait)s after its arrival."
        ) % {"wait": duration(demands.boarding_pass_hours * 60)}
    if not demands.allows_offline:
        yield gettext("Without a network nobody can punch.")
    if WIFI in demands.methods:
        yield (
            gettext("Wi-Fi punches come by themselves for whoever switches that on.")
            if demands.allows_automatic_wifi
            else gettext("Wi-Fi punches do not come by themselves.")
        )


def _tell_numbers(demands: Demands) -> Iterator[str]:
    usual = Demands()
    for name, words in NUMBERS.items():
        number = getattr(demands, name)
        if number != getattr(usual, name):
            yield str(words) % {"number": number}


def either(words: Iterable[Words]) -> str:
    """Return words of which one will do, the last behind an "or"."""
    *rest, last = [str(word) for word in words]
    if not rest:
        return last
    return pgettext("one of several", "%(these)s or %(last)s") % {
        "these": listed(rest),
        "last": last,
    }
