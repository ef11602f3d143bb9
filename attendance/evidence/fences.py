"""Fences: whether a position that may be off by some metres lies in one of them.

Surely inside if the whole circle of confidence is, surely outside if none of it is, else unsure.
A phone's accuracy is the radius within which it lies with a probability of 68 % (Android,
`Location.getAccuracy`) or 95 % (W3C Geolocation, `accuracy`): an unsure position is never inside.
"""

from collections.abc import Sequence
from enum import StrEnum
from math import isfinite
from typing import Final, NamedTuple

from attendance.evidence.geometry import (
    Area,
    Circle,
    Degrees,
    covers_disc,
    place_in,
    point_problem,
)

# Below this a phone is reliable with Wi-Fi only. Android's guidance for geofences: 100 to 150 m.
RELIABLE_RADIUS: Final = 100


class Standing(StrEnum):
    """Where somebody stands, as far as the accuracy allows to say."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    UNSURE = "unsure"


class Fence(NamedTuple):
    """An area where punching is allowed; `key` is how reasons name it."""

    key: str
    shape: Circle | Area


class Found(NamedTuple):
    """The answer for one fence, or for the best of several.

    `margin` is the metres from the point to the edge, positive inside. `distance` is the metres to
    the centre of a circle; None for an area.
    """

    standing: Standing
    margin: float
    is_point_inside: bool
    fence: str
    distance: float | None = None


def accuracy_problem(accuracy: object) -> str | None:
    """Return `accuracy_invalid` unless these are metres, 0 or more.

    iOS tells a fix that is none by a negative accuracy (Core Location, `horizontalAccuracy`).
    """
    if isinstance(accuracy, bool) or not isinstance(accuracy, int | float):
        return "accuracy_invalid"
    return None if isfinite(accuracy) and accuracy >= 0 else "accuracy_invalid"


def is_null_island(point: Degrees) -> bool:
    """Say whether a point is 0, 0: a legal place in the sea, and what failed fixes report."""
    return point[0] == 0 and point[1] == 0


def find(point: Degrees, accuracy: float, fence: Fence) -> Found:
    """Return where a WGS-84 point stands towards a fence. Raise ValueError for what is none."""
    if point_problem(*point) or accuracy_problem(accuracy):
        raise ValueError("not a position")
    is_inside, margin = place_in(point, fence.shape)
    distance = fence.shape.radius - margin if isinstance(fence.shape, Circle) else None
    return Found(_standing(is_inside, margin, accuracy), margin, is_inside, fence.key, distance)


def _standing(is_inside: bool, margin: float, accuracy: float) -> Standing:
    if is_inside and (accuracy == 0 or margin >= accuracy):
        return Standing.INSIDE
    if not is_inside and -margin > accuracy:
        return Standing.OUTSIDE
    return Standing.UNSURE


def find_best(point: Degrees, accuracy: float, fences: Sequence[Fence]) -> Found:
    """Return where a point stands towards fences of which any will do, by the most favourable.

    Somebody at the seam of two overlapping fences is inside, though unsure towards each. Raise
    ValueError without fences: nobody is inside of nothing.
    """
    if not fences:
        raise ValueError("no fences")
    found = [find(point, accuracy, fence) for fence in fences]
    best = max(found, key=lambda one: (one.margin, one.fence))
    if best.standing is Standing.INSIDE:
        return best
    near = [
        fence.shape
        for fence, one in zip(fences, found, strict=True)
        if one.standing is not Standing.OUTSIDE
    ]
    if len(near) > 1 and covers_disc(point, accuracy, near):
        return best._replace(standing=Standing.INSIDE, is_point_inside=True)
    return best
