import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.evidence import datums
from attendance.evidence.datums import Shift
from attendance.evidence.geometry import metres_between

LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)
# The heart of China, far from every border.
INLAND = st.tuples(st.floats(29.6, 39), st.floats(100, 120))


@given(INLAND)
def test_gcj02_returns_to_where_it_came_from(point):
    told = datums.wgs84_to_gcj02(*point)

    assert 100 < metres_between(point, told) < 1000
    assert metres_between(datums.gcj02_to_wgs84(*told), point) < 0.001


@given(INLAND)
def test_bd09_returns_to_where_it_came_from(point):
    told = datums.wgs84_to_bd09(*point)

    assert metres_between(point, told) > 100
    assert metres_between(datums.bd09_to_wgs84(*told), point) < 0.001


@given(LATITUDES, LONGITUDES)
def test_no_point_of_the_globe_breaks_a_conversion(latitude, longitude):
    for datum in datums.Datum:
        assert len(datums.to_wgs84(latitude, longitude, datum)) == 2


@given(st.floats(-90, 17) | st.floats(56, 90), LONGITUDES)
def test_outside_china_every_datum_is_wgs84(latitude, longitude):
    for datum in datums.Datum:
        assert datums.to_wgs84(latitude, longitude, datum) == (latitude, longitude)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((31.23, 121.47), Shift.YES),
        ((22.543, 114.058), Shift.YES),
        ((43.825, 87.617), Shift.YES),
        ((39.47, 75.99), Shift.YES),
        ((50.245, 127.528), Shift.YES),
        ((20.04, 110.34), Shift.YES),
        ((22.319, 114.169), Shift.BY_PROVIDER),
        ((25.033, 121.565), Shift.BY_PROVIDER),
        ((37.566, 126.978), Shift.NO),
        ((47.886, 106.906), Shift.NO),
        ((27.717, 85.324), Shift.NO),
        ((21.028, 105.854), Shift.NO),
        ((43.115, 131.886), Shift.NO),
        ((42.874, 74.570), Shift.NO),
    ],
)
def test_neighbours_inside_the_usual_box_are_not_shifted(place, expected):
    assert datums.shift_at(*place) is expected


def test_a_known_point_of_baidus_map():
    # 116.404, 39.915 is the example of most public copies of the conversion.
    assert datums._baidu(39.915, 116.404) == pytest.approx((39.92133699, 116.41036949), abs=1e-7)


def test_an_unknown_datum_is_refused():
    with pytest.raises(ValueError, match="nad27"):
        datums.to_wgs84(31.2, 121.5, "nad27")
