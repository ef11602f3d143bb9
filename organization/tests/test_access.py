"""The one door: grants on departments, inherited downwards, and nothing else."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from guardian.shortcuts import assign_perm

from organization import services
from organization.access import Action, departments_for, granted_paths
from organization.models import Department, Employee, User

pytestmark = pytest.mark.usefixtures("standing_cast")

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def codes(rows):
    return {row.code for row in rows}


def test_a_grant_holds_for_the_department_and_all_below(cast):
    assert codes(departments_for(cast.hr, Action.RULE)) == {"N", "N-W"}


def test_an_action_that_was_not_granted_is_allowed_nowhere(cast):
    assert not departments_for(cast.bob.user, Action.RULE).exists()


def test_people_see_their_department_and_themselves(cast):
    assert set(Employee.objects.visible_to(cast.bob.user)) == {cast.alice, cast.bob}
    assert set(Employee.objects.visible_to(cast.alice.user)) == {cast.alice}


def test_nobody_may_do_more_to_themselves_than_see(cast):
    assert not Employee.objects.visible_to(cast.alice.user, Action.DECIDE).exists()


def test_a_transferred_person_is_seen_by_the_new_department_only(cast):
    services.transfer(
        employee_id=cast.alice.pk,
        department=cast.other_department,
        position=None,
        effective_on=NOW.date(),
        actor=cast.superuser,
        now=NOW,
    )

    assert cast.alice in Employee.objects.visible_to(cast.carol.user)
    assert cast.alice not in Employee.objects.visible_to(cast.bob.user)


def test_moving_a_department_moves_the_rights_on_it(cast):
    services.move_department(
        department_id=cast.department.pk, parent=cast.other_unit, actor=None, now=NOW
    )

    assert codes(departments_for(cast.hr, Action.SEE)) == {"N"}
    assert "N-W" in codes(departments_for(cast.other_hr, Action.SEE))


@pytest.mark.parametrize("switched_off", ["alice", "hr", "superuser"])
def test_whoever_is_switched_off_sees_nothing(cast, switched_off):
    user = getattr(cast, switched_off)
    user = getattr(user, "user", user)
    user.is_active = False
    user.save()

    assert granted_paths(user, Action.SEE) == ()
    assert not Department.objects.visible_to(user).exists()


def test_strangers_see_nothing(cast):
    assert not Employee.objects.visible_to(AnonymousUser()).exists()
    assert not Department.objects.visible_to(AnonymousUser()).exists()


def test_superusers_see_everything(cast):
    assert Employee.objects.visible_to(cast.superuser).count() == 3


def test_grants_of_a_request_are_read_once(cast, django_assert_num_queries):
    user = User.objects.get(pk=cast.hr.pk)
    with django_assert_num_queries(1):
        granted_paths(user, Action.SEE)
        granted_paths(user, Action.SEE)


def test_a_grant_inside_a_granted_department_adds_nothing(cast):
    assign_perm(Action.RULE.value, cast.hr, cast.department)

    assert granted_paths(User.objects.get(pk=cast.hr.pk), Action.RULE) == (cast.unit.path,)
