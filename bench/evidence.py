"""How many claims the evidence library judges in a second, on one core, reasons included.

Three claims: by place against five circles, by place against five areas of twelve corners, by a
scanned code. Beside the first runs the bare distance to five centres: the limit of the library
that measures it.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from math import cos, radians, sin
from time import perf_counter

from attendance.evidence.claims import Claim, Integrity, Position
from attendance.evidence.fences import Fence
from attendance.evidence.geometry import Area, Circle, metres_between
from attendance.evidence.phones import Binding
from attendance.evidence.policy import EvidencePolicy, History
from attendance.evidence.screens import Screen, code_at
from attendance.evidence.verdict import verify

ROUNDS, CLAIMS = 3, 500
AT, DAY = datetime(2026, 9, 1, 1, 0, tzinfo=UTC), date(2026, 9, 1)
HISTORY = History(bindings=(Binding("phone-1", AT.replace(year=2025)),))
CENTRES = [(31.2304 + n / 100, 121.4737) for n in range(5)]
SCREEN = Screen("hall-1", b"0123456789abcdef")
METHODS = frozenset(("location", "qr"))
HERE = Claim(
    Position(*CENTRES[2], 20, "gcj02"),
    method="location",
    phone="phone-1",
    integrity=Integrity(is_mock=False, is_attested=True),
)


def _area(centre: tuple[float, float]) -> Area:
    turns = [radians(30 * n) for n in range(12)]
    return Area([(centre[0] + sin(turn) / 100, centre[1] + cos(turn) / 100) for turn in turns])


def _rule(shape: Callable[[tuple[float, float]], Circle | Area]) -> EvidencePolicy:
    fences = tuple(Fence(str(n), shape(centre)) for n, centre in enumerate(CENTRES))
    return EvidencePolicy(METHODS, fences, screens=(SCREEN,))


def _a_second(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = perf_counter()
        for _ in range(CLAIMS):
            work()
        times.append(perf_counter() - started)
    return CLAIMS / min(times)


def measure() -> Iterator[dict[str, object]]:
    """Yield a line for each kind of claim."""
    circles = _rule(lambda centre: Circle(*centre, 1000))
    code = Claim(method="qr", code=code_at(SCREEN, AT), phone="phone-1")
    rows = (
        ("place, five circles", circles, HERE),
        ("place, five areas", _rule(_area), HERE),
        ("code of a screen", circles, code),
    )
    limit = _a_second(lambda: [metres_between(centre, CENTRES[2]) for centre in CENTRES])
    for what, rule, claim in rows:
        assert verify(rule, claim, HISTORY, at=AT, day=DAY, now=AT).outcome == "accepted", what
        value = _a_second(partial(verify, rule, claim, HISTORY, at=AT, day=DAY, now=AT))
        line = {"what": f"one core, {what}", "unit": "verdicts/s", "value": round(value)}
        if claim is HERE and rule is circles:
            line |= {"limit": round(limit), "ratio": round(value / limit, 2)}
        yield line
