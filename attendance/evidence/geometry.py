"""Fences and points on the ground; the only file that knows the libraries for them."""

from collections.abc import Sequence
from math import isfinite
from typing import Final

from shapely import Polygon

SMALLEST_RADIUS: Final = 50
LARGEST_RADIUS: Final = 5000


def radius_problem(radius: object) -> str | None:
    """Return `radius_out_of_range` unless the metres are a number from 50 to 5000, inclusive."""
    number = _number(radius)
    if number is None or not SMALLEST_RADIUS <= number <= LARGEST_RADIUS:
        return "radius_out_of_range"
    return None


def point_problem(latitude: object, longitude: object) -> str | None:
    """Return what is wrong with degrees of latitude and longitude, or None."""
    lat, lng = _number(latitude), _number(longitude)
    if lat is None or not -90 <= lat <= 90:
        return "lat_out_of_range"
    if lng is None or not -180 <= lng <= 180:
        return "lng_out_of_range"
    return None


def polygon_problem(points: Sequence[Sequence[object]]) -> str | None:
    """Return what is wrong with a ring of (latitude, longitude), or None if it bounds an area.

    The closing point may be repeated or left out. A ring that crosses itself has no agreed inside.
    """
    ring: list[tuple[float, float]] = []
    for point in points:
        if len(point) != 2:
            return "polygon_invalid"
        problem = point_problem(*point)
        if problem:
            return problem
        lat, lng = _number(point[0]), _number(point[1])
        if lat is not None and lng is not None:
            ring.append((lng, lat))
    if len(set(ring)) < 3:
        return "polygon_invalid"
    polygon = Polygon(_unwrapped(ring))
    return None if polygon.is_valid and polygon.area > 0 else "polygon_invalid"


def _unwrapped(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the ring without the jump at the antimeridian; no edge is longer than 180 degrees."""
    turned = [ring[0]]
    for lng, lat in ring[1:]:
        before = turned[-1][0]
        while lng - before > 180:
            lng -= 360
        while before - lng > 180:
            lng += 360
        turned.append((lng, lat))
    return turned


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return float(value)
