"""What happened in the demo company: punches, absences, corrections, by a seeded generator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from attendance.loading import load_facts
from attendance.models import Absence, Correction, Punch
from attendance.planbook import Placement, Planned
from config.demo.people import People
from organization.models import User
from scheduling.models import Shift
from scheduling.pattern import ShiftPattern

_DAY = timedelta(days=1)
HELD_AT_MOST: Final = 6
CORRECTED_AT_MOST: Final = 9
METHODS: Final = (Punch.Method.FACE, Punch.Method.FINGERPRINT, Punch.Method.CARD)


class Worked(NamedTuple):
    """One employee-day on which somebody was expected, or came all the same."""

    employee_id: int
    day: date
    placement: Placement
    pattern: ShiftPattern
    zone: ZoneInfo

    def at(self, minute: float) -> datetime:
        """Return the moment of a wall minute of the work date; 1440 and more is the next day."""
        whole = round(minute * 60)
        midnight = datetime(self.day.year, self.day.month, self.day.day)  # noqa: DTZ001
        return (midnight + timedelta(seconds=whole)).replace(tzinfo=self.zone)


# What may go wrong on a day: (likelihood, arrives after the start, leaves after the end) in
# minutes; None means that nobody punched. The rest of the days are good ones.
Mishap = tuple[float, tuple[int, int] | None, tuple[int, int] | None]
MISHAPS: Final[tuple[Mishap, ...]] = (
    (0.008, None, None),
    (0.018, (-20, -1), None),
    (0.010, None, (0, 20)),
    (0.030, (1, 9), (0, 25)),
    (0.026, (11, 45), (0, 30)),
    (0.006, (62, 110), (5, 40)),
    (0.014, (-20, -1), (-70, -3)),
    (0.050, (-20, -1), (75, 190)),
)


class Generator:
    """Makes the same months of punches from the same people and plans."""

    def __init__(self, people: People, *, first_day: date, today: date, now: datetime) -> None:
        self._rng = Random("punches")  # noqa: S311  (a company, not a secret)
        self._people = people
        self._first_day, self._today, self._now = first_day, today, now
        self._patterns = {
            shift.pk: shift.versions.get().read()
            for shift in Shift.objects.prefetch_related("versions")
        }
        self._office = self._patterns[Shift.objects.get(code="O").pk]
        self.absences: list[Absence] = []
        self.corrections: list[Correction] = []
        self._held = 0

    def punches(self) -> Iterator[Punch]:
        """Yield the punches in the order of people and days; fill absences and corrections."""
        keys = [person.pk for person in self._people.employees]
        facts = load_facts(keys, self._first_day, self._today)
        length = (self._today - self._first_day).days + 1
        for key in keys:
            person = facts.people[key]
            # Some people are late more often than others, as everywhere.
            temper = self._rng.choice((0.3, 0.5, 0.8, 1.0, 1.0, 1.4, 4.0))
            away_until = self._first_day
            for n in range(length):
                day = self._first_day + n * _DAY
                if not person.is_employed_on(day) or day < away_until:
                    continue
                placement = person.placed_on(day)
                rostered = facts.roster.get(key, {}).get(day)
                planned = facts.book.planned(key, placement, day, rostered)
                zone = facts.book.zone_of(placement.department_id, day)
                worked = self._worked(key, day, placement, planned, zone)
                if worked is None:
                    continue
                if self._rng.random() < 0.006:
                    away_until = day + self._leave(worked) * _DAY
                else:
                    yield from self._day(worked, temper)

    def _worked(
        self, key: int, day: date, placement: Placement, planned: Planned, zone: ZoneInfo
    ) -> Worked | None:
        if planned.shift_id is not None:
            return Worked(key, day, placement, self._patterns[planned.shift_id], zone)
        # Now and then somebody comes to the office on a day off.
        if not planned.is_unplanned and self._rng.random() < 0.008:
            return Worked(key, day, placement, self._office, zone)
        return None

    def _leave(self, worked: Worked) -> int:
        """Write a leave of one to three days, and return how many dates it takes."""
        days = self._rng.choice((1, 1, 1, 2, 3))
        start, end = worked.pattern.segments[0][0], worked.pattern.segments[-1][1]
        last = worked._replace(day=worked.day + (days - 1) * _DAY)
        reason = self._rng.choice(("年假", "病假", "事假"))
        self._absent(worked.employee_id, Absence.Kind.LEAVE, worked.at(start), last.at(end), reason)
        return days

    def _absent(
        self, key: int, kind: str, starts_at: datetime, ends_at: datetime, reason: str
    ) -> None:
        self.absences.append(
            Absence(
                employee_id=key,
                kind=kind,
                starts_at=starts_at,
                ends_at=ends_at,
                reason=reason,
                approved_at=min(starts_at, self._now),
            )
        )

    def _day(self, worked: Worked, temper: float) -> Iterator[Punch]:
        rng = self._rng
        start, end = worked.pattern.segments[0][0], worked.pattern.segments[-1][1]
        arrives, leaves = self._fate(temper)
        came = start + rng.uniform(*arrives) if arrives else None
        went = end + rng.uniform(*leaves) if leaves else None
        if came is not None and went is not None and rng.random() < 0.008:
            # Called out to a customer for the last hours of the day.
            went = end - rng.choice((90, 120, 180))
            self._absent(
                worked.employee_id, Absence.Kind.OUTING, worked.at(went), worked.at(end), "拜访客户"
            )
        if came is None and went is not None and rng.random() < 0.3:
            self._correct(worked, "in", start - 3)
        yield from self._seen(worked, came)
        yield from self._seen(worked, went)

    def _fate(self, temper: float) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        drawn = self._rng.random()
        for likelihood, arrives, leaves in MISHAPS:
            drawn -= likelihood * temper
            if drawn < 0:
                return arrives, leaves
        return (-25, -1), (0, 20)

    def _correct(self, worked: Worked, slot: str, minute: int) -> None:
        if len(self.corrections) < CORRECTED_AT_MOST and worked.day < self._today - 3 * _DAY:
            self.corrections.append(
                Correction(
                    employee_id=worked.employee_id,
                    work_date=worked.day,
                    slot=slot,
                    corrected_at=worked.at(minute),
                    reason="忘记打卡",
                    decided_by=self._decider(),
                    decided_at=worked.at(minute) + _DAY,
                )
            )

    def _decider(self) -> User:
        return next(user for user in self._people.users if user.username == "admin")

    def _seen(self, worked: Worked, minute: float | None) -> Iterator[Punch]:
        """Yield a punch, and sometimes its repeat; what has not happened yet is left out."""
        if minute is None:
            return
        moments = [worked.at(minute)]
        if self._rng.random() < 0.06:
            moments.append(worked.at(minute + self._rng.uniform(0.2, 2.5)))
        method = METHODS[worked.employee_id % len(METHODS)]
        is_held = (
            self._held < HELD_AT_MOST
            and worked.day >= self._today - 6 * _DAY
            and self._rng.random() < 0.02
        )
        for moment in moments:
            if moment <= self._now:
                self._held += is_held
                yield Punch(
                    employee_id=worked.employee_id,
                    department_id=worked.placement.department_id,
                    punched_at=moment,
                    received_at=moment + timedelta(seconds=2),
                    zone=str(worked.zone),
                    method=Punch.Method.LOCATION if is_held else method,
                    source=Punch.Source.DEMO,
                    is_held=is_held,
                    natural_key=f"demo/{worked.employee_id}/{moment.timestamp():.0f}",
                )


def write_punches(
    people: People,
    *,
    first_day: date,
    today: date,
    now: datetime,
    say: Callable[[str], None],
) -> int:
    """Write what happened from `first_day` until `now`; return how many punches."""
    generator = Generator(people, first_day=first_day, today=today, now=now)
    # Two repeats in one second are one fact.
    unique = {punch.natural_key: punch for punch in generator.punches()}
    Punch.objects.bulk_create(unique.values(), batch_size=2000)
    Absence.objects.bulk_create(generator.absences)
    Correction.objects.bulk_create(generator.corrections)
    say(
        f"{len(unique):,} punches, {len(generator.absences)} absences, "
        f"{len(generator.corrections)} corrections"
    )
    return len(unique)
