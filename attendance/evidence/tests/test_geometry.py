import pytest

from attendance.evidence.geometry import point_problem, polygon_problem, radius_problem

SQUARE = [[31.0, 121.0], [31.0, 121.1], [31.1, 121.1], [31.1, 121.0]]


@pytest.mark.parametrize("radius", [50, 50.5, 5000])
def test_a_radius_from_50_to_5000_metres_is_sound(radius):
    assert radius_problem(radius) is None


@pytest.mark.parametrize("radius", [49, 5001, -1, 0, float("nan"), float("inf"), "100", None, True])
def test_any_other_radius_is_out_of_range(radius):
    assert radius_problem(radius) == "radius_out_of_range"


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        (31.2, 121.5, None),
        (-90, 180, None),
        (121.5, 31.2, "lat_out_of_range"),
        (31.2, 180.1, "lng_out_of_range"),
        (float("nan"), 0, "lat_out_of_range"),
        (None, 0, "lat_out_of_range"),
    ],
)
def test_a_point_lies_on_the_globe(latitude, longitude, expected):
    assert point_problem(latitude, longitude) == expected


@pytest.mark.parametrize(
    "ring",
    [SQUARE, SQUARE[::-1], [*SQUARE, SQUARE[0]], [[0, 179.9], [0, -179.9], [0.1, -179.9]]],
)
def test_a_ring_that_bounds_an_area_is_sound(ring):
    assert polygon_problem(ring) is None


@pytest.mark.parametrize(
    ("ring", "expected"),
    [
        ([SQUARE[0], SQUARE[2], SQUARE[3], SQUARE[1]], "polygon_invalid"),
        (SQUARE[:2], "polygon_invalid"),
        ([], "polygon_invalid"),
        ([[31, 121], [31, 121.1], [31, 121.2]], "polygon_invalid"),
        ([[31, 121, 5]], "polygon_invalid"),
        ([*SQUARE[:3], [91, 121]], "lat_out_of_range"),
    ],
)
def test_a_ring_without_an_agreed_inside_is_refused(ring, expected):
    assert polygon_problem(ring) == expected
