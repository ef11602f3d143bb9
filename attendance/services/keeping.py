"""Punches are kept: each fact once, however often it is reported, and its days wait.

What makes two reports the same fact is their natural key:

- `api:<user>:<key>`: a program that names its punches with a key of its own. The key names one
  punch for ever; another punch under the same key is refused.
- `seen:<employee>:<second>:<method>`: a program without keys.
- `clock:<employee>:<second>`: whatever terminals say, pushed or carried over in a file. Clocks are
  copied from one another and print a second twice, so neither the terminal nor the way in counts.
- `phone:<employee>:<phone>:<number>`: what a phone has signed; it numbers its punches.
- `code:<screen>.<step>.<employee>`: a code of a screen, which is good once for each person.
- `join:<employee>:...`: an automatic punch; the key says which join of the Wi-Fi made it.
- `claim:<claim>`: a punch that was declared by a flight; one claim makes one punch.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from django.db import connection, transaction

from attendance.models import Punch
from attendance.services.days import wake_for_punches


class NewPunch(NamedTuple):
    """A punch to keep. `second` counts from the epoch; `zone` is the site's.

    `home_zone` is the one in which the person's days are planned, where the site has another.
    """

    employee_id: int
    department_id: int
    second: int
    zone: str
    method: str
    source: str
    natural_key: str
    direction: str = ""
    terminal_id: int | None = None
    is_held: bool = False
    home_zone: str = ""

    def as_row(self, key: int, now: datetime) -> Punch:
        """Return the row under which this punch has just been kept, without reading it."""
        return Punch(
            pk=key,
            employee_id=self.employee_id,
            department_id=self.department_id,
            punched_at=datetime.fromtimestamp(self.second, UTC),
            received_at=now,
            zone=self.zone,
            method=self.method,
            source=self.source,
            direction=self.direction,
            terminal_id=self.terminal_id,
            is_held=self.is_held,
            natural_key=self.natural_key,
        )


class Kept(NamedTuple):
    """The key of a punch, and whether this report brought it."""

    punch_id: int
    is_new: bool


_COLUMNS: Final = (
    "employee_id, department_id, punched_at, received_at, zone, method, source, direction, "
    "terminal_id, is_held, natural_key"
)
_TAIL: Final = "ON CONFLICT (natural_key) DO NOTHING RETURNING natural_key, id"


# In the transaction of whoever else writes, it is undone with that one, or not at all.
@transaction.atomic(savepoint=False)
def record_punches(punches: Sequence[NewPunch], *, now: datetime) -> list[Kept]:
    """Keep punches, each fact once, and make their days wait; return one answer a punch, in order.

    One insert, one read of those that were there, and the waking, however many there are.
    """
    if not punches:
        return []
    # Everybody inserts in one order, so that two writers of the same facts never wait crosswise.
    unique = {punch.natural_key: punch for punch in reversed(punches)}
    ordered = [unique[key] for key in sorted(unique)]
    new = _insert(ordered, now)
    known = _keys_of([key for key in unique if key not in new]) if len(new) < len(unique) else {}
    wake_for_punches(
        (
            (punch.employee_id, punch.second, punch.home_zone or punch.zone)
            for punch in ordered
            if punch.natural_key in new
        ),
        now=now,
    )
    answers = []
    for punch in punches:
        key = punch.natural_key
        found = new.pop(key, None)
        if found is not None:
            known[key] = found
        answers.append(Kept(known[key], found is not None))
    return answers


def record_punch(punch: NewPunch, *, now: datetime) -> Kept:
    """Keep one punch, once, and make its days wait."""
    return record_punches([punch], now=now)[0]


def _insert(punches: Sequence[NewPunch], now: datetime) -> dict[str, int]:
    """Insert what is not there; return natural key → id of what was new."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"INSERT INTO attendance_punch ({_COLUMNS}) "
                "SELECT e, d, to_timestamp(s), %s, z, m, o, i, t, h, k FROM unnest("
                "%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], "
                "%s::text[], %s::bigint[], %s::boolean[], %s::text[]"
                f") AS new(e, d, s, z, m, o, i, t, h, k) {_TAIL}",
                [
                    now,
                    *(
                        [getattr(punch, field) for punch in punches]
                        for field in (
                            "employee_id", "department_id", "second", "zone", "method",
                            "source", "direction", "terminal_id", "is_held", "natural_key",
                        )
                    ),
                ],
            )  # fmt: skip
        else:
            fields = ", ".join(f"json_extract(value, '$[{n}]')" for n in range(11))
            rows = [
                (
                    punch.employee_id,
                    punch.department_id,
                    _moment(punch.second),
                    _moment(now.timestamp()),
                    punch.zone,
                    punch.method,
                    punch.source,
                    punch.direction,
                    punch.terminal_id,
                    punch.is_held,
                    punch.natural_key,
                )
                for punch in punches
            ]
            cursor.execute(
                f"INSERT INTO attendance_punch ({_COLUMNS}) "
                f"SELECT {fields} FROM json_each(%s) WHERE true {_TAIL}",
                [json.dumps(rows)],
            )
        return dict(cursor.fetchall())


def _moment(second: float) -> Any:
    """Return a moment as the database keeps it."""
    return str(connection.ops.adapt_datetimefield_value(datetime.fromtimestamp(second, UTC)))


def _keys_of(natural_keys: Sequence[str]) -> dict[str, int]:
    found = Punch.objects.filter(natural_key__in=natural_keys)
    return dict(found.values_list("natural_key", "pk"))
