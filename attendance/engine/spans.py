"""Arithmetic of stretches of time: sorted, half-open pairs of minutes."""

from collections.abc import Iterable, Sequence

from attendance.engine.values import Minute, Stretch


def union(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return the stretches in order, those that overlap or touch made one; empty ones dropped."""
    merged: list[Stretch] = []
    for start, end in sorted(stretches):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def common(one: Iterable[Stretch], other: Sequence[Stretch]) -> list[Stretch]:
    """Return what lies in both. `one` must not overlap itself, nor `other`."""
    found = []
    for start, end in one:
        for begin, stop in other:
            low = start if start > begin else begin
            high = end if end < stop else stop
            if low < high:
                found.append((low, high))
    return found


def without(stretches: Iterable[Stretch], taken: Iterable[Stretch]) -> list[Stretch]:
    """Return what is left of the stretches when `taken` is cut out of them."""
    left = list(stretches)
    for begin, stop in taken:
        left = [part for piece in left for part in _cut(piece, begin, stop)]
    return left


def length(stretches: Iterable[Stretch]) -> int:
    """Return how many minutes the stretches are together."""
    return sum(end - start for start, end in stretches)


def _cut(piece: Stretch, begin: Minute, stop: Minute) -> list[Stretch]:
    start, end = piece
    if begin >= end or stop <= start or begin >= stop:
        return [piece]
    parts = []
    if start < begin:
        parts.append((start, begin))
    if stop < end:
        parts.append((stop, end))
    return parts
