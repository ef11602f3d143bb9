"""From punches to records: what was tapped several times counts once (C8)."""

from typing import Final

from attendance.engine.draft import Draft
from attendance.engine.values import Anomaly, Direction, Mark, Record

_new: Final = tuple.__new__  # see draft.py


def merge_repeats(draft: Draft) -> None:
    """Merge what was tapped several times into one record (C8), inside the punch window (C9).

    A record is anchored at its first punch and takes in every later one up to the gap; opposite
    stated directions never merge.
    """
    day = draft.day
    if day.held:
        draft.note("held", {"count": day.held})
    marks = _in_order(day.marks)
    if marks and (marks[0][0] // 60 < draft.plan.opens or marks[-1][0] // 60 > draft.plan.closes):
        marks = _inside_window(draft, marks)
    if draft.ignored:
        facts = {"count": draft.ignored, "opens": draft.plan.opens, "closes": draft.plan.closes}
        draft.note("outside_window", facts)
    records = draft.records
    gap = day.merge_seconds
    anchor = -gap - 1
    for at, direction, punch in marks:
        if at - anchor > gap or not _joined(records, gap, at, direction, punch):
            anchor = at
            records.append(_new(Record, (at, at, direction, (punch,))))
    if len(records) < len(marks):
        for record in records:
            if len(record.ids) > 1:
                facts = {"count": len(record.ids), "at": record.first // 60}
                draft.note("merged", {**facts, "until": record.last // 60})
                draft.find(Anomaly.DUPLICATE, "", 0, record.ids[0])


def _joined(
    records: list[Record], gap: int, at: int, direction: Direction | None, punch: int
) -> bool:
    """Let the latest record that may take in a punch do so, and say whether there was one."""
    for index in range(len(records) - 1, -1, -1):
        first, _, stated, punches = records[index]
        if at - first > gap:
            return False
        if stated is None or direction is None or stated == direction:
            records[index] = Record(first, at, stated or direction, (*punches, punch))
            return True
    return False


def _in_order(marks: tuple[Mark, ...]) -> tuple[Mark, ...] | list[Mark]:
    """Return the marks as they happened, whatever the order in which they arrived."""
    previous = -1
    for mark in marks:
        if mark[0] <= previous:
            return sorted(marks, key=lambda m: (m[0], m[1] or "", m[2]))
        previous = mark[0]
    return marks


def _inside_window(draft: Draft, marks: tuple[Mark, ...] | list[Mark]) -> list[Mark]:
    opens, closes = draft.plan.opens, draft.plan.closes
    inside = [mark for mark in marks if opens <= mark[0] // 60 <= closes]
    draft.ignored += len(marks) - len(inside)
    return inside
