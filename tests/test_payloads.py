"""What strangers write stays text: markup, templates, programs, SQL and paths.

P-01, P-03, P-15, P-16, P-19 and P-20 of the security notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

import pytest
import tablib
from django.conf import settings
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from attendance.services.punching import take_in_lines
from config.doorbook.rules import Who
from devices.models import TerminalLine, TerminalUpload
from devices.services import keep_log, register_terminal
from organization import audit
from organization.models import Department, Employee
from scheduling.pattern import ShiftPattern
from scheduling.services.shifts import add_shift
from tests.cast import NOW, Cast
from tests.group import Group
from tests.test_every_deed import list_of
from tests.walking import actions, changed, go, read, snapshot, walkers

MARKUP: Final = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
TEMPLATE: Final = "{{ settings.SECRET_KEY }}{% debug %}${7*7}{0.__class__}%(x)s"
LINE: Final = "        7\t2026-03-02 08:58:03\t1\t0\t1\t0\n"
EMPLOYEES: Final = "/admin/organization/employee/"


def pages(client: Client) -> Iterator[tuple[str, str]]:
    """Yield every list of the console, every row that it shows, and what stands around them."""
    shown = [reverse("admin:index"), reverse("admin:attendance_month"), reverse("totals"), "/me/"]
    for model in admin.site._registry:
        base = f"admin:{model._meta.label_lower.replace('.', '_')}"
        rows = list(model._base_manager.order_by("-pk").values_list("pk", flat=True)[:5])
        shown += [
            reverse(f"{base}_changelist"),
            *(reverse(f"{base}_change", args=[pk]) for pk in rows),
        ]
        shown += [reverse(f"{base}_history", args=[pk]) for pk in rows[:1]]
    for where in shown:
        answer = client.get(where, follow=True)
        if answer.status_code == 200:
            yield where, read(answer)


@pytest.mark.django_db
def test_p03_p15_what_came_in_by_other_doors_is_text_on_every_page(
    cast: Cast, client: Client
) -> None:
    """P-03, P-15: by a table, a terminal, a roster, a program and the log; read on every page."""
    client.force_login(cast.superuser)
    _by_a_table(client)
    gate = register_terminal(name=MARKUP, department=cast.department, actor=None, now=NOW)
    line = f"{MARKUP}\t2026-03-02 08:58:03\t1\t0\t1\t0\n{LINE}"
    keep_log(terminal=gate, file_name=MARKUP, content=line.encode(), actor=None, now=NOW)
    take_in_lines(now=NOW)
    client.post(
        reverse("admin:scheduling_rosterentry_import"),
        {"file": SimpleUploadedFile(f"{TEMPLATE}.csv", f"name,1\n{MARKUP},R".encode())},
    )
    add_shift(
        code="X", name=MARKUP, department=None, pattern=ShiftPattern(segments=((540, 1080),)),
        valid_from=NOW.date(), actor=None, now=NOW,
    )  # fmt: skip
    Department.objects.filter(pk=cast.department.pk).update(name=MARKUP, code=TEMPLATE[:30])
    audit.record(actor=None, verb=MARKUP, thing=audit.Thing("x", MARKUP), now=NOW, why=TEMPLATE)

    found = dict(pages(client))

    for where, text in found.items():
        assert "<script>alert(1)" not in text, where
        assert "<img src=x" not in text, where
        assert settings.SECRET_KEY not in text, where
    everything = "\n".join(found.values())
    assert everything.count("&lt;script&gt;alert(1)") > 10
    assert "{{ settings.SECRET_KEY }}" in everything
    assert len(found) > 40


def _by_a_table(client: Client) -> None:
    rows = [["00901", MARKUP, "N-W", "2026-03-02"], ["00902", TEMPLATE, "N-W", "2026-03-02"]]
    sheet = tablib.Dataset(*rows, headers=["number", "name", "department", "joined_on"])
    file = SimpleUploadedFile(f"{MARKUP}.csv", sheet.export("csv").encode())
    preview = client.post(
        f"{EMPLOYEES}import/",
        {"import_file": file, "format": "1", "resource": "0", "effective_on": "2026-03-02"},
    )
    assert "<script>alert(1)" not in preview.content.decode()
    client.post(f"{EMPLOYEES}process_import/", preview.context["confirm_form"].initial)
    assert Employee.objects.get(number="00901").name == MARKUP


@pytest.mark.django_db
def test_p03_a_program_reads_markup_as_json_and_never_as_a_page(cast: Cast, client: Client) -> None:
    """P-03: the interface answers in one type, which no browser draws."""
    Employee.objects.filter(pk=cast.alice.pk).update(name=MARKUP)
    client.force_login(cast.hr)

    answer = client.get("/api/v1/employees/", headers={"accept": "text/html"})
    refused = client.get("/api/v1/punches/", {"employee": MARKUP, "from": MARKUP})

    assert (answer.status_code, answer["Content-Type"]) in (
        (200, "application/json"),
        (406, "application/json"),
    )
    assert refused["Content-Type"] == "application/json"
    assert answer["X-Content-Type-Options"] == "nosniff"


# Programs -----------------------------------------------------------------------------------------


def programs(canary: Path) -> tuple[str, ...]:
    return (
        f"__import__('pathlib').Path({str(canary)!r}).touch()",
        f"os.system('touch {canary}')",
        f"$(touch {canary})",
        f"`touch {canary}`",
        f"; touch {canary} #",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{% include '/etc/passwd' %}",
        "1); DROP TABLE organization_employee; --",
        "%s%s%n{0.__init__.__globals__}",
    )


def test_p01_no_bulk_door_runs_what_it_is_sent(five_units: Group, tmp_path: Path) -> None:
    """P-01: actions on chosen rows and batches of punches, whatever stands in their fields."""
    canary = tmp_path / "canary"
    actor, client = next(
        pair for pair in walkers(five_units) if pair[0].who is Who.SUPER_ADMINISTRATOR
    )
    unit = five_units.units[0]
    program = Client(headers={"authorization": f"Token {unit.keys['source']}"})
    before, wrong = snapshot(), []
    for payload in programs(canary):
        for label, name, _listed in actions():
            for asked in (
                {"action": payload, "_selected_action": ["1"]},
                {"action": name, "_selected_action": [payload], "post": "yes"},
                {"action": name, "_selected_action": [payload], "select_across": payload},
            ):
                answer = go(client, "POST", list_of(label), asked)
                if answer.happened == "crashed":
                    wrong.append(f"{label} {asked}: {answer.text[:200]!r}")
        ann = unit.people["ann"].number
        good = {"employee": ann, "at": "2026-03-02T09:00:00+08:00", "method": "card"}
        batch = [{**good, field: payload} for field in (*good, "direction", "evidence", payload)]
        answer = go(program, "POST", "/api/v1/punches/", {"punches": batch},
                    content_type="application/json")  # fmt: skip
        if answer.status != 200 or '"created":0' not in answer.text.replace(" ", ""):
            wrong.append(f"batch of {payload}: {answer.text[:300]!r}")

    assert not wrong, "\n".join(wrong)
    assert not canary.exists()
    assert changed(before, snapshot()) == []
    assert actor.user is not None


# Paths --------------------------------------------------------------------------------------------

CLIMBS: Final = (
    "../../../../../../etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd",
    "..%252f..%252fetc%252fpasswd", "....//....//etc/passwd", "..\\..\\..\\etc\\passwd",
    "..%5c..%5cetc%5cpasswd", "/etc/passwd", "%2fetc%2fpasswd", "%00/etc/passwd",
    "../manage.py", "../config/settings.py", "../var/kaoqin.sqlite3", ".%2e/.env",
)  # fmt: skip
SECRETS: Final = ("root:x:", "INSTALLED_APPS", "SQLite format", "execute_from_command_line")


@pytest.mark.django_db
def test_p16_no_address_climbs_out_of_its_folder(cast: Cast, client: Client) -> None:
    """P-16: files, pages of photos, the console and the interface."""
    client.force_login(cast.superuser)
    for base in ("/static/", "/static/dist/", "/media/", "/admin/", "/api/v1/", "/me/", "/",
                 "/admin/r/1/", "/admin/attendance/punch/1/evidence/", "/iclock/"):  # fmt: skip
        for climb in CLIMBS:
            answer = client.get(f"{base}{climb}", follow=True)
            text = read(answer)
            assert answer.status_code in (200, 301, 302, 400, 404), f"{base}{climb}"
            assert not [word for word in SECRETS if word in text], f"{base}{climb}"


@pytest.mark.django_db
def test_p16_an_import_opens_the_file_that_was_uploaded_and_no_other(
    cast: Cast, client: Client
) -> None:
    """P-16: not by a path, not by a name, not that of somebody else; and none is taken away."""
    client.force_login(cast.superuser)
    with NamedTemporaryFile(suffix=".csv") as file:
        file.write(b"number,name\n00101,Stolen\n")
        file.flush()
        preview = _preview(client, "00101", "Alicia")
        signed = preview.context["confirm_form"].initial["import_file_name"]
        client.force_login(cast.hr)
        for name in ("../../../../etc/passwd", "/etc/passwd", "..\\..\\x", "", Path(file.name).name,
                     file.name, signed, signed[:-1], f"{Path(file.name).name}:1:2"):  # fmt: skip
            for kind in ("1", "0", "9", "x", ""):
                form = {"import_file_name": name, "original_file_name": name, "format": kind,
                        "resource": "0", "effective_on": "2026-03-02"}  # fmt: skip
                answer = go(client, "POST", f"{EMPLOYEES}process_import/", form)
                assert answer.happened in ("moved", "wrong"), (name, kind, answer.text[:300])
                assert "root:x:" not in answer.text
        assert Path(file.name).exists()
    cast.alice.refresh_from_db()
    assert cast.alice.name == "Alice"


def _preview(client: Client, number: str, name: str) -> Any:
    sheet = tablib.Dataset([number, name], headers=["number", "name"])
    return client.post(
        f"{EMPLOYEES}import/",
        {"import_file": SimpleUploadedFile("a.csv", sheet.export("csv").encode()), "format": "1",
         "resource": "0", "effective_on": "2026-03-02"},
    )  # fmt: skip


@pytest.mark.django_db
def test_an_import_whose_file_is_gone_says_so(cast: Cast, client: Client) -> None:
    client.force_login(cast.hr)
    form = _preview(client, "00101", "Alicia").context["confirm_form"].initial
    client.post(f"{EMPLOYEES}process_import/", form)

    again = client.post(f"{EMPLOYEES}process_import/", form, follow=True)

    assert "Upload it again" in again.content.decode()


@pytest.mark.django_db
def test_p16_p19_an_uploaded_file_is_kept_in_the_database_under_no_path(
    cast: Cast, client: Client, tmp_path: Path
) -> None:
    """P-16, P-19: whatever it is called, it is written into no folder and never run."""
    canary = tmp_path / "run"
    script = f"#!/bin/sh\ntouch {canary}\n".encode()
    gate = register_terminal(name="Gate", department=cast.department, actor=None, now=NOW)
    client.force_login(cast.superuser)
    upload = reverse("admin:devices_terminalupload_upload")
    line = LINE.encode()

    for name, content in (("../../config/x.py", script), ("../../config/x.py", line),
                          ("x.sh", line), ("/etc/cron.d/x", line)):  # fmt: skip
        file = SimpleUploadedFile("x", content)
        file._name = name
        client.post(upload, {"terminal": gate.pk, "file": file})

    kept = list(TerminalUpload.objects.values_list("file_name", flat=True))
    assert kept
    assert not [name for name in kept if "/" in name or "\\" in name]
    assert not canary.exists()
    assert not (Path(settings.BASE_DIR) / "config" / "x.py").exists()


# Terminals ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_p20_nothing_but_digits_and_a_date_leaves_a_terminals_line(cast: Cast) -> None:
    """P-20: a line that says anything else is damage, counted and named; it becomes no row."""
    gate = register_terminal(
        name="Gate", department=cast.department, serial="1'; DROP TABLE x; --%s{0}", actor=None,
        now=NOW,
    )  # fmt: skip
    pins = ("1' OR '1'='1", "%s%n", "{0.__class__}", "00101' --", "\\x27", "9" * 5_000, "00101%",
            "\u0661\u0662", "-1", "1e9")  # fmt: skip
    odd = "".join(f"{pin}\t2026-03-02 08:58:03\t1\t0\t1\t0\n" for pin in pins)
    times = "7\t2026-03-02 08:58:03'; --\t1\t0\t1\t0\n7\t%s\t1\t0\t1\t0\n"

    upload = keep_log(
        terminal=gate, file_name="a", content=(odd + times + LINE).encode(), actor=None, now=NOW
    )
    done = take_in_lines(now=NOW)

    assert (upload.new_count, upload.damaged_count) == (1, len(pins) + 2)
    assert list(TerminalLine.objects.values_list("pin", "state")) == [("7", "unknown_person")]
    assert (done.new, done.unknown) == (0, 1)
