"""What people do to people and departments."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from organization import services
from organization.errors import CircularChain, CircularTree, DateOutOfOrder
from organization.models import AuditEntry, Change, Department, Employee, Transfer

pytestmark = pytest.mark.usefixtures("standing_cast")

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)


def hire(cast, number="00900", **said):
    said = {"name": "Dora", "department": cast.department, "joined_on": TODAY, **said}
    return services.hire(number=number, now=NOW, **said)


def transfer(cast, person, department, effective_on):
    return services.transfer(
        employee_id=person.pk,
        department=department,
        position=cast.clerk,
        effective_on=effective_on,
        actor=cast.superuser,
        now=NOW,
    )


def test_hiring_writes_the_first_transfer_an_audit_line_and_news_for_the_judges(cast):
    person = hire(cast, position=cast.clerk)

    first = person.transfers.get()
    assert (first.effective_on, first.department, first.position) == (
        TODAY,
        cast.department,
        cast.clerk,
    )
    assert AuditEntry.objects.filter(verb="employee.hired", thing_id=str(person.pk)).exists()
    news = Change.objects.latest("pk")
    assert (news.employee_ids, news.starts_on, news.ends_on) == ([person.pk], TODAY, None)


def test_a_number_is_given_once(cast):
    with pytest.raises(ValidationError, match="already exists"):
        hire(cast, number=cast.alice.number)


def test_nobody_leaves_before_they_have_joined(cast):
    with pytest.raises(ValidationError, match="before they have joined"):
        hire(cast, left_on=date(2026, 3, 1))


def test_a_transfer_of_the_past_moves_the_person_now_and_wakes_the_days_since(cast):
    transfer(cast, cast.alice, cast.other_department, date(2026, 2, 1))

    cast.alice.refresh_from_db()
    assert cast.alice.department == cast.other_department
    assert Change.objects.latest("pk").starts_on == date(2026, 2, 1)


def test_a_transfer_of_the_future_leaves_the_person_where_they_are_until_it_is_due(cast):
    transfer(cast, cast.alice, cast.other_department, date(2026, 3, 5))
    cast.alice.refresh_from_db()
    assert cast.alice.department == cast.department

    services.settle_transfers(now=datetime(2026, 3, 5, 1, 0, tzinfo=UTC))

    cast.alice.refresh_from_db()
    assert cast.alice.department == cast.other_department


def test_a_transfer_is_settled_however_late_the_bell_rings(cast):
    transfer(cast, cast.alice, cast.other_department, date(2026, 3, 5))

    assert services.settle_transfers(now=datetime(2026, 6, 5, 1, 0, tzinfo=UTC)) == 1
    assert services.settle_transfers(now=datetime(2026, 6, 5, 1, 0, tzinfo=UTC)) == 0

    cast.alice.refresh_from_db()
    assert cast.alice.department == cast.other_department


def test_a_second_transfer_on_a_date_replaces_the_first(cast):
    transfer(cast, cast.alice, cast.other_department, TODAY)
    transfer(cast, cast.alice, cast.unit, TODAY)

    assert [row.department for row in cast.alice.transfers.all()] == [cast.department, cast.unit]


@pytest.mark.parametrize("day", [date(2024, 12, 31), date(2026, 4, 1)])
def test_nobody_is_transferred_before_they_joined_or_after_they_left(cast, day):
    services.leave(
        employee_id=cast.alice.pk, left_on=date(2026, 3, 31), actor=cast.superuser, now=NOW
    )

    with pytest.raises(DateOutOfOrder):
        transfer(cast, cast.alice, cast.other_department, day)


def test_a_last_day_can_be_set_and_taken_back(cast):
    day = date(2026, 3, 31)
    services.leave(employee_id=cast.alice.pk, left_on=day, actor=cast.hr, now=NOW)
    assert Employee.objects.employed_on(day).contains(cast.alice)
    assert not Employee.objects.employed_on(date(2026, 4, 1)).contains(cast.alice)

    services.leave(employee_id=cast.alice.pk, left_on=None, actor=cast.hr, now=NOW)

    assert Employee.objects.employed_on(date(2026, 4, 1)).contains(cast.alice)
    assert Change.objects.latest("pk").starts_on == day


def test_a_last_day_before_the_first_is_refused(cast):
    with pytest.raises(DateOutOfOrder, match="2024-12-31"):
        services.leave(
            employee_id=cast.alice.pk, left_on=date(2024, 12, 31), actor=cast.hr, now=NOW
        )


def test_a_corrected_first_day_takes_the_hiring_along(cast):
    services.change_joined(
        employee_id=cast.alice.pk, joined_on=date(2024, 12, 1), actor=cast.hr, now=NOW
    )

    assert cast.alice.transfers.get().effective_on == date(2024, 12, 1)
    assert Change.objects.latest("pk").starts_on == date(2024, 12, 1)


def test_a_first_day_cannot_pass_the_first_transfer(cast):
    transfer(cast, cast.alice, cast.other_department, date(2026, 2, 1))

    with pytest.raises(DateOutOfOrder):
        services.change_joined(
            employee_id=cast.alice.pk, joined_on=date(2026, 2, 1), actor=cast.hr, now=NOW
        )


def edit(cast, person, **said):
    said = {
        "number": person.number,
        "name": person.name,
        "supervisor": person.supervisor,
        "user": person.user,
        **said,
    }
    return services.edit_employee(employee_id=person.pk, actor=cast.hr, now=NOW, **said)


def test_an_edit_writes_down_what_was_and_what_is(cast):
    edit(cast, cast.alice, name="Alicia")

    entry = AuditEntry.objects.get(verb="employee.edited")
    assert (entry.facts["before"], entry.facts["after"]) == ({"name": "Alice"}, {"name": "Alicia"})


def test_an_edit_that_changes_nothing_leaves_no_trace(cast):
    edit(cast, cast.alice)

    assert not AuditEntry.objects.filter(verb="employee.edited").exists()


def test_nobody_reports_to_somebody_who_reports_to_them(cast):
    with pytest.raises(CircularChain, match="Bob"):
        edit(cast, cast.bob, supervisor=cast.alice)


def test_nobody_is_their_own_supervisor(cast):
    with pytest.raises(CircularChain):
        edit(cast, cast.bob, supervisor=cast.bob)


def move(cast, department, parent):
    return services.move_department(
        department_id=department.pk, parent=parent, actor=cast.superuser, now=NOW
    )


def test_a_department_moves_with_all_below_it(cast):
    move(cast, cast.unit, cast.other_unit)

    cast.department.refresh_from_db()
    cast.unit.refresh_from_db()
    assert cast.unit.parent == cast.other_unit
    assert cast.department.path == f"{cast.unit.path}{cast.department.pk}/"
    below = Department.objects.below(cast.other_unit)
    assert {row.code for row in below} == {"S", "S-D", "N", "N-W"}


def test_a_department_cannot_move_below_itself(cast):
    with pytest.raises(CircularTree):
        move(cast, cast.unit, cast.department)


def test_a_department_needs_a_code_of_its_own(cast):
    with pytest.raises(ValidationError, match="already exists"):
        services.add_department(name="Twin", code="N", parent=cast.group, now=NOW)


def test_a_time_zone_is_inherited_until_a_department_has_its_own(cast):
    services.change_timezone(
        department_id=cast.unit.pk,
        timezone="Asia/Tokyo",
        starts_on=TODAY,
        actor=cast.superuser,
        now=NOW,
    )

    zones = services.zone_names()
    assert zones[cast.department.pk] == "Asia/Tokyo"
    assert zones[cast.other_department.pk] == "Asia/Shanghai"


def test_a_time_zone_that_does_not_exist_is_refused(cast):
    with pytest.raises(ValidationError, match="Asia/Shanghai"):
        services.change_timezone(
            department_id=cast.unit.pk,
            timezone="Mars/Olympus",
            starts_on=TODAY,
            actor=cast.superuser,
            now=NOW,
        )


def test_the_audit_log_refuses_to_be_changed(cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.update(verb="nothing happened")
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.all()._raw_delete(connection.alias)


def test_a_person_has_one_transfer_a_date(cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        Transfer.objects.create(
            employee=cast.alice, effective_on=date(2025, 1, 1), department=cast.unit
        )
