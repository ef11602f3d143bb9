"""The answers about places: fences, accuracies and datums, in the words of the case files."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attendance.casebook.reading import Json, only
from attendance.evidence import datums
from attendance.evidence.datums import Shift
from attendance.evidence.fences import (
    Fence,
    Found,
    Standing,
    accuracy_problem,
    find,
    find_best,
    is_null_island,
)
from attendance.evidence.geometry import (
    Area,
    Circle,
    Degrees,
    azimuth,
    metres_between,
    place_in,
    point_problem,
)

_CERTAINTY: Final = {
    Standing.INSIDE: "inside",
    Standing.OUTSIDE: "outside",
    Standing.UNSURE: "uncertain",
}
_SHOULD_SHIFT: Final = {Shift.YES: True, Shift.NO: False, Shift.BY_PROVIDER: str(Shift.BY_PROVIDER)}
# What the files round to: three digits of a metre, one of a shift, one of a direction.
_MILLIMETRE: Final = 0.002
_DECIMETRE: Final = 0.11
_ROUNDED_DEGREE: Final = 0.11


class Near(float):
    """A number that a case file may have rounded."""

    tolerance: float

    def __new__(cls, value: float, tolerance: float) -> "Near":
        """Return the number; an expected one matches within `tolerance`."""
        made = super().__new__(cls, value)
        made.tolerance = tolerance
        return made

    def meets(self, expected: object) -> bool:
        """Say whether the expected value is this one."""
        is_number = isinstance(expected, int | float) and not isinstance(expected, bool)
        return is_number and abs(float(self) - float(expected)) <= self.tolerance  # type: ignore[arg-type]


class NearPoint(tuple[float, float]):
    """A point that a case file gives with a tolerance in metres."""

    tolerance: float

    def __new__(cls, value: Degrees, tolerance: float) -> "NearPoint":
        """Return the point; an expected one matches within `tolerance` metres."""
        made = super().__new__(cls, value)
        made.tolerance = tolerance
        return made

    def meets(self, expected: object) -> bool:
        """Say whether the expected point is this one."""
        if not isinstance(expected, Mapping) or point_problem(*_point(expected)):
            return False
        return metres_between(_point(expected), (self[0], self[1])) <= self.tolerance


def _point(found: Json) -> Degrees:
    return found["lat"], found["lng"]


def _circle(given: Json, centre: str = "center") -> Circle:
    return Circle(*_point(given[centre]), given["radius_m"])


def _answer_circle(body: Json) -> Json:
    given = body["input"]
    only(given, {"center", "radius_m", "point"})
    circle, point = _circle(given), _point(given["point"])
    distance = metres_between(circle[:2], point)
    return {
        "inside": place_in(point, circle).is_inside,
        "distance_m": Near(distance, _MILLIMETRE),
    }


def _answer_polygon(body: Json) -> Json:
    given = body["input"]
    only(given, {"polygon", "holes", "more_polygons", "point"})
    areas = [Area(given["polygon"], tuple(given.get("holes") or ()))]
    areas += [Area(ring) for ring in given.get("more_polygons") or ()]
    point = _point(given["point"])
    found = find_best(point, 0, [Fence(str(n), area) for n, area in enumerate(areas)])
    return {
        "inside": found.standing is Standing.INSIDE,
        "on_boundary": any(abs(place_in(point, area).margin) < _MILLIMETRE / 2 for area in areas),
    }


def _answer_accuracy(body: Json) -> Json:
    given = body["input"]
    only(given, {"center", "radius_m", "point", "accuracy_m", "max_accuracy_m"})
    accuracy, most = given.get("accuracy_m"), given.get("max_accuracy_m")
    problem = _input_problem(given["point"]) or accuracy_problem(accuracy)
    if problem:
        return {"certainty": "unknown", "accepted": False, "error": problem}
    found = find(_point(given["point"]), accuracy, Fence("", _circle(given)))
    is_coarse = most is not None and accuracy > most
    return {
        **_told(found),
        "certainty": _CERTAINTY[found.standing],
        "accepted": not is_coarse and found.standing is Standing.INSIDE,
        "reject_reason": "accuracy_too_coarse" if is_coarse else None,
        "error": None,
    }


def _answer_input(body: Json) -> Json:
    given = body["input"]
    only(given, {"center", "radius_m", "point", "accuracy_m"})
    problem = _input_problem(given["point"])
    if not problem and "accuracy_m" in given:
        problem = accuracy_problem(given["accuracy_m"])
    if problem:
        return {"accepted": False, "error": problem}
    point = _point(given["point"])
    found = find(point, given.get("accuracy_m") or 0, Fence("", _circle(given)))
    flags = ["null_island"] if is_null_island(point) else []
    return {**_told(found), "accepted": True, "error": None, "flags": flags}


def _input_problem(point: Json) -> str | None:
    return "out_of_range" if point_problem(point.get("lat"), point.get("lng")) else None


def _told(found: Found) -> dict[str, Any]:
    return {
        "inside": found.standing is Standing.INSIDE,
        "inside_by_point": found.is_point_inside,
        "distance_m": Near(found.distance or 0, _MILLIMETRE),
    }


def _answer_forward(body: Json) -> Json:
    only(body["input"], {"wgs84"})
    point = _point(body["input"]["wgs84"])
    told = datums.wgs84_to_gcj02(*point)
    tolerance = _tolerance(body)
    return {
        "gcj02": NearPoint(told, tolerance),
        "tolerance_m": tolerance,
        "offset_m": Near(metres_between(point, told), _DECIMETRE),
        "offset_azimuth_deg": Near(azimuth(point, told), _ROUNDED_DEGREE),
    }


def _answer_inverse(body: Json) -> Json:
    only(body["input"], {"gcj02"})
    tolerance = _tolerance(body)
    found = datums.gcj02_to_wgs84(*_point(body["input"]["gcj02"]))
    return {"wgs84": NearPoint(found, tolerance), "tolerance_m": tolerance}


def _tolerance(body: Json) -> float:
    """Return the metres that a case allows: a part of its question, written among its answers."""
    return float(body["expect"].get("tolerance_m", 1.0))


def _answer_mix(body: Json) -> Json:
    given = body["input"]
    only(given, {"center_gcj02", "radius_m", "point_wgs84"})
    drawn, point = _circle(given, "center_gcj02"), _point(given["point_wgs84"])
    converted = Circle(*datums.gcj02_to_wgs84(*drawn[:2]), drawn.radius)
    return {
        "inside_after_conversion": place_in(point, converted).is_inside,
        "inside_if_mixed": place_in(point, drawn).is_inside,
        "mixed_error_m": Near(metres_between(drawn[:2], point), _DECIMETRE),
    }


def _answer_box(body: Json) -> Json:
    only(body["input"], {"wgs84"})
    point = _point(body["input"]["wgs84"])
    return {
        "naive_box_shift_m": Near(metres_between(point, datums.shifted(*point)), _DECIMETRE),
        "should_shift": _SHOULD_SHIFT[datums.shift_at(*point)],
    }


def _answer_wire(body: Json) -> Json:
    only(body["input"], {"lat", "lng"})
    latitude, longitude, datum = datums.read_wecom(body["input"]["lat"], body["input"]["lng"])
    return {"lat": latitude, "lng": longitude, "datum": str(datum)}


PLACES: Final[Mapping[str, Callable[[Json], Json]]] = {
    "circle": _answer_circle,
    "polygon": _answer_polygon,
    "accuracy": _answer_accuracy,
    "input": _answer_input,
    "gcj02": _answer_forward,
    "gcj02_outside": _answer_forward,
    "gcj02_inverse": _answer_inverse,
    "gcj02_mix": _answer_mix,
    "gcj02_box_caveat": _answer_box,
    "wire_format": _answer_wire,
}
