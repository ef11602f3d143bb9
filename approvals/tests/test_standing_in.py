from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from approvals import services
from approvals.cards import inbox, read_cards, waiting_for
from approvals.errors import AlreadySaid, CannotStandIn, OwnDecider, SelfDecision
from approvals.models import ApprovalRule, ApprovalRuleStep, Delegation, Request
from approvals.services.standing import deputies_for, may_stand_in, stands_in_for, visible
from approvals.tests.office import NOW, approve, ask, punch
from attendance.models import Correction
from attendance.services.absences import ImplausibleSpan
from organization import roles
from organization import services as people
from organization.access import Action, granted_paths, granted_paths_of
from organization.errors import NotFound
from organization.models import AuditEntry, Role, User
from tests.cast import Cast, appoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
WEEK = timedelta(days=7)


@pytest.fixture
def dan(office: Cast):
    """Somebody of Bob's unit who decides nothing."""
    return people.hire(
        number="00103", name="Dan", department=office.unit, joined_on=NOW.date() - 9 * WEEK,
        user=User.objects.create_user("dan"), now=NOW,
    )  # fmt: skip


def hand_over(cast: Cast, deputy, **other) -> Delegation:
    facts = {"giver": cast.bob.user, "deputy": deputy.user, "starts_at": NOW,
             "ends_at": NOW + WEEK, "actor": cast.bob.user, "now": NOW} | other  # fmt: skip
    return services.delegate(**facts)


def test_whoever_stands_in_decides_in_the_place_of_the_other(office: Cast, dan):
    punch(office.alice, "8:58")
    request = ask(office.alice)
    with pytest.raises(NotFound):
        approve(request, dan)

    hand_over(office, dan)
    approve(request, dan)

    decider = request.steps.get().deciders.get()
    assert (decider.user, decider.decided_by) == (office.bob.user, dan.user)
    assert Correction.objects.get().decided_by == dan.user
    assert AuditEntry.objects.get(verb="request.approved").facts["instead_of"] == "bob"


def test_nobody_stands_in_before_after_or_once_it_was_ended(office: Cast, dan):
    made = hand_over(office, dan, starts_at=NOW + WEEK, ends_at=NOW + 2 * WEEK)
    during = NOW + 1.5 * WEEK
    assert [stands_in_for(dan.user, when) == {dan.user.pk} for when in (
        NOW, during, NOW + 2 * WEEK)] == [True, False, True]  # fmt: skip

    services.end_delegation(delegation_id=made.pk, actor=office.bob.user, now=NOW)

    assert stands_in_for(dan.user, during) == {dan.user.pk}


def test_p06_nobody_decides_their_own_by_standing_in(office: Cast):
    """P-06."""
    request = ask(office.alice)
    hand_over(office, office.alice)

    with pytest.raises(SelfDecision):
        approve(request, office.alice)


def test_standing_in_gives_no_more_than_the_other_may(office: Cast, dan):
    request = ask(office.alice)
    hand_over(office, dan)
    lose_every_role(office.bob.user)

    with pytest.raises(NotFound):
        approve(request, dan)


def test_nobody_hands_over_what_is_not_theirs_or_to_another_unit(office: Cast, dan):
    with pytest.raises(NotFound):
        hand_over(office, dan, actor=office.carol.user)
    with pytest.raises(NotFound):
        hand_over(office, dan, actor=dan.user)
    with pytest.raises(CannotStandIn):
        hand_over(office, office.carol)
    with pytest.raises((CannotStandIn, ValidationError)):
        hand_over(office, office.bob)
    with pytest.raises(ImplausibleSpan):
        hand_over(office, dan, ends_at=NOW + 60 * WEEK)
    with pytest.raises(ImplausibleSpan):
        hand_over(office, dan, ends_at=NOW.replace(year=9999))
    with pytest.raises(ValidationError):
        hand_over(office, dan, ends_at=NOW - WEEK)
    assert not Delegation.objects.exists()


def test_outside_of_all_units_deputies_are_of_the_own_department_and_below(office: Cast, dan):
    staff = people.add_department(name="Staff", code="T", parent=office.group, now=NOW)
    desk = people.add_department(name="Desk", code="T-D", parent=staff, now=NOW)
    hall = people.add_department(name="Hall", code="H", parent=office.group, now=NOW)
    eve, fay, gus = (
        people.hire(
            number=f"7000{n}", name=f"P{n}", department=place,
            joined_on=NOW.date() - 9 * WEEK, user=User.objects.create_user(f"p{n}"), now=NOW,
        )
        for n, place in enumerate((staff, desk, hall))
    )  # fmt: skip

    assert list(deputies_for(eve.user)) == [fay.user]
    assert list(deputies_for(gus.user)) == []
    assert office.bob.user in deputies_for(dan.user)


def test_hr_names_a_deputy_for_whoever_is_ill(office: Cast, dan):
    made = hand_over(office, dan, actor=office.hr)

    assert made.department == office.department
    assert list(Delegation.objects.visible_to(office.other_hr)) == []
    for reader in (office.bob.user, dan.user, office.hr):
        assert list(Delegation.objects.visible_to(reader)) == [made]
    with pytest.raises(NotFound):
        services.end_delegation(delegation_id=made.pk, actor=dan.user, now=NOW)


def test_a_request_goes_up_after_its_hours_and_is_reminded_of_before(office: Cast):
    request = ask(office.alice)
    step = request.steps.get()

    def look(hours: float) -> int:
        return services.look_after(now=NOW + timedelta(hours=hours))

    assert look(23.9) == 0
    assert look(24) == 1
    assert look(24) == look(71) == 0
    step.refresh_from_db()
    assert step.reminded_at == NOW + timedelta(hours=24)

    assert look(72) == 1
    assert look(73) == 0
    assert sorted(step.deciders.values_list("user__username", "is_above")) == [
        ("bob", False), ("n_hr", True),
    ]  # fmt: skip
    assert approve(request, office.hr).status == "approved"


def test_the_successor_is_asked_when_a_decider_leaves(office: Cast, dan):
    request = ask(office.alice)
    appoint(dan.user, "department_supervisor", office.department)
    assert services.look_after(now=NOW) == 0

    office.bob.user.is_active = False
    office.bob.user.save(update_fields=["is_active"])
    assert services.look_after(now=NOW) == 1
    assert services.look_after(now=NOW) == 0

    assert [row.user for row in request.steps.get().deciders.all()] == [dan.user]
    assert approve(request, dan).status == "approved"


def test_where_nobody_could_decide_the_first_who_may_is_asked(office: Cast, dan):
    User.objects.filter(pk__in=(office.hr.pk, office.superuser.pk)).update(is_active=False)
    request = ask(office.bob)
    assert not request.steps.get().deciders.exists()
    assert request.steps.get().reasons[-1][0] == "nobody"
    assert services.look_after(now=NOW) == 0

    appoint(dan.user, "department_supervisor", office.department)

    assert services.look_after(now=NOW) == 1
    assert Request.objects.asking(Q(user=dan.user)).get() == request


def test_the_bell_costs_the_same_for_one_request_and_for_many(
    office: Cast, django_assert_max_num_queries
):
    for slot, clock in (("in", "9:00"), ("out", "18:00")):
        for person in (office.alice, office.bob):
            ask(person, slot=slot, corrected_at=punch(person, clock).punched_at)

    with django_assert_max_num_queries(6):
        assert services.look_after(now=NOW) == 0


def test_hr_of_a_unit_hands_out_no_right_that_reaches_beyond_it(office: Cast, dan):
    appoint(dan.user, "unit_hr", office.other_unit)
    office.superuser.employee = people.hire(
        number="00104", name="Eve", department=office.unit, joined_on=NOW.date() - 9 * WEEK,
        user=office.superuser, now=NOW,
    )  # fmt: skip

    for giver in (dan.user, office.superuser):
        with pytest.raises(NotFound):
            hand_over(office, office.alice, giver=giver, actor=office.hr)

    assert hand_over(office, office.alice, giver=dan.user, actor=dan.user).giver == dan.user
    assert hand_over(office, office.alice, giver=dan.user, actor=office.superuser).pk


def test_where_all_must_agree_one_person_speaks_once(office: Cast, dan):
    appoint(dan.user, "department_supervisor", office.department)
    step = everybody_who_leads()
    request = ask(office.alice)
    hand_over(office, dan)

    assert approve(request, dan, index=step.index).status == "waiting"
    for press in (dan, dan):
        with pytest.raises(AlreadySaid):
            approve(request, press, index=step.index)

    assert approve(request, office.bob).status == "approved"


def everybody_who_leads(**other) -> ApprovalRuleStep:
    role = Role.objects.get(key="department_supervisor")
    row = ApprovalRule.objects.create(name="All who lead")
    return ApprovalRuleStep.objects.create(rule=row, way="role", role=role, mode="all", **other)


def test_where_one_of_all_left_and_the_others_agreed_it_goes_up_and_is_not_forgotten(
    office: Cast, dan
):
    appoint(dan.user, "department_supervisor", office.department)
    everybody_who_leads(escalate_hours=0)
    request = ask(office.alice)
    approve(request, office.bob)
    for held in dan.user.assignments.all():
        roles.end(assignment_id=held.pk, actor=None, now=NOW)

    assert services.look_after(now=NOW) == 1
    assert services.look_after(now=NOW) == 0

    assert Request.objects.asking(Q(user=office.hr)).get() == request
    assert approve(request, office.hr).status == "approved"


def test_nobody_chooses_who_decides_about_themselves(office: Cast, dan):
    people.hire(
        number="00105", name="Hope", department=office.department, supervisor=office.bob,
        joined_on=NOW.date() - 9 * WEEK, user=office.hr, now=NOW,
    )  # fmt: skip

    with pytest.raises(OwnDecider):
        hand_over(office, dan, actor=office.hr)

    assert hand_over(office, dan, actor=office.superuser).deputy == dan.user


def test_what_a_deputy_may_decide_is_counted_for_them_as_well(office: Cast, dan):
    ask(office.alice)
    hand_over(office, dan)

    assert [waiting_for(who.user, now=NOW) for who in (office.bob, dan)] == [1, 1]


def test_whoever_moves_to_another_unit_stands_in_for_nobody_there(office: Cast, dan):
    request = ask(office.alice)
    hand_over(office, dan)
    assert stands_in_for(dan.user, NOW) == {dan.user.pk, office.bob.user.pk}

    people.transfer(
        employee_id=dan.pk, department=office.other_unit, position=None, effective_on=NOW.date(),
        actor=None, now=NOW,
    )  # fmt: skip

    moved = User.objects.get(pk=dan.user.pk)
    assert stands_in_for(moved, NOW) == {moved.pk}
    assert waiting_for(moved, now=NOW) == 0
    with pytest.raises(NotFound):
        approve(request, moved)


def lose_every_role(user: User) -> None:
    for held in user.assignments.filter(ended_at=None):
        roles.end(assignment_id=held.pk, actor=None, now=NOW)


def test_whoever_lost_the_right_reads_nothing_more_before_the_bell_has_rung(
    office: Cast, dan, client
):
    """The bell asks the successor within five minutes; the inbox does not wait for it."""
    request = ask(office.alice)
    hand_over(office, dan)
    lose_every_role(office.bob.user)

    for who in (office.bob, dan):
        user = User.objects.get(pk=who.user.pk)
        assert Request.objects.asking(Q(user=office.bob.user)).get() == request
        assert not inbox(user, now=NOW).exists()
        assert waiting_for(user, now=NOW) == 0
        client.force_login(user)
        assert "Alice" not in client.get("/me/inbox/").content.decode()
        assert client.get(f"/me/requests/{request.pk}/").status_code == 404
        answer = client.get("/api/v1/approval/flow/?waits_for_me=1").json()
        assert answer["results"] == []


def test_whoever_lost_the_right_and_still_sees_the_department_is_shown_no_button(office: Cast):
    request = ask(office.alice)
    lose_every_role(office.bob.user)
    watcher = roles.add_role(key="w", name="W", actions=[Action.SEE], actor=None, now=NOW)
    roles.assign(
        user=office.bob.user, role=watcher, department=office.department, actor=None, now=NOW
    )

    reader = User.objects.get(pk=office.bob.user.pk)
    (card,) = read_cards(Request.objects.filter(visible(reader, NOW)), reader, now=NOW)

    assert (card.request, card.turn) == (request, None)


def test_an_inbox_of_a_deputy_of_many_costs_as_much_as_of_one(
    office: Cast, dan, django_assert_max_num_queries
):
    ask(office.alice)
    hand_over(office, dan)
    hand_over(office, dan, giver=office.hr, actor=office.superuser)
    with CaptureQueriesContext(connection) as few:
        assert len(inbox(User.objects.get(pk=dan.user.pk), now=NOW)) == 1
    for number in range(4):
        leader = people.hire(
            number=f"0030{number}", name=f"L{number}", department=office.unit,
            joined_on=NOW.date() - 9 * WEEK, user=User.objects.create_user(f"l{number}"), now=NOW,
        )  # fmt: skip
        appoint(leader.user, "department_supervisor", office.department)
        hand_over(office, dan, giver=leader.user, actor=office.superuser)

    with django_assert_max_num_queries(len(few)):
        assert len(inbox(User.objects.get(pk=dan.user.pk), now=NOW)) == 1


def test_rights_read_together_are_those_that_are_read_one_by_one(office: Cast, dan):
    appoint(dan.user, "unit_hr", office.unit)
    appoint(dan.user, "department_supervisor", office.department)
    keys = [office.alice.user_id, office.bob.user_id, dan.user_id, office.hr.pk,
            office.superuser.pk]  # fmt: skip
    User.objects.filter(pk=office.carol.user_id).update(is_active=False)
    users = User.objects.filter(pk__in=[*keys, office.carol.user_id])

    for action in Action:
        one_by_one = {user.pk: granted_paths(user, action) for user in users.all()}
        assert granted_paths_of(users.all(), action) == one_by_one


def test_whom_somebody_stands_in_for_is_whose_deputy_they_may_be(office: Cast, dan):
    """The one is asked of many givers at once, the other as a deputy is chosen."""
    staff = people.add_department(name="Staff", code="T", parent=office.group, now=NOW)
    mill = people.add_department(name="Mill", code="N-M", parent=office.unit, is_unit=True, now=NOW)
    for place in (staff, mill, mill):
        number = f"3000{User.objects.count()}"
        people.hire(
            number=number, name=number, department=place, joined_on=NOW.date() - 9 * WEEK,
            user=User.objects.create_user(f"p{number}"), now=NOW,
        )  # fmt: skip
    everybody = list(User.objects.filter(is_active=True).order_by("pk"))
    for giver in everybody:
        for deputy in everybody:
            if giver != deputy:
                Delegation.objects.create(
                    giver=giver, deputy=deputy, starts_at=NOW, ends_at=NOW + WEEK, given_at=NOW
                )

    for deputy in everybody:
        able = {giver.pk for giver in everybody if may_stand_in(deputy, giver)}
        assert stands_in_for(deputy, NOW) == able | {deputy.pk}
