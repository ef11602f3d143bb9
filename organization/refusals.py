"""Refusals in the audit log, bounded: whoever knocks a thousand times fills no disk.

Each process writes at most AT_MOST lines a minute about one caller at one door, and ALL_AT_MOST
in all. The others are counted, and the count is written once the minute is over.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from threading import Lock
from typing import Final, NamedTuple

from organization import audit
from organization.audit import Thing
from organization.models import Department, User

AT_MOST: Final = 5
ALL_AT_MOST: Final = 120
# Callers at doors that are told apart in one minute; the rest is counted together.
TOLD_APART: Final = 200


class Knock(NamedTuple):
    """Who was refused, and at which door. `who` is a log-in's key, or an address."""

    who: str
    door: str


_TOO_MANY: Final = Knock("", "")


class _Minute:
    """What one process has seen in the current minute."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.number = -1
        self.written: Counter[Knock] = Counter()
        self.counted: Counter[Knock] = Counter()

    def take(self, knock: Knock, now: datetime) -> tuple[bool, dict[Knock, int]]:
        """Return whether to write this one, and what the minute before only counted."""
        number = int(now.timestamp()) // 60
        with self.lock:
            left: dict[Knock, int] = {}
            if number != self.number:
                left, self.counted = dict(self.counted), Counter()
                self.number, self.written = number, Counter()
            if self.written[knock] < AT_MOST and self.written.total() < ALL_AT_MOST:
                self.written[knock] += 1
                return True, left
            is_told = knock in self.counted or len(self.counted) < TOLD_APART
            self.counted[knock if is_told else _TOO_MANY] += 1
            return False, left


_minute: Final = _Minute()


def forget() -> None:
    """Begin anew, as a process does that has just started."""
    _minute.__init__()  # type: ignore[misc]


def note(
    *,
    actor: User | None,
    address: str,
    door: str,
    now: datetime,
    department: Department | None = None,
    **facts: object,
) -> None:
    """Write down that somebody was refused at a door (a route, never what was asked for there)."""
    who = str(actor.pk) if actor is not None else address
    is_written, left = _minute.take(Knock(who, door), now)
    for knock, times in left.items():
        audit.record(
            actor=None,
            verb="access.refused_often",
            thing=Thing("door", knock.door or "…"),
            now=now,
            who=knock.who,
            times=times,
        )
    if is_written:
        audit.record(
            actor=actor,
            verb="access.refused",
            thing=Thing("door", door),
            department=department,
            now=now,
            **facts,
        )
