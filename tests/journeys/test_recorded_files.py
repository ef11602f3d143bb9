"""The recorded roster and terminal logs go in through a real browser, and by command."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from attendance.models import Punch, WaitingDay
from attendance.services import days
from attendance.tasks import take_in_lines
from conftest import SAMPLES
from devices.models import Terminal, TerminalLine
from organization import services as people
from organization.models import Employee, User
from scheduling.models import RosterEntry, Shift

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_chromium,
    pytest.mark.needs_samples,
    pytest.mark.django_db(transaction=True),
]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PASSWORD = "a long enough password"
ROSTER = SAMPLES / "roster_matrix_2026-04.xlsx"
LOGS = [SAMPLES / "attlog" / f"school_{name}_1_attlog.dat" for name in ("clean", "corrupt_region")]


@pytest.fixture
def desk(browser: Browser, live_server: LiveServer) -> Page:
    people.add_department(
        name="School", code="SCHOOL", parent=None, timezone="Asia/Shanghai", now=NOW
    )
    User.objects.create_superuser("chief", password=PASSWORD)
    page = browser.new_context(locale="en-GB", timezone_id="Asia/Shanghai").new_page()
    page.goto(f"{live_server.url}/admin/")
    page.fill("#id_username", "chief")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector("#nav-sidebar", state="attached")
    return page


def test_the_roster_goes_in_with_its_people_and_codes(desk: Page, live_server: LiveServer) -> None:
    desk.goto(f"{live_server.url}/admin/scheduling/rosterentry/import/")
    desk.set_input_files("input[type=file]", str(ROSTER))
    desk.get_by_role("button", name="Upload and preview").click()

    desk.fill("input[name=joined_on]", "2026-04-01")
    desk.fill("input[name=prefix]", "R")
    desk.select_option("select[name=department]", label="School")
    desk.get_by_role("button", name="Add").click()
    for n in range(4):
        desk.select_option(f"select[name=meaning-{n}]", "new")
        desk.fill(f"input[name=start-{n}]", f"{8 + n}:00")
        desk.fill(f"input[name=end-{n}]", f"{17 + n}:00")
    desk.get_by_role("button", name="Map the codes").click()
    desk.get_by_role("button", name="Import 1080 cells").click()
    desk.wait_for_selector("text=The roster is imported.")

    assert (Employee.objects.count(), Shift.objects.count()) == (36, 4)
    assert RosterEntry.objects.count() == 1080
    said = StringIO()
    call_command("import_roster", str(ROSTER), "--dry-run", stdout=said)
    assert "1080" in said.getvalue()
    assert RosterEntry.objects.count() == 1080


def test_the_terminal_logs_go_in_and_become_punches(desk: Page, live_server: LiveServer) -> None:
    Terminal.objects.create(
        name="Gate", department_id=people.Department.objects.get(code="SCHOOL").pk
    )
    for log in LOGS:
        desk.goto(f"{live_server.url}/admin/devices/terminalupload/upload/")
        desk.select_option("select[name=terminal]", label="Gate")
        desk.set_input_files("input[type=file]", str(log))
        desk.get_by_role("button", name="Upload").click()
        desk.wait_for_selector("text=quarantined")
    stored = TerminalLine.objects.count()
    assert stored > 1200

    for log in LOGS:
        said = StringIO()
        call_command("import_attlog", str(log), "--terminal", "Gate", stdout=said)
    assert TerminalLine.objects.count() == stored

    pins = TerminalLine.objects.order_by().values_list("pin", flat=True).distinct()
    school = people.Department.objects.get(code="SCHOOL")
    for pin in pins:
        people.hire(
            number=pin, name=f"PIN {pin}", department=school, joined_on=date(2000, 1, 1), now=NOW
        )
    take_in_lines()
    days.judge_all(now=datetime(2026, 11, 1, tzinfo=UTC))

    assert Punch.objects.count() > 1200
    assert not TerminalLine.objects.filter(state="unknown_person").exists()
    assert not WaitingDay.objects.filter(failed_count__gt=0).exists()
