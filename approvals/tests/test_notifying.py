"""Who is told what, and when nobody is told any more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from approvals import notice_words, services
from approvals.models import (
    ApprovalRule,
    ApprovalRuleStep,
    Decider,
    Delegation,
    Notification,
    NotificationSetting,
    Sending,
    Step,
)
from approvals.models.notifications import Kind
from approvals.services import mailing, notifying
from approvals.services.notifying import News
from approvals.tests.office import DAY, NOW, approve, ask, at, punch
from attendance.models import Punch
from attendance.signals import punch_was_held
from organization import services as people
from organization.models import Employee, User
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]


def told(user: User | None, language: str = "en") -> list[str]:
    assert user is not None
    with translation.override(language):
        rows = Notification.objects.of(user)
        return [one.text for one in notice_words.read(rows, user, now=NOW)]


def unread(person: Employee) -> int:
    assert person.user is not None
    return notifying.unread_of(person.user)


def test_whoever_decides_is_told_and_nobody_else(office: Cast) -> None:
    ask(office.alice)

    assert told(office.bob.user) == ["Alice asks: Make-up punch, 2026-09-01"]
    assert Notification.objects.count() == 1


def test_everybody_reads_in_their_own_language(office: Cast) -> None:
    ask(office.alice)

    (chinese,) = told(office.bob.user, "zh-hans")

    assert "2026年9月1日" in chinese


def test_who_asked_is_told_what_became_of_it_and_who_decided_is_not(office: Cast) -> None:
    approve(ask(office.alice), office.bob)

    assert told(office.alice.user) == ["Make-up punch, 2026-09-01: Approved"]
    assert unread(office.bob) == 0


def test_a_step_that_is_passed_waits_for_nobody_any_more(office: Cast) -> None:
    row = ApprovalRule.objects.create(name="Two")
    for index, way in enumerate(("supervisor", "unit_hr"), start=1):
        ApprovalRuleStep.objects.create(rule=row, index=index, way=way)
    request = ask(office.alice)

    approve(request, office.bob)

    unread = Notification.objects.unread().values_list("recipient__username", flat=True)
    assert list(unread) == [office.hr.username]


def test_what_is_withdrawn_waits_for_nobody(office: Cast) -> None:
    request = ask(office.alice)

    services.withdraw(request_id=request.pk, actor=office.alice.user, now=NOW)

    assert (unread(office.bob), unread(office.alice)) == (0, 0)


def test_an_approval_that_is_taken_back_is_told(office: Cast) -> None:
    request = approve(ask(office.alice), office.bob)

    services.revoke(request_id=request.pk, actor=office.hr, now=NOW, reason="Wrong day")

    assert told(office.alice.user)[0] == "Taken back: Make-up punch, 2026-09-01"
    assert "Wrong day" not in str(told(office.alice.user))


def test_a_held_punch_is_told_without_saying_why_or_where(office: Cast) -> None:
    held = punch(office.alice, "09:00", is_held=True)

    punch_was_held.send(Punch, punch=held, anomalies=["location"], now=NOW)

    assert told(office.bob.user) == ["Held punch of Alice, 2026-09-01"]


def test_a_deputy_is_told_too(office: Cast) -> None:
    dan = people.hire(
        number="00103", name="Dan", department=office.unit, joined_on=DAY,
        user=User.objects.create_user("dan"), now=NOW,
    )  # fmt: skip
    services.delegate(
        giver=office.bob.user, deputy=dan.user, starts_at=NOW, ends_at=NOW + timedelta(days=3),
        actor=office.bob.user, now=NOW,
    )  # fmt: skip

    ask(office.alice)

    assert told(dan.user) == told(office.bob.user) != []


def test_silence_is_reminded_of_and_goes_up_once_each(office: Cast) -> None:
    ask(office.alice)

    for hours in (25, 25, 73, 73):
        services.look_after(now=NOW + timedelta(hours=hours))

    assert [row.kind for row in Notification.objects.of(office.bob.user)] == ["reminded", "asked"]
    assert {row.kind for row in Notification.objects.of(office.hr)} == {"escalated"}


def test_telling_again_changes_nothing(office: Cast) -> None:
    news = [News(office.bob.user_id, Kind.MISSING_PUNCH, "slot:1", facts={"slot": "in"})]

    notifying.tell(news, now=NOW)
    notifying.tell(news, now=NOW + timedelta(hours=1))

    assert Notification.objects.get().created_at == NOW


def test_programs_and_closed_log_ins_are_told_nothing(office: Cast) -> None:
    User.objects.filter(pk=office.bob.user_id).update(is_active=False)

    notifying.tell([News(office.bob.user_id, Kind.ASKED, "step:1", ask(office.alice).pk)], now=NOW)

    assert not Notification.objects.of(office.bob.user).exists()


def test_of_a_request_that_somebody_may_not_see_any_more_nothing_is_told(office: Cast) -> None:
    request = ask(office.alice)
    notifying.tell([News(office.carol.user_id, Kind.ASKED, "step:1", request.pk)], now=NOW)

    assert told(office.carol.user) == ["A request that you may not see any more"]


def test_a_name_writes_no_line_of_its_own(office: Cast) -> None:
    Employee.objects.filter(pk=office.alice.pk).update(name="Al\r\nBcc: all@example.com")

    ask(Employee.objects.select_related("user", "supervisor").get(pk=office.alice.pk))

    assert told(office.bob.user) == ["Al Bcc: all@example.com asks: Make-up punch, 2026-09-01"]


def test_nothing_is_mailed_where_there_is_no_mail_server(office: Cast) -> None:
    User.objects.update(email="somebody@example.com")

    ask(office.alice)

    assert not Sending.objects.exists()


# --- deputies ------------------------------------------------------------------------------------

WEEK = timedelta(days=7)


@pytest.fixture
def dan(office: Cast) -> Employee:
    """Somebody of Bob's unit who decides nothing."""
    return people.hire(
        number="00103", name="Dan", department=office.unit, joined_on=NOW.date() - 9 * WEEK,
        user=User.objects.create_user("dan", email="dan@example.com"), now=NOW,
    )  # fmt: skip


def hand_over(cast: Cast, deputy: Employee, **other: object) -> Delegation:
    facts = {"giver": cast.bob.user, "deputy": deputy.user, "starts_at": NOW,
             "ends_at": NOW + WEEK, "actor": cast.bob.user, "now": NOW} | other  # fmt: skip
    return services.delegate(**facts)


def ask_three_times(cast: Cast) -> None:
    for slot, clock in (("in", "9:00"), ("out", "18:00")):
        ask(cast.alice, slot=slot, corrected_at=at(clock))
    services.submit_overtime(
        employee=cast.alice, work_date=DAY, starts_at=at("19:00"), ends_at=at("20:00"),
        reason="More", actor=cast.alice.user, now=NOW,
    )  # fmt: skip


def test_a_deputy_is_told_at_once_and_in_one_sentence_what_waits_already(
    office: Cast, dan: Employee, settings
) -> None:
    settings.SENDS_MAIL = True
    ask_three_times(office)

    hand_over(office, dan)

    assert told(dan.user) == ["You decide for Bob until 2026-09-09, 10:00; 3 requests wait already"]
    assert Sending.objects.filter(notification__recipient=dan.user).count() == 1
    (line,) = notice_words.read(Notification.objects.of(dan.user), dan.user, now=NOW)
    assert line.address == "/me/inbox/"
    assert services.tell_deputies(now=NOW) == 0


def test_a_deputy_for_whom_nothing_waits_is_told_with_the_first_request(
    office: Cast, dan: Employee
) -> None:
    hand_over(office, dan)
    assert told(dan.user) == []

    ask(office.alice)

    assert told(dan.user) == ["Alice asks: Make-up punch, 2026-09-01"]
    assert services.tell_deputies(now=NOW) == 0


def test_a_deputy_of_a_later_day_is_told_when_it_begins(office: Cast, dan: Employee) -> None:
    hand_over(office, dan, starts_at=NOW + WEEK, ends_at=NOW + 2 * WEEK)
    ask(office.alice)

    assert services.tell_deputies(now=NOW) == 0
    assert told(dan.user) == []
    assert services.tell_deputies(now=NOW + WEEK) == 1
    assert services.tell_deputies(now=NOW + WEEK) == 0

    assert told(dan.user) == ["You decide for Bob until 2026-09-16, 10:00; 1 request waits already"]


def test_a_deputy_is_told_the_end_by_the_clock_of_their_own_department(office: Cast) -> None:
    far = people.add_department(
        name="Far", code="N-F", parent=office.unit, timezone="America/New_York", now=NOW
    )
    eve = people.hire(
        number="00104", name="Eve", department=far, joined_on=NOW.date() - 9 * WEEK,
        user=User.objects.create_user("eve"), now=NOW,
    )  # fmt: skip
    ask(office.alice)

    hand_over(office, eve)

    assert told(eve.user) == ["You decide for Bob until 2026-09-08, 22:00; 1 request waits already"]


def test_a_deputy_is_told_of_nothing_of_their_own_and_of_nothing_twice(
    office: Cast, dan: Employee
) -> None:
    ask(office.alice)
    hand_over(office, office.alice)
    hand_over(office, dan, ends_at=NOW + 2 * WEEK)
    asked_both(office, dan)
    hand_over(office, dan)

    assert Notification.objects.filter(kind=Kind.STANDS_IN).count() == 1


def asked_both(cast: Cast, dan: Employee) -> None:
    """Let Dan be asked beside Bob: it waits for him already."""
    step = Step.objects.get()
    Decider.objects.create(step=step, user=dan.user)


def test_what_a_deputy_was_told_is_over_when_they_stand_in_no_more(
    office: Cast, dan: Employee
) -> None:
    ask(office.alice)
    made = hand_over(office, dan)
    assert unread(dan) == 1

    services.end_delegation(delegation_id=made.pk, actor=office.bob.user, now=NOW)

    assert unread(dan) == 0


def test_what_a_deputy_was_told_is_over_when_their_time_is(
    office: Cast, dan: Employee, django_assert_num_queries
) -> None:
    ask(office.alice)
    hand_over(office, dan)
    # Of the same deputy and of another one, and longer than the first.
    hand_over(office, dan, giver=office.hr, actor=office.superuser, ends_at=NOW + 3 * WEEK)
    eve = people.hire(
        number="00104", name="Eve", department=office.unit, joined_on=NOW.date() - 9 * WEEK,
        user=User.objects.create_user("eve"), now=NOW,
    )  # fmt: skip
    hand_over(office, eve, ends_at=NOW + 2 * WEEK)
    ends = NOW + WEEK

    services.tell_deputies(now=ends - timedelta(seconds=1))
    assert (unread(dan), unread(eve)) == (1, 1)
    with django_assert_num_queries(3):
        services.tell_deputies(now=ends)

    assert (unread(dan), unread(eve)) == (0, 1)
    row = Notification.objects.of(dan.user).get()
    assert row.read_at == ends
    services.tell_deputies(now=ends + timedelta(minutes=5))
    row.refresh_from_db()
    assert row.read_at == ends


def test_a_mail_of_the_day_says_nothing_of_a_time_that_is_over(
    office: Cast, dan: Employee, settings, mailoutbox
) -> None:
    settings.SENDS_MAIL = True
    User.objects.filter(pk=dan.user_id).update(email="dan@example.com")
    NotificationSetting.objects.create(user=dan.user, mail="daily")
    ask(office.alice)
    hand_over(office, dan, ends_at=NOW + timedelta(hours=3))
    sending = Sending.objects.get(notification__recipient=dan.user)

    services.tell_deputies(now=NOW + timedelta(hours=3))
    mailing.send_due(now=sending.due_at)

    assert mailoutbox == []
