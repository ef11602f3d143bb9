"""Who decides a request, and why. Pure: rows, facts and who holds what → a chain of deciders.

People are keys of log-ins. Whoever asks decides nothing; who is missing is replaced by whoever
stands above, and no step is left out because nobody is there for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from approvals.content import ABSENCES, Kind
from approvals.flow import Mode

UNIT_HR: Final = "unit_hr"


class Way(StrEnum):
    """How a step finds who decides."""

    SUPERVISOR = "supervisor"
    HEAD = "head"
    UNIT_HR = "unit_hr"
    ROLE = "role"
    PERSON = "person"


class StepSpec(NamedTuple):
    """One step of a row: whom it asks, how many must agree, and how long it waits, in hours.

    `levels` is for heads: 0 is the person's own department. 0 hours means never.
    """

    way: Way
    levels: int = 0
    role: str = ""
    person: int | None = None
    mode: Mode = Mode.ANY
    remind_hours: int = 24
    escalate_hours: int = 72


class Row(NamedTuple):
    """A row of the matrix: for which requests, and their steps. Empty conditions hold always."""

    key: int
    name: str
    steps: tuple[StepSpec, ...]
    kind: str = ""
    path: str = ""
    from_days: float = 0
    from_minutes: int = 0
    from_count: int = 0
    anomaly: str = ""

    def holds_for(self, asked: Asked) -> bool:
        """Say whether the row speaks for a request."""
        return (
            self.kind in ("", asked.kind)
            and asked.path.startswith(self.path)
            and asked.days >= self.from_days
            and asked.minutes >= self.from_minutes
            and asked.nth >= self.from_count
            and self.anomaly in ("", asked.anomaly)
        )

    @property
    def narrowness(self) -> tuple[float, ...]:
        """Return what makes a row win: the nearer department, then the more and higher conditions.

        Of two rows alike the older one wins.
        """
        conditions = (self.from_days, self.from_minutes, self.from_count, self.anomaly)
        return (
            self.path.count("/"),
            bool(self.kind),
            sum(map(bool, conditions)),
            self.from_days,
            self.from_minutes,
            self.from_count,
            -self.key,
        )


class Asked(NamedTuple):
    """What the matrix may know of a request: `nth` is which one of the month it is."""

    kind: str
    path: str
    days: float = 0
    minutes: int = 0
    nth: int = 0
    anomaly: str = ""


class Holder(NamedTuple):
    """Somebody who may decide by a role that they hold on just this department."""

    user: int
    role: str


class Office(NamedTuple):
    """A department on the way up from the person: its head, and who decides by a role there."""

    name: str
    head: int | None = None
    holders: tuple[Holder, ...] = ()


class Standing(NamedTuple):
    """Where the person stands: `offices` is their department and those above, the nearest first.

    `askers` are the log-ins that ask, for themselves or for the person; they decide nothing.
    """

    askers: frozenset[int]
    supervisor: int | None
    offices: tuple[Office, ...]
    administrators: tuple[int, ...]
    names: Mapping[int, str]

    @property
    def able(self) -> frozenset[int]:
        """Return who may decide about the person at all."""
        held = {holder.user for office in self.offices for holder in office.holders}
        return frozenset(held | set(self.administrators))

    def name(self, user: int | None) -> str:
        """Return what somebody is called."""
        return self.names.get(user, "?") if user is not None else "?"


class Reason(NamedTuple):
    """Why somebody decides or does not: a code, and who and where."""

    code: str
    name: str = ""
    where: str = ""


class Step(NamedTuple):
    """A step with who decides it. No deciders: nobody may, and the reasons say so."""

    spec: StepSpec
    deciders: tuple[int, ...]
    reasons: tuple[Reason, ...]


# What the requests of a kind can be measured by; those that are not here by neither.
_MEASURED: Final[Mapping[Kind, frozenset[str]]] = {
    **dict.fromkeys(ABSENCES, frozenset(("from_days", "from_minutes"))),
    Kind.OVERTIME: frozenset(("from_minutes",)),
}
# A make-up is of what is missing, which nobody appeals against.
_MISSING: Final = "missing"
# What the check of a punch can find.
_OF_HELD: Final = frozenset(("weak_gps", "out_of_fence", "wifi", "device", "second_check"))


def never_met(row: Row) -> frozenset[str]:
    """Return the conditions of a row, by name, that keep it from ever speaking for a request.

    A row for every kind is well as long as one kind can meet all of them.
    """
    kinds = [Kind(row.kind)] if row.kind else list(Kind)
    unmet = [_unmet(row, kind) for kind in kinds]
    return frozenset().union(*unmet) if all(unmet) else frozenset()


def _unmet(row: Row, kind: Kind) -> frozenset[str]:
    asked = {name for name in ("from_days", "from_minutes") if getattr(row, name)}
    found = asked - _MEASURED.get(kind, frozenset())
    if row.anomaly and not _can_be_of(kind, row.anomaly):
        found.add("anomaly")
    return frozenset(found)


def _can_be_of(kind: Kind, anomaly: str) -> bool:
    if kind is Kind.MAKE_UP:
        return anomaly == _MISSING
    if kind is Kind.HELD_PUNCH:
        return anomaly in _OF_HELD
    return kind is Kind.APPEAL and anomaly != _MISSING


DEFAULT_LONG_DAYS: Final = 3
_SUPERVISOR: Final = StepSpec(Way.SUPERVISOR)
DEFAULT: Final = (
    Row(0, "", (_SUPERVISOR,)),
    *(
        Row(0, "", (_SUPERVISOR, StepSpec(Way.UNIT_HR)), kind, from_days=DEFAULT_LONG_DAYS)
        for kind in (Kind.LEAVE, Kind.TRIP)
    ),
)


def choose(rows: Iterable[Row], asked: Asked) -> Row:
    """Return the narrowest row that speaks for a request; where none does, the built-in one."""
    own = [row for row in rows if row.steps and row.holds_for(asked)]
    found = own or [row for row in DEFAULT if row.holds_for(asked)]
    return max(found, key=lambda row: row.narrowness)


def chain(row: Row, standing: Standing) -> tuple[Step, ...]:
    """Return the steps of a row with their deciders.

    Where the same one person would decide two steps in a row, they are asked once.
    """
    steps: list[Step] = []
    for spec in row.steps:
        step = resolve(spec, standing)
        before = steps[-1] if steps else None
        if before is not None and len(step.deciders) == 1 and before.deciders == step.deciders:
            told = Reason("asked_once", standing.name(step.deciders[0]))
            steps[-1] = before._replace(reasons=(*before.reasons, told))
        else:
            steps.append(step)
    return tuple(steps)


def resolve(spec: StepSpec, standing: Standing) -> Step:
    """Return who decides a step, and why; who is missing is replaced by whoever stands above."""
    search = _Search(standing)
    deciders = _WAYS[spec.way](spec, search)
    if not deciders:
        search.reasons.append(Reason("nobody"))
    return Step(spec, deciders, tuple(search.reasons))


def above(standing: Standing, silent: Collection[int]) -> tuple[tuple[int, ...], Reason | None]:
    """Return whom to ask where these stay silent: whoever decides nearest above them."""
    held = [
        level
        for level, office in enumerate(standing.offices)
        if any(holder.user in silent for holder in office.holders)
    ]
    search = _Search(standing._replace(askers=standing.askers | frozenset(silent)))
    found = search.nearest(max(held, default=-1) + 1) or search.administrators()
    return found, search.reasons[-1] if found else None


class _Search:
    """Looks for deciders, and writes down why each is one or is none."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.able = standing.able
        self.reasons: list[Reason] = []

    def take(self, user: int | None, code: str, where: str = "") -> tuple[int, ...]:
        """Return somebody, if they may decide this; say why, or why not."""
        if user is None:
            self.reasons.append(Reason(f"no_{code}", "", where))
            return ()
        name = self.standing.name(user)
        if user in self.standing.askers:
            self.reasons.append(Reason("own", name, where))
            return ()
        if user not in self.able:
            self.reasons.append(Reason("may_not", name, where))
            return ()
        self.reasons.append(Reason(code, name, where))
        return (user,)

    def holders(self, office: Office, code: str, role: str = "") -> tuple[int, ...]:
        """Return who decides by a role on just this department."""
        users = dict.fromkeys(holder.user for holder in office.holders if role in ("", holder.role))
        return tuple(one for user in users for one in self.take(user, code, office.name))

    def nearest(self, start: int = 0) -> tuple[int, ...]:
        """Return who decides in the nearest department upwards where anybody does."""
        for office in self.standing.offices[start:]:
            if found := self.holders(office, "nearest"):
                return found
        return ()

    def administrators(self) -> tuple[int, ...]:
        """Return the administrators, who come last."""
        users = self.standing.administrators
        return tuple(one for user in users for one in self.take(user, "administrator"))

    def upwards(self, start: int = 0) -> tuple[int, ...]:
        """Return whoever decides above, at last the administrators."""
        return self.nearest(start) or self.administrators()


def _supervisor(_spec: StepSpec, search: _Search) -> tuple[int, ...]:
    """Return the direct supervisor, or else whoever decides nearest above the person."""
    return search.take(search.standing.supervisor, "supervisor") or search.upwards()


def _head(spec: StepSpec, search: _Search) -> tuple[int, ...]:
    """Return the head so many levels up, or of the next department above that has one."""
    offices = search.standing.offices
    start = min(spec.levels, len(offices) - 1)
    for office in offices[start:]:
        if found := search.take(office.head, "head", office.name):
            return found
    return search.upwards(start)


def _role(spec: StepSpec, search: _Search) -> tuple[int, ...]:
    """Return the holders of a role in the nearest department upwards that has one."""
    role = UNIT_HR if spec.way is Way.UNIT_HR else spec.role
    code = "unit_hr" if spec.way is Way.UNIT_HR else "role"
    for office in search.standing.offices:
        if found := search.holders(office, code, role):
            return found
    search.reasons.append(Reason(f"no_{code}", role))
    # Who stands in for a unit's HR is an administrator: a supervisor is not above it.
    return search.administrators() if spec.way is Way.UNIT_HR else search.upwards()


def _person(spec: StepSpec, search: _Search) -> tuple[int, ...]:
    """Return the person named, or else whoever decides nearest above whoever asks."""
    return search.take(spec.person, "person") or search.upwards()


_WAYS: Final = {
    Way.SUPERVISOR: _supervisor,
    Way.HEAD: _head,
    Way.UNIT_HR: _role,
    Way.ROLE: _role,
    Way.PERSON: _person,
}


def codes() -> Iterator[str]:
    """Yield every code that a reason can have; there is a sentence for each."""
    yield from ("own", "may_not", "nobody", "asked_once", "nearest", "administrator")
    for code in ("supervisor", "head", "unit_hr", "role", "person"):
        yield from (code, f"no_{code}")


def deciders_of(steps: Sequence[Step]) -> frozenset[int]:
    """Return everybody who decides something in a chain."""
    return frozenset(user for step in steps for user in step.deciders)
