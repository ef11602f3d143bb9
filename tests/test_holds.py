"""A hold keeps whom it found until it is lifted: no edit of the tree or of transfers frees."""

from datetime import UTC, date, datetime, timedelta

import pytest

from organization import holds, roles, services
from organization.access import Action
from organization.errors import NotAllowed, NotFound
from organization.models import HeldPerson, User
from tests.cast import Cast

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)


def held() -> set[str]:
    return set(holds.held_people().values_list("name", flat=True))


@pytest.fixture
def unit_hold(cast: Cast):
    return holds.place(
        employee=None, department=cast.unit, reason="Case 2", actor=cast.superuser, now=NOW
    )


def _transfer(person, department, day):
    services.transfer(
        employee_id=person.pk, department=department, position=None, effective_on=day,
        actor=None, now=NOW,
    )  # fmt: skip


def test_a_department_that_is_moved_away_takes_nobody_out_of_the_hold(
    cast: Cast, unit_hold
) -> None:
    services.move_department(
        department_id=cast.department.pk, parent=cast.other_unit, actor=None, now=NOW + DAY
    )

    assert held() == {"Alice", "Bob"}
    with pytest.raises(holds.Held, match="2026-03-02"):
        holds.refuse_held(cast.alice)


def test_who_came_after_the_hold_stays_held_when_their_transfer_is_withdrawn(
    cast: Cast, unit_hold
) -> None:
    _transfer(cast.carol, cast.department, TODAY)
    assert held() == {"Alice", "Bob", "Carol"}

    services.withdraw_transfer(employee_id=cast.carol.pk, actor=None, now=NOW + DAY)

    assert held() == {"Alice", "Bob", "Carol"}


def test_who_came_after_the_hold_stays_held_when_another_transfer_takes_the_place_of_theirs(
    cast: Cast, unit_hold
) -> None:
    _transfer(cast.carol, cast.department, TODAY)

    _transfer(cast.carol, cast.other_unit, TODAY)

    assert held() == {"Alice", "Bob", "Carol"}


def test_who_came_with_a_department_stays_held_when_it_goes_again(cast: Cast, unit_hold) -> None:
    for parent in (cast.unit, cast.other_unit):
        services.move_department(
            department_id=cast.other_department.pk, parent=parent, actor=None, now=NOW + DAY
        )

    assert held() == {"Alice", "Bob", "Carol"}


def test_a_hold_that_is_lifted_lets_go_of_all_whom_it_kept(cast: Cast, unit_hold) -> None:
    services.move_department(
        department_id=cast.department.pk, parent=cast.other_unit, actor=None, now=NOW + DAY
    )
    holds.lift(hold_id=unit_hold.pk, actor=cast.superuser, now=NOW + 2 * DAY)

    assert held() == set()
    assert not HeldPerson.objects.exists()


def test_whoever_may_not_read_the_log_neither_places_nor_lifts(cast: Cast, unit_hold) -> None:
    """P-22: who may configure alone would let what is past its date go."""
    rule = roles.add_role(key="r", name="R", actions=[Action.RULE], actor=None, now=NOW)
    clerk = User.objects.create_user("clerk")
    roles.assign(user=clerk, role=rule, department=cast.unit, actor=None, now=NOW)

    with pytest.raises(NotFound):
        holds.lift(hold_id=unit_hold.pk, actor=clerk, now=NOW)
    with pytest.raises(NotAllowed):
        holds.place(employee=cast.alice, department=None, reason="x", actor=clerk, now=NOW)
    assert held() == {"Alice", "Bob"}


def test_who_is_hired_after_a_department_has_gone_is_not_held(cast: Cast, unit_hold) -> None:
    services.move_department(
        department_id=cast.department.pk, parent=cast.other_unit, actor=None, now=NOW + DAY
    )
    services.hire(
        number="00103", name="Dan", department=cast.department, joined_on=TODAY + DAY, now=NOW + DAY
    )

    assert "Dan" not in held()
