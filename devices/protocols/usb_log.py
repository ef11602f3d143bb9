"""The log file that a terminal writes to a USB stick (`1_attlog.dat`): bytes → values.

A line is `PIN, wall time, machine, key, verified by, work code`, separated by tabs, the PIN padded
with blanks. The wall time has no zone. Flash memory wears out: files hold runs of NULs, fill such
as ZZZZZZZZZZ, records of random bytes and a last line that was cut off. Those are told by their
line numbers and skipped; every line around them is read.
"""

from __future__ import annotations

import codecs
import re
from datetime import datetime
from typing import Final, NamedTuple

IMPOSSIBLE_TIME: Final = "impossible_time"
IMPLAUSIBLE_TIME: Final = "implausible_time"
FUTURE_TIME: Final = "future_time"

# Digits that no terminal writes tell a damaged record from a punch: PINs have at most 14, work
# codes at most 8, and keys and ways to verify are few.
_LINE: Final = re.compile(
    rb" *(?P<pin>[0-9]{1,14})\t(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})"
    rb"\t[0-9]{1,4}\t(?P<status>[0-5]|255)\t(?P<verify>[12]?[0-9]|200)\t[0-9]{0,8}"
    rb"(?:\t[ -~]*)*"
)
_BLANK: Final = b" \t\r\x1a"


class Line(NamedTuple):
    """A line that could be read. `problem` is a code if its time cannot be believed."""

    number: int
    raw: str
    pin: str
    wall_time: str
    status: str
    verify: str
    problem: str = ""


class Log(NamedTuple):
    """What a file says. `line_count` = lines + damaged + blank ones; line numbers begin at 1.

    `damage` holds the first and last line of each damaged region. A line that was saved from
    behind a run of NULs is among `lines` and inside a region as well: records before it are lost.
    """

    line_count: int
    lines: tuple[Line, ...]
    damaged: int
    blank: int
    damage: tuple[tuple[int, int], ...]


def parse_log(content: bytes, *, earliest: datetime, latest: datetime) -> Log:
    """Return what a log file says; any bytes can be read.

    `earliest` and `latest` are wall times, inclusive: outside of them a clock was wrong.
    """
    rows = _as_bytes(content).split(b"\n")
    if rows[-1] == b"":
        rows.pop()
    lines: list[Line] = []
    regions: list[list[int]] = []
    damaged = blank = 0
    for number, row in enumerate(rows, 1):
        line = _read(number, row.rpartition(b"\0")[2], earliest, latest)
        if line is not None:
            lines.append(line)
        elif not row.strip(_BLANK):
            blank += 1
            continue
        else:
            damaged += 1
        if line is None or b"\0" in row:
            if regions and regions[-1][1] == number - 1:
                regions[-1][1] = number
            else:
                regions.append([number, number])
    damage = tuple((first, last) for first, last in regions)
    return Log(len(rows), tuple(lines), damaged, blank, damage)


def _as_bytes(content: bytes) -> bytes:
    """Return the text without its byte order mark; a file that an editor saved as UTF-16, too."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace").encode("utf-8", "replace")
    return content.removeprefix(codecs.BOM_UTF8)


def _read(number: int, row: bytes, earliest: datetime, latest: datetime) -> Line | None:
    row = row.rstrip(_BLANK[1:])
    # An empty work code leaves a tab at the end, which was stripped with the blanks.
    found = _LINE.fullmatch(row) or _LINE.fullmatch(row + b"\t")
    if found is None:
        return None
    pin, wall_time, status, verify = (part.decode("ascii") for part in found.groups())
    problem = _doubt(wall_time, earliest, latest)
    return Line(number, row.decode("ascii"), pin, wall_time, status, verify, problem)


def _doubt(wall_time: str, earliest: datetime, latest: datetime) -> str:
    try:
        moment = datetime.fromisoformat(wall_time)
    except ValueError:
        return IMPOSSIBLE_TIME
    if moment < earliest:
        return IMPLAUSIBLE_TIME
    return FUTURE_TIME if moment > latest else ""
