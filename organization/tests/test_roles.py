"""Roles: given by whoever holds them, in force at once, gone at once."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from guardian.models import UserObjectPermission
from guardian.shortcuts import assign_perm

from organization import roles, services
from organization.access import Action, granted_paths
from organization.models import AuditEntry, Department, Role, RoleAssignment, User
from organization.role_errors import (
    AlreadyHeld,
    BeyondOwnRights,
    BuiltInRole,
    LastAdministrator,
    NotForThem,
    WrongPlace,
)
from organization.role_scope import log_ins_for
from tests.cast import NOW, Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]


def role(key: str) -> Role:
    return Role.objects.get(key=key)


def give(cast: Cast, key: str, department: Department | None, **other) -> RoleAssignment:
    user = other.pop("user", None) or new_log_in()
    said = {"actor": cast.superuser, "now": NOW} | other
    return roles.assign(user=user, role=role(key), department=department, **said)


def new_log_in(name: str = "new", **other) -> User:
    return User.objects.create_user(name, **other)


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


@pytest.fixture
def unit_hr(cast):
    """HR of the northern unit, by role."""
    return fresh(give(cast, "unit_hr", cast.unit, user=new_log_in("north")).user)


@pytest.mark.parametrize(
    ("key", "may"),
    [
        ("unit_hr", set(Action) - {Action.RECORD}),
        ("department_supervisor", {Action.SEE, Action.SUMMARISE, Action.DECIDE}),
        ("group_hr_director", {Action.SUMMARISE}),
        ("auditor", {Action.SEE, Action.SUMMARISE, Action.AUDIT}),
    ],
)
def test_a_role_allows_what_it_names_on_its_department_and_nothing_else(cast, key, may):
    user = fresh(give(cast, key, cast.unit).user)

    assert {act for act in Action if granted_paths(user, act)} == may
    assert all(granted_paths(user, act) == (cast.unit.path,) for act in may)


def test_a_super_administrator_may_everything_but_bring_in_punches(cast):
    user = fresh(give(cast, "super_administrator", None).user)

    assert user.is_superuser
    assert granted_paths(user, Action.RULE) is None
    assert granted_paths(user, Action.RECORD) == ()


def test_a_role_that_ends_is_gone_on_the_next_request_and_its_row_stays(cast):
    """P-29, A-17"""
    given = give(cast, "unit_hr", cast.unit)

    roles.end(assignment_id=given.pk, actor=cast.superuser, now=NOW + timedelta(days=1))

    assert granted_paths(fresh(given.user), Action.SEE) == ()
    given.refresh_from_db()
    assert (given.ended_at, given.ended_by) == (NOW + timedelta(days=1), cast.superuser)
    verbs = AuditEntry.objects.filter(
        thing_type="organization.user", thing_id=str(given.user_id)
    ).order_by("pk")
    assert list(verbs.values_list("verb", flat=True)) == ["role.assigned", "role.ended"]


def test_of_two_roles_the_other_one_still_allows_what_both_did(cast):
    """P-22"""
    user = new_log_in()
    hr = give(cast, "unit_hr", cast.unit, user=user)
    give(cast, "auditor", cast.unit, user=user)

    roles.end(assignment_id=hr.pk, actor=cast.superuser, now=NOW)

    may = {act for act in Action if granted_paths(fresh(user), act)}
    assert may == {Action.SEE, Action.SUMMARISE, Action.AUDIT}


def test_rights_move_with_the_department(cast):
    """P-22"""
    user = give(cast, "department_supervisor", cast.department).user

    services.move_department(
        department_id=cast.department.pk, parent=cast.other_unit, actor=None, now=NOW
    )

    assert granted_paths(fresh(user), Action.SEE) == (
        Department.objects.get(pk=cast.department.pk).path,
    )


@pytest.mark.parametrize("key", ["super_administrator", "punch_source"])
def test_unit_hr_hands_out_nothing_that_they_do_not_hold(cast, unit_hr, key):
    place = None if key == "super_administrator" else cast.unit
    receiver = new_log_in(is_program=role(key).is_for_programs)

    with pytest.raises(BeyondOwnRights):
        give(cast, key, place, actor=unit_hr, user=receiver)

    assert not RoleAssignment.objects.filter(user=receiver).exists()


@pytest.mark.parametrize("place", ["group", "other_unit", "other_department"])
def test_unit_hr_hands_out_nothing_beyond_the_unit(cast, unit_hr, place):
    with pytest.raises(BeyondOwnRights):
        give(cast, "department_supervisor", getattr(cast, place), actor=unit_hr)


def test_unit_hr_ends_nothing_beyond_the_unit(cast, unit_hr):
    given = give(cast, "department_supervisor", cast.other_department)

    with pytest.raises(BeyondOwnRights):
        roles.end(assignment_id=given.pk, actor=unit_hr, now=NOW)

    given.refresh_from_db()
    assert given.ended_at is None


def test_unit_hr_makes_a_supervisor_in_the_unit(cast, unit_hr):
    given = give(
        cast, "department_supervisor", cast.department, actor=unit_hr, user=cast.alice.user
    )

    assert granted_paths(fresh(given.user), Action.DECIDE) == (cast.department.path,)


def test_a_supervisor_hands_out_nothing_at_all(cast):
    supervisor = fresh(give(cast, "department_supervisor", cast.unit).user)

    with pytest.raises(BeyondOwnRights):
        give(cast, "department_supervisor", cast.unit, actor=supervisor, user=new_log_in("more"))


def test_the_same_role_is_given_once(cast):
    given = give(cast, "auditor", cast.unit)

    with pytest.raises(AlreadyHeld):
        give(cast, "auditor", cast.unit, user=given.user)
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleAssignment.objects.create(
            user=given.user, role=given.role, department=cast.unit, since=NOW
        )


@pytest.mark.parametrize(("key", "is_program"), [("unit_hr", True), ("integration_client", False)])
def test_people_and_programs_hold_roles_of_their_own_kind(cast, key, is_program):
    with pytest.raises(NotForThem):
        give(cast, key, cast.unit, user=new_log_in(is_program=is_program))


def test_only_the_role_of_the_whole_group_stands_without_a_department(cast):
    for key, place in (("super_administrator", cast.group), ("unit_hr", None)):
        with pytest.raises(WrongPlace):
            give(cast, key, place, user=new_log_in(key))


def test_the_last_super_administrator_stays(cast):
    User.objects.exclude(pk=cast.superuser.pk).filter(is_superuser=True).update(is_superuser=False)
    only = RoleAssignment.objects.get(user=cast.superuser)

    with pytest.raises(LastAdministrator):
        roles.end(assignment_id=only.pk, actor=cast.superuser, now=NOW)


def test_a_role_of_ones_own_changes_for_everybody_who_holds_it(cast):
    planner = roles.add_role(
        key="planner",
        name="Planner",
        actions=[Action.SEE, Action.RULE],
        actor=cast.superuser,
        now=NOW,
    )
    users = [new_log_in(f"planner{n}") for n in range(3)]
    for user in users:
        roles.assign(user=user, role=planner, department=cast.unit, actor=cast.superuser, now=NOW)

    changed = roles.change_role(
        role_id=planner.pk, name="Reader", actions=[Action.SEE], actor=cast.superuser, now=NOW
    )

    assert changed == 3
    for user in users:
        assert granted_paths(fresh(user), Action.RULE) == ()
        assert granted_paths(fresh(user), Action.SEE) == (cast.unit.path,)


def test_built_in_roles_are_fixed_and_actions_are_known(cast):
    with pytest.raises(BuiltInRole):
        roles.change_role(
            role_id=role("auditor").pk, name="A", actions=[Action.RULE], actor=None, now=NOW
        )
    with pytest.raises(ValidationError, match="cannot be blank"):
        roles.add_role(key="none", name="None", actions=[], actor=None, now=NOW)


def test_changing_a_role_for_many_takes_few_queries(cast, django_assert_max_num_queries):
    planner = roles.add_role(
        key="planner", name="Planner", actions=[Action.SEE], actor=None, now=NOW
    )
    users = User.objects.bulk_create(User(username=f"p{n}") for n in range(400))
    RoleAssignment.objects.bulk_create(
        RoleAssignment(user=user, role=planner, department=cast.unit, since=NOW) for user in users
    )

    with django_assert_max_num_queries(25):
        roles.change_role(
            role_id=planner.pk, name="P", actions=[Action.SEE, Action.RULE], actor=None, now=NOW
        )

    assert UserObjectPermission.objects.filter(user__in=users).count() == 800


def test_a_permission_on_every_department_at_once_gives_nothing(cast):
    """P-29: Django's own, global permissions are no way in."""
    user = new_log_in()
    assign_perm("organization.see", user)

    assert granted_paths(fresh(user), Action.SEE) == ()


def test_what_nobody_assigned_goes_with_the_next_change(cast):
    """P-29: a row left behind in guardian's table does not revive."""
    user = new_log_in()
    assign_perm("see", user, cast.other_unit)

    give(cast, "auditor", cast.unit, user=user)

    assert granted_paths(fresh(user), Action.SEE) == (cast.unit.path,)


def test_unit_hr_manages_log_ins_of_the_unit_that_reach_no_further(cast, unit_hr):
    found = log_ins_for(unit_hr)

    assert cast.alice.user in found
    assert cast.carol.user not in found
    assert cast.superuser not in found
    give(cast, "auditor", cast.other_unit, user=cast.alice.user)
    assert cast.alice.user not in log_ins_for(unit_hr)


def test_a_program_is_managed_where_it_holds_a_role(cast, unit_hr):
    ours, theirs = (new_log_in(name, is_program=True) for name in ("ours", "theirs"))
    give(cast, "integration_client", cast.unit, user=ours)
    give(cast, "integration_client", cast.other_unit, user=theirs)

    assert set(log_ins_for(unit_hr).filter(is_program=True)) == {ours}
