from datetime import date

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertTemplateUsed

from organization.models import AuditEntry
from scheduling.models import Rotation, Shift, ShiftAssignment
from scheduling.pattern import (
    Flexible,
    Kind,
    LateArrival,
    Overtime,
    OvertimeTerms,
    ShiftPattern,
)
from scheduling.services.assignments import assign_shift
from scheduling.services.rotations import add_rotation, turns_of
from scheduling.services.shifts import add_shift
from scheduling.tests.company import NOW, Company, found_company
from scheduling.tests.posted import boxes_of

pytestmark = pytest.mark.django_db

FULL = ShiftPattern(
    kind=Kind.FLEXIBLE,
    segments=((540, 720), (780, 1080)),
    severe_late_after=30,
    absent_late_after=60,
    absent_late_days=0.25,
    flexible=Flexible(early_max=30, late_max=60),
    late_arrivals=(LateArrival(left_from=1320, arrive_by=630),),
    overtime=Overtime(
        workday=OvertimeTerms(start_after=30, min=60, unit=30, count_before_shift=True),
        restday=OvertimeTerms(start_after=15, rest=((720, 780),), rest_tiers=((480, 60),)),
    ),
)
JANUARY = date(2026, 1, 1)
LIST = "/admin/scheduling/shift/"


@pytest.fixture
def company() -> Company:
    return found_company()


def shift(code="A", department=None, pattern=None):
    return add_shift(
        code=code,
        name="Day",
        department=department,
        pattern=pattern or ShiftPattern(segments=((540, 1080),)),
        valid_from=JANUARY,
        now=NOW,
    )


def page_of(client: Client, user, address: str):
    client.force_login(user)
    return client.get(address)


def test_a_clerk_adds_a_night_shift(client: Client, company: Company) -> None:
    data = boxes_of(page_of(client, company.bob, f"{LIST}add/").content.decode())
    data |= {
        "code": "N",
        "name": "Night",
        "department": company.works.pk,
        "segments_0": ["22:00"],
        "segments_1": ["06:00"],
        "breaks_0": [],
        "breaks_1": [],
        "late_grace": "5",
    }

    answer = client.post(f"{LIST}add/", data)

    assert answer.status_code == 302
    made = Shift.objects.get()
    assert (made.code, made.department) == ("N", company.works)
    assert made.versions.get().read() == ShiftPattern(segments=((1320, 1800),), late_grace=5)
    assert AuditEntry.objects.get(verb="shift.added").actor == company.bob


def test_a_page_saved_unchanged_writes_no_version(client: Client, company: Company) -> None:
    row = shift(department=company.works, pattern=FULL)
    address = f"{LIST}{row.pk}/change/"
    data = boxes_of(page_of(client, company.bob, address).content.decode())

    answer = client.post(address, data)

    assert answer.status_code == 302
    assert [v.read() for v in row.versions.all()] == [FULL]


def test_what_is_wrong_stands_at_its_box_and_its_fold_is_open(
    client: Client, company: Company
) -> None:
    """A-05: on the page."""
    row = shift(department=company.works)
    address = f"{LIST}{row.pk}/change/"
    data = boxes_of(page_of(client, company.bob, address).content.decode())

    answer = client.post(address, data | {"late_grace": "10", "severe_late_after": "5"})

    said = "Severely late after: 5 must not be less than “Late: grace”, which is 10."
    assert answer.context["adminform"].form.errors == {"severe_late_after": [said]}
    assert answer.context["open"]["lateness"] is True
    assertContains(answer, said.replace("“", "“"))


def test_days_of_the_past_are_judged_again_only_on_consent(
    client: Client, company: Company
) -> None:
    row = shift(department=company.works)
    assign_shift(department=company.works, shift=row, starts_on=JANUARY, now=NOW)
    address = f"{LIST}{row.pk}/change/"
    data = boxes_of(page_of(client, company.bob, address).content.decode())
    data |= {"valid_from": str(timezone.localdate()), "late_grace": "10"}

    asked = client.post(address, data)

    assertContains(asked, "1 employee-day from")
    assertContains(asked, "Tick this if you mean it, or choose a later date.")
    assert row.versions.count() == 1

    assert client.post(address, data | {"judge_again": "on"}).status_code == 302
    assert row.versions.count() == 2


def test_the_preview_draws_tells_and_refuses(client: Client, company: Company) -> None:
    row = shift(department=company.works)
    data = boxes_of(page_of(client, company.bob, f"{LIST}{row.pk}/change/").content.decode())
    address = f"{LIST}{row.pk}/preview/"

    sound = client.post(address, data | {"segments_0": ["22:00"], "segments_1": ["06:00"]})
    odd = client.post(address, data | {"late_grace": "-1"})

    assertContains(sound, "Works 22:00 to 06:00 the next day: 8\u00a0h.")
    assertContains(sound, '<rect class="tl-work"', count=1)
    assertContains(sound, "tl-midnight")
    assertContains(odd, "Late: grace: -1 is below zero; write 0 or more.")
    assert row.versions.count() == 1


def test_the_preview_says_how_many_days_would_be_judged_again(
    client: Client, company: Company
) -> None:
    row = shift(department=company.works)
    assign_shift(department=company.works, shift=row, starts_on=JANUARY, now=NOW)
    data = boxes_of(page_of(client, company.bob, f"{LIST}{row.pk}/change/").content.decode())
    data |= {"late_grace": "10", "valid_from": str(timezone.localdate())}

    answer = client.post(f"{LIST}{row.pk}/preview/", data)

    assertContains(answer, "1 employee-day from")


def test_a_shift_is_retired_and_comes_back(client: Client, company: Company) -> None:
    row = shift(department=company.works)
    client.force_login(company.bob)

    client.post(f"{LIST}{row.pk}/retire/")
    row.refresh_from_db()
    assert row.is_active is False

    client.post(f"{LIST}{row.pk}/retire/")
    row.refresh_from_db()
    assert row.is_active is True


def test_a_shift_in_use_says_where(client: Client, company: Company) -> None:
    row = shift(department=company.works)
    assign_shift(department=company.line, shift=row, starts_on=JANUARY, now=NOW)
    client.force_login(company.bob)

    answer = client.post(f"{LIST}{row.pk}/retire/", follow=True)

    assertContains(answer, "Line: A Day")
    row.refresh_from_db()
    assert row.is_active is True


def test_versions_stand_on_the_page_the_newest_first(client: Client, company: Company) -> None:
    row = shift(department=company.works)
    row.versions.create(
        valid_from=date(2999, 1, 1),
        pattern=FULL.to_json(),
        opens_minute=0,
        closes_minute=1440,
    )

    answer = page_of(client, company.bob, f"{LIST}{row.pk}/change/")

    assert [v["dates"] for v in answer.context["history"]] == [
        "From 2999-01-01",
        "2026-01-01 until 2999-01-01",
    ]


# --- carol -----------------------------------------------------------------------------------


def test_carol_sees_shared_shifts_and_her_own_but_not_those_of_others(
    client: Client, company: Company
) -> None:
    shift("A")
    shift("B", company.works)
    shift("C", company.shop)

    answer = page_of(client, company.carol, LIST)

    assert [row.code for row in answer.context["cl"].result_list] == ["A", "C"]


def test_what_a_department_above_lends_is_seen_but_not_changed(
    client: Client, company: Company
) -> None:
    row = shift("G", company.group)
    shift("L", company.line)
    address = f"{LIST}{row.pk}/change/"

    listed = page_of(client, company.carol, LIST)

    assert [row.code for row in listed.context["cl"].result_list] == ["G"]
    assertContains(client.get(address), "Works 09:00 to 18:00")
    assert client.post(address, {"code": "X"}).status_code == 403
    answer = client.post(
        "/admin/scheduling/shiftassignment/add/",
        assigned(row, company, department=company.shop.pk),
    )
    assert answer.status_code == 302


def test_carol_reads_a_shared_shift_but_cannot_change_it(client: Client, company: Company) -> None:
    row = shift("A")
    address = f"{LIST}{row.pk}/change/"

    answer = page_of(client, company.carol, address)

    assertContains(answer, "Works 09:00 to 18:00")
    assertNotContains(answer, 'name="segments_0"')
    assert client.post(address, {"code": "X"}).status_code == 403
    assert client.post(f"{LIST}{row.pk}/retire/").status_code == 404
    assert client.post(f"{LIST}{row.pk}/preview/", {}).status_code == 404
    row.refresh_from_db()
    assert (row.code, row.is_active) == ("A", True)


def test_what_belongs_to_others_is_not_there_for_carol(client: Client, company: Company) -> None:
    row = shift("B", company.works)
    client.force_login(company.carol)

    assert client.get(f"{LIST}{row.pk}/change/").status_code == 404
    assert client.post(f"{LIST}{row.pk}/change/", {"code": "X"}).status_code == 404
    assert client.post(f"{LIST}{row.pk}/preview/", {}).status_code == 404


def test_carol_is_offered_her_own_departments_only(client: Client, company: Company) -> None:
    answer = page_of(client, company.carol, f"{LIST}add/")

    department = answer.context["adminform"].form.fields["department"]
    assert list(department.queryset) == [company.shop]
    assert department.required


def test_carol_cannot_add_a_shift_for_another_unit(client: Client, company: Company) -> None:
    data = boxes_of(page_of(client, company.carol, f"{LIST}add/").content.decode())
    data |= {"code": "N", "name": "Night", "department": company.works.pk}

    answer = client.post(f"{LIST}add/", data)

    assert "department" in answer.context["adminform"].form.errors
    assert not Shift.objects.exists()


# --- rotations and assignments ---------------------------------------------------------------


def test_a_clerk_makes_alternating_weeks(client: Client, company: Company) -> None:
    row = shift(department=company.works)
    address = "/admin/scheduling/rotation/add/"
    data = boxes_of(page_of(client, company.bob, address).content.decode())
    key = str(row.pk)
    data |= {
        "name": "大小周",
        "kind": "biweekly",
        "department": company.works.pk,
        "anchored_on": "2026-03-04",
        "turns": [key] * 6 + [""] + [key] * 5 + ["", ""],
    }

    preview = client.post("/admin/scheduling/rotation/preview/", data)
    answer = client.post(address, data)

    assert [len(week) for week in preview.context["weeks"]] == [7] * 4
    assertContains(preview, "22 working days in four weeks.")
    assert answer.status_code == 302
    made = Rotation.objects.get()
    assert (made.anchored_on, len(turns_of(made))) == (date(2026, 3, 2), 14)


def test_a_week_without_a_day_is_refused(client: Client, company: Company) -> None:
    row = shift(department=company.works)
    address = "/admin/scheduling/rotation/add/"
    data = boxes_of(page_of(client, company.bob, address).content.decode())
    data |= {"name": "x", "department": company.works.pk, "turns": [str(row.pk)] * 6}

    answer = client.post(address, data)

    assert answer.context["adminform"].form.errors["turns"] == ["This kind has 7 days, not 6."]


def test_turns_are_shifts_that_carol_may_see(client: Client, company: Company) -> None:
    foreign = shift("B", company.works)
    address = "/admin/scheduling/rotation/add/"
    data = boxes_of(page_of(client, company.carol, address).content.decode())
    data |= {"name": "x", "department": company.shop.pk, "turns": [str(foreign.pk)] * 7}

    answer = client.post(address, data)

    assert answer.context["adminform"].form.errors["turns"] == [
        "Day 1: there is no such shift here."
    ]
    assertNotContains(answer, "B Day")


def assigned(row, company: Company, **instead):
    return {
        "target": "department",
        "department": company.line.pk,
        "plan": "shift",
        "shift": row.pk,
        "weekdays": ["1", "2", "3", "4", "5"],
        "starts_on": "2026-03-02",
        **instead,
    }


def test_a_clerk_assigns_a_shift_after_seeing_how_many_people_it_concerns(
    client: Client, company: Company
) -> None:
    row = shift(department=company.works)
    client.force_login(company.bob)

    preview = client.post("/admin/scheduling/shiftassignment/preview/", assigned(row, company))
    answer = client.post("/admin/scheduling/shiftassignment/add/", assigned(row, company))

    assertContains(preview, "1 person today.")
    assert answer.status_code == 302
    made = ShiftAssignment.objects.get()
    assert (made.department, made.shift, made.weekdays) == (company.line, row, "12345")


def test_a_second_assignment_of_the_same_days_is_refused_with_a_sentence(
    client: Client, company: Company
) -> None:
    row = shift(department=company.works)
    assign_shift(department=company.line, shift=row, starts_on=JANUARY, now=NOW)
    client.force_login(company.bob)

    answer = client.post("/admin/scheduling/shiftassignment/add/", assigned(row, company))

    assert answer.context["form"].errors["starts_on"] == [
        "Line: A Day is assigned already, from 2026-01-01 on. "
        "End that before 2026-03-02, or choose other dates."
    ]


def test_a_person_is_found_by_number_or_by_name(client: Client, company: Company) -> None:
    row = shift(department=company.works)
    client.force_login(company.bob)
    address = "/admin/scheduling/shiftassignment/add/"

    wrong = client.post(address, assigned(row, company, target="employee", employee="dora"))
    right = client.post(address, assigned(row, company, target="employee", employee="alice"))

    assert wrong.context["form"].errors["employee"] == [
        "There is nobody “dora” here; write an employee number, or a full name."
    ]
    assert right.status_code == 302
    assert ShiftAssignment.objects.get().employee == company.alice


def test_an_assignment_of_another_unit_is_not_there_for_carol(
    client: Client, company: Company
) -> None:
    row = shift(department=company.works)
    made = assign_shift(employee=company.alice, shift=row, starts_on=JANUARY, now=NOW)
    address = f"/admin/scheduling/shiftassignment/{made.pk}/"

    listed = page_of(client, company.carol, "/admin/scheduling/shiftassignment/")

    assert list(listed.context["cl"].result_list) == []
    assert client.get(f"{address}change/").status_code == 404
    assert client.post(f"{address}withdraw/").status_code == 404
    refused = client.post("/admin/scheduling/shiftassignment/add/", assigned(shift("S"), company))
    assert "department" in refused.context["form"].errors


def test_an_assignment_ends_on_its_page(client: Client, company: Company) -> None:
    row = shift(department=company.works)
    made = assign_shift(department=company.line, shift=row, starts_on=JANUARY, now=NOW)
    client.force_login(company.bob)

    client.post(f"/admin/scheduling/shiftassignment/{made.pk}/change/", {"ends_on": "2026-03-31"})

    made.refresh_from_db()
    assert made.ends_on == date(2026, 3, 31)


@pytest.mark.parametrize("name", ["shift", "rotation", "shiftassignment"])
def test_lists_cost_the_same_however_long_they_are(
    client: Client, company: Company, django_assert_max_num_queries, name: str
) -> None:
    for number in range(30):
        row = shift(f"A{number:02d}")
        made = add_rotation(
            name=str(number), kind="cycle", anchored_on=JANUARY, turns=[row, None], now=NOW
        )
        department = add_unit(company, number)
        assign_shift(department=department, rotation=made, starts_on=JANUARY, now=NOW)
    client.force_login(company.root)

    with django_assert_max_num_queries(14):
        answer = client.get(f"/admin/scheduling/{name}/")

    assert len(answer.context["cl"].result_list) == 30


def add_unit(company: Company, number: int):
    from organization.services import add_department

    return add_department(name=f"U{number}", code=f"U{number}", parent=company.group, now=NOW)


# --- for programs ----------------------------------------------------------------------------


def test_programs_read_the_shifts_that_their_log_in_may_see(
    client: Client, company: Company
) -> None:
    row = shift("A")
    shift("B", company.works)
    client.force_login(company.carol)

    answer = client.get("/api/v1/shifts/").json()

    assert answer["results"] == [
        {
            "id": row.pk,
            "code": "A",
            "name": "Day",
            "department": None,
            "color": "#2563eb",
            "is_active": True,
            "versions": [
                {
                    "valid_from": "2026-01-01",
                    "pattern": {"segments": [[540, 1080]]},
                    "opens_minute": 420,
                    "closes_minute": 1320,
                }
            ],
        }
    ]


def test_programs_ask_which_assignments_are_in_force_on_a_date(
    client: Client, company: Company
) -> None:
    row = shift("A")
    assign_shift(
        employee=company.alice, shift=row, starts_on=JANUARY, ends_on=date(2026, 1, 31), now=NOW
    )
    assign_shift(employee=company.dora, shift=row, starts_on=JANUARY, now=NOW)
    client.force_login(company.root)

    answer = client.get("/api/v1/shift-assignments/?on=2026-03-02").json()
    odd = client.get("/api/v1/shift-assignments/?on=tomorrow")

    assert [(a["employee"], a["shift"]) for a in answer["results"]] == [("2", row.pk)]
    assert (odd.status_code, odd.json()["facts"]["fields"]) == (
        400,
        {"on": ["“tomorrow” is not a date like 2026-03-01."]},
    )


def test_the_list_is_drawn_by_the_same_template(client: Client, company: Company) -> None:
    shift("A", pattern=FULL)

    answer = page_of(client, company.root, LIST)

    assertTemplateUsed(answer, "admin/scheduling/shift/timeline.html")
    assertContains(answer, "09:00–12:00, 13:00–18:00")
