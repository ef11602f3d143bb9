"""Phones: whose they are, how often they change, and what their movements look like."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from attendance.evidence.geometry import Degrees, metres_between

# A fix is read off at the beginning or the end of a second.
_SHORTEST: Final = timedelta(seconds=1)


class Binding(NamedTuple):
    """A phone that somebody registered as theirs; without `until` it still is."""

    phone: str
    since: datetime
    until: datetime | None = None


class Use(NamedTuple):
    """A punch that somebody else made with the same phone."""

    person: str
    at: datetime


class Numbered(NamedTuple):
    """Another punch of the same phone: under which number, and when it was made."""

    number: int
    at: datetime


class Fix(NamedTuple):
    """An earlier position of the same person: when, on which date of the site, where (WGS-84)."""

    at: datetime
    day: date
    point: Degrees
    accuracy: float = 0


class Journey(NamedTuple):
    """What lies between two positions."""

    metres: float
    seconds: float

    @property
    def speed(self) -> float:
        """Kilometres an hour."""
        return self.metres / self.seconds * 3.6


def binding_at(phone: str, bindings: Iterable[Binding], at: datetime) -> Binding | None:
    """Return the binding of a phone that holds at a moment."""
    held = [
        one
        for one in bindings
        if one.phone == phone and one.since <= at and (one.until is None or at < one.until)
    ]
    return min(held, key=lambda one: one.since, default=None)


def changes_within(bindings: Iterable[Binding], at: datetime, span: timedelta) -> int:
    """Return how many phones came into use in the span before; the first ever is no change."""
    begun = sorted(one.since for one in bindings)
    return sum(at - span < since <= at for since in begun[1:])


def sharers(uses: Iterable[Use], at: datetime, span: timedelta) -> int:
    """Return how many other people used the phone within a span before or after."""
    return len({use.person for use in uses if abs(use.at - at) <= span})


def disorder(number: int, at: datetime, others: Iterable[Numbered]) -> timedelta:
    """Return by how much a punch lies on the wrong side of one with another number; 0 if of none.

    A phone's numbers only rise: what bears a higher one was made later.
    """
    return max(
        (
            other.at - at if other.number < number else at - other.at
            for other in others
            if other.number != number
        ),
        default=timedelta(),
    )


def fastest(point: Degrees, accuracy: float, at: datetime, fixes: Iterable[Fix]) -> Journey | None:
    """Return the journey from the fix before, or to the fix after, that was faster.

    Its metres are the fewest that the two accuracies allow: somebody who sits still and is located
    anew by another mast has not travelled.
    """
    earlier = max((fix for fix in fixes if fix.at <= at), key=lambda fix: fix.at, default=None)
    later = min((fix for fix in fixes if fix.at > at), key=lambda fix: fix.at, default=None)
    journeys = [
        Journey(
            max(0.0, metres_between(fix.point, point) - accuracy - fix.accuracy),
            max(abs(at - fix.at), _SHORTEST).total_seconds(),
        )
        for fix in (earlier, later)
        if fix is not None
    ]
    return max(journeys, key=lambda journey: journey.speed, default=None)


def identical_days(point: Degrees, day: date, fixes: Sequence[Fix]) -> int:
    """Return on how many dates in a row, this one last, every position was this one to the bit.

    Real receivers are never so still: the seventh digit is a centimetre.
    """
    by_day: dict[date, bool] = {day: True}
    for fix in fixes:
        if fix.day <= day:
            by_day[fix.day] = by_day.get(fix.day, True) and fix.point == point
    run = 0
    for _, is_same in sorted(by_day.items(), reverse=True):
        if not is_same:
            break
        run += 1
    return run
