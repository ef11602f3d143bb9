"""What fences look like, and what is wrong with them, in sentences that say what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from attendance.evidence.claims import ACCURACY_AT_MOST, DATUMS
from attendance.evidence.fences import RELIABLE_RADIUS
from attendance.evidence.geometry import (
    FURTHEST_LATITUDE,
    LARGEST_RADIUS,
    MOST_CORNERS,
    SMALLEST_RADIUS,
    Area,
    Circle,
    reach,
    square_metres,
)
from attendance.fence_shapes import LONGEST_NAME, MOST_FEATURES, FeatureProblem, Problem, Shape

PROBLEMS: Final[Mapping[str, str | Promise]] = {
    "lat_out_of_range": _(
        "A latitude lies between -90 and 90 degrees; the longitude may have been written first."
    ),
    "lng_out_of_range": _("A longitude lies between -180 and 180 degrees."),
    "radius_out_of_range": _("The radius is %(said)s; write metres from %(least)d to %(most)d."),
    "radius_missing": _("A point needs its radius in metres, a number from %(least)d to %(most)d."),
    "too_few_corners": _("An area has at least 3 different corners."),
    "too_many_corners": _("An area has at most %(corners)d corners; draw it more simply."),
    "too_near_a_pole": _("Beyond %(furthest)d degrees of latitude, draw a circle instead."),
    "polygon_invalid": _(
        "The outline crosses or touches itself; move its corners so that it does not."
    ),
    "hole_outside": _("The hole does not lie within the outline; move it inside, or take it out."),
    "nothing_left": _("The holes leave nothing of the area; make them smaller."),
    "not_json": _("This is no JSON text; export the file as GeoJSON once more."),
    "not_a_collection": _("This is no GeoJSON of the type FeatureCollection."),
    "no_features": _("The file draws nothing: its list of features is empty."),
    "too_many_features": _(
        "The file has %(said)s features; cut it into files of at most %(features)d."
    ),
    "not_a_feature": _("This is no GeoJSON of the type Feature."),
    "name_missing": _("A geofence needs a name."),
    "name_too_long": _("A name has at most %(letters)d letters."),
    "name_twice": _(
        "The name “%(said)s” stands in the file twice; a name says which place is meant."
    ),
    "name_taken": _("The department has a geofence “%(said)s” already; choose another name."),
    "geometry_unknown": _(
        "“%(said)s” is neither a Point nor a Polygon; draw each part as a geofence of its own."
    ),
    "coordinates_unreadable": _(
        "The coordinates cannot be read; a position is [longitude, latitude]."
    ),
}
_FACTS: Final = {
    "least": SMALLEST_RADIUS,
    "most": LARGEST_RADIUS,
    "corners": MOST_CORNERS,
    "furthest": FURTHEST_LATITUDE,
    "features": MOST_FEATURES,
    "letters": LONGEST_NAME,
}


def sentence(problem: Problem) -> str:
    """Return what is wrong and what would be right."""
    said = problem.said
    if isinstance(said, float):
        said = f"{said:g}"
    told = str(PROBLEMS[problem.code]) % {**_FACTS, "said": said}
    if problem.ring and problem.code != "hole_outside":
        return gettext("Hole %(number)d: %(problem)s") % {"number": problem.ring, "problem": told}
    return told


def feature_sentence(found: FeatureProblem) -> str:
    """Return what is wrong with a feature: which one, which of its fields, and why."""
    told = sentence(found.problem)
    if not found.feature:
        return told
    named = f"{found.feature} “{found.name}”" if found.name else str(found.feature)
    return gettext("Feature %(which)s, %(field)s: %(problem)s") % {
        "which": named,
        "field": found.problem.field,
        "problem": told,
    }


def size_of(shape: Shape) -> str:
    """Return how large a fence is: the radius of a circle, the ground of an area."""
    if isinstance(shape, Circle):
        return gettext("Radius %(metres)d m") % {"metres": round(shape.radius)}
    ground = square_metres(shape)
    if ground >= 1_000_000:
        return gettext("%(size)s km²") % {"size": f"{ground / 1_000_000:,.1f}"}
    return gettext("%(size)s m²") % {"size": f"{ground:,.0f}"}


def told(shape: Shape) -> str:
    """Return what a fence looks like, in a line."""
    if isinstance(shape, Circle):
        return gettext("Circle of %(metres)d m") % {"metres": round(shape.radius)}
    corners = len(set(shape.ring))
    parts = [
        ngettext("Area with %(count)d corner", "Area with %(count)d corners", corners)
        % {"count": corners}
    ]
    if holes := len(shape.holes):
        parts.append(ngettext("%(count)d hole", "%(count)d holes", holes) % {"count": holes})
    return ", ".join([*parts, size_of(shape)])


def warning(shape: Shape) -> str:
    """Return why phones will often be unsure here; nothing where the fence is large enough."""
    room = reach(shape)
    if room >= RELIABLE_RADIUS:
        return ""
    facts = {"metres": int(room), "reliable": RELIABLE_RADIUS}
    if isinstance(shape, Circle):
        return (
            gettext(
                "Below %(reliable)d m a phone is reliable only where it sees Wi-Fi; elsewhere "
                "punches will often be held."
            )
            % facts
        )
    return (
        gettext(
            "The widest circle that fits into this area has %(metres)d m. Below %(reliable)d m a "
            "phone is reliable only where it sees Wi-Fi; elsewhere punches will often be held."
        )
        % facts
    )


def outline(shape: Shape) -> str:
    """Return where a fence lies, for the audit log: its centre, or its corners ring by ring."""
    if isinstance(shape, Area):
        rings = (shape.ring, *shape.holes)
        return " / ".join("; ".join(_point(*point) for point in ring) for ring in rings)
    return _point(shape.latitude, shape.longitude)


def _point(latitude: float, longitude: float) -> str:
    return f"{latitude:.7f}, {longitude:.7f}"


_OF_POSITION: Final[Mapping[str, str | Promise]] = {
    "not_an_object": _("Send an object."),
    "unknown_field": _("There is no such field."),
    "accuracy_out_of_range": _("The accuracy is a number of metres from 0 to %(most)d."),
    "unknown_datum": _("Say on which map the degrees are: %(datums)s."),
}


def position_words(code: str) -> str:
    """Return what is wrong with a field of a position, and what would be right."""
    words = _OF_POSITION.get(code) or PROBLEMS[code]
    return str(words) % {"most": ACCURACY_AT_MOST, "datums": ", ".join(sorted(DATUMS))}
