"""The pages about people: what they show, what they do, and how many queries they take."""

from datetime import date, timedelta

import pytest
from django.utils.timezone import localdate

from organization import services
from organization.models import Change, Department, Employee, User
from tests.cast import NOW

pytestmark = pytest.mark.usefixtures("standing_cast")

EMPLOYEES = "/admin/organization/employee/"
DEPARTMENTS = "/admin/organization/department/"
AUTOCOMPLETE = (
    "/admin/autocomplete/?app_label=organization&model_name=employee&field_name=supervisor"
)


@pytest.fixture
def hr(client, cast):
    client.force_login(cast.hr)
    return client


@pytest.fixture
def boss(client, cast):
    client.force_login(cast.superuser)
    return client


def shown(answer):
    return list(answer.context["cl"].result_list)


def refused(answer):
    """Return the messages of a form that was not accepted."""
    form = answer.context.get("adminform") or answer.context["form"]
    return str(form.errors)


def test_people_are_found_by_number_and_by_name(hr, cast):
    assert shown(hr.get(f"{EMPLOYEES}?q=00101")) == [cast.alice]
    assert shown(hr.get(f"{EMPLOYEES}?q=Bob")) == [cast.bob]


def test_people_are_filtered_by_department_with_all_below(hr, cast):
    assert shown(hr.get(f"{EMPLOYEES}?in={cast.unit.pk}")) == [cast.alice, cast.bob]


def test_a_department_of_others_filters_to_nobody(hr, cast):
    assert shown(hr.get(f"{EMPLOYEES}?in={cast.other_unit.pk}")) == []


def test_people_are_filtered_by_supervisor_without_naming_strangers(hr, cast):
    assert shown(hr.get(f"{EMPLOYEES}?supervisor__id__exact={cast.bob.pk}")) == [cast.alice]

    answer = hr.get(f"{EMPLOYEES}?supervisor__id__exact={cast.carol.pk}")

    assert shown(answer) == []
    assert "Carol" not in answer.content.decode()


def test_people_are_filtered_by_whether_they_are_there_today(hr, cast):
    services.leave(employee_id=cast.bob.pk, left_on=date(2025, 6, 1), actor=None, now=NOW)

    assert shown(hr.get(f"{EMPLOYEES}?employed=now")) == [cast.alice]
    assert shown(hr.get(f"{EMPLOYEES}?employed=left")) == [cast.bob]
    assert shown(hr.get(f"{EMPLOYEES}?employed=coming")) == []


def test_autocomplete_offers_ones_own_people_only(hr, cast):
    offered = [row["text"] for row in hr.get(f"{AUTOCOMPLETE}&term=0").json()["results"]]

    assert offered == [str(cast.alice), str(cast.bob)]


def hiring(cast, **said):
    return {
        "number": "00103",
        "name": "Dora",
        "department": cast.department.pk,
        "position": cast.clerk.pk,
        "supervisor": cast.bob.pk,
        "joined_on": "2026-03-02",
        "left_on": "",
        "transfers-TOTAL_FORMS": 0,
        "transfers-INITIAL_FORMS": 0,
        **said,
    }


def test_a_person_is_hired_by_the_form(hr, cast):
    answer = hr.post(f"{EMPLOYEES}add/", hiring(cast))

    assert answer.status_code == 302
    person = Employee.objects.get(number="00103")
    assert person.transfers.get().department == cast.department
    assert Change.objects.latest("pk").employee_ids == [person.pk]


@pytest.mark.parametrize(
    ("field", "whose"), [("department", "other_unit"), ("supervisor", "carol")]
)
def test_nobody_is_hired_into_another_unit(hr, cast, field, whose):
    answer = hr.post(f"{EMPLOYEES}add/", hiring(cast, **{field: getattr(cast, whose).pk}))

    assert "Select a valid choice" in refused(answer)
    assert not Employee.objects.filter(number="00103").exists()


def test_only_administrators_give_log_ins(hr, cast):
    stranger = User.objects.create_user("stranger")

    hr.post(f"{EMPLOYEES}add/", hiring(cast, user=stranger.pk))

    assert Employee.objects.get(number="00103").user is None


def test_the_page_of_a_person_changes_no_department(hr, cast):
    said = hiring(cast, number="00101", name="Alicia", department=cast.unit.pk)

    assert hr.post(f"{EMPLOYEES}{cast.alice.pk}/change/", said).status_code == 302

    cast.alice.refresh_from_db()
    assert (cast.alice.name, cast.alice.department) == ("Alicia", cast.department)
    assert cast.alice.user is not None


def test_a_supervisor_from_elsewhere_may_stay(hr, cast):
    Employee.objects.filter(pk=cast.bob.pk).update(supervisor=cast.carol)
    said = hiring(cast, number="00102", name="Robert", supervisor=cast.carol.pk)

    assert hr.post(f"{EMPLOYEES}{cast.bob.pk}/change/", said).status_code == 302

    cast.bob.refresh_from_db()
    assert (cast.bob.name, cast.bob.supervisor) == ("Robert", cast.carol)


def test_a_circle_of_supervisors_is_refused_by_the_form(hr, cast):
    said = hiring(cast, number="00102", name="Bob", supervisor=cast.alice.pk)

    assert "who reports to them" in refused(hr.post(f"{EMPLOYEES}{cast.bob.pk}/change/", said))


def test_a_transfer_is_a_step_with_a_date(hr, cast):
    answer = hr.post(
        f"{EMPLOYEES}{cast.alice.pk}/transfer/",
        {"department": cast.unit.pk, "position": "", "effective_on": "2026-02-01"},
    )

    assert answer["Location"] == f"{EMPLOYEES}{cast.alice.pk}/change/"
    assert cast.alice.transfers.last().effective_on == date(2026, 2, 1)
    page = hr.get(answer["Location"]).content.decode()
    assert "North" in page


def test_a_transfer_before_the_first_day_is_refused_in_words(hr, cast):
    answer = hr.post(
        f"{EMPLOYEES}{cast.alice.pk}/transfer/",
        {"department": cast.unit.pk, "position": "", "effective_on": "2024-02-01"},
    )

    assert "2024-02-01" in refused(answer)
    assert cast.alice.transfers.count() == 1


def test_a_transfer_to_another_unit_is_no_choice(hr, cast):
    page = f"{EMPLOYEES}{cast.alice.pk}/transfer/"
    assert "Dyeing" not in hr.get(page).content.decode()

    answer = hr.post(
        page, {"department": cast.other_unit.pk, "position": "", "effective_on": "2026-02-01"}
    )

    assert "Select a valid choice" in refused(answer)


def test_the_last_and_the_first_day_are_steps(hr, cast):
    page = f"{EMPLOYEES}{cast.alice.pk}/"
    hr.post(f"{page}leave/", {"left_on": "2026-03-31"})
    hr.post(f"{page}joined/", {"joined_on": "2025-02-01"})

    cast.alice.refresh_from_db()
    assert (cast.alice.joined_on, cast.alice.left_on) == (date(2025, 2, 1), date(2026, 3, 31))


@pytest.mark.parametrize("step", ["transfer", "leave", "joined"])
@pytest.mark.parametrize("role", ["hr", "bob", "alice"])
def test_steps_of_strangers_lead_nowhere(client, cast, step, role):
    user = cast.hr if role == "hr" else getattr(cast, role).user
    client.force_login(user)

    assert client.get(f"{EMPLOYEES}{cast.carol.pk}/{step}/").status_code in (403, 404)


def test_a_supervisor_reads_and_changes_nothing(client, cast):
    client.force_login(cast.bob.user)

    page = client.get(f"{EMPLOYEES}{cast.alice.pk}/change/")

    assert page.status_code == 200
    assert not page.context["has_change_permission"]
    assert client.get(f"{EMPLOYEES}add/").status_code == 403


def test_nobody_is_deleted(boss, cast):
    assert boss.post(f"{EMPLOYEES}{cast.alice.pk}/delete/", {"post": "yes"}).status_code == 403
    assert boss.post(f"{DEPARTMENTS}{cast.unit.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_tree_shows_inherited_zones_and_counts_everybody_below(boss, cast):
    services.change_timezone(
        department_id=cast.unit.pk,
        timezone="Asia/Tokyo",
        starts_on=NOW.date(),
        actor=None,
        now=NOW,
    )
    services.leave(employee_id=cast.carol.pk, left_on=date(2025, 6, 1), actor=None, now=NOW)

    rows = {row.code: (row.zone, row.people) for row in shown(boss.get(DEPARTMENTS))}

    assert rows == {
        "G": (None, 2),
        "N": ("Asia/Tokyo", 2),
        "N-W": ("Asia/Tokyo", 2),
        "S": (None, 0),
        "S-D": (None, 0),
    }


def adding(cast, **said):
    return {"name": "Spinning", "code": "N-S", "parent": cast.unit.pk, "timezone": "", **said}


def test_a_department_is_added_by_the_form(hr, cast):
    assert hr.post(f"{DEPARTMENTS}add/", adding(cast)).status_code == 302

    assert Department.objects.get(code="N-S").path.startswith(cast.unit.path)


@pytest.mark.parametrize("parent", ["", "other_unit"])
def test_a_unit_adds_departments_below_its_own_only(hr, cast, parent):
    said = adding(cast, parent=getattr(cast, parent).pk if parent else "")

    assert "parent" in refused(hr.post(f"{DEPARTMENTS}add/", said))
    assert not Department.objects.filter(code="N-S").exists()


def test_a_department_is_edited_by_the_form_and_stays_where_it_hangs(hr, cast):
    said = adding(cast, name="Weavers", code="N-W", parent=cast.other_unit.pk, head=cast.bob.pk)

    assert hr.post(f"{DEPARTMENTS}{cast.department.pk}/change/", said).status_code == 302

    cast.department.refresh_from_db()
    assert (cast.department.name, cast.department.head) == ("Weavers", cast.bob)
    assert cast.department.parent == cast.unit


def test_a_department_moves_by_a_step_and_not_into_itself(boss, cast):
    page = f"{DEPARTMENTS}{cast.unit.pk}/move/"
    assert "lies inside it" in refused(boss.post(page, {"parent": cast.department.pk}))

    boss.post(page, {"parent": cast.other_unit.pk})

    cast.department.refresh_from_db()
    assert cast.department.path.startswith(cast.other_unit.path)


def test_a_zone_changes_by_a_step_from_a_date(hr, cast):
    page = f"{DEPARTMENTS}{cast.department.pk}/zone/"
    assert "IANA" in refused(hr.post(page, {"timezone": "Tokyo", "starts_on": "2026-02-01"}))

    hr.post(page, {"timezone": "Asia/Tokyo", "starts_on": "2026-02-01"})

    news = Change.objects.latest("pk")
    assert (news.department, news.starts_on) == (cast.department, date(2026, 2, 1))


def test_a_new_log_in_opens_nothing_until_a_role_is_assigned(boss, cast):
    told = boss.post("/admin/organization/user/add/", {"username": "dora"})

    assert told.status_code == 200
    dora = User.objects.get(username="dora")
    assert (dora.is_staff, dora.is_superuser) == (False, False)
    assert dora.check_password(told.context["told"])


@pytest.mark.parametrize("page", [EMPLOYEES, DEPARTMENTS, "/admin/organization/auditentry/"])
def test_a_list_of_fifty_rows_takes_a_handful_of_queries(
    hr, cast, page, django_assert_max_num_queries
):
    for number in range(50):
        room = services.add_department(
            name=f"Room {number}", code=f"R{number}", parent=cast.unit, now=NOW
        )
        services.hire(
            number=f"1{number:04}",
            name=f"Worker {number}",
            department=room,
            supervisor=cast.bob,
            position=cast.clerk,
            joined_on=localdate() - timedelta(days=30),
            now=NOW,
        )

    with django_assert_max_num_queries(16):
        answer = hr.get(page)

    assert len(shown(answer)) >= 50
