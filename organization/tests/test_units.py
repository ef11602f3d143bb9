"""In which business unit a department lies, asked of one and of many."""

from typing import Any

import pytest

from organization.models import Department
from organization.units import Unit, unit_of, units_of
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]


def test_the_nearest_unit_at_or_above_counts(cast: Cast) -> None:
    inner = Department.objects.get(pk=cast.department.pk)
    Department.objects.filter(pk=inner.pk).update(is_unit=True)

    found = units_of(
        one.path for one in (cast.unit, inner, cast.other_department, cast.other_unit, cast.group)
    )

    north, south = Unit(cast.unit.path, "N"), Unit(cast.other_unit.path, "S")
    assert found == {
        cast.unit.path: north,
        inner.path: Unit(inner.path, "N-W"),
        cast.other_department.path: south,
        cast.other_unit.path: south,
        cast.group.path: None,
    }
    assert unit_of(cast.department.path) == Unit(inner.path, "N-W")


def test_a_unit_whose_key_begins_like_another_is_not_above_it() -> None:
    Department.objects.create(name="One", code="1", path="/900001/", is_unit=True)

    assert unit_of("/9000012/9000013/") is None
    assert unit_of("/900001/9000013/") == Unit("/900001/", "1")


def test_of_a_hundred_departments_the_units_are_read_by_one_query(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    for n in range(50):
        Department.objects.create(name=f"U{n}", code=f"U{n}", path=f"/7/{n}00/", is_unit=True)
    paths = [f"/7/{n}00/{n}01/" for n in range(50)] + [cast.department.path] * 50

    with django_assert_num_queries(1):
        found = units_of(paths)
    with django_assert_num_queries(0):
        assert units_of([]) == {}

    assert len(found) == 51
    assert found["/7/4200/4201/"] == Unit("/7/4200/", "U42")
