"""The pages of terminals and logs, and who may open them."""

from collections import namedtuple
from datetime import UTC, date, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from guardian.shortcuts import assign_perm

from devices.models import Credential, Terminal, TerminalLine, TerminalUpload
from devices.services import keep_log, link_pin, register_terminal
from devices.tests.samples import attlog
from organization import services as people
from organization.models import AuditEntry, User

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
Company = namedtuple("Company", "north south hr other viewer alice bob gate")
UPLOAD = reverse("admin:devices_terminalupload_upload")


def log_in(name, department, *actions):
    user = User.objects.create_user(name, is_staff=True)
    for action in actions:
        assign_perm(f"organization.{action}", user, department)
    return user


@pytest.fixture
def company():
    root = people.add_department(
        name="Group", code="G", parent=None, timezone="Asia/Shanghai", now=NOW
    )
    north, south = (
        people.add_department(name=name, code=name[0], parent=root, is_unit=True, now=NOW)
        for name in ("North", "South")
    )
    joined = date(2020, 1, 5)
    alice = people.hire(number="7", name="Alice", department=north, joined_on=joined, now=NOW)
    bob = people.hire(number="8", name="Bob", department=south, joined_on=joined, now=NOW)
    gate = register_terminal(name="Gate", department=north, actor=None, now=NOW)
    return Company(
        north, south,
        log_in("hr", north, "see", "rule"),
        log_in("other", south, "see", "rule"),
        log_in("viewer", north, "see"),
        alice, bob, gate,
    )  # fmt: skip


def file(content, name="1_attlog.dat"):
    return SimpleUploadedFile(name, content)


def said(pin):
    return f"{pin:>9}\t2026-09-01 08:58:03\t1\t0\t1\t0\n".encode()


def upload_of(company, content):
    return keep_log(
        terminal=company.gate, file_name="1_attlog.dat", content=content, actor=None, now=NOW
    )


def result_of(upload):
    return reverse("admin:devices_terminalupload_change", args=[upload.pk])


@pytest.mark.parametrize(
    ("name", "new", "region"),
    [("school_clean_1_attlog.dat", 1200, None),
     ("school_corrupt_region_1_attlog.dat", 720, "Lines 61 to 240")],
)  # fmt: skip
def test_a_recorded_log_goes_in_through_the_page_once(company, client, name, new, region):
    content = attlog(name)
    client.force_login(company.hr)

    first = client.post(UPLOAD, {"terminal": company.gate.pk, "file": file(content)}, follow=True)
    again = client.post(UPLOAD, {"terminal": company.gate.pk, "file": file(content)}, follow=True)

    assert f"<b>{new}</b>new" in first.content.decode()
    assert region is None or region in first.content.decode()
    assert f"<b>{new}</b>repeated" in again.content.decode()
    assert "Nothing new" in again.content.decode()
    assert TerminalLine.objects.count() == new


def test_a_file_that_is_no_log_is_refused_at_its_field(company, client):
    client.force_login(company.hr)

    page = client.post(UPLOAD, {"terminal": company.gate.pk, "file": file(b"PNG", "a.png")})

    assert "a.png holds no line" in page.content.decode()
    assert not TerminalUpload.objects.exists()


def test_logs_are_brought_only_to_terminals_that_one_may_configure(company, client):
    for user, status in ((company.other, 200), (company.viewer, 404)):
        client.force_login(user)
        answer = client.post(UPLOAD, {"terminal": company.gate.pk, "file": file(said(7))})
        assert answer.status_code == status
    assert not TerminalUpload.objects.exists()


def test_an_upload_does_not_exist_for_another_unit(company, client):
    upload = upload_of(company, said(999))
    client.force_login(company.other)

    assert client.get(result_of(upload)).status_code == 404
    link = reverse("admin:devices_terminalupload_link", args=[upload.pk])
    assert client.post(link, {"pin": "999", "number": "8"}).status_code == 404
    line = reverse("admin:devices_terminalline_change", args=[upload.lines.get().pk])
    assert client.get(line).status_code == 404
    assert (
        "999" not in client.get(reverse("admin:devices_terminalline_changelist")).content.decode()
    )


def test_whoever_may_only_look_links_nobody(company, client):
    upload = upload_of(company, said(999))
    client.force_login(company.viewer)

    assert client.get(result_of(upload)).status_code == 200
    link = reverse("admin:devices_terminalupload_link", args=[upload.pk])
    assert client.post(link, {"pin": "999", "number": "7"}).status_code == 404
    assert not Credential.objects.exists()


def test_a_pin_is_linked_on_the_page_of_its_upload(company, client):
    upload = upload_of(company, said(999))
    TerminalLine.objects.update(state="unknown_person")
    client.force_login(company.hr)
    assert "1 unknown person" in client.get(result_of(upload)).content.decode()

    link = reverse("admin:devices_terminalupload_link", args=[upload.pk])
    page = client.post(link, {"pin": "999", "number": " 7 "}, follow=True)

    assert "PIN 999 is 7 Alice" in page.content.decode()
    credential = Credential.objects.get()
    assert (credential.employee, credential.terminal) == (company.alice, company.gate)
    assert TerminalLine.objects.get().state == "waiting"
    assert AuditEntry.objects.filter(verb="credential.linked", actor=company.hr).exists()


@pytest.mark.parametrize("number", ["8", "12345", ""])
def test_a_pin_is_not_linked_to_somebody_whom_one_may_not_configure(company, client, number):
    upload = upload_of(company, said(999))
    client.force_login(company.hr)

    link = reverse("admin:devices_terminalupload_link", args=[upload.pk])
    page = client.post(link, {"pin": "999", "number": number}, follow=True)

    assert "mployee" in page.content.decode()
    assert not Credential.objects.exists()


def test_a_leavers_line_can_be_tried_again_after_the_date_was_corrected(company, client):
    upload_of(company, said(7))
    TerminalLine.objects.update(state="quarantined", problem="not_employed")
    page = reverse("admin:devices_terminalline_changelist")
    action = {"action": "try_again", "_selected_action": [TerminalLine.objects.get().pk]}

    for user, state in ((company.viewer, "quarantined"), (company.hr, "waiting")):
        client.force_login(user)
        client.post(page, action)
        assert TerminalLine.objects.get().state == state


def test_a_terminal_is_registered_only_where_one_may_configure(company, client):
    client.force_login(company.hr)
    add = reverse("admin:devices_terminal_add")
    said_of_it = {"name": "Side", "serial": "", "timezone": "", "direction": "none",
                  "is_active": "on"}  # fmt: skip

    client.post(add, said_of_it | {"department": company.south.pk})
    assert not Terminal.objects.filter(name="Side").exists()
    client.post(add, said_of_it | {"department": company.north.pk})

    assert Terminal.objects.get(name="Side").department == company.north
    assert AuditEntry.objects.filter(verb="terminal.registered", actor=company.hr).exists()


def test_a_credential_is_given_and_taken_on_its_pages(company, client):
    client.force_login(company.hr)
    add = reverse("admin:devices_credential_add")

    client.post(add, {"value": "55", "employee": company.bob.pk, "terminal": ""})
    assert not Credential.objects.exists()
    client.post(add, {"value": "55", "employee": company.alice.pk, "terminal": company.gate.pk})
    made = Credential.objects.get()
    client.post(reverse("admin:devices_credential_delete", args=[made.pk]), {"post": "yes"})

    assert not Credential.objects.exists()
    verbs = AuditEntry.objects.filter(actor=company.hr).values_list("verb", flat=True)
    assert {"credential.linked", "credential.unlinked"} <= set(verbs)


@pytest.mark.parametrize("page", ["terminal", "terminalupload", "terminalline", "credential"])
def test_a_list_costs_the_same_queries_however_long(
    company, client, page, django_assert_max_num_queries
):
    upload_of(company, b"".join(said(n) for n in range(100, 160)))
    for n in range(30):
        link_pin(pin=str(n), terminal=company.gate, employee=company.alice, actor=None, now=NOW)
    client.force_login(company.hr)

    with django_assert_max_num_queries(20):
        answer = client.get(reverse(f"admin:devices_{page}_changelist"))
    assert answer.status_code == 200
