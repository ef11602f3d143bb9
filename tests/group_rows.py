"""A row of every model, for a unit, for a department and for a person: each text carries a word."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

from axes.models import AccessAttempt
from django.utils import timezone
from django.utils.timezone import localdate
from PIL import Image

from approvals import services as approvals
from approvals.models import (
    Allowance,
    ApprovalRule,
    ApprovalRuleStep,
    Delegation,
    GroupRobot,
    Request,
)
from approvals.services.groups import add_robot
from attendance.evidence.claims import Position
from attendance.evidence.geometry import Circle
from attendance.ledger import NOTHING
from attendance.models import (
    Adjustment,
    AttendanceDay,
    AttendancePeriod,
    Consent,
    DayHistory,
    OfflineClaim,
    PeriodClosing,
    PositionReport,
    Punch,
    PunchDecision,
    Reopening,
    WaitingDay,
)
from attendance.services import absences, corrections, evidence, places, rules
from devices import screens, wifi
from devices import services as devices
from devices.models import AccessPoint, TerminalLine, TerminalUpload
from organization import audit, holds, tokens
from organization.models import Department, Employee, User
from organization.sealed_fields import sealed
from scheduling.models import (
    CalendarDay,
    RosterBatch,
    RosterChange,
    RosterEntry,
    RosterUpload,
    Shift,
    ShiftCode,
)
from scheduling.pattern import ShiftPattern
from scheduling.services import add_shift, assignments, calendar, rosters, rotations

_PATTERN: Final = ShiftPattern(segments=((540, 1080),))
_FIRST: Final = date(2025, 1, 6)
_YARD: Final = Circle(31.2304, 121.4737, 200.0)


def fill_unit(unit: Department, word: str, hr: User) -> dict[str, Any]:
    """Write what a unit owns; return its rows by model label."""
    now, name = timezone.now(), word.title()
    shift = add_shift(
        code=word.upper(), name=f"{name} shift", department=unit, pattern=_PATTERN,
        valid_from=_FIRST, actor=hr, now=now,
    )  # fmt: skip
    rotation = rotations.add_rotation(
        name=f"{name} weeks", kind="cycle", department=unit, anchored_on=_FIRST,
        turns=[shift, None], actor=hr, now=now,
    )  # fmt: skip
    day = calendar.set_company_day(
        day=date(2025, 5, 2), kind=CalendarDay.Kind.DAY_OFF, name=f"{name} day",
        department=unit, actor=hr, now=now,
    )  # fmt: skip
    code = ShiftCode.objects.create(code=f"{word}-z", department=unit, shift=shift)
    return _closed(unit, word, hr) | {
        "scheduling.shift": shift,
        "scheduling.rotation": rotation,
        "scheduling.calendarday": day,
        "scheduling.shiftcode": code,
        "organization.department": unit,
    }


def _closed(department: Department, word: str, hr: User) -> dict[str, Any]:
    first, last, now = date(2025, 2, 1), date(2025, 2, 28), timezone.now()
    period = AttendancePeriod.objects.create(department=department, starts_on=first, ends_on=last)
    closing = PeriodClosing.objects.create(
        period=period, number=1, department=department, starts_on=first, ends_on=last,
        closed_by=hr, closed_at=now, layout=1, people=0, days=0, adjustments=0,
        totals={**NOTHING, "people": 0, "days": 0, "late_count": 0, "early_count": 0},
        names={"closing": [word, word, word]}, confirmed={"typed": word}, checksum=word,
    )  # fmt: skip
    AttendancePeriod.objects.filter(pk=period.pk).update(
        state=AttendancePeriod.State.CLOSED, closing=closing
    )
    period.refresh_from_db()
    asked = Reopening.objects.create(
        closing=closing, asked_by=hr, asked_at=now, reason=f"{word} was wrong"
    )
    return {
        "attendance.attendanceperiod": period,
        "attendance.periodclosing": closing,
        "attendance.reopening": asked,
    }


def fill_department(department: Department, word: str, shift: Shift, hr: User) -> dict[str, Any]:
    """Write what a department has; return its rows by model label."""
    now, name = timezone.now(), word.title()
    assignment = assignments.assign_shift(
        department=department, shift=shift, starts_on=_FIRST, actor=hr, now=now
    )
    rule = rules.add_rule(name=f"{name} rule", department=department, actor=hr, now=now)
    version = rules.draft_rule(
        rule_id=rule.pk, valid_from=_FIRST, text=rules.RuleText(), actor=hr, now=now
    )
    rules.publish_rule(version_id=version.pk, actor=hr, now=now)
    draft = rules.draft_rule(
        rule_id=rule.pk, valid_from=localdate() + timedelta(days=40), text=rules.RuleText(),
        actor=hr, now=now,
    )  # fmt: skip
    terminal = devices.register_terminal(
        name=f"{name} door", department=department, serial=f"{word}-2", actor=hr, now=now
    )
    upload = TerminalUpload.objects.create(
        terminal=terminal, file_name=f"{word}.dat", sha256="0" * 64, line_count=1, new_count=1,
        uploaded_by=hr, uploaded_at=now, damage=[[1, 1]],
    )  # fmt: skip
    line = TerminalLine.objects.create(
        terminal=terminal, upload=upload, line_number=1, raw=f"{word}\t2025-01-06 09:00:00",
        pin=f"{word}-pin", wall_time="2025-01-06 09:00:00", zone="Asia/Shanghai",
        received_at=now, state=TerminalLine.State.UNKNOWN_PERSON,
    )  # fmt: skip
    screen = screens.add_screen(name=f"{name} screen", department=department, actor=hr, now=now)
    row = ApprovalRule.objects.create(name=f"{name} row", department=department)
    ApprovalRuleStep.objects.create(rule=row, way="supervisor")
    return fill_unit(department, word, hr) | {
        "approvals.approvalrule": row,
        "approvals.grouprobot": add_robot(
            GroupRobot(name=f"{name} group", department=department, system="wecom"),
            address=f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={word}",
            actor=hr,
            now=now,
        ),
        "scheduling.shiftassignment": assignment,
        "attendance.attendancerule": rule,
        "attendance.ruleversion": draft,
        "attendance.geofence": places.add_fence(
            department=department,
            text=places.Text(name=f"{name} yard", shape=_YARD, rules=[rule.pk]),
            actor=hr,
            now=now,
        ),
        "devices.terminal": terminal,
        "devices.qrscreen": screen,
        "devices.terminalupload": upload,
        "devices.terminalline": line,
        **_wifi(department, word, hr),
        "organization.department": department,
        "axes.accessattempt": AccessAttempt.objects.create(
            username=word, ip_address="192.0.2.1", user_agent=word, failures_since_start=1
        ),
    }


def _address(word: str) -> str:
    digits = sha256(word.encode()).hexdigest()
    return f"00:10:a4:{digits[:2]}:{digits[2:4]}:{digits[4:6]}"


def _wifi(department: Department, word: str, hr: User) -> dict[str, Any]:
    now = timezone.now()
    point = AccessPoint(department=department, name=f"{word} hall", bssid=_address(f"{word} hall"))
    return {
        "devices.accesspoint": wifi.save_access_point(point, actor=hr, now=now),
        "devices.wificontroller": wifi.add_controller(
            name=f"{word} controller", department=department, network="192.0.2.7",
            secret=wifi.make_secret(), actor=hr, now=now,
        ),
    }  # fmt: skip


def fill_person(
    person: Employee, word: str, unit: dict[str, Any], home: dict[str, Any], hr: User
) -> dict[str, Any]:
    """Write what there is about a person; return the rows by model label.

    The dates are of yesterday: over, and among those that pages show without being asked.
    """
    now, name = timezone.now(), word.title()
    day = localdate() - timedelta(days=1)
    at = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
    until = at + timedelta(hours=2)
    about: dict[str, Any] = {"employee": person, "actor": hr, "now": now}
    rows: dict[str, Any] = {
        "organization.employee": person,
        "organization.user": person.user,
        "organization.apitoken": tokens.issue(person.user, name=name, actor=hr, now=now)[0],
        "attendance.absence": absences.add_absence(
            kind="leave", starts_at=at, ends_at=until, reason=f"{name} ill", **about
        ),
        "attendance.overtimeapproval": absences.approve_overtime(
            work_date=day, starts_at=at, ends_at=until, **about
        ),
        "attendance.correction": corrections.record_correction(
            work_date=day, slot="in", corrected_at=at, reason=f"{name} forgot", **about
        ),
        "devices.credential": devices.link_pin(
            pin=f"{word}-id", terminal=home["devices.terminal"], **about
        ),
        "devices.phoneaddress": wifi.add_phone_address(address=_address(word), **about),
        "organization.auditentry": audit.record(
            actor=hr, verb="employee.edited", thing=person, department=person.department, now=now,
            after={"name": name},
        ),
    }  # fmt: skip
    rows["attendance.consent"] = Consent.objects.create(
        employee=person, purpose="location", version=1, language="en", given_at=now
    )
    rows["organization.legalhold"] = holds.place(
        employee=person, department=None, reason=f"{name} sues", actor=hr, now=now
    )
    rows["scheduling.shiftassignment"] = assignments.assign_shift(
        employee=person, shift=unit["scheduling.shift"], starts_on=_FIRST, actor=hr, now=now
    )
    # Planned by name, so that it is a working day whatever day of the week it is.
    rows |= _roster(person, word, unit["scheduling.shift"], day, hr)
    rows |= _asked(person, word, day, hr)
    rows |= _seen(person, word, home["devices.terminal"], at, hr)
    rows["attendance.offlineclaim"] = OfflineClaim.objects.create(
        employee=person, department=person.department, flight_number="MU5101", departs_on=day,
        leg="departure", claimed_at=at, zone="Asia/Shanghai", declared_at=at,
    )  # fmt: skip
    rows |= _judged(person, word, unit["scheduling.shift"], day)
    rows["attendance.adjustment"] = Adjustment.objects.create(
        employee=person, work_date=date(2025, 2, 3), department=person.department, version=2,
        closing=home["attendance.periodclosing"], before=NOTHING, found_at=now, cause="punch",
        after={**NOTHING, "missing": f"{word} in"},
    )  # fmt: skip
    return rows


def _asked(person: Employee, word: str, day: date, hr: User) -> dict[str, Any]:
    evening = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    request = approvals.submit_make_up(
        employee=person, work_date=day, slot="out", corrected_at=evening - timedelta(hours=2),
        reason=f"{word.title()} forgot", photo=_picture(), actor=person.user, now=timezone.now(),
    )  # fmt: skip
    boss = person.supervisor
    delegation = Delegation.objects.create(
        giver=boss.user if boss is not None else hr,
        deputy=User.objects.create_user(f"{word}-deputy"),
        department=person.department,
        starts_at=evening,
        ends_at=evening + timedelta(days=9),
        given_at=evening,
    )
    allowance = Allowance.objects.create(
        employee=person, leave_type=Request.LeaveType.ANNUAL, year=day.year, days=5
    )
    return {
        "approvals.request": request,
        "approvals.delegation": delegation,
        "approvals.allowance": allowance,
    }


@cache
def _picture() -> bytes:
    written = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(written, "JPEG")
    return written.getvalue()


def _roster(person: Employee, word: str, shift: Shift, day: date, hr: User) -> dict[str, Any]:
    upload = RosterUpload.objects.create(
        file_name=f"{word}.csv", content=f"name,1\n{word},R".encode(), sha256="0" * 64,
        uploaded_by=hr,
    )  # fmt: skip
    batch = RosterBatch.objects.create(
        upload=RosterUpload.objects.create(
            file_name=f"{word}-old.csv", content=b"name,1", sha256="0" * 64, uploaded_by=hr,
            state=RosterUpload.State.CONFIRMED,
        ),
        title=f"{word} month", starts_on=day, ends_on=day, confirmed_by=hr,
        confirmed_at=timezone.now(),
    )  # fmt: skip
    entry = rosters.set_entry(
        employee_id=person.pk, work_date=day, shift=shift, actor=hr, now=timezone.now()
    )
    RosterEntry.objects.filter(pk=entry.pk).update(batch=batch)
    RosterChange.objects.create(
        batch=batch, employee=person, work_date=day, had_entry=False, has_entry=True,
        shift_after=shift,
    )  # fmt: skip
    return {
        "scheduling.rosterentry": entry,
        "scheduling.rosterbatch": batch,
        "scheduling.rosterupload": upload,
    }


def _seen(person: Employee, word: str, terminal: Any, at: datetime, hr: User) -> dict[str, Any]:
    punch = Punch.objects.create(
        employee=person, department=person.department, punched_at=at, received_at=at,
        zone="Asia/Shanghai", method=Punch.Method.CARD, source=Punch.Source.TERMINAL,
        terminal=terminal, natural_key=f"{word}-key", is_held=True,
    )  # fmt: skip
    evidence.keep_evidence(punch, now=at, integrity={"phone": f"{word} phone"})
    PunchDecision.objects.create(
        punch=punch, verdict=PunchDecision.Verdict.ACCEPTED, reason=f"{word} seen", decided_by=hr,
        decided_at=at,
    )  # fmt: skip
    place = Position(31.2304, 121.4737, 20.0, "wgs84")
    report = PositionReport.objects.create(
        employee=person,
        department=person.department,
        reported_at=at,
        sealed=sealed(
            PositionReport, "sealed", json.dumps(place._asdict()).encode(),
            employee_id=person.pk, reported_at=at,
        ),
        kept_at=at,
        keep_until=(at + timedelta(days=90)).date(),
    )  # fmt: skip
    return {"attendance.punch": punch, "attendance.positionreport": report}


def _judged(person: Employee, word: str, shift: Shift, day: date) -> dict[str, Any]:
    row = AttendanceDay.objects.create(
        employee=person, work_date=day, department=person.department, shift=shift,
        status=AttendanceDay.Status.LATE, late_minutes=7, has_trouble=True,
        judged_at=timezone.now(),
    )  # fmt: skip
    DayHistory.objects.create(
        day=row, status=AttendanceDay.Status.NORMAL, facts={"said": word},
        judged_at=timezone.now(), replaced_at=timezone.now(),
    )  # fmt: skip
    waiting = WaitingDay.objects.update_or_create(
        employee=person, work_date=day,
        defaults={"facts_version": 1, "cause": "ordered", "since": timezone.now(),
                  "failed_count": 1, "problem": f"{word} stuck"},
    )[0]  # fmt: skip
    return {"attendance.attendanceday": row, "attendance.waitingday": waiting}
