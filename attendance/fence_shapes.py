"""Shapes of fences as they are kept and exchanged: GeoJSON in and out, datums, what is wrong.

It is pure. Inside a shape is (latitude, longitude), as in `evidence`; GeoJSON (RFC 7946) has the
longitude first. A circle is a Point with `radius_metres`, for GeoJSON knows no circles.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from attendance.evidence.datums import Datum, to_wgs84, wgs84_to_bd09, wgs84_to_gcj02
from attendance.evidence.geometry import (
    Area,
    Circle,
    Degrees,
    area_problem,
    point_problem,
    radius_problem,
)

Shape = Circle | Area
Rings = list[list[list[float]]]

# A ten-millionth of a degree is a centimetre.
_DECIMALS: Final = 7
MOST_BYTES: Final = 1_000_000
MOST_FEATURES: Final = 200
LONGEST_NAME: Final = 100


class Problem(NamedTuple):
    """What is wrong with a shape: a code, where, and what was said.

    `ring` is 0 for the outline of an area and counts its holes from 1.
    """

    code: str
    field: str
    said: object = ""
    ring: int = 0


class FeatureProblem(NamedTuple):
    """What is wrong with a feature of a file; the first one is 1, and 0 is the file itself."""

    feature: int
    name: str
    problem: Problem


class Drawn(NamedTuple):
    """A feature that can become a fence."""

    feature: int
    name: str
    shape: Shape


# --- values ----------------------------------------------------------------------------------


def area_of(rings: Sequence[Sequence[Sequence[float]]]) -> Area:
    """Return the area of GeoJSON rings."""
    outer, *holes = [tuple((lat, lng) for lng, lat, *_height in ring) for ring in rings]
    return Area(outer, tuple(holes))


def rings_of(area: Area) -> Rings:
    """Return an area as GeoJSON rings, each of them closed."""
    return [
        [[lng, lat] for lat, lng in (ring if ring[0] == ring[-1] else (*ring, ring[0]))]
        for ring in (area.ring, *area.holes)
    ]


def rounded(shape: Shape) -> Shape:
    """Return a shape as it is kept: degrees to a centimetre, a radius to a metre."""
    kept = moved(shape, lambda lat, lng: (round(lat, _DECIMALS), round(lng, _DECIMALS)))
    return kept._replace(radius=round(kept.radius)) if isinstance(kept, Circle) else kept


def moved(shape: Shape, move: Callable[[float, float], Degrees]) -> Shape:
    """Return a shape with each of its points moved."""
    if isinstance(shape, Circle):
        return Circle(*move(shape.latitude, shape.longitude), shape.radius)
    ring, *holes = [tuple(move(*point) for point in ring) for ring in (shape.ring, *shape.holes)]
    return Area(ring, tuple(holes))


def from_datum(shape: Shape, datum: str) -> Shape:
    """Return a shape that is told on a map of this datum on WGS-84."""
    return moved(shape, lambda lat, lng: to_wgs84(lat, lng, datum))


def on_datum(shape: Shape, datum: str) -> Shape:
    """Return a WGS-84 shape as a map of this datum shows it."""
    match Datum(datum):
        case Datum.GCJ02:
            return moved(shape, wgs84_to_gcj02)
        case Datum.BD09:
            return moved(shape, wgs84_to_bd09)
        case Datum.WGS84:
            return shape


def shape_problem(shape: Shape) -> Problem | None:
    """Return the first thing that is wrong with a shape, or None."""
    if isinstance(shape, Circle):
        wrong = point_problem(shape.latitude, shape.longitude)
        if wrong is not None:
            field = "latitude" if wrong == "lat_out_of_range" else "longitude"
            return Problem(wrong, field, getattr(shape, field))
        wrong = radius_problem(shape.radius)
        return Problem(wrong, "radius_metres", shape.radius) if wrong is not None else None
    found = area_problem(shape)
    if found is None:
        return None
    ring, code = found
    corners = (shape.ring, *shape.holes)[ring]
    if code == "polygon_invalid" and len(set(corners)) < 3:
        code = "too_few_corners"
    return Problem(code, "rings", len(corners), ring)


# --- GeoJSON ---------------------------------------------------------------------------------


def geometry_of(shape: Shape) -> dict[str, Any]:
    """Return a shape as a GeoJSON geometry."""
    if isinstance(shape, Circle):
        return {"type": "Point", "coordinates": [shape.longitude, shape.latitude]}
    return {"type": "Polygon", "coordinates": rings_of(shape)}


def feature_of(name: str, shape: Shape, **more: object) -> dict[str, Any]:
    """Return a fence as a GeoJSON feature."""
    properties: dict[str, object] = {"name": name, **more}
    if isinstance(shape, Circle):
        properties["radius_metres"] = round(shape.radius)
    return {"type": "Feature", "properties": properties, "geometry": geometry_of(shape)}


def read_collection(text: str, datum: str) -> tuple[list[Drawn], list[FeatureProblem]]:
    """Return the fences that a GeoJSON text draws, and what is wrong, feature by feature."""
    try:
        # Numbers of any length become floats: what is too long for one is infinite, and refused.
        said = json.loads(text, parse_int=float, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return [], [FeatureProblem(0, "", Problem("not_json", ""))]
    features = said.get("features") if isinstance(said, dict) else None
    if not isinstance(features, list) or said.get("type") != "FeatureCollection":
        return [], [FeatureProblem(0, "", Problem("not_a_collection", "type"))]
    if not 0 < len(features) <= MOST_FEATURES:
        code = "too_many_features" if features else "no_features"
        return [], [FeatureProblem(0, "", Problem(code, "features", len(features)))]
    drawn: list[Drawn] = []
    wrong: list[FeatureProblem] = []
    names: set[str] = set()
    for number, feature in enumerate(features, start=1):
        name, shape, problems = _read_feature(feature, datum)
        if name in names:
            problems.append(Problem("name_twice", "properties.name", name))
        names.add(name)
        if shape is not None and not problems:
            drawn.append(Drawn(number, name, shape))
        wrong.extend(FeatureProblem(number, name, problem) for problem in problems)
    return drawn, wrong


def _refuse(word: str) -> float:
    raise ValueError(word)


def _read_feature(feature: object, datum: str) -> tuple[str, Shape | None, list[Problem]]:
    if not isinstance(feature, Mapping) or feature.get("type") != "Feature":
        return "", None, [Problem("not_a_feature", "type")]
    properties = feature.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    geometry = feature.get("geometry")
    geometry = geometry if isinstance(geometry, Mapping) else {}
    problems = list(_name_problems(properties.get("name")))
    name = properties.get("name")
    shape = _read_shape(geometry, properties)
    if isinstance(shape, Shape):
        wrong = shape_problem(shape)
        if wrong is None:
            shape = rounded(from_datum(shape, datum))
            # What is sound on its own map is so on ours, but for what rounding brings together.
            wrong = shape_problem(shape)
        if wrong is not None:
            problems.append(wrong._replace(field=_IN_FILES[wrong.field]))
    else:
        problems.append(shape)
    read = shape if isinstance(shape, Shape) and not problems else None
    return name.strip()[:LONGEST_NAME] if isinstance(name, str) else "", read, problems


_IN_FILES: Final = {
    "latitude": "geometry.coordinates",
    "longitude": "geometry.coordinates",
    "rings": "geometry.coordinates",
    "radius_metres": "properties.radius_metres",
}


def _name_problems(name: object) -> Iterator[Problem]:
    if not isinstance(name, str) or not name.strip():
        yield Problem("name_missing", "properties.name")
    elif len(name.strip()) > LONGEST_NAME or "\0" in name:
        yield Problem("name_too_long", "properties.name")


def _read_shape(geometry: Mapping[str, object], properties: Mapping[str, Any]) -> Shape | Problem:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    unreadable = Problem("coordinates_unreadable", "geometry.coordinates")
    if kind == "Point":
        point = _read_point(coordinates)
        if point is None:
            return unreadable
        radius = properties.get("radius_metres")
        if isinstance(radius, bool) or not isinstance(radius, float):
            return Problem("radius_missing", "properties.radius_metres", radius)
        return Circle(*point, radius)
    if kind == "Polygon":
        rings = coordinates if isinstance(coordinates, list) and coordinates else [None]
        read = [_read_ring(ring) for ring in rings]
        sound = [ring for ring in read if ring is not None]
        return Area(sound[0], tuple(sound[1:])) if len(sound) == len(read) else unreadable
    return Problem("geometry_unknown", "geometry.type", str(kind)[:40])


def _read_ring(ring: object) -> tuple[Degrees, ...] | None:
    if not isinstance(ring, list) or not ring:
        return None
    points = [_read_point(point) for point in ring]
    sound = tuple(point for point in points if point is not None)
    return sound if len(sound) == len(points) else None


def _read_point(point: object) -> Degrees | None:
    """Return a position as (latitude, longitude); a height is left out."""
    if not isinstance(point, list) or not 2 <= len(point) <= 3:
        return None
    if any(isinstance(number, bool) or not isinstance(number, float) for number in point):
        return None
    return point[1], point[0]
