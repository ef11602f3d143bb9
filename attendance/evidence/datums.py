"""The maps on which coordinates are told: WGS-84 inside, GCJ-02 and BD-09 turned into it.

GCJ-02 has no official text. The constants below are those of the public description, "Restrictions
on geographic data in China", section "GCJ-02" (en.wikipedia.org), found alike in eviltransform and
prcoords: the Krasovsky 1940 ellipsoid and a sum of sines.
BD-09 is Baidu's second shift on top of it.

A box around China holds its neighbours too: Seoul, Ulaanbaatar. So a shift is undone only where the
client says that it was made, and only where map providers make it (see `shift_at`).
"""

from collections.abc import Callable
from enum import StrEnum
from math import atan2, cos, hypot, isfinite, pi, sin, sqrt
from typing import Final

Degrees = tuple[float, float]
"""Latitude and longitude."""

_AXIS: Final = 6_378_245.0
_ECCENTRICITY: Final = 0.00669342162296594323
_BAIDU_TURN: Final = pi * 3000 / 180
_ROUNDS: Final = 30
# A ten-millionth of a millimetre, in degrees.
_SAME: Final = 1e-12


class Datum(StrEnum):
    """Whose map a point is told on."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


class Shift(StrEnum):
    """Whether Chinese map providers shift a place."""

    YES = "yes"
    NO = "no"
    BY_PROVIDER = "depends on map provider"


# Rectangles: south, west, north, east. The first list is in public use for this purpose (it comes
# with many copies of the GCJ-02 code); what it holds of the neighbours is taken out again below.
# Towns that face each other across a river cannot be told apart by rectangles.
_CHINA: Final = (
    (42.8899, 79.4462, 49.2204, 96.3300),
    (39.3742, 109.6872, 54.1415, 135.0002),
    (29.5297, 73.1246, 42.8899, 124.1433),
    (26.7186, 82.9684, 29.5297, 97.0352),
    (20.4141, 97.0253, 29.5297, 124.3674),
    (17.8715, 107.9758, 20.4141, 111.7441),
)
_NEIGHBOURS: Final = (
    (20.0988, 101.8652, 22.2840, 106.6650),  # Laos and Viet Nam
    (20.4878, 106.4525, 21.5422, 108.0510),
    (20.4141, 97.0253, 23.2000, 98.9000),  # Myanmar
    (20.4141, 98.9000, 21.4500, 100.0000),
    (20.4141, 100.0000, 21.1000, 101.8652),
    (26.7186, 82.9684, 27.8500, 88.1000),  # Nepal
    (27.8500, 82.9684, 28.9000, 84.2000),
    (26.7186, 89.1000, 27.9000, 91.6000),  # Bhutan
    (40.6000, 73.1246, 42.8899, 76.5000),  # Kyrgyzstan
    (41.9000, 76.5000, 42.8899, 79.9000),
    (42.8899, 79.4462, 45.5000, 80.1000),  # Kazakhstan
    (45.5000, 79.4462, 49.2204, 82.2000),
    (47.3000, 82.2000, 49.2204, 85.4000),
    (45.3000, 91.2000, 49.2204, 96.3300),  # Mongolia
    (45.2000, 109.6872, 50.3257, 115.4000),
    (50.3257, 109.0323, 55.8175, 119.1270),  # Russia
    (50.2600, 127.4568, 55.8175, 137.0227),
    (49.5574, 127.9000, 50.2600, 137.0227),
    (42.5692, 131.2662, 44.8922, 137.0227),
    (39.3742, 125.0000, 40.9000, 130.7000),  # Korea
    (40.9000, 128.9000, 41.9000, 130.7000),
)
_BY_PROVIDER: Final = (
    (22.1300, 113.8200, 22.5400, 114.5100),  # Hong Kong
    (22.1000, 113.5200, 22.2200, 113.6100),  # Macau
    (21.7850, 119.9213, 25.3986, 122.4976),  # Taiwan
)


def shift_at(latitude: float, longitude: float) -> Shift:
    """Say whether Chinese maps shift a place (WGS-84 degrees)."""
    if _in_any(_BY_PROVIDER, latitude, longitude):
        return Shift.BY_PROVIDER
    if not _in_any(_CHINA, latitude, longitude) or _in_any(_NEIGHBOURS, latitude, longitude):
        return Shift.NO
    return Shift.YES


def wgs84_to_gcj02(latitude: float, longitude: float) -> Degrees:
    """Return a WGS-84 point as a Chinese map shows it; elsewhere the point itself."""
    if shift_at(latitude, longitude) is Shift.NO:
        return latitude, longitude
    return shifted(latitude, longitude)


def gcj02_to_wgs84(latitude: float, longitude: float) -> Degrees:
    """Return a GCJ-02 point on WGS-84, to less than a millimetre; elsewhere the point itself."""
    found = _undone(shifted, (latitude, longitude))
    return (latitude, longitude) if shift_at(*found) is Shift.NO else found


def wgs84_to_bd09(latitude: float, longitude: float) -> Degrees:
    """Return a WGS-84 point as Baidu's map shows it; elsewhere the point itself."""
    if shift_at(latitude, longitude) is Shift.NO:
        return latitude, longitude
    return _baidu(*shifted(latitude, longitude))


def bd09_to_wgs84(latitude: float, longitude: float) -> Degrees:
    """Return a BD-09 point on WGS-84, to less than a millimetre; elsewhere the point itself."""
    found = _undone(shifted, _undone(_baidu, (latitude, longitude)))
    return (latitude, longitude) if shift_at(*found) is Shift.NO else found


def to_wgs84(latitude: float, longitude: float, datum: str) -> Degrees:
    """Return a point of a named datum on WGS-84. Raise ValueError for an unknown datum."""
    match Datum(datum):
        case Datum.WGS84:
            return latitude, longitude
        case Datum.GCJ02:
            return gcj02_to_wgs84(latitude, longitude)
        case Datum.BD09:
            return bd09_to_wgs84(latitude, longitude)


def read_wecom(latitude: int, longitude: int) -> tuple[float, float, Datum]:
    """Return what the WeCom API means: whole millionths of a degree, on GCJ-02."""
    return latitude / 1_000_000, longitude / 1_000_000, Datum.GCJ02


def shifted(latitude: float, longitude: float) -> Degrees:
    """Return a point shifted by the formula alone, wherever it is."""
    x, y = longitude - 105.0, latitude - 35.0
    waves = (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + waves
    north += (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
    north += (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + waves
    east += (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
    east += (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    angle = latitude / 180 * pi
    flat = 1 - _ECCENTRICITY * sin(angle) ** 2
    meridian = _AXIS * (1 - _ECCENTRICITY) / (flat * sqrt(flat))
    parallel = _AXIS / sqrt(flat) * cos(angle)
    if not isfinite(north + east) or parallel < 1:
        return latitude, longitude
    return latitude + north * 180 / (meridian * pi), longitude + east * 180 / (parallel * pi)


def _baidu(latitude: float, longitude: float) -> Degrees:
    length = hypot(longitude, latitude) + 0.00002 * sin(latitude * _BAIDU_TURN)
    angle = atan2(latitude, longitude) + 0.000003 * cos(longitude * _BAIDU_TURN)
    return length * sin(angle) + 0.006, length * cos(angle) + 0.0065


def _undone(shift: Callable[[float, float], Degrees], wanted: Degrees) -> Degrees:
    """Return the point that a shift brings to `wanted`: each round corrects by what still lacks."""
    latitude, longitude = wanted
    for _ in range(_ROUNDS):
        north, east = shift(latitude, longitude)
        north, east = north - wanted[0], east - wanted[1]
        latitude, longitude = latitude - north, longitude - east
        if abs(north) < _SAME and abs(east) < _SAME:
            break
    return latitude, longitude


def _in_any(
    areas: tuple[tuple[float, float, float, float], ...], latitude: float, longitude: float
) -> bool:
    return any(
        south <= latitude <= north and west <= longitude <= east
        for south, west, north, east in areas
    )
