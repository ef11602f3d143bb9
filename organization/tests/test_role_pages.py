"""The pages where roles are given: who sees them, what they show, and what they refuse."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from guardian.shortcuts import assign_perm

from organization import log_ins, roles, services, tokens
from organization.access import Action, granted_paths
from organization.append_only import lifted
from organization.models import (
    ApiToken,
    AuditEntry,
    Change,
    Department,
    Employee,
    Role,
    RoleAssignment,
    User,
)
from organization.role_errors import NotForThem
from organization.role_telling import rights_of
from tests.cast import NOW, appoint

pytestmark = pytest.mark.usefixtures("standing_cast")

ASSIGNMENTS = "/admin/organization/roleassignment/"
ROLES = "/admin/organization/role/"
LOG_INS = "/admin/organization/user/"
DEPARTMENTS = "/admin/organization/department/"
EMPLOYEES = "/admin/organization/employee/"


@pytest.fixture
def hr(client, cast):
    client.force_login(cast.hr)
    return client


@pytest.fixture
def boss(client, cast):
    client.force_login(cast.superuser)
    return client


def role(key):
    return Role.objects.get(key=key)


def fresh(user):
    return User.objects.get(pk=user.pk)


def held(user, key):
    return RoleAssignment.objects.in_force().filter(user=user, role__key=key)


def assigning(user, key, department, act="assign"):
    return {
        "user": user.pk,
        "role": role(key).pk,
        "department": department.pk if department else "",
        "act": act,
    }


def shown(answer):
    return list(answer.context["cl"].result_list)


def errors(answer):
    return answer.context["form"].errors


def test_the_list_says_who_holds_what_where_since_when_and_by_whom(hr, cast):
    page = hr.get(ASSIGNMENTS)

    text = page.content.decode()
    assert {str(row.user) for row in shown(page)} == {"bob", "n_hr"}
    for words in ("00102 Bob", "Department supervisor", "Weaving", "in force"):
        assert words in text


def test_ended_roles_stay_in_the_list_below_those_in_force(hr, cast):
    given = RoleAssignment.objects.get(user=cast.bob.user)
    roles.end(assignment_id=given.pk, actor=cast.hr, now=timezone.now())

    assert [row.ended_at is None for row in shown(hr.get(ASSIGNMENTS))] == [True, False]
    assert shown(hr.get(f"{ASSIGNMENTS}?state=now")) == [RoleAssignment.objects.get(user=cast.hr)]
    assert shown(hr.get(f"{ASSIGNMENTS}?state=ended")) == [given]


def test_a_role_is_found_by_person_and_by_department(hr, cast):
    for word in ("Bob", "00102", "Weaving"):
        assert [row.user for row in shown(hr.get(f"{ASSIGNMENTS}?q={word}"))] == [cast.bob.user]


def test_the_preview_tells_in_words_and_numbers_and_writes_nothing(hr, cast):
    said = assigning(cast.alice.user, "department_supervisor", cast.department, "preview")

    page = hr.post(f"{ASSIGNMENTS}add/", said)

    text = page.content.decode()
    rights = page.context["rights"]
    assert [(one.action, one.departments, one.people, one.is_new) for one in rights.gained] == [
        (Action.SEE, 1, 2, True),
        (Action.SUMMARISE, 1, 2, True),
        (Action.DECIDE, 1, 2, True),
    ]
    assert "See people, their punches and days" in text
    assert "2 people · 1 department" in text
    assert not RoleAssignment.objects.filter(user=cast.alice.user).exists()


def test_a_confirmed_role_holds_from_the_next_request_on(hr, client, cast):
    """A-17"""
    said = assigning(cast.alice.user, "department_supervisor", cast.department)

    assert hr.post(f"{ASSIGNMENTS}add/", said).status_code == 302

    given = held(cast.alice.user, "department_supervisor").get()
    assert (given.department, given.granted_by) == (cast.department, cast.hr)
    client.force_login(fresh(cast.alice.user))
    assert "Bob" in client.get(EMPLOYEES).content.decode()


def test_a_role_that_adds_nothing_says_so(hr, cast):
    client = hr
    client.post(f"{ASSIGNMENTS}add/", assigning(cast.alice.user, "unit_hr", cast.unit, "assign"))

    said = assigning(cast.alice.user, "department_supervisor", cast.department, "preview")

    assert "adds nothing" in hr.post(f"{ASSIGNMENTS}add/", said).content.decode()


@pytest.mark.parametrize(
    ("user", "key", "department", "field"),
    [
        ("alice", "department_supervisor", "other_department", "department"),
        ("alice", "department_supervisor", "group", "department"),
        ("alice", "unit_hr", "other_unit", "department"),
        ("carol", "department_supervisor", "department", "user"),
        ("other_hr", "unit_hr", "unit", "user"),
        ("superuser", "unit_hr", "unit", "user"),
        ("alice", "super_administrator", None, "department"),
        ("alice", "super_administrator", "unit", "role"),
        ("alice", "punch_source", "unit", "role"),
        ("alice", "integration_client", "unit", "role"),
    ],
)
def test_unit_hr_hands_out_nothing_by_posting_keys_of_others(
    hr, cast, user, key, department, field
):
    """P-22, P-29: whatever stands in the form's place."""
    receiver = getattr(cast, user)
    receiver = getattr(receiver, "user", receiver)
    place = getattr(cast, department) if department else None
    before = RoleAssignment.objects.count()

    for act in ("preview", "assign"):
        answer = hr.post(f"{ASSIGNMENTS}add/", assigning(receiver, key, place, act))
        assert field in errors(answer), act

    assert RoleAssignment.objects.count() == before
    assert not fresh(receiver).is_superuser or receiver == cast.superuser


def test_whoever_may_grant_but_not_rule_hands_out_no_ruling(client, cast):
    """Nobody grants what they do not hold."""
    steward = roles.add_role(
        key="steward", name="Steward", actions=[Action.SEE, Action.GRANT], actor=None, now=NOW
    )
    roles.assign(user=cast.bob.user, role=steward, department=cast.unit, actor=None, now=NOW)
    client.force_login(fresh(cast.bob.user))

    offered = {
        str(one) for one in client.get(f"{ASSIGNMENTS}add/").context["form"]["role"].field.queryset
    }
    answer = client.post(f"{ASSIGNMENTS}add/", assigning(cast.alice.user, "unit_hr", cast.unit))

    assert "Unit HR" not in offered
    assert "Steward" in offered
    assert "role" in errors(answer)
    assert not held(cast.alice.user, "unit_hr").exists()


@pytest.mark.parametrize("who", ["bob", "alice"])
def test_whoever_may_not_grant_finds_no_page(client, cast, who):
    client.force_login(getattr(cast, who).user)
    given = RoleAssignment.objects.get(user=cast.bob.user)

    for page in (ASSIGNMENTS, f"{ASSIGNMENTS}add/", LOG_INS, ROLES, f"{LOG_INS}program/"):
        assert client.get(page).status_code == 403, page
    for page in (
        f"{ASSIGNMENTS}{given.pk}/end/",
        f"{DEPARTMENTS}{cast.department.pk}/access/",
        f"{EMPLOYEES}{cast.alice.pk}/log-in/",
        f"{LOG_INS}{cast.alice.user_id}/rights/",
    ):
        assert client.get(page).status_code in (403, 404), page
        assert client.post(page).status_code in (403, 404), page
    given.refresh_from_db()
    assert given.ended_at is None


def test_a_role_is_ended_after_asking(hr, cast):
    given = RoleAssignment.objects.get(user=cast.bob.user)
    page = f"{ASSIGNMENTS}{given.pk}/end/"

    assert "no longer be Department supervisor on Weaving" in hr.get(page).content.decode()
    assert held(cast.bob.user, "department_supervisor").exists()
    assert hr.post(page).status_code == 302

    given.refresh_from_db()
    assert given.ended_by == cast.hr
    assert granted_paths(fresh(cast.bob.user), Action.SEE) == ()


def test_unit_hr_does_not_find_a_role_of_another_unit(hr, cast):
    """A-17, P-22"""
    theirs = RoleAssignment.objects.get(user=cast.carol.user)

    for page in ("end/", "change/", "see/", "history/"):
        assert hr.get(f"{ASSIGNMENTS}{theirs.pk}/{page}").status_code == 404, page
    assert hr.post(f"{ASSIGNMENTS}{theirs.pk}/end/").status_code == 404

    theirs.refresh_from_db()
    assert theirs.ended_at is None


def test_what_was_given_above_is_not_ended_below(hr, client, cast):
    """A person of the group, and the HR of one unit."""
    user = User.objects.create_user("director")
    appoint(user, "group_hr_director", cast.group)
    given = RoleAssignment.objects.get(user=user)

    assert hr.post(f"{ASSIGNMENTS}{given.pk}/end/").status_code == 404

    page = hr.get(f"{DEPARTMENTS}{cast.unit.pk}/access/")
    line = next(one for one in page.context["held"] if one.row == given)
    assert (line.is_from_above, line.end, line.rights) == (True, "", "")
    assert "(from above)" in page.content.decode()


def test_p22_who_holds_a_role_above_is_named_to_those_who_may_see_them_only(hr, client, cast):
    appoint(User.objects.create_user("d.boss-above"), "group_hr_director", cast.group)
    appoint(cast.alice.user, "auditor", cast.group)
    address = f"{DEPARTMENTS}{cast.unit.pk}/access/"

    page = hr.get(address).content.decode()

    assert "d.boss-above" not in page
    assert "Group HR director" in page
    assert "alice" in page
    client.force_login(cast.superuser)
    assert "d.boss-above" in client.get(address).content.decode()


def test_a23_another_role_of_a_program_says_how_many_tokens_grow_by_it(boss, cast):
    """A key that somebody kept from before would otherwise grow unseen."""
    payroll = User.objects.create_user("payroll", is_program=True)
    appoint(payroll, "integration_client", cast.unit)
    now = timezone.now()
    tokens.issue(payroll, name="used", actor=None, now=now)
    gone, _key = tokens.issue(payroll, name="gone", actor=None, now=now)
    tokens.revoke(gone.pk, actor=None, now=now)
    said = assigning(payroll, "punch_source", cast.unit, act="preview")

    page = boss.post(f"{ASSIGNMENTS}add/", said).content.decode()
    assert "1 token of this program is in use" in page

    boss.post(f"{ASSIGNMENTS}add/", said | {"act": "assign"})
    entry = AuditEntry.objects.filter(verb="role.assigned").latest("pk")
    assert entry.facts["keys_in_use"] == 1


def test_a23_a_role_that_programs_hold_says_how_many_tokens_change_with_it(boss, cast):
    made = roles.add_role(
        key="feed", name="Feed", actions=[Action.SEE], is_for_programs=True, actor=None, now=NOW
    )
    payroll = User.objects.create_user("payroll", is_program=True)
    roles.assign(user=payroll, role=made, department=cast.unit, actor=None, now=NOW)
    tokens.issue(payroll, name="used", actor=None, now=timezone.now())
    said = {"name": "Feed", "actions": ["see", "export"]}

    page = boss.post(f"{ROLES}{made.pk}/change/", said).content.decode()
    assert "1 token is in use" in page

    boss.post(f"{ROLES}{made.pk}/change/", said | {"confirm": "on"})
    assert AuditEntry.objects.get(verb="role.changed").facts["keys_in_use"] == 1


def test_a_stronger_role_in_ones_own_department_stays(hr, cast):
    """Unit HR ends nothing that allows more than they hold, though it stands in their unit."""
    bridge = User.objects.create_user("bridge", is_program=True)
    appoint(bridge, "punch_source", cast.unit)
    given = RoleAssignment.objects.get(user=bridge)

    answer = hr.post(f"{ASSIGNMENTS}{given.pk}/end/")

    assert "more than that" in str(answer.context["form"].errors)
    given.refresh_from_db()
    assert given.ended_at is None


def test_the_last_super_administrator_stays_on_every_page(boss, cast):
    own = RoleAssignment.objects.get(user=cast.superuser)

    ended = boss.post(f"{ASSIGNMENTS}{own.pk}/end/")
    off = boss.post(
        f"{LOG_INS}{cast.superuser.pk}/change/", {"username": "boss", "language": "", "email": ""}
    )

    assert "appoint another one first" in str(ended.context["form"].errors)
    assert "appoint another one first" in str(off.context["adminform"].form.errors)
    boss_now = fresh(cast.superuser)
    assert (boss_now.is_superuser, boss_now.is_active) == (True, True)


@pytest.mark.parametrize("who", ["hr", "superuser"])
def test_no_page_makes_a_super_administrator_by_a_field(client, cast, who):
    """A-17: rights are no field of a log-in."""
    client.force_login(getattr(cast, who))

    client.post(
        f"{LOG_INS}{cast.alice.user_id}/change/",
        {
            "username": "alice", "language": "", "email": "", "is_active": "on",
            "is_superuser": "on", "is_staff": "on", "is_program": "on", "user_permissions": "1",
            "groups": "1",
        },
    )  # fmt: skip

    alice = fresh(cast.alice.user)
    assert (alice.is_superuser, alice.is_program) == (False, False)
    assert not alice.user_permissions.exists()


def test_unit_hr_switches_off_only_log_ins_that_reach_no_further(hr, cast):
    said = {"language": "", "email": ""}
    appoint(cast.bob.user, "auditor", cast.other_unit)

    assert hr.post(f"{LOG_INS}{cast.alice.user_id}/change/", said).status_code == 302
    for user in (cast.bob.user, cast.carol.user, cast.other_hr, cast.superuser):
        assert hr.post(f"{LOG_INS}{user.pk}/change/", said).status_code in (403, 404)
        assert fresh(user).is_active

    assert not fresh(cast.alice.user).is_active
    assert granted_paths(fresh(cast.alice.user), Action.SEE) == ()


def test_unit_hr_renames_nobody(hr, cast):
    said = {"username": "boss2", "language": "", "email": "", "is_active": "on"}

    hr.post(f"{LOG_INS}{cast.alice.user_id}/change/", said)

    assert fresh(cast.alice.user).username == "alice"


def test_unit_hr_opens_a_log_in_for_their_own_people(hr, cast):
    person = Employee.objects.create(
        number="00150", name="Dora", department=cast.department, joined_on=NOW.date()
    )

    told = hr.post(f"{EMPLOYEES}{person.pk}/log-in/", {"username": "dora"})

    person.refresh_from_db()
    assert person.user.check_password(told.context["told"])
    assert (person.user.is_staff, person.user.is_superuser) == (False, False)
    assert person.user.one_time_until is not None
    assert AuditEntry.objects.filter(verb="log_in.added", thing_id=person.user_id).exists()
    again = hr.get(f"{EMPLOYEES}{person.pk}/log-in/")
    assert again["Location"] == f"{LOG_INS}{person.user_id}/rights/"


def test_nobody_opens_a_log_in_for_people_of_another_unit_or_for_leavers(hr, cast):
    stranger = Employee.objects.create(
        number="00250", name="Cara", department=cast.other_department, joined_on=NOW.date()
    )
    leaver = Employee.objects.create(
        number="00151", name="Emil", department=cast.department, joined_on=NOW.date(),
        left_on=NOW.date() + timedelta(days=1),
    )  # fmt: skip

    assert hr.post(f"{EMPLOYEES}{stranger.pk}/log-in/", {"username": "cara"}).status_code == 404
    refused = hr.post(f"{EMPLOYEES}{leaver.pk}/log-in/", {"username": "emil"})

    assert "only people who are employed" in str(errors(refused))
    assert not User.objects.filter(username__in=("cara", "emil")).exists()


def test_a_log_in_name_that_is_taken_is_refused_in_words(hr, cast):
    person = Employee.objects.create(
        number="00150", name="Dora", department=cast.department, joined_on=NOW.date()
    )

    answer = hr.post(f"{EMPLOYEES}{person.pk}/log-in/", {"username": "alice"})

    assert "already exists" in str(errors(answer))
    person.refresh_from_db()
    assert person.user is None


def test_unit_hr_adds_a_program_that_reads_their_unit(hr, cast):
    said = {
        "username": "payroll", "role": role("integration_client").pk, "department": cast.unit.pk
    }  # fmt: skip

    answer = hr.post(f"{LOG_INS}program/", said)

    program = User.objects.get(username="payroll")
    assert answer["Location"] == f"{LOG_INS}{program.pk}/doors/"
    assert (program.is_program, program.is_staff) == (True, False)
    assert not program.has_usable_password()
    assert granted_paths(program, Action.EXPORT) == (cast.unit.path,)
    hr.post(answer["Location"], {"act": "issue", "name": "payroll", "days": 90})
    assert ApiToken.objects.get(user=program).created_by == cast.hr


@pytest.mark.parametrize(
    ("key", "place"),
    [("punch_source", "unit"), ("integration_client", "other_unit"), ("unit_hr", "unit")],
)
def test_unit_hr_adds_no_program_that_could_do_more_than_they_can(hr, cast, key, place):
    said = {"username": "odd", "role": role(key).pk, "department": getattr(cast, place).pk}

    assert errors(hr.post(f"{LOG_INS}program/", said))

    assert not User.objects.filter(username="odd").exists()


def test_what_a_person_can_see_is_told_as_a_tree(hr, cast):
    page = hr.get(f"{LOG_INS}{cast.hr.pk}/rights/")

    places = [
        (row.department.name, row.people, row.is_as_above) for row in page.context["rights"].places
    ]
    assert places == [("North", 2, False), ("Weaving", 2, True)]
    assert "Unit HR" in page.content.decode()


def test_what_a_person_can_see_elsewhere_is_not_told(hr, cast):
    appoint(cast.bob.user, "auditor", cast.other_unit)

    text = hr.get(f"{LOG_INS}{cast.bob.user_id}/rights/").content.decode()

    assert "Weaving" in text
    for word in ("South", "Dyeing", "Auditor"):
        assert word not in text


@pytest.mark.parametrize("who", ["carol", "other_hr", "superuser"])
def test_strangers_have_no_page_of_what_they_can_see(hr, cast, who):
    user = getattr(cast, who)
    user = getattr(user, "user", user)

    for page in ("rights", "change", "doors", "history"):
        assert hr.get(f"{LOG_INS}{user.pk}/{page}/").status_code == 404, page


def test_whoever_is_switched_off_can_see_nothing(boss, cast):
    User.objects.filter(pk=cast.bob.user_id).update(is_active=False)

    page = boss.get(f"{LOG_INS}{cast.bob.user_id}/rights/")

    assert page.context["rights"].abilities == []
    assert "switched off" in page.content.decode()


def test_autocomplete_offers_log_ins_of_ones_own_people_by_name(hr, cast):
    address = (
        "/admin/autocomplete/?app_label=organization&model_name=roleassignment&field_name=user"
    )

    offered = [row["text"] for row in hr.get(address).json()["results"]]

    assert offered == ["alice · 00101 Alice", "bob · 00102 Bob", "n_hr"]
    assert hr.get(f"{address}&term=Carol").json()["results"] == []


def test_the_address_fills_in_what_may_be_chosen_and_nothing_else(hr, cast):
    """A-01"""
    page = hr.get(f"{ASSIGNMENTS}add/?user={cast.alice.user_id}&department={cast.unit.pk}")
    assert "alice · 00101 Alice" in page.content.decode()

    for odd in ("carol", "'", "9" * 40, str(cast.carol.user_id)):
        answer = hr.get(f"{ASSIGNMENTS}add/?user={odd}&department={odd}")
        assert answer.status_code == 200
        assert "Carol" not in answer.content.decode()


def test_roles_are_told_in_words_and_built_in_ones_are_fixed(hr, boss, cast):
    assert "Reads people, days, totals, the audit log" in boss.get(ROLES).content.decode()
    auditor = role("auditor")

    boss.post(f"{ROLES}{auditor.pk}/change/", {"name": "A", "actions": ["rule"]})

    assert role("auditor").actions == ["see", "summarise", "audit"]


def test_only_administrators_add_roles(client, cast):
    client.force_login(cast.hr)

    assert client.get(ROLES).status_code == 200
    assert client.get(f"{ROLES}add/").status_code == 403
    assert client.post(f"{ROLES}add/", {"name": "X", "actions": ["rule"]}).status_code == 403
    assert not Role.objects.filter(is_builtin=False).exists()


def test_a_role_of_ones_own_is_added_and_changed_after_saying_for_how_many(boss, cast):
    assert (
        boss.post(f"{ROLES}add/", {"name": "排班员", "actions": ["see", "rule"]}).status_code == 302
    )
    planner = Role.objects.get(name="排班员")
    roles.assign(user=cast.alice.user, role=planner, department=cast.unit, actor=None, now=NOW)
    said = {"name": "排班员", "actions": ["see", "export"]}

    asked = boss.post(f"{ROLES}{planner.pk}/change/", said)
    text = str(asked.context["adminform"].form.errors)
    assert "gain: Take lists away as files" in text
    assert "lose: Set up people" in text
    assert granted_paths(fresh(cast.alice.user), Action.RULE) == (cast.unit.path,)

    boss.post(f"{ROLES}{planner.pk}/change/", {**said, "confirm": "on"})
    assert granted_paths(fresh(cast.alice.user), Action.RULE) == ()
    assert granted_paths(fresh(cast.alice.user), Action.EXPORT) == (cast.unit.path,)


def test_no_role_lets_people_bring_in_punches(boss, cast):
    answer = boss.post(f"{ROLES}add/", {"name": "Typist", "actions": ["see", "record"]})

    assert "Only programs bring in punches" in str(answer.context["adminform"].form.errors)


def test_a_supervisor_loses_a_department_when_the_role_moves(cast):
    """P-22, A-17"""
    own = RoleAssignment.objects.get(user=cast.bob.user)

    roles.end(assignment_id=own.pk, actor=cast.superuser, now=timezone.now())
    roles.assign(
        user=cast.bob.user, role=role("department_supervisor"), department=cast.other_department,
        actor=cast.superuser, now=timezone.now(),
    )  # fmt: skip

    assert set(Employee.objects.visible_to(fresh(cast.bob.user))) == {cast.bob, cast.carol}


def test_a_new_department_under_an_old_key_revives_no_right(cast):
    """P-29"""
    room = services.add_department(name="Room", code="R", parent=cast.other_unit, now=NOW)
    assign_perm("organization.see", cast.alice.user, room)
    key, path = room.pk, room.path
    with lifted(connection):
        AuditEntry.objects.filter(department=room).update(department=None)
    Change.objects.filter(department=room).delete()

    room.delete()
    Department.objects.create(pk=key, name="New", code="N2", parent=cast.other_unit, path=path)

    assert granted_paths(fresh(cast.alice.user), Action.SEE) == ()


def test_the_pages_take_few_queries_however_many_roles_there_are(
    hr, cast, django_assert_max_num_queries
):
    users = User.objects.bulk_create(User(username=f"u{n}") for n in range(60))
    Employee.objects.bulk_create(
        Employee(
            number=f"9{n:04}", name=f"P{n}", department=cast.department, user=user,
            joined_on=NOW.date(),
        )
        for n, user in enumerate(users)
    )  # fmt: skip
    given = role("department_supervisor")
    RoleAssignment.objects.bulk_create(
        RoleAssignment(user=user, role=given, department=cast.department, since=NOW)
        for user in users
    )

    for page, most in (
        (ASSIGNMENTS, 16),
        (LOG_INS, 14),
        (f"{DEPARTMENTS}{cast.department.pk}/access/", 14),
        (f"{LOG_INS}{cast.hr.pk}/rights/", 26),
    ):
        with django_assert_max_num_queries(most):
            assert hr.get(page).status_code == 200


def test_what_somebody_can_see_is_read_in_a_dozen_queries(cast, django_assert_max_num_queries):
    viewer = fresh(cast.superuser)
    with django_assert_max_num_queries(12):
        assert rights_of(fresh(cast.hr), viewer=viewer).abilities


def test_whoever_opens_a_program_gives_it_a_role_of_programs(cast):
    with pytest.raises(NotForThem):
        log_ins.open_program(
            username="odd", role=role("auditor"), department=cast.unit, actor=cast.superuser,
            now=NOW,
        )  # fmt: skip

    assert not User.objects.filter(username="odd").exists()


def test_a_role_that_nobody_holds_yet_can_be_changed(boss):
    """Only a role that somebody holds asks once more."""
    made = roles.add_role(key="clerk", name="Clerk", actions=[Action.SEE], actor=None, now=NOW)
    where = f"{ROLES}{made.pk}/change/"

    assert boss.get(where).status_code == 200
    boss.post(where, {"name": "Clerks", "actions": ["see", "export"]})

    made.refresh_from_db()
    assert (made.name, made.actions) == ("Clerks", ["see", "export"])
