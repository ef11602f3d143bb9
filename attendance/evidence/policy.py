"""What a rule demands of a claim, and what is known of the person who makes it."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from attendance.evidence.claims import Claim
from attendance.evidence.fences import Fence
from attendance.evidence.networks import AccessPoint
from attendance.evidence.phones import Binding, Fix, Numbered, Use
from attendance.evidence.reasons import Effect
from attendance.evidence.screens import Screen
from attendance.evidence.timing import SecondCheck

LOCATION, WIFI, QR, MANUAL = "location", "wifi", "qr", "manual"
# What a terminal proves by itself.
TERMINAL_METHODS: Final = frozenset(("face", "fingerprint", "card", "password", "terminal"))


@dataclass(frozen=True)
class Numbers:
    """The numbers of a rule: metres, kilometres an hour, days, spans of time."""

    max_accuracy: float = 150
    weak_gps: timedelta = timedelta(minutes=15)
    shared_within: timedelta = timedelta(minutes=10)
    cooling: timedelta = timedelta(hours=24)
    most_changes: int = 2
    changes_within: timedelta = timedelta(days=30)
    max_speed: float = 1000
    identical_days: int = 10
    wifi_far: float = 1000
    wifi_far_accuracy: float = 200
    clock_error: timedelta = timedelta(minutes=2)
    future: timedelta = timedelta(minutes=5)


@dataclass(frozen=True)
class EvidencePolicy:
    """What a rule demands. `methods` are words of Punch.Method; without any, nothing counts.

    `phone_effect` and `suspicion_effect` say whether an unusual phone and a strange movement hold a
    punch or only flag it; they cannot let it pass unseen. Raise ValueError for any other effect.
    """

    methods: frozenset[str]
    fences: tuple[Fence, ...] = ()
    access_points: tuple[AccessPoint, ...] = ()
    screens: tuple[Screen, ...] = ()
    is_photo_demanded: bool = False
    is_place_demanded_with_code: bool = False
    is_attestation_demanded: bool = False
    are_phones_checked: bool = True
    second_check: SecondCheck | None = None
    fallback: frozenset[str] = frozenset((WIFI, MANUAL))
    phone_effect: Effect = Effect.HOLD
    suspicion_effect: Effect = Effect.HOLD
    numbers: Numbers = field(default_factory=Numbers)

    def __post_init__(self) -> None:
        """Refuse effects that would refuse a person's only phone, or prove a punch."""
        for effect in (self.phone_effect, self.suspicion_effect):
            if effect not in (Effect.HOLD, Effect.FLAG):
                raise ValueError("an effect of a rule: hold or flag")


class Earlier(NamedTuple):
    """Another punch of the same person, with nothing but a second check against it."""

    at: datetime
    method: str


@dataclass(frozen=True)
class History:
    """What is known before a claim is judged; the caller reads it, the library trusts it.

    `numbered` are the phone's other punches, of whomever; those that contradict the claim suffice.
    `unit` is the person's business unit, `photo_owners` are the other people whose photo had the
    same digest, `own_photos` the person's own punches with it.
    """

    unit: str | None = None
    bindings: tuple[Binding, ...] = ()
    phone_uses: tuple[Use, ...] = ()
    numbered: tuple[Numbered, ...] = ()
    fixes: tuple[Fix, ...] = ()
    punches: tuple[Earlier, ...] = ()
    photo_owners: frozenset[str] = frozenset()
    own_photos: int = 0


class Matter(NamedTuple):
    """All that a verdict depends on. `at` is when the punch was made, `day` its date on site.

    `now` is when it is judged, by the server's clock.
    """

    policy: EvidencePolicy
    claim: Claim
    history: History
    at: datetime
    day: date
    now: datetime
