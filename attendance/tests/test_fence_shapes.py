"""GeoJSON in and out: whatever is sound comes back as it was, and nothing crashes the reader."""

from __future__ import annotations

import json
from math import cos, pi, sin
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.evidence.datums import Datum
from attendance.evidence.geometry import Area, Circle, metres_between, reach, square_metres
from attendance.fence_shapes import (
    Shape,
    feature_of,
    from_datum,
    on_datum,
    read_collection,
    rounded,
    shape_problem,
)

names = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=100).filter(
    lambda text: text == text.strip()
)
circles = st.builds(
    lambda lat, lng, radius: Circle(lat, lng, float(radius)),
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.integers(50, 5000),
)


def polygon(lat: float, lng: float, size: float, arms: list[float]) -> tuple[Any, ...]:
    """Return a star around a point: whatever its arms are, it does not cross itself."""
    turn = 2 * pi / len(arms)
    points = tuple(
        (lat + size * arm * sin(turn * n), lng + size * arm * cos(turn * n))
        for n, arm in enumerate(arms)
    )
    return (*points, points[0])


arms = st.lists(st.floats(0.5, 1), min_size=3, max_size=40)


@st.composite
def areas(draw: st.DrawFn) -> Area:
    lat, lng = draw(st.floats(-80, 80)), draw(st.floats(-179, 179))
    size = draw(st.floats(0.001, 0.5))
    # A hole a tenth as large lies within the inner half of the star, which has three corners or
    # more, so its inside reaches a quarter of the way everywhere.
    holes = [polygon(lat, lng, size / 10, draw(arms))] if draw(st.booleans()) else []
    return Area(polygon(lat, lng, size, draw(arms)), tuple(holes))


shapes = st.one_of(circles, areas()).map(rounded)


def written(*features: tuple[str, Shape]) -> str:
    return json.dumps(
        {"type": "FeatureCollection", "features": [feature_of(*one) for one in features]}
    )


@given(st.dictionaries(names, shapes, min_size=1, max_size=5))
def test_what_is_written_is_read_as_it_was(fences: dict[str, Shape]) -> None:
    drawn, wrong = read_collection(written(*fences.items()), Datum.WGS84)

    assert wrong == []
    assert {one.name: one.shape for one in drawn} == fences


@given(shapes, st.sampled_from(Datum))
def test_another_map_and_back_moves_nothing_by_more_than_a_centimetre(
    shape: Shape, datum: Datum
) -> None:
    back = from_datum(on_datum(shape, datum), datum)

    ends = [
        shape.ring if isinstance(shape, Area) else [shape[:2]],
        back.ring if isinstance(back, Area) else [back[:2]],
    ]
    assert all(metres_between(a, b) < 0.01 for a, b in zip(*ends, strict=True))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "features",
                    "properties",
                    "geometry",
                    "coordinates",
                    "name",
                    "radius_metres",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(json_values, json_values)
def test_nothing_that_is_json_crashes_the_reader(properties: Any, geometry: Any) -> None:
    feature = {"type": "Feature", "properties": properties, "geometry": geometry}
    for kind in (None, "Point", "Polygon"):
        if kind is not None:
            feature["geometry"] = {"type": kind, "coordinates": geometry}
        text = json.dumps({"type": "FeatureCollection", "features": [feature]})
        drawn, wrong = read_collection(text, Datum.WGS84)

        assert bool(drawn) != bool(wrong)
        assert all(shape_problem(one.shape) is None for one in drawn)


def test_an_area_tells_its_ground_and_how_much_fits_into_it() -> None:
    # At the equator a thousandth of a degree is 111.3 m by 110.6 m.
    square = Area(((0, 0), (0, 0.001), (0.001, 0.001), (0.001, 0)))

    assert square_metres(square) == pytest.approx(111.32 * 110.57, rel=1e-3)
    assert reach(square) == pytest.approx(55.3, abs=0.6)
    assert reach(Circle(0, 0, 70)) == 70
