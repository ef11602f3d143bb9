"""Fences and points on the ground; the only file that knows the libraries for them."""

from collections.abc import Iterable, Sequence
from math import cos, isfinite, radians, sin, sqrt
from typing import Final, NamedTuple

from geographiclib.geodesic import Geodesic
from geopy.distance import geodesic
from shapely import Point, Polygon, maximum_inscribed_circle, union_all
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

Degrees = tuple[float, float]
"""Latitude and longitude on WGS-84."""
Ring = Sequence[Degrees]

SMALLEST_RADIUS: Final = 50
LARGEST_RADIUS: Final = 5000
# Further from the equator a degree of longitude is too short for the plane of degrees.
FURTHEST_LATITUDE: Final = 85
MOST_CORNERS: Final = 500

# A tenth of a millimetre: what a decimal fraction of a degree loses as a binary one.
_ON_EDGE: Final = 1e-9
_ON_CIRCLE: Final = 1e-3
# A circle is drawn as corners on it, a disc as corners around it: what is covered surely is.
_QUARTER: Final = 64
_OUTER: Final = 1.0004
_WGS84_AXIS: Final = 6_378_137.0
_WGS84_ECCENTRICITY: Final = 0.00669437999014


class Circle(NamedTuple):
    """A round fence: its centre and its radius in metres."""

    latitude: float
    longitude: float
    radius: float


class Area(NamedTuple):
    """A drawn fence: rings of (latitude, longitude). What lies in a hole is outside."""

    ring: Ring
    holes: tuple[Ring, ...] = ()


class Place(NamedTuple):
    """Where a point stands towards a fence.

    `margin` is the metres to its edge, positive inside; `is_inside` counts the edge as inside.
    """

    is_inside: bool
    margin: float


def metres_between(one: Degrees, other: Degrees) -> float:
    """Return the length of the shortest way along the WGS-84 ellipsoid (Karney 2013)."""
    return float(geodesic(one, other).meters)


def azimuth(one: Degrees, other: Degrees) -> float:
    """Return in which direction the other point lies, in degrees from north, 0 to 360."""
    return float(Geodesic.WGS84.Inverse(*one, *other)["azi1"]) % 360


def place_in(point: Degrees, fence: Circle | Area) -> Place:
    """Say where a point stands towards a fence. Raise ValueError for a fence that is none."""
    if isinstance(fence, Circle):
        return _place_in_circle(point, fence)
    return _place_in_area(point, fence)


def _place_in_circle(point: Degrees, circle: Circle) -> Place:
    if point_problem(*circle[:2]) or not (circle.radius > 0 and isfinite(circle.radius)):
        raise ValueError("not a circle")
    distance = metres_between(circle[:2], point)
    return Place(distance <= circle.radius + _ON_CIRCLE, circle.radius - distance)


def _place_in_area(point: Degrees, area: Area) -> Place:
    """The fences are small: inside is a question of the plane of degrees.

    The distance is measured in a plane that touches the ellipsoid at the point, which is exact
    where it matters: near the edge.
    """
    polygon, here = _nearest_turn(_polygon(area), point)
    edge, _ = nearest_points(polygon.boundary, here)
    is_inside = polygon.covers(here) or edge.distance(here) <= _ON_EDGE
    flat = affine_transform(polygon.boundary, _tangent_plane(point[0], here.x))
    nearest, _ = nearest_points(flat, Point(0, 0))
    east, north = _metres_per_degree(point[0])
    found = (point[0] + nearest.y / north, here.x + nearest.x / east)
    distance = metres_between(point, _on_the_globe(found))
    return Place(is_inside, distance if is_inside else -distance)


def covers_disc(point: Degrees, radius: float, fences: Iterable[Circle | Area]) -> bool:
    """Say whether several fences together surely hold everything within `radius` metres."""
    if radius <= 0:
        return False
    shapes = [_flat(point, fence) for fence in fences]
    disc = Point(0, 0).buffer(radius * _OUTER, quad_segs=_QUARTER)
    return bool(union_all(shapes).covers(disc))


def _flat(point: Degrees, fence: Circle | Area) -> BaseGeometry:
    """Return a fence in metres around the point."""
    if isinstance(fence, Area):
        polygon, here = _nearest_turn(_polygon(fence), point)
        return affine_transform(polygon, _tangent_plane(point[0], here.x))
    line = Geodesic.WGS84.Inverse(*point, *fence[:2])
    turn, length = radians(line["azi1"]), line["s12"]
    centre = Point(length * sin(turn), length * cos(turn))
    return centre.buffer(fence.radius, quad_segs=_QUARTER)


def _polygon(area: Area) -> Polygon:
    if polygon_problem(area.ring) or any(polygon_problem(hole) for hole in area.holes):
        raise ValueError("not an area")
    ring = _unwrapped([(lng, lat) for lat, lng in area.ring])
    holes = [_turned_towards(Polygon(ring), hole) for hole in area.holes]
    polygon = Polygon(ring, holes)
    if not polygon.is_valid:
        # Holes that touch or overlap each other or the edge.
        polygon = Polygon(ring).difference(union_all([Polygon(hole) for hole in holes]))
    return polygon


def _turned_towards(whole: Polygon, hole: Ring) -> list[tuple[float, float]]:
    """Return a hole as (longitude, latitude), at that of its longitudes where its area is."""
    west, _, east, _ = whole.bounds
    turned = _unwrapped([(lng, lat) for lat, lng in hole])
    middle = sum(lng for lng, _ in turned) / len(turned)
    turn = next((t for t in (0, 360, -360) if west <= middle + t <= east), 0)
    return [(lng + turn, lat) for lng, lat in turned]


def _nearest_turn(polygon: BaseGeometry, point: Degrees) -> tuple[BaseGeometry, Point]:
    """Return the point at that of its longitudes, 360 degrees apart, that is nearest."""
    turns = [Point(point[1] + turn, point[0]) for turn in (0, 360, -360)]
    return polygon, min(turns, key=polygon.distance)


def _tangent_plane(latitude: float, longitude: float) -> list[float]:
    """Return shapely's matrix from degrees to metres east and north of a point."""
    east, north = _metres_per_degree(latitude)
    return [east, 0, 0, north, -longitude * east, -latitude * north]


def _metres_per_degree(latitude: float) -> tuple[float, float]:
    """Return how long a degree is at a latitude, to the east and to the north."""
    angle = radians(max(-89.9, min(89.9, latitude)))
    flat = 1 - _WGS84_ECCENTRICITY * sin(angle) ** 2
    parallel = _WGS84_AXIS / sqrt(flat) * cos(angle)
    meridian = _WGS84_AXIS * (1 - _WGS84_ECCENTRICITY) / (flat * sqrt(flat))
    return radians(parallel), radians(meridian)


def _on_the_globe(point: Degrees) -> Degrees:
    return max(-90.0, min(90.0, point[0])), (point[1] + 180) % 360 - 180


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


def area_problem(area: Area) -> tuple[int, str] | None:
    """Return which ring of an area is wrong (0 is the outer one) and what with it, or None."""
    rings = (area.ring, *area.holes)
    if sum(map(len, rings)) > MOST_CORNERS:
        return 0, "too_many_corners"
    for index, ring in enumerate(rings):
        problem = polygon_problem(ring)
        if problem is None and any(abs(lat) > FURTHEST_LATITUDE for lat, _ in ring):
            problem = "too_near_a_pole"
        if problem is not None:
            return index, problem
    whole = _polygon(Area(area.ring))
    for index in range(1, len(rings)):
        if not whole.covers(Polygon(_turned_towards(whole, rings[index]))):
            return index, "hole_outside"
    return None if _polygon(area).area > 0 else (0, "nothing_left")


def square_metres(area: Area) -> float:
    """Return how large an area is, without its holes."""
    polygon = _polygon(area)
    middle = polygon.centroid
    return float(affine_transform(polygon, _tangent_plane(middle.y, middle.x)).area)


def reach(fence: Circle | Area) -> float:
    """Return the metres from its innermost point to its edge: the radius of what fits into it."""
    if isinstance(fence, Circle):
        return fence.radius
    polygon = _polygon(fence)
    middle = polygon.centroid
    flat = affine_transform(polygon, _tangent_plane(middle.y, middle.x))
    return float(maximum_inscribed_circle(flat, tolerance=max(0.5, sqrt(flat.area) / 1000)).length)


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
