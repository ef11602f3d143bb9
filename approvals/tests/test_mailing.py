"""Mails: at once or once a day, never twice, and nothing is lost while the server is down."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from approvals.models import Notification, NotificationSetting, Sending
from approvals.services import mailing, notifying
from approvals.tests.office import NOW, approve, ask
from organization.models import Employee, User
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]


class Down(EmailBackend):
    """A server that cannot be reached."""

    def open(self) -> Any:
        raise ConnectionRefusedError("nobody listens")


class Refusing(EmailBackend):
    """A server that takes no mail for some."""

    def send_messages(self, messages: Any) -> Any:
        if any("bob@" in to for message in messages for to in message.to):
            raise OSError("550 no such box\r\nX")
        return super().send_messages(messages)


@pytest.fixture
def posted(office: Cast, settings: Any) -> Cast:
    """The cast at work, with addresses and a mail server."""
    settings.SENDS_MAIL, settings.SITE_URL = True, "https://kaoqin.example.com"
    for user in User.objects.all():
        User.objects.filter(pk=user.pk).update(email=f"{user.username}@example.com")
    people = Employee.objects.select_related("user", "supervisor__user", "department")
    for name in ("alice", "bob", "carol"):
        object.__setattr__(office, name, people.get(name=name.title()))
    return office


def send(now: datetime = NOW) -> list[tuple[list[str], str]]:
    mail.outbox = []
    mailing.send_due(now=now)
    return [(message.to, str(message.subject)) for message in mail.outbox]


def test_whoever_decides_gets_one_mail_and_the_second_bell_sends_none(posted: Cast) -> None:
    ask(posted.alice)

    first, second = send(), send(NOW + timedelta(hours=1))

    assert first == [(["bob@example.com"], "Kaoqin: Alice asks: Make-up punch, 2026-09-01")]
    assert second == []


def test_a_mail_leads_to_the_request_and_says_how_to_have_fewer(posted: Cast) -> None:
    request = ask(posted.alice)

    send()

    body = mail.outbox[0].body
    assert f"https://kaoqin.example.com/me/requests/{request.pk}/" in body
    assert "https://kaoqin.example.com/me/notifications/settings/" in body
    assert "Forgot" not in body


def test_a_mail_speaks_its_readers_language(posted: Cast) -> None:
    User.objects.filter(pk=posted.bob.user_id).update(language="zh-hans")

    ask(posted.alice)

    ((_to, subject),) = send()
    assert "2026年9月1日" in subject


def test_while_the_server_is_down_nothing_is_lost_and_no_try_is_counted(
    posted: Cast, settings: Any
) -> None:
    ask(posted.alice)
    settings.EMAIL_BACKEND = f"{__name__}.Down"
    for day in range(9):
        assert send(NOW + timedelta(days=day)) == []
    assert Sending.objects.get().tries == 0

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    assert len(send(NOW + timedelta(days=9))) == 1


def test_a_mail_that_is_refused_holds_up_nobody_elses_and_is_given_up(
    posted: Cast, settings: Any
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    ask(posted.alice)
    approve(ask(posted.alice, slot="in", corrected_at=NOW - timedelta(hours=25)), posted.bob)

    assert [to for to, _subject in send()] == [["alice@example.com"]]

    refused = Sending.objects.get(closed_at=None)
    assert (refused.tries, refused.problem) == (1, "OSError: 550 no such box X")
    for hours in range(1, 80, 2):
        send(NOW + timedelta(hours=hours))
    refused.refresh_from_db()
    assert refused.closed_at is not None
    assert refused.sent_at is None


def test_what_was_read_or_decided_meanwhile_is_not_mailed(posted: Cast) -> None:
    approve(ask(posted.alice), posted.bob)

    assert [to for to, _subject in send()] == [["alice@example.com"]]


def test_who_wants_one_mail_a_day_gets_all_of_it_at_their_hour(posted: Cast) -> None:
    NotificationSetting.objects.create(user=posted.bob.user, mail="daily", mail_hour=18)
    ask(posted.alice)
    ask(posted.alice, slot="in", corrected_at=NOW - timedelta(hours=25))

    # NOW is ten in the morning in Shanghai.
    assert send(NOW + timedelta(hours=7, minutes=59)) == []
    ((to, subject),) = send(NOW + timedelta(hours=8))

    assert (to, subject) == (["bob@example.com"], "Kaoqin: 2 notifications")
    assert mail.outbox[0].body.count("Alice asks") == 2


def test_who_wants_no_mail_gets_none_and_finds_all_of_it_in_the_app(posted: Cast) -> None:
    NotificationSetting.objects.create(user=posted.bob.user, mail="off")

    ask(posted.alice)

    assert send() == []
    assert Notification.objects.of(posted.bob.user).count() == 1


def test_a_switch_to_no_mail_holds_for_what_waits(posted: Cast) -> None:
    ask(posted.alice)

    notifying.set_setting(user=posted.bob.user, mail="off", mail_hour=8, punch_minutes=0, now=NOW)

    assert send() == []


@pytest.mark.parametrize("address", ["b@x.com\nBcc: all@x.com", "no address", "-oQ/tmp@x y"])
def test_p10_no_address_and_no_name_becomes_a_header(posted: Cast, address: str) -> None:
    """P-10, P-03: what people and files call themselves stays one line of text."""
    Employee.objects.filter(pk=posted.alice.pk).update(name="Al\r\nBcc: all@x.com <b>=1+1</b>")
    User.objects.filter(pk=posted.bob.user_id).update(email=address)
    request = ask(Employee.objects.select_related("user", "supervisor").get(pk=posted.alice.pk))

    assert send() == []
    assert Sending.objects.get().problem == "no address"

    approve(request, posted.bob)
    ((to, _subject),) = send()
    raw = mail.outbox[0].message()
    assert (to, raw["Bcc"], raw.get_content_type()) == (["alice@example.com"], None, "text/plain")


def test_p03_a_name_with_markup_is_text_in_a_subject_of_one_line(posted: Cast) -> None:
    """P-03, P-10: names come from tables and terminals."""
    Employee.objects.filter(pk=posted.alice.pk).update(name="Al\r\nBcc: all@x.com\u2028<b>x</b>")

    ask(Employee.objects.select_related("user", "supervisor").get(pk=posted.alice.pk))

    ((to, subject),) = send()
    assert to == ["bob@example.com"]
    assert subject.startswith("Kaoqin: Al Bcc: all@x.com <b>x</b> asks")
    assert mail.outbox[0].message()["Bcc"] is None


def test_the_same_mail_keeps_its_identity_when_it_is_tried_again(posted: Cast) -> None:
    ask(posted.alice)
    send()
    first = mail.outbox[0].extra_headers["Message-ID"]
    Sending.objects.update(sent_at=None, closed_at=None, due_at=NOW)

    send()

    assert mail.outbox[0].extra_headers["Message-ID"] == first
