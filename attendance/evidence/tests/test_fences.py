from math import cos, radians

import pytest
from geopy.distance import geodesic
from hypothesis import given
from hypothesis import strategies as st

from attendance.evidence.fences import Fence, Standing, find, find_best
from attendance.evidence.geometry import Area, Circle, metres_between

OFFICE = (31.2304, 121.4737)
SQUARE = [(31.0, 121.0), (31.0, 121.01), (31.01, 121.01), (31.01, 121.0)]
CENTRES = st.tuples(st.floats(-89.9, 89.9), st.floats(-180, 180))


def away(point, metres, bearing):
    """Return the point so many metres off in a direction."""
    found = geodesic(meters=metres).destination(point, bearing)
    return (found.latitude, found.longitude)


@given(CENTRES, st.floats(50, 5000), st.floats(0, 360), st.floats(0, 2), st.floats(0, 500))
def test_a_circle_is_round_everywhere_on_the_globe(centre, radius, bearing, part, accuracy):
    distance = radius * part
    found = find(away(centre, distance, bearing), accuracy, Fence("a", Circle(*centre, radius)))

    assert found.margin == pytest.approx(radius - distance, abs=0.001)
    if found.standing is Standing.INSIDE:
        assert distance + accuracy <= radius + 0.01
    if found.standing is Standing.OUTSIDE:
        assert distance - accuracy > radius - 0.01


@given(CENTRES, st.floats(50, 5000), st.floats(0, 360))
def test_the_edge_of_a_circle_is_inside(centre, radius, bearing):
    on_edge = away(centre, radius, bearing)

    assert find(on_edge, 0, Fence("a", Circle(*centre, radius))).standing is Standing.INSIDE


@pytest.mark.parametrize("longitude", [0, 121.0, 179.995, -179.995])
@pytest.mark.parametrize("latitude", [-60, 0, 31, 70])
@pytest.mark.parametrize("part", [0.1, 0.3, 0.9])
def test_an_area_knows_the_metres_to_its_edge(latitude, longitude, part):
    half = 0.01
    corners = ((-half, -half), (-half, half), (half, half), (half, -half))
    ring = [(latitude + up, (longitude + right + 180) % 360 - 180) for up, right in corners]
    point = (latitude, (longitude + half * (1 - 2 * part) + 180) % 360 - 180)
    sides = [(latitude, (longitude + side * half + 180) % 360 - 180) for side in (-1, 1)]
    expected = min(metres_between(point, side) for side in sides)

    found = find(point, 0, Fence("a", Area(ring)))

    assert found.standing is Standing.INSIDE
    upright = metres_between(point, (latitude + half, point[1]))
    assert found.margin == pytest.approx(min(expected, upright), rel=0.001)


def test_what_lies_in_a_hole_is_outside_and_its_edge_is_inside():
    hole = [(31.004, 121.004), (31.004, 121.006), (31.006, 121.006), (31.006, 121.004)]
    fence = Fence("a", Area(SQUARE, (hole,)))

    middle = find((31.005, 121.005), 5, fence)

    assert middle.standing is Standing.OUTSIDE
    assert middle.margin == pytest.approx(-0.001 * 111_320 * cos(radians(31)), rel=0.01)
    assert find((31.005, 121.004), 0, fence).standing is Standing.INSIDE


@pytest.mark.parametrize("accuracy", [float("nan"), float("inf"), -1, None, "5", True])
def test_an_accuracy_that_is_none_is_refused(accuracy):
    with pytest.raises(ValueError, match="not a position"):
        find(OFFICE, accuracy, Fence("a", Circle(*OFFICE, 100)))


def test_the_seam_of_two_overlapping_fences_is_inside():
    left, right = away(OFFICE, 80, 270), away(OFFICE, 80, 90)
    fences = [Fence("left", Circle(*left, 100)), Fence("right", Circle(*right, 100))]

    assert find(OFFICE, 40, fences[0]).standing is Standing.UNSURE
    assert find_best(OFFICE, 40, fences).standing is Standing.INSIDE


def test_a_gap_between_two_fences_stays_unsure():
    left, right = away(OFFICE, 101, 270), away(OFFICE, 101, 90)
    fences = [Fence("left", Circle(*left, 100)), Fence("right", Circle(*right, 100))]

    assert find_best(OFFICE, 40, fences).standing is Standing.UNSURE


@given(
    st.lists(st.tuples(st.floats(0, 400), st.floats(0, 360)), min_size=1, max_size=4),
    st.floats(0, 200),
)
def test_several_fences_together_never_claim_what_none_of_them_holds(offsets, accuracy):
    circles = [Circle(*away(OFFICE, *offset), 150) for offset in offsets]
    found = find_best(OFFICE, accuracy, [Fence(str(n), c) for n, c in enumerate(circles)])

    if found.standing is Standing.INSIDE:
        rim = [away(OFFICE, accuracy, bearing) for bearing in range(0, 360, 20)]
        for point in [OFFICE, *rim]:
            assert any(metres_between(point, c[:2]) <= c.radius + 0.01 for c in circles)


def test_nobody_is_inside_of_nothing():
    with pytest.raises(ValueError, match="no fences"):
        find_best(OFFICE, 5, [])
