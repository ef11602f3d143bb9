"""The boxes of what a rule demands of a punch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from attendance.demand_words import FIELDS, PROOFS
from attendance.evidence.demands import (
    BOUNDS,
    FALLBACKS,
    PHONE_METHODS,
    PROVING,
    Demands,
    TwoProofs,
)
from attendance.evidence.reasons import Effect

# Words that are translated when they are read; what Django calls them its stubs keep private.
Words = Any

_EFFECTS: Final = (
    (Effect.HOLD.value, _("Hold the punch until a person decides")),
    (Effect.FLAG.value, _("Let it count, and note it")),
)
_METHODS: Final[Mapping[str, Words]] = {
    "location": _("The phone says where it is; inside one of the places given, the punch counts."),
    "wifi": _("The phone is in the company's Wi-Fi, known by the address of the access point."),
    "qr": _("The phone scans the code on a screen in the room, or a printed one."),
}
_FALLBACKS: Final[Mapping[str, tuple[Words, Words]]] = {
    "wifi": (_("Wi-Fi instead"), _("Checked as ever.")),
    "manual": (_("An address written by hand"), _("Always held for approval.")),
}
_SWITCHES: Final[Mapping[str, Words]] = {
    "is_photo_demanded": _("Taken while punching. Without one the punch is held."),
    "is_place_demanded_with_code": _(
        "A picture of the code can be sent to somebody at home; the place beside it cannot."
    ),
    "is_attestation_demanded": _(
        "Browsers cannot be vouched for: with this, every punch with a position is held."
    ),
    "are_phones_checked": _("A phone belongs to one person, and does not change every week."),
    "allows_offline": _("The phone keeps the punch and sends it later, with the time it was made."),
    "allows_automatic_wifi": _(
        "Whoever switches it on is punched in when their phone joins the company's Wi-Fi."
    ),
    "takes_claims": _(
        "For people who cannot use a phone, at an airport's security: they say beforehand when "
        "they punch and by which flight, and show the boarding pass afterwards."
    ),
    "reports_position": _("For people who work on the road, in their hours of duty only."),
}
_HINTS: Final[Mapping[str, Words]] = {
    "phone_effect": _("Not theirs, new, changed too often, or used by two people."),
    "suspicion_effect": _("Too fast to be true, or the same to the last digit for days."),
    "max_accuracy_metres": _("Coarser positions are held."),
    "weak_gps_minutes": _("Since positioning began to fail."),
    "cooling_hours": _(
        "0 counts it at once. The first phone of a person always does; an address for the Wi-Fi "
        "that people enter themselves never before."
    ),
    "max_speed_kmh": _("Between two punches; airliners fly at 900."),
    "identical_days": _("In a row; no receiver stands still that long."),
    "wifi_far_metres": _("An address that was copied gives itself away by where the phone is."),
    "boarding_pass_hours": _("After the flight arrived. Later a person decides."),
    "clock_error_minutes": _("For punches that were kept without a network."),
}
NUMBERS: Final = tuple(name for name in BOUNDS if "." not in name)
# What stands behind "More numbers".
MORE: Final = tuple(
    f"demands__{name}"
    for name in (
        "max_accuracy_metres",
        "shared_phone_minutes",
        "max_speed_kmh",
        "identical_days",
        "wifi_far_metres",
        "clock_error_minutes",
    )
)


def demand_fields() -> dict[str, forms.Field]:
    """Return the fields, named by their path with __ for dots; a method has a box of its own."""
    found: dict[str, forms.Field] = {
        f"methods__{name}": _switch(PROOFS[name], _METHODS[name]) for name in PHONE_METHODS
    }
    for name, (label, hint) in _FALLBACKS.items():
        found[f"fallback__{name}"] = _switch(label, hint, initial=True)
    for name, hint in _SWITCHES.items():
        found[name] = _switch(FIELDS[name], hint, initial=getattr(Demands(), name))
    for name in ("phone_effect", "suspicion_effect"):
        found[name] = _choice(FIELDS[name], _EFFECTS)
        found[name].help_text = _HINTS[name]
    for name in NUMBERS:
        found[name] = _number(name, getattr(Demands(), name))
    found["second_check"] = _switch(
        _("Two proofs are wanted"),
        _("One after the other, in either order. One alone is held."),
    )
    proofs = [("", "–"), *((name, PROOFS[name]) for name in PROVING)]
    for name in ("second_check__first", "second_check__second", "instead_of_face"):
        found[name] = _choice(FIELDS[name.replace("__", ".")], proofs, required=False)
    found["instead_of_face"].help_text = _("Nobody has to give their face.")
    found["second_check__gap_minutes"] = _number("second_check.gap_minutes", 15)
    return {f"demands__{name}": field for name, field in found.items()}


def demand_initial(demands: Demands) -> dict[str, Any]:
    """Return what the boxes show for stored demands."""
    shown: dict[str, Any] = {
        field.name: getattr(demands, field.name)
        for field in fields(demands)
        if field.name not in ("methods", "fallback", "second_check")
    }
    shown |= {f"methods__{name}": name in demands.methods for name in PHONE_METHODS}
    shown |= {f"fallback__{name}": name in demands.fallback for name in FALLBACKS}
    shown["second_check"] = demands.second_check is not None
    if demands.second_check is not None:
        for name, value in demands.second_check._asdict().items():
            shown[f"second_check__{name}"] = value
    return {f"demands__{name}": value for name, value in shown.items()}


def demands_of(said: Mapping[str, Any]) -> Demands:
    """Return the demands that cleaned boxes say, sound or not."""
    plain = (*_SWITCHES, "phone_effect", "suspicion_effect", *NUMBERS)
    return Demands(
        methods=_ticked(said, "methods", PHONE_METHODS),
        fallback=_ticked(said, "fallback", FALLBACKS),
        second_check=TwoProofs(
            *(said[f"demands__second_check__{name}"] for name in TwoProofs._fields)
        )
        if said["demands__second_check"]
        else None,
        instead_of_face=_instead(said),
        **{name: said[f"demands__{name}"] for name in plain},
    )


def _instead(said: Mapping[str, Any]) -> str | None:
    """Return what stands for the face; where none is demanded the box is hidden, and unread."""
    pair = (said["demands__second_check__first"], said["demands__second_check__second"])
    is_demanded = said["demands__second_check"] and "face" in pair
    return (said["demands__instead_of_face"] or None) if is_demanded else None


def _ticked(said: Mapping[str, Any], part: str, names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name for name in names if said[f"demands__{part}__{name}"])


def _switch(label: Words, hint: Words, *, initial: bool = False) -> forms.BooleanField:
    return forms.BooleanField(label=label, help_text=hint, required=False, initial=initial)


def _choice(
    label: Words, choices: Sequence[tuple[str, Words]], *, required: bool = True
) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, required=required)


def _number(path: str, initial: int) -> forms.IntegerField:
    """Return a box whose bounds the demands refuse in their own words."""
    least, most = BOUNDS[path]
    label: Words = FIELDS[path]
    return forms.IntegerField(
        label=label,
        required=False,
        initial=initial,
        help_text=_HINTS.get(path, ""),
        widget=forms.NumberInput(attrs={"min": least, "max": most, "inputmode": "numeric"}),
    )
