"""What a rule demands of a punch, in the units that people write, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import Any, Final, NamedTuple, Self

from attendance.evidence.claims import Problem
from attendance.evidence.fences import Fence
from attendance.evidence.networks import AccessPoint
from attendance.evidence.policy import (
    LOCATION,
    MANUAL,
    QR,
    TERMINAL_METHODS,
    WIFI,
    EvidencePolicy,
    Numbers,
)
from attendance.evidence.reasons import Effect
from attendance.evidence.screens import Screen
from attendance.evidence.timing import FACE, SecondCheck

PHONE_METHODS: Final = (LOCATION, WIFI, QR)
FALLBACKS: Final = (WIFI, MANUAL)
EFFECTS: Final = (Effect.HOLD, Effect.FLAG)
# What may be one of two proofs, in the order in which people read it.
PROVING: Final = (*PHONE_METHODS, "fingerprint", FACE, "card", "password", "terminal")
# The least and the most of every number.
BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "second_check.gap_minutes": (1, 240),
    "max_accuracy_metres": (10, 1000),
    "weak_gps_minutes": (1, 240),
    "shared_phone_minutes": (1, 1440),
    "cooling_hours": (0, 720),
    "phone_changes": (0, 50),
    "phone_changes_days": (1, 366),
    "max_speed_kmh": (50, 2000),
    "identical_days": (2, 60),
    "wifi_far_metres": (100, 50_000),
    "clock_error_minutes": (1, 60),
    "boarding_pass_hours": (1, 72),
}
_SETS: Final = {"methods": PHONE_METHODS, "fallback": FALLBACKS}
_CHOICES: Final = ("phone_effect", "suspicion_effect")


class TwoProofs(NamedTuple):
    """Two methods, in either order, at most so many minutes apart."""

    first: str
    second: str
    gap_minutes: int = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What a rule demands of a punch. `methods` are those of phones; without any nobody uses one.

    Terminals are always open: a rule closes none. Where two proofs are wanted and one of them is
    the face, `instead_of_face` is what somebody shows who does not give theirs (L-07).
    `allows_automatic_wifi` means nothing without Wi-Fi among the methods. Metres, minutes, hours,
    days, kilometres an hour.
    """

    methods: frozenset[str] = frozenset()
    is_photo_demanded: bool = False
    is_place_demanded_with_code: bool = False
    is_attestation_demanded: bool = False
    are_phones_checked: bool = True
    phone_effect: str = Effect.HOLD.value
    suspicion_effect: str = Effect.HOLD.value
    fallback: frozenset[str] = frozenset(FALLBACKS)
    second_check: TwoProofs | None = None
    instead_of_face: str | None = None
    reports_position: bool = False
    allows_offline: bool = True
    allows_automatic_wifi: bool = True
    takes_claims: bool = False
    max_accuracy_metres: int = 150
    weak_gps_minutes: int = 15
    shared_phone_minutes: int = 10
    cooling_hours: int = 24
    phone_changes: int = 2
    phone_changes_days: int = 30
    max_speed_kmh: int = 1000
    identical_days: int = 10
    wifi_far_metres: int = 1000
    clock_error_minutes: int = 2
    boarding_pass_hours: int = 4

    @property
    def punches_by_wifi_itself(self) -> bool:
        """Say whether joining the company's Wi-Fi may make a punch that nobody pressed."""
        return "wifi" in self.methods and self.allows_automatic_wifi

    def problems(self) -> list[Problem]:
        """Return what is wrong, by field; an empty list means that a rule may say it."""
        return list(_problems(self))

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON values: what a rule said stays when defaults change."""
        said = asdict(self)
        proofs = self.second_check
        return {
            **said,
            **{name: sorted(said[name]) for name in _SETS},
            "second_check": None if proofs is None else proofs._asdict(),
        }

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote; what is absent is the default.

        Raise ValueError naming a field that it did not write.
        """
        _require_known(written, [field.name for field in fields(cls)])
        said = dict(written)
        for name in said.keys() & _SETS:
            said[name] = _read_set(name, said[name])
        if said.get("second_check") is not None:
            said["second_check"] = _read_proofs(said["second_check"])
        return cls(**said)

    def policy(
        self,
        *,
        fences: tuple[Fence, ...] = (),
        access_points: tuple[AccessPoint, ...] = (),
        screens: tuple[Screen, ...] = (),
    ) -> EvidencePolicy:
        """Return what a claim is judged by. Raise ValueError for an effect that there is not."""
        proofs = self.second_check
        return EvidencePolicy(
            methods=self.methods | TERMINAL_METHODS,
            fences=fences,
            access_points=access_points,
            screens=screens,
            is_photo_demanded=self.is_photo_demanded,
            is_place_demanded_with_code=self.is_place_demanded_with_code,
            is_attestation_demanded=self.is_attestation_demanded,
            are_phones_checked=self.are_phones_checked,
            second_check=None
            if proofs is None
            else SecondCheck(
                proofs.first,
                proofs.second,
                timedelta(minutes=proofs.gap_minutes),
                self.instead_of_face,
            ),
            fallback=self.fallback,
            phone_effect=Effect(self.phone_effect),
            suspicion_effect=Effect(self.suspicion_effect),
            numbers=Numbers(
                max_accuracy=self.max_accuracy_metres,
                weak_gps=timedelta(minutes=self.weak_gps_minutes),
                shared_within=timedelta(minutes=self.shared_phone_minutes),
                cooling=timedelta(hours=self.cooling_hours),
                most_changes=self.phone_changes,
                changes_within=timedelta(days=self.phone_changes_days),
                max_speed=self.max_speed_kmh,
                identical_days=self.identical_days,
                wifi_far=self.wifi_far_metres,
                clock_error=timedelta(minutes=self.clock_error_minutes),
            ),
        )


def _problems(demands: Demands) -> Iterator[Problem]:
    for name, known in _SETS.items():
        if getattr(demands, name) - set(known):
            yield Problem(name, "unknown_method")
    for name in _CHOICES:
        if getattr(demands, name) not in EFFECTS:
            yield Problem(name, "unknown_effect")
    for field in fields(demands):
        if field.type == "bool" and not isinstance(getattr(demands, field.name), bool):
            yield Problem(field.name, "not_yes_or_no")
    for name in BOUNDS:
        if "." not in name:
            yield from _of_number(name, getattr(demands, name))
    if demands.second_check is not None:
        yield from _of_proofs(demands, demands.second_check)
    elif demands.instead_of_face is not None:
        yield Problem("instead_of_face", "no_face_demanded")


def _of_number(name: str, value: object) -> Iterator[Problem]:
    least, most = BOUNDS[name]
    if isinstance(value, bool) or not isinstance(value, int):
        yield Problem(name, "not_a_number")
    elif not least <= value <= most:
        yield Problem(name, "out_of_range")


def _of_proofs(demands: Demands, proofs: TwoProofs) -> Iterator[Problem]:
    pair = {"second_check.first": proofs.first, "second_check.second": proofs.second}
    for name, method in pair.items():
        yield from _of_proof(name, method, demands)
    if proofs.first == proofs.second:
        yield Problem("second_check.second", "same_method")
    yield from _of_number("second_check.gap_minutes", proofs.gap_minutes)
    instead = demands.instead_of_face
    if FACE not in pair.values():
        if instead is not None:
            yield Problem("instead_of_face", "no_face_demanded")
    elif instead is None:
        yield Problem("instead_of_face", "face_without_alternative")
    elif instead in pair.values():
        yield Problem("instead_of_face", "same_method")
    else:
        yield from _of_proof("instead_of_face", instead, demands)


def _of_proof(name: str, method: object, demands: Demands) -> Iterator[Problem]:
    """A proof that the rule does not allow could never come, and every punch would be held."""
    if method not in PROVING:
        yield Problem(name, "unknown_method")
    elif method in PHONE_METHODS and method not in demands.methods:
        yield Problem(name, "method_not_allowed")


def _read_set(name: str, written: object) -> frozenset[str]:
    if not isinstance(written, list) or not all(isinstance(one, str) for one in written):
        raise ValueError(f"{name}: not a list of words")
    return frozenset(written)


def _read_proofs(written: object) -> TwoProofs:
    if not isinstance(written, Mapping):
        raise ValueError("second_check: not an object")
    _require_known(written, TwoProofs._fields, "second_check.")
    if missing := sorted({"first", "second"} - written.keys()):
        raise ValueError(f"second_check.{missing[0]}: missing")
    return TwoProofs(**written)


def _require_known(written: Mapping[str, Any], names: Collection[str], under: str = "") -> None:
    if unknown := sorted(str(name) for name in written if name not in names):
        raise ValueError(f"{under}{unknown[0][:40]}: unknown field")
