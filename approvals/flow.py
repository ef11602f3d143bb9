"""What can become of a request, and when a step is passed. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple


class Status(StrEnum):
    """What a request is. The first is where it begins; the words are stored."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"


# Approved and rejected are decisions; withdrawn is the asker's word, or says that the punch came to
# count meanwhile; revoked takes a decision back.
MOVES: Final[Mapping[Status, frozenset[Status]]] = {
    Status.WAITING: frozenset((Status.APPROVED, Status.REJECTED, Status.WITHDRAWN)),
    Status.APPROVED: frozenset((Status.REVOKED,)),
    Status.REJECTED: frozenset(),
    Status.WITHDRAWN: frozenset(),
    Status.REVOKED: frozenset(),
}
# What a request takes up: its slot, its share of the month, its days of leave.
IN_FORCE: Final = frozenset((Status.WAITING, Status.APPROVED))


def can_become(old: Status, new: Status) -> bool:
    """Say whether a request that is `old` may become `new`."""
    return new in MOVES[old]


class Mode(StrEnum):
    """How many of a step's deciders must agree."""

    ANY = "any"
    ALL = "all"


class Verdict(StrEnum):
    """What one decider said."""

    APPROVED = "approved"
    REJECTED = "rejected"


class Vote(NamedTuple):
    """A decider of a step: what they said, and whether they stand above those who were silent."""

    verdict: Verdict | None
    is_above: bool = False


def outcome(mode: Mode, votes: Iterable[Vote]) -> Verdict | None:
    """Return what a step has come to; None while it is open.

    One rejection rejects. Somebody who was asked because the others stayed silent speaks for all.
    """
    said = list(votes)
    if any(vote.verdict is Verdict.REJECTED for vote in said):
        return Verdict.REJECTED
    approved = [vote for vote in said if vote.verdict is Verdict.APPROVED]
    if any(vote.is_above for vote in approved):
        return Verdict.APPROVED
    first = [vote for vote in said if not vote.is_above]
    needed = len(first) if mode is Mode.ALL else 1
    return Verdict.APPROVED if approved and len(approved) >= needed else None
