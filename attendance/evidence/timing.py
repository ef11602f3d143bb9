"""Evidence that is a matter of time: weak GPS, second checks, clocks of phones, boarding passes.

Everything is compared on seconds, and a limit is inclusive: after exactly 15 minutes of failing the
fallback opens, and a second check exactly 15 minutes later is in time.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

FACE: Final = "face"


class SecondCheck(NamedTuple):
    """A rule that wants two proofs, in either order, at most `gap` apart.

    Where one of them is the face, `instead_of_face` proves the same (L-07).
    """

    first: str
    second: str
    gap: timedelta = timedelta(minutes=15)
    instead_of_face: str | None = None

    def wanted_beside(self, method: str) -> tuple[str, ...]:
        """Return the methods of which one completes a proof; none for a method of neither side."""
        one, other = self._side(self.first), self._side(self.second)
        return other if method in one else one if method in other else ()

    def _side(self, method: str) -> tuple[str, ...]:
        instead = self.instead_of_face
        return (method, instead) if method == FACE and instead else (method,)


class CheckState(StrEnum):
    """How a second check came out."""

    DONE = "done"
    AWAITED = "awaited"
    TOO_LATE = "too_late"
    MISSING = "missing"


class Checked(NamedTuple):
    """The state of a second check, and the seconds between the two proofs if there are two."""

    state: CheckState
    gap: float | None = None


def failing_since(failures: Iterable[datetime], fixes: Iterable[datetime]) -> datetime | None:
    """Return since when positioning has failed without a fix in between; None if it works."""
    last_fix = max(fixes, default=None)
    return min((at for at in failures if last_fix is None or at > last_fix), default=None)


def may_fall_back(since: datetime | None, now: datetime, wait: timedelta) -> bool:
    """Say whether positioning has failed long enough for Wi-Fi or a typed address."""
    return since is not None and now - since >= wait


def check_second(
    at: datetime, others: Iterable[datetime], now: datetime, gap: timedelta
) -> Checked:
    """Say whether the other proof came within `gap` of a punch, before or after it."""
    gaps = sorted(abs(other - at) for other in others)
    if gaps and gaps[0] <= gap:
        return Checked(CheckState.DONE, gaps[0].total_seconds())
    if now - at <= gap:
        return Checked(CheckState.AWAITED)
    if gaps:
        return Checked(CheckState.TOO_LATE, gaps[0].total_seconds())
    return Checked(CheckState.MISSING)


def clock_error(phone_clock: datetime, received_at: datetime) -> timedelta:
    """Return how far a phone's clock was from ours when it sent what it had kept."""
    return abs(received_at - phone_clock)


def is_in_time(arrival: datetime, handed_in: datetime, within: timedelta) -> bool:
    """Say whether a boarding pass came in time after the actual arrival."""
    return handed_in - arrival <= within
