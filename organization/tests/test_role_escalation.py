"""What somebody posts who wants more than they hold: nothing of it comes true (P-22, P-29)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from organization import roles, services
from organization.access import Action, granted_paths
from organization.models import Department, Employee, Role, RoleAssignment, User
from tests.cast import NOW, Cast, appoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]

ASSIGN = "/admin/organization/roleassignment/add/"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def role(key: str) -> Role:
    return Role.objects.get(key=key)


def ask(client: Client, user: User, key: str, department: Department | None, act: str = "assign"):
    return client.post(
        ASSIGN,
        {
            "user": user.pk,
            "role": role(key).pk,
            "department": department.pk if department else "",
            "act": act,
        },
    )


def held(user: User) -> set[tuple[str, str]]:
    rows = RoleAssignment.objects.in_force().filter(user=user)
    return {(row.role.key, row.department.code if row.department else "") for row in rows}


def of(user: User) -> RoleAssignment:
    return RoleAssignment.objects.get(user=user)


def may(user: User, action: Action) -> tuple[str, ...] | None:
    return granted_paths(User.objects.get(pk=user.pk), action)


# Giving -----------------------------------------------------------------------------------------


def test_hr_of_a_unit_gives_a_role_after_seeing_what_it_allows(cast: Cast) -> None:
    client = browser(cast.hr)

    preview = ask(client, cast.alice.user, "auditor", cast.department, act="preview")
    assert held(cast.alice.user) == set()
    assert "Auditor" in preview.content.decode()

    assert ask(client, cast.alice.user, "auditor", cast.department).status_code == 302
    assert held(cast.alice.user) == {("auditor", "N-W")}
    assert of(cast.alice.user).granted_by == cast.hr


@pytest.mark.parametrize("act", ["preview", "assign"])
@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("auditor", "other_unit"),
        ("auditor", "other_department"),
        ("auditor", "group"),
        ("super_administrator", None),
        ("super_administrator", "unit"),
        ("punch_source", "unit"),
        ("integration_client", "unit"),
    ],
)
def test_a_role_beyond_ones_own_rights_is_not_given(
    cast: Cast, key: str, place: str | None, act: str
) -> None:
    answer = ask(
        browser(cast.hr), cast.alice.user, key, getattr(cast, place) if place else None, act
    )

    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert held(cast.alice.user) == set()


def test_a_log_in_of_another_unit_is_given_nothing_and_not_named(cast: Cast) -> None:
    answer = ask(browser(cast.hr), cast.carol.user, "auditor", cast.unit)

    assert "user" in answer.context["form"].errors
    assert "carol" not in answer.content.decode().lower()
    assert held(cast.carol.user) == {("department_supervisor", "S-D")}


@pytest.mark.parametrize("value", ["", "0", "-1", "999999", "x", "1 OR 1=1", "9" * 40])
def test_keys_that_are_none_are_refused_in_words(cast: Cast, value: str) -> None:
    client = browser(cast.hr)
    good = {"user": cast.alice.user_id, "role": role("auditor").pk, "department": cast.unit.pk}

    for name in good:
        answer = client.post(ASSIGN, good | {name: value, "act": "assign"})
        assert name in answer.context["form"].errors
    assert client.get(f"{ASSIGN}?user={value}&role={value}&department={value}").status_code == 200
    assert held(cast.alice.user) == set()


def test_a_supervisor_gives_nothing(cast: Cast) -> None:
    answer = ask(browser(cast.bob.user), cast.alice.user, "department_supervisor", cast.department)

    assert answer.status_code in (403, 404)
    assert held(cast.alice.user) == set()


def test_whoever_may_only_assign_hands_out_no_more_than_they_hold(cast: Cast) -> None:
    clerk = roles.add_role(
        key="clerk", name="Clerk", actions=[Action.SEE, Action.GRANT], actor=None, now=NOW
    )
    roles.assign(user=cast.bob.user, role=clerk, department=cast.department, actor=None, now=NOW)
    client = browser(cast.bob.user)

    for key in ("unit_hr", "auditor"):
        assert ask(client, cast.alice.user, key, cast.department).status_code == 200
    assert held(cast.alice.user) == set()


def test_nobody_gives_a_role_to_themselves(cast: Cast) -> None:
    """Or it would stay when the one that they were given ends."""
    Employee.objects.filter(pk=cast.alice.pk).update(user=cast.hr)

    for user, actor in ((cast.hr, cast.hr), (cast.superuser, cast.superuser)):
        before = held(user)
        answer = ask(browser(actor), user, "department_supervisor", cast.department)
        assert answer.status_code == 200
        assert held(user) == before


def test_a_second_clerk_who_presses_the_same_button_is_told(cast: Cast) -> None:
    first, second = browser(cast.hr), browser(cast.superuser)
    ask(first, cast.alice.user, "auditor", cast.unit)

    answer = ask(second, cast.alice.user, "auditor", cast.unit)

    assert "already" in str(answer.context["form"].errors)
    assert RoleAssignment.objects.filter(user=cast.alice.user).count() == 1


# Ending -----------------------------------------------------------------------------------------


def end_page(row: RoleAssignment) -> str:
    return f"/admin/organization/roleassignment/{row.pk}/end/"


def test_a_role_ends_after_a_question(cast: Cast) -> None:
    client, row = browser(cast.hr), of(cast.bob.user)

    assert client.get(end_page(row)).status_code == 200
    assert held(cast.bob.user) == {("department_supervisor", "N-W")}

    client.post(end_page(row))
    assert held(cast.bob.user) == set()
    row.refresh_from_db()
    assert row.ended_by == cast.hr


def test_a_role_of_another_unit_or_from_above_does_not_exist(cast: Cast) -> None:
    director = User.objects.create_user("director")
    appoint(director, "group_hr_director", cast.group)
    client = browser(cast.hr)

    for user in (cast.carol.user, cast.other_hr, director, cast.superuser):
        row = of(user)
        for address in (end_page(row), f"/admin/organization/roleassignment/{row.pk}/change/"):
            assert client.get(address).status_code == 404
            assert client.post(address, {}).status_code in (403, 404)
        row.refresh_from_db()
        assert row.ended_at is None


def test_a_role_that_ended_does_not_end_again(cast: Cast) -> None:
    client, row = browser(cast.hr), of(cast.bob.user)
    roles.end(assignment_id=row.pk, actor=cast.superuser, now=NOW + timedelta(days=1))

    assert client.post(end_page(row)).status_code == 302

    row.refresh_from_db()
    assert (row.ended_at, row.ended_by) == (NOW + timedelta(days=1), cast.superuser)


def test_the_last_super_administrator_is_told_why_not(cast: Cast) -> None:
    client = browser(cast.superuser)

    answer = client.post(end_page(of(cast.superuser)))

    assert "last super administrator" in answer.content.decode()
    assert User.objects.get(pk=cast.superuser.pk).is_superuser


# On the next request ----------------------------------------------------------------------------


def test_p29_a_role_that_ends_shuts_the_next_click_of_the_same_browser(cast: Cast) -> None:
    client = browser(cast.bob.user)
    page = f"/admin/organization/employee/{cast.alice.pk}/change/"
    assert client.get(page).status_code == 200

    browser(cast.hr).post(end_page(of(cast.bob.user)))

    assert client.get(page).status_code in (302, 404)
    assert may(cast.bob.user, Action.SEE) == ()


def test_p29_a_role_that_is_given_opens_the_next_click_of_the_same_browser(cast: Cast) -> None:
    client = browser(cast.alice.user)
    page = f"/admin/organization/employee/{cast.bob.pk}/change/"
    assert client.get(page).status_code in (302, 404)

    ask(browser(cast.hr), cast.alice.user, "department_supervisor", cast.department)

    assert client.get(page).status_code == 200


def test_p22_who_leads_a_department_that_moves_away_loses_nothing_and_those_above_do(
    cast: Cast,
) -> None:
    bob, hr, other_hr = browser(cast.bob.user), browser(cast.hr), browser(cast.other_hr)
    page = f"/admin/organization/employee/{cast.alice.pk}/change/"

    services.move_department(
        department_id=cast.department.pk, parent=cast.other_unit, actor=None, now=NOW
    )

    assert bob.get(page).status_code == 200
    assert hr.get(page).status_code == 404
    assert other_hr.get(page).status_code == 200
    row = of(cast.bob.user)
    assert hr.get(end_page(row)).status_code == 404
    assert other_hr.get(end_page(row)).status_code == 200


def test_p22_a_supervisor_reaches_nobody_who_was_moved_away(cast: Cast) -> None:
    client = browser(cast.bob.user)
    page = f"/admin/organization/employee/{cast.alice.pk}/change/"
    assert client.get(page).status_code == 200

    services.transfer(
        employee_id=cast.alice.pk,
        department=cast.other_department,
        position=None,
        effective_on=NOW.date(),
        actor=cast.superuser,
        now=NOW,
    )

    assert client.get(page).status_code == 404


# Log-ins ----------------------------------------------------------------------------------------

MORE = {"is_superuser": "on", "is_staff": "on", "is_program": "on", "password": "x", "groups": "1",
        "user_permissions": "1", "assignments": "1"}  # fmt: skip


@pytest.mark.parametrize("actor", ["hr", "superuser"])
def test_a13_no_form_of_a_log_in_makes_an_administrator(cast: Cast, actor: str) -> None:
    user = cast.alice.user
    User.objects.filter(pk=user.pk).update(is_staff=False)
    page = f"/admin/organization/user/{user.pk}/change/"
    password = user.password

    answer = browser(getattr(cast, actor)).post(
        page, {"username": "alice", "is_active": "on", "language": "", "email": ""} | MORE
    )

    assert answer.status_code == 302
    user.refresh_from_db()
    assert (user.is_superuser, user.is_staff, user.is_program) == (False, False, False)
    assert user.password == password
    assert not user.user_permissions.exists()
    assert not user.groups.exists()


@pytest.mark.parametrize("page", ["change", "rights", "doors", "history"])
def test_a_log_in_of_another_unit_does_not_exist(cast: Cast, page: str) -> None:
    client = browser(cast.hr)

    for user in (cast.carol.user, cast.other_hr, cast.superuser):
        password = user.password
        address = f"/admin/organization/user/{user.pk}/{page}/"
        assert client.get(address).status_code == 404
        said = {"act": "password", "username": user.username}
        assert client.post(address, said).status_code in (403, 404)
        user.refresh_from_db()
        assert (user.password, user.is_active) == (password, True)


def test_a_log_in_that_reaches_further_is_seen_and_not_touched(cast: Cast) -> None:
    appoint(cast.alice.user, "auditor", cast.other_unit)
    client, user = browser(cast.hr), cast.alice.user
    password = user.password

    rights = client.get(f"/admin/organization/user/{user.pk}/rights/")
    assert rights.status_code == 200
    assert "South" not in rights.content.decode()

    doors = f"/admin/organization/user/{user.pk}/doors/"
    for said in (
        {"act": "password"},
        {"act": "sessions"},
        {"act": "issue", "name": "x", "days": 0},
    ):
        assert client.post(doors, said).status_code == 404
    change = client.post(f"/admin/organization/user/{user.pk}/change/", {"username": "alice"})
    assert change.status_code in (403, 404)
    user.refresh_from_db()
    assert (user.password, user.is_active) == (password, True)


def test_hr_opens_a_log_in_and_is_told_the_password_once(cast: Cast) -> None:
    person = _without_log_in(cast.department)
    client, page = browser(cast.hr), f"/admin/organization/employee/{person.pk}/log-in/"
    assert person.number.lower() in client.get(page).content.decode()

    answer = client.post(page, {"username": "00103"})

    password = answer.context["told"]
    user = User.objects.get(username="00103")
    assert user.check_password(password)
    assert (user.is_staff, user.is_superuser, user.one_time_until is None) == (False,) * 3
    assert password in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    for later in (page, f"/admin/organization/user/{user.pk}/doors/", "/admin/"):
        assert password not in client.get(later, follow=True).content.decode()
    assert password not in str(client.session.items())


def test_nobody_opens_a_log_in_for_people_of_another_unit(cast: Cast) -> None:
    person = _without_log_in(cast.other_department)
    client, page = browser(cast.hr), f"/admin/organization/employee/{person.pk}/log-in/"

    assert client.get(page).status_code == 404
    assert client.post(page, {"username": "mine"}).status_code == 404
    assert not User.objects.filter(username="mine").exists()


def test_a_name_that_is_taken_is_refused_in_words(cast: Cast) -> None:
    person = _without_log_in(cast.department)

    answer = browser(cast.hr).post(
        f"/admin/organization/employee/{person.pk}/log-in/", {"username": "carol"}
    )

    assert "already exists" in str(answer.context["form"].errors)
    person.refresh_from_db()
    assert person.user is None


def test_hr_adds_a_program_in_the_unit_and_nowhere_else(cast: Cast) -> None:
    client, page = browser(cast.hr), reverse("admin:organization_user_program_page")

    def add(name: str, key: str, department: Department):
        said = {"username": name, "role": role(key).pk, "department": department.pk}
        return client.post(page, said)

    for key, place in (
        ("integration_client", cast.other_unit),
        ("integration_client", cast.group),
        ("punch_source", cast.unit),
        ("unit_hr", cast.unit),
    ):
        assert add("robot", key, place).status_code == 200
    assert not User.objects.filter(username="robot").exists()

    assert add("payroll", "integration_client", cast.unit).status_code == 302
    made = User.objects.get(username="payroll")
    assert (made.is_program, made.is_staff, made.has_usable_password()) == (True, False, False)
    assert held(made) == {("integration_client", "N")}


def test_roles_are_written_by_super_administrators_alone(cast: Cast) -> None:
    said = {"name": "Mine", "actions": ["see", "rule"]}
    own = roles.add_role(key="own", name="Own", actions=[Action.SEE], actor=None, now=NOW)
    client = browser(cast.hr)

    for page in ("add", f"{own.pk}/change", f"{role('auditor').pk}/change"):
        assert client.post(f"/admin/organization/role/{page}/", said).status_code in (403, 404)
    boss = browser(cast.superuser)
    fixed = boss.post(f"/admin/organization/role/{role('auditor').pk}/change/", said)
    assert fixed.status_code in (403, 404)

    own.refresh_from_db()
    assert (own.name, own.actions) == ("Own", ["see"])
    assert role("auditor").actions == ["see", "summarise", "audit"]
    assert not Role.objects.filter(name="Mine").exists()


def _without_log_in(department: Department) -> Employee:
    return services.hire(
        number="00103",
        name="Dora",
        department=department,
        joined_on=NOW.date() - timedelta(days=30),
        now=NOW,
    )
