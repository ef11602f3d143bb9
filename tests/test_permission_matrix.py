"""Every page of the console, every member of the cast: who opens it, and whose rows it shows."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import pytest
from django.contrib import admin
from django.urls import reverse

from approvals import services as approvals
from approvals.models import Allowance, ApprovalRule, Delegation, GroupRobot
from attendance.evidence.geometry import Circle
from attendance.ledger import NOTHING
from attendance.models import (
    Absence,
    Adjustment,
    AttendanceDay,
    AttendancePeriod,
    AttendanceRule,
    Consent,
    Correction,
    OfflineClaim,
    OvertimeApproval,
    PeriodClosing,
    PositionReport,
    Punch,
    WaitingDay,
)
from attendance.services import places
from devices import screens, wifi
from devices.models import AccessPoint, Credential, Terminal, TerminalLine, TerminalUpload
from organization.audit import record
from organization.keeping_models import LegalHold
from organization.models import RoleAssignment, User
from organization.scoped_admin import ScopedAdmin
from scheduling.models import (
    CalendarDay,
    RosterBatch,
    RosterChange,
    RosterEntry,
    Rotation,
    Shift,
    ShiftAssignment,
    ShiftCode,
)
from scheduling.pattern import ShiftPattern
from scheduling.services.shifts import add_shift
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("standing_cast")

DAY = date(2026, 3, 2)
AT, UNTIL = datetime(2026, 3, 2, 1, tzinfo=UTC), datetime(2026, 3, 2, 2, tzinfo=UTC)

# Who opens a list. Alice works there and has no grant; Bob leads her; hr has the unit.
EVERYBODY = frozenset(("alice", "bob", "hr", "other_hr", "superuser"))
SEEING = EVERYBODY - {"alice"}
CONFIGURING = SEEING - {"bob"}
ADMINISTRATORS = frozenset(("superuser",))


class Page(NamedTuple):
    """Who opens the list of a page, and a row of Carol's that it must hide from Alice's side."""

    readers: frozenset[str]
    row: Callable[[Cast], Any] | None = None


def shift(cast: Cast, code: str = "X") -> Shift:
    return add_shift(
        code=code,
        name="Carol's shift",
        department=cast.other_unit,
        pattern=ShiftPattern(segments=((540, 1080),)),
        valid_from=DAY,
        now=NOW,
    )


def terminal(cast: Cast) -> Terminal:
    return Terminal.objects.create(name="Dyeing gate", department=cast.other_department)


def upload(cast: Cast) -> TerminalUpload:
    return TerminalUpload.objects.create(
        terminal=terminal(cast), file_name="dyeing.dat", sha256="0" * 64, uploaded_at=NOW
    )


def period(cast: Cast) -> AttendancePeriod:
    return AttendancePeriod.objects.create(
        department=cast.other_unit, starts_on=date(2026, 2, 1), ends_on=date(2026, 2, 28)
    )


def closing(cast: Cast) -> PeriodClosing:
    made = period(cast)
    return PeriodClosing.objects.create(
        period=made, number=1, department=made.department, starts_on=made.starts_on,
        ends_on=made.ends_on, closed_at=NOW, layout=1, people=0, days=0, adjustments=0,
        totals={**NOTHING, "people": 0, "days": 0, "late_count": 0, "early_count": 0},
        names={}, confirmed={}, checksum="x",
    )  # fmt: skip


def batch(cast: Cast) -> RosterBatch:
    made = RosterBatch.objects.create(
        title="Dyeing 2026-03", starts_on=DAY, ends_on=DAY, confirmed_at=NOW
    )
    RosterEntry.objects.create(employee=cast.carol, work_date=DAY, batch=made)
    RosterChange.objects.create(
        batch=made, employee=cast.carol, work_date=DAY, had_entry=False, has_entry=True
    )
    return made


def punch(cast: Cast) -> Punch:
    return Punch.objects.create(
        employee=cast.carol,
        department=cast.other_department,
        punched_at=AT,
        received_at=AT,
        zone="Asia/Shanghai",
        method=Punch.Method.CARD,
        source=Punch.Source.API,
        natural_key="carol",
    )


def day(cast: Cast) -> AttendanceDay:
    return AttendanceDay.objects.create(
        employee=cast.carol,
        work_date=DAY,
        department=cast.other_department,
        status=AttendanceDay.Status.LATE,
        judged_at=NOW,
    )


PAGES = {
    "organization.department": Page(SEEING, lambda cast: cast.other_department),
    "organization.employee": Page(EVERYBODY, lambda cast: cast.carol),
    "organization.position": Page(SEEING),
    "organization.user": Page(CONFIGURING, lambda cast: cast.carol.user),
    "organization.role": Page(CONFIGURING),
    "organization.roleassignment": Page(
        CONFIGURING, lambda cast: RoleAssignment.objects.get(user=cast.carol.user)
    ),
    "organization.seal": Page(ADMINISTRATORS),
    "axes.accessattempt": Page(ADMINISTRATORS),
    "organization.retentionrun": Page(ADMINISTRATORS),
    "organization.legalhold": Page(
        CONFIGURING,
        lambda cast: LegalHold.objects.create(employee=cast.carol, reason="x", since=NOW),
    ),
    "organization.auditentry": Page(
        CONFIGURING,
        lambda cast: record(
            actor=cast.other_hr,
            verb="looked",
            thing=cast.carol,
            department=cast.other_department,
            now=NOW,
        ),
    ),
    "scheduling.shift": Page(SEEING, shift),
    "scheduling.rotation": Page(
        SEEING,
        lambda cast: Rotation.objects.create(
            name="Carol's weeks", anchored_on=DAY, department=cast.other_unit
        ),
    ),
    "scheduling.shiftassignment": Page(
        SEEING,
        lambda cast: ShiftAssignment.objects.create(
            department=cast.other_department, shift=shift(cast), starts_on=DAY
        ),
    ),
    "scheduling.calendarday": Page(
        SEEING,
        lambda cast: CalendarDay.objects.create(
            day=DAY, kind=CalendarDay.Kind.DAY_OFF, name="Dyeing day", department=cast.other_unit
        ),
    ),
    "scheduling.calendarsource": Page(ADMINISTRATORS),
    "attendance.flight": Page(ADMINISTRATORS),
    "attendance.notice": Page(SEEING),
    "attendance.consent": Page(
        EVERYBODY,
        lambda cast: Consent.objects.create(
            employee=cast.carol, purpose="location", version=1, language="en", given_at=NOW
        ),
    ),
    "attendance.geofence": Page(
        SEEING,
        lambda cast: places.add_fence(
            department=cast.other_unit,
            text=places.Text(name="Dyeing yard", shape=Circle(31.23, 121.47, 200)),
            now=NOW,
        ),
    ),
    "devices.qrscreen": Page(
        SEEING,
        lambda cast: screens.add_screen(
            name="Dyeing door", department=cast.other_unit, actor=None, now=NOW
        ),
    ),
    "attendance.attendanceperiod": Page(SEEING, period),
    "attendance.periodclosing": Page(SEEING, closing),
    "attendance.adjustment": Page(
        EVERYBODY,
        lambda cast: Adjustment.objects.create(
            employee=cast.carol,
            work_date=DAY,
            department=cast.other_department,
            version=2,
            closing=closing(cast),
            before=NOTHING,
            after=NOTHING,
            found_at=NOW,
            cause="punch",
        ),
    ),
    "attendance.positionreport": Page(
        EVERYBODY,
        lambda cast: PositionReport.objects.create(
            employee=cast.carol,
            department=cast.other_department,
            reported_at=AT,
            sealed=b"x",
            kept_at=AT,
            keep_until=DAY,
        ),
    ),
    "attendance.offlineclaim": Page(
        EVERYBODY,
        lambda cast: OfflineClaim.objects.create(
            employee=cast.carol,
            department=cast.other_department,
            flight_number="MU5101",
            departs_on=DAY,
            leg="departure",
            claimed_at=NOW,
            zone="Asia/Shanghai",
            declared_at=NOW,
        ),
    ),
    "scheduling.rosterentry": Page(
        EVERYBODY,
        lambda cast: RosterEntry.objects.create(employee=cast.carol, work_date=DAY),
    ),
    "scheduling.rosterbatch": Page(CONFIGURING, batch),
    "scheduling.shiftcode": Page(
        SEEING,
        lambda cast: ShiftCode.objects.create(code="Z", department=cast.other_unit),
    ),
    "attendance.attendancerule": Page(
        SEEING,
        lambda cast: AttendanceRule.objects.create(
            name="Dyeing rule", department=cast.other_department
        ),
    ),
    "approvals.request": Page(
        EVERYBODY,
        lambda cast: approvals.submit_overtime(
            employee=cast.carol,
            work_date=DAY,
            starts_at=AT,
            ends_at=UNTIL,
            reason="stayed",
            actor=cast.carol.user,
            now=NOW,
        ),
    ),
    "approvals.approvalrule": Page(
        SEEING,
        lambda cast: ApprovalRule.objects.create(
            name="Dyeing row", department=cast.other_department
        ),
    ),
    "approvals.delegation": Page(
        SEEING,
        lambda cast: Delegation.objects.create(
            giver=cast.carol.user,
            deputy=cast.other_hr,
            department=cast.other_department,
            starts_at=AT,
            ends_at=UNTIL,
            given_at=AT,
        ),
    ),
    "approvals.grouprobot": Page(
        SEEING,
        lambda cast: GroupRobot.objects.create(
            department=cast.other_department, name="Dyers", system="wecom", sealed_address=b"-"
        ),
    ),
    "approvals.allowance": Page(
        EVERYBODY,
        lambda cast: Allowance.objects.create(
            employee=cast.carol, leave_type="annual", year=2026, days=5
        ),
    ),
    "attendance.attendanceday": Page(EVERYBODY, day),
    "attendance.waitingday": Page(
        CONFIGURING,
        lambda cast: WaitingDay.objects.create(
            employee=cast.carol, work_date=DAY, facts_version=1, cause="ordered", since=NOW
        ),
    ),
    "attendance.punch": Page(EVERYBODY, punch),
    "attendance.correction": Page(
        EVERYBODY,
        lambda cast: Correction.objects.create(
            employee=cast.carol,
            work_date=DAY,
            slot="in",
            corrected_at=AT,
            reason="forgotten",
            decided_at=NOW,
        ),
    ),
    "attendance.absence": Page(
        EVERYBODY,
        lambda cast: Absence.objects.create(
            employee=cast.carol,
            kind=Absence.Kind.LEAVE,
            starts_at=AT,
            ends_at=UNTIL,
            approved_at=NOW,
        ),
    ),
    "attendance.overtimeapproval": Page(
        EVERYBODY,
        lambda cast: OvertimeApproval.objects.create(
            employee=cast.carol, work_date=DAY, starts_at=AT, ends_at=UNTIL, approved_at=NOW
        ),
    ),
    "devices.terminal": Page(SEEING, terminal),
    "devices.terminalupload": Page(SEEING, upload),
    "devices.terminalline": Page(
        SEEING,
        lambda cast: TerminalLine.objects.create(
            terminal=terminal(cast),
            raw="1 2026-03-02 09:00:00",
            pin="1",
            wall_time="2026-03-02 09:00:00",
            zone="Asia/Shanghai",
            received_at=NOW,
        ),
    ),
    "devices.credential": Page(
        EVERYBODY,
        lambda cast: Credential.objects.create(employee=cast.carol, value="777"),
    ),
    "devices.accesspoint": Page(
        SEEING,
        lambda cast: AccessPoint.objects.create(
            department=cast.other_department, name="Dyeing hall", bssid="00:10:a4:23:19:c0"
        ),
    ),
    "devices.wificontroller": Page(
        SEEING,
        lambda cast: wifi.add_controller(
            name="Dyeing Wi-Fi",
            department=cast.other_department,
            network="192.0.2.7",
            secret=wifi.make_secret(),
            actor=None,
            now=NOW,
        ),
    ),
    "devices.phoneaddress": Page(
        EVERYBODY,
        lambda cast: wifi.add_phone_address(
            employee=cast.carol, address="8c:a6:df:c8:f7:4b", actor=None, now=NOW
        ),
    ),
}

OPEN = {
    model._meta.label_lower: page
    for model, page in admin.site._registry.items()
    if isinstance(page, ScopedAdmin)
}
LINES = sorted(OPEN.keys() & PAGES.keys())
WITH_ROWS = [label for label in LINES if PAGES[label].row is not None]


def someone(cast: Cast, role: str) -> User:
    found = getattr(cast, role)
    return found if isinstance(found, User) else found.user


def address(label: str, page: str, *args: Any) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


def test_every_page_has_a_line_in_the_table():
    assert OPEN.keys() <= PAGES.keys()


@pytest.mark.parametrize("role", sorted(EVERYBODY))
@pytest.mark.parametrize("label", LINES)
def test_a_list_opens_for_whom_the_table_names(client, cast, label, role):
    client.force_login(someone(cast, role))

    status = client.get(address(label, "changelist")).status_code

    assert status == (200 if role in PAGES[label].readers else 403)


@pytest.mark.parametrize("role", ["alice", "bob", "hr"])
@pytest.mark.parametrize("label", WITH_ROWS)
def test_a_row_of_another_unit_does_not_exist(client, cast, label, role):
    row = PAGES[label].row(cast)
    client.force_login(someone(cast, role))

    for page in ("change", "history", "delete"):
        assert client.get(address(label, page, row.pk)).status_code in (403, 404), page
    if role in PAGES[label].readers:
        assert client.get(address(label, "change", row.pk)).status_code == 404
        shown = client.get(address(label, "changelist"))
        if "cl" in (shown.context or {}):
            assert not shown.context["cl"].queryset.filter(pk=row.pk).exists()


@pytest.mark.parametrize("role", ["other_hr", "superuser"])
@pytest.mark.parametrize("label", WITH_ROWS)
def test_a_row_is_there_for_those_it_belongs_to(client, cast, label, role):
    row = PAGES[label].row(cast)
    client.force_login(someone(cast, role))

    # Some pages of the console stand at an address of their own, and the stock one leads there.
    assert client.get(address(label, "change", row.pk), follow=True).status_code == 200


@pytest.mark.parametrize("role", ["alice", "bob", "hr"])
@pytest.mark.parametrize("label", LINES)
def test_no_list_filter_or_form_names_anything_of_another_unit(client, cast, label, role):
    if PAGES[label].row is not None:
        PAGES[label].row(cast)
    client.force_login(someone(cast, role))

    for page in ("changelist", "add"):
        answer = client.get(address(label, page))
        if answer.status_code == 200:
            text = answer.content.decode()
            for word in ("Carol", "Dyeing", "South"):
                assert word not in text, f"{page} of {label} names {word}"


@pytest.mark.parametrize("label", LINES)
def test_nobody_opens_a_page_without_logging_in(client, cast, label):
    answer = client.get(address(label, "changelist"))

    assert answer.status_code == 302
    assert "/login/" in answer["Location"]
