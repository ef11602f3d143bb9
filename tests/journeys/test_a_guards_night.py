"""From Excel to an explained day: the roster in a browser, punches over HTTP, a real worker."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from guardian.shortcuts import assign_perm
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from attendance.models import AttendanceDay, Punch
from conftest import LiveWorker
from organization import services as people
from organization import tokens
from organization.models import Change, Employee, User
from scheduling.models import CalendarYear
from scheduling.pattern import ShiftPattern
from scheduling.services import add_shift
from scheduling.workbook import Table, write_workbook

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_chromium,
    pytest.mark.django_db(transaction=True),
]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVENING = date(2026, 3, 2)
PASSWORD = "a long enough password"
NIGHT = ShiftPattern(segments=((1320, 1800),), late_grace=10)


def a_guard() -> Employee:
    group = people.add_department(
        name="Group", code="G", parent=None, timezone="Asia/Shanghai", now=NOW
    )
    gate = people.add_department(name="Gate", code="GATE", parent=group, is_unit=True, now=NOW)
    add_shift(code="夜", name="Night", pattern=NIGHT, valid_from=date(2026, 1, 1), now=NOW)
    CalendarYear.objects.create(year=2026, state="announced")
    hr = User.objects.create_user("gate_hr", password=PASSWORD, is_staff=True)
    for action in ("see", "rule", "export"):
        assign_perm(f"organization.{action}", hr, gate)
    clock = User.objects.create_user("gate_clock", is_program=True)
    assign_perm("organization.record", clock, gate)
    guard = people.hire(
        number="00301", name="王强", department=gate, joined_on=date(2026, 1, 1), now=NOW
    )
    Change.objects.update(handled_at=NOW)
    return guard


def log_in(browser: Browser, home: str, locale: str) -> Page:
    page = browser.new_context(locale=locale, timezone_id="Asia/Shanghai").new_page()
    page.goto(f"{home}/admin/")
    page.fill("#id_username", "gate_hr")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector("#nav-sidebar", state="attached")
    return page


def import_roster(page: Page, home: str, sheet: Path) -> None:
    page.goto(f"{home}/admin/scheduling/rosterentry/import/")
    page.set_input_files("input[type=file]", str(sheet))
    page.get_by_role("button", name="Upload and preview").click()
    page.get_by_role("button", name="Import 2 cells").click()
    page.wait_for_selector("text=The roster is imported.")


def report(home: str, *moments: str) -> dict[str, Any]:
    user = User.objects.get(username="gate_clock")
    _token, key = tokens.issue(user, name="gate", actor=None, now=timezone.now())
    punches = [{"employee": "00301", "at": at, "method": "card"} for at in moments]
    request = urllib.request.Request(  # noqa: S310  (the test's own server)
        f"{home}/api/v1/punches",
        data=json.dumps({"punches": punches}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Token {key}"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        return json.load(answer)


def test_a_night_from_excel_to_an_explained_day(
    browser: Browser, live_server: LiveServer, live_worker: LiveWorker, tmp_path: Path
) -> None:
    guard = a_guard()
    sheet = tmp_path / "march.xlsx"
    dates = [EVENING, date(2026, 3, 3)]
    sheet.write_bytes(
        write_workbook([Table("三月", ["工号", "姓名", *dates], [["00301", "王强", "夜", "休"]])])
    )
    desk = log_in(browser, live_server.url, "en-GB")
    import_roster(desk, live_server.url, sheet)

    # The morning's punch arrives before the evening's, and everything arrives twice.
    shuffled = ("2026-03-03T06:02:00+08:00", "2026-03-02T21:55:00+08:00")
    report(live_server.url, *shuffled)
    again = report(live_server.url, *shuffled)

    live_worker.ring("attendance.tasks.judge_waiting_days")
    live_worker.wait_until(lambda: AttendanceDay.objects.filter(work_date=EVENING).exists())

    assert (again["created"], again["repeated"], Punch.objects.count()) == (0, 2, 2)
    days = AttendanceDay.objects.filter(employee=guard).exclude(status="rest")
    assert [(day.work_date, day.status, day.worked_minutes) for day in days] == [
        (EVENING, "normal", 480)
    ]
    address = f"{live_server.url}/admin/attendance/attendanceday/day/{guard.pk}/{EVENING}/"
    desk.goto(address)
    english = desk.inner_text("main, #content, body")
    chinese_desk = log_in(browser, live_server.url, "zh-CN")
    chinese_desk.goto(address)
    chinese = chinese_desk.inner_text("main, #content, body")
    for words in (english, chinese):
        assert "21:55" in words
        assert "30:02" in words
        assert "22:00" in words
    assert "Normal" in english
    assert "正常" in chinese
