"""A row of every model, for a unit, for a department and for a person: each text carries a word."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from axes.models import AccessAttempt
from django.utils import timezone
from django.utils.timezone import localdate

from attendance.models import (
    AttendanceDay,
    DayHistory,
    Punch,
    PunchDecision,
    WaitingDay,
)
from attendance.services import absences, corrections, evidence, rules
from devices import services as devices
from devices.models import TerminalLine, TerminalUpload
from organization import audit, holds, tokens
from organization.models import Department, Employee, User
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
    return {
        "scheduling.shift": shift,
        "scheduling.rotation": rotation,
        "scheduling.calendarday": day,
        "scheduling.shiftcode": code,
        "organization.department": unit,
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
    return fill_unit(department, word, hr) | {
        "scheduling.shiftassignment": assignment,
        "attendance.attendancerule": rule,
        "attendance.ruleversion": draft,
        "devices.terminal": terminal,
        "devices.terminalupload": upload,
        "devices.terminalline": line,
        "organization.department": department,
        "axes.accessattempt": AccessAttempt.objects.create(
            username=word, ip_address="192.0.2.1", user_agent=word, failures_since_start=1
        ),
    }


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
        "organization.auditentry": audit.record(
            actor=hr, verb="employee.edited", thing=person, department=person.department, now=now,
            after={"name": name},
        ),
    }  # fmt: skip
    rows["organization.legalhold"] = holds.place(
        employee=person, department=None, reason=f"{name} sues", actor=hr, now=now
    )
    rows["scheduling.shiftassignment"] = assignments.assign_shift(
        employee=person, shift=unit["scheduling.shift"], starts_on=_FIRST, actor=hr, now=now
    )
    rows |= _roster(person, word, unit["scheduling.shift"], day, hr)
    rows |= _seen(person, word, home["devices.terminal"], at, hr)
    rows |= _judged(person, word, unit["scheduling.shift"], day)
    return rows


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
    return {"attendance.punch": punch}


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
