"""Nobody takes or gives by a move what nobody could give them, or they could not assign."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from organization import roles, services
from organization.access import Action
from organization.errors import NotAllowed, NotFound
from organization.models import Department, User
from organization.role_errors import GainsByMove, GivesByMove
from tests.cast import Cast, appoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)


def holder(name: str, **places: Department) -> User:
    """Return somebody who may, by a role of its own for each, do one thing in one place."""
    user = User.objects.create_user(name, password="a long word")
    for action, department in places.items():
        role = roles.add_role(
            key=f"{name}-{action}", name=action, actions=[Action(action)], actor=None, now=NOW
        )
        roles.assign(user=user, role=role, department=department, actor=None, now=NOW)
    return user


def move(cast: Cast, actor: User, *, to: Department) -> None:
    services.move_department(
        department_id=cast.department.pk, parent=to, actor=User.objects.get(pk=actor.pk), now=NOW
    )


def transfer(cast: Cast, actor: User, *, to: Department) -> None:
    services.transfer(
        employee_id=cast.alice.pk, department=to, position=None, effective_on=TODAY,
        actor=actor, now=NOW,
    )  # fmt: skip


def stays(cast: Cast) -> bool:
    return Department.objects.get(pk=cast.department.pk).parent_id == cast.unit.pk


def test_p22_whoever_moves_a_department_must_configure_both_ends(cast: Cast) -> None:
    for actor in (cast.hr, cast.other_hr, holder("there", rule=cast.department)):
        with pytest.raises(NotAllowed):
            move(cast, actor, to=cast.other_unit)
    with pytest.raises(NotAllowed):
        move(cast, holder("here", rule=cast.other_unit), to=cast.other_unit)
    assert stays(cast)


def test_p22_nobody_moves_a_department_to_where_they_may_do_more(cast: Cast) -> None:
    """Unit HR of the South, who may only configure the North, would read what lies there."""
    actor = holder("mover", rule=cast.group)
    appoint(actor, "unit_hr", cast.other_unit)

    with pytest.raises(GainsByMove, match="See details"):
        move(cast, actor, to=cast.other_unit)
    assert stays(cast)


def test_p22_nobody_lets_a_friend_gain_by_a_move_what_they_cannot_assign(cast: Cast) -> None:
    actor = holder("mover", rule=cast.group)

    with pytest.raises(GivesByMove, match="Assign roles"):
        move(cast, actor, to=cast.other_unit)
    assert stays(cast)


def test_p22_a_program_gains_no_people_by_a_move_that_brings_in_punches(cast: Cast) -> None:
    source = User.objects.create(username="gate", is_program=True)
    appoint(source, "punch_source", cast.other_unit)
    appoint(cast.hr, "unit_hr", cast.group)

    with pytest.raises(GivesByMove, match="Bring in punches"):
        move(cast, cast.hr, to=cast.other_unit)
    move(cast, cast.superuser, to=cast.other_unit)


def test_whoever_may_assign_there_moves_a_department(cast: Cast) -> None:
    appoint(cast.hr, "unit_hr", cast.group)

    move(cast, cast.hr, to=cast.other_unit)

    assert not stays(cast)


def test_only_administrators_let_a_department_stand_alone(cast: Cast) -> None:
    appoint(cast.hr, "unit_hr", cast.group)
    with pytest.raises(NotAllowed):
        services.move_department(
            department_id=cast.department.pk, parent=None, actor=cast.hr, now=NOW
        )
    services.move_department(
        department_id=cast.department.pk, parent=None, actor=cast.superuser, now=NOW
    )


def test_p22_whoever_transfers_a_person_must_configure_both_ends(cast: Cast) -> None:
    with pytest.raises(NotFound):
        transfer(cast, cast.hr, to=cast.other_department)
    with pytest.raises(NotFound):
        transfer(cast, cast.other_hr, to=cast.other_department)


def test_p22_nobody_transfers_a_person_to_where_they_may_do_more(cast: Cast) -> None:
    more = roles.add_role(key="clerk", name="Clerk", actions=[Action.RULE], actor=None, now=NOW)
    roles.assign(user=cast.other_hr, role=more, department=cast.unit, actor=None, now=NOW)
    actor = User.objects.get(pk=cast.other_hr.pk)

    with pytest.raises(GainsByMove, match="Assign roles"):
        transfer(cast, actor, to=cast.other_department)
    cast.alice.refresh_from_db()
    assert cast.alice.department == cast.department


def test_p22_nobody_takes_a_transfer_back_to_where_they_may_do_more(cast: Cast) -> None:
    services.transfer(
        employee_id=cast.alice.pk, department=cast.other_department, position=None,
        effective_on=TODAY, actor=None, now=NOW,
    )  # fmt: skip
    more = roles.add_role(key="clerk", name="Clerk", actions=[Action.RULE], actor=None, now=NOW)
    roles.assign(user=cast.hr, role=more, department=cast.other_unit, actor=None, now=NOW)

    with pytest.raises(GainsByMove):
        services.withdraw_transfer(
            employee_id=cast.alice.pk, actor=User.objects.get(pk=cast.hr.pk), now=NOW
        )


def test_a_clerk_who_configures_both_transfers_to_a_leader_who_sees(cast: Cast) -> None:
    clerk = holder("clerk", rule=cast.group)

    transfer(cast, clerk, to=cast.other_department)

    cast.alice.refresh_from_db()
    assert cast.alice.department == cast.other_department


def test_the_page_says_why_a_department_cannot_be_moved(cast: Cast) -> None:
    actor = holder("mover", rule=cast.group, see=cast.group)
    client = Client()
    client.force_login(actor)
    where = f"/admin/organization/department/{cast.department.pk}/move/"

    said = client.post(where, {"parent": cast.other_unit.pk}).content.decode()

    assert "others could do more with Weaving" in said
