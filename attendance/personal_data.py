"""Whose the rows of punches, evidence and results are, and which lines of terminals."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from attendance.models import (
    Absence,
    AttendanceDay,
    AttendanceRule,
    Correction,
    DayHistory,
    IdempotentAnswer,
    OvertimeApproval,
    Punch,
    PunchDecision,
    PunchEvidence,
    RuleVersion,
    WaitingDay,
)
from attendance.services.evidence import read_piece
from attendance.services.punching import who_is
from devices.models import Credential, Terminal, TerminalLine
from organization.models import Employee
from organization.personal.datamap import About, Erased, NotPersonal, Sort, register
from organization.personal_data import KEY, OTHERS, WHO

# Terminals print numbers with leading zeros, up to so many signs.
_PIN_SIGNS = 12
SEALED_STATE = "tells whether two results rest on the same facts"


def _lines(employee: Employee) -> models.QuerySet[TerminalLine]:
    """Return the lines whose PIN is this person's, as the terminals are understood today."""
    bare = employee.number.lstrip("0")
    pins = {employee.number, *(bare.zfill(signs) for signs in range(len(bare), _PIN_SIGNS + 1))}
    own = Credential.objects.filter(employee=employee, kind=Credential.Kind.PIN)
    pins |= set(own.values_list("value", flat=True))
    said = TerminalLine.objects.filter(terminal__in=Terminal.objects.all(), pin__in=pins)
    pairs = list(said.order_by().values_list("terminal_id", "pin").distinct())
    mine = {pair for pair, person in who_is(pairs).items() if person.id == employee.pk}
    condition = Q(pk__in=())
    for terminal, pin in sorted(mine):
        condition |= Q(terminal=terminal, pin=pin)
    return TerminalLine.objects.filter(condition)


def _opened(row: PunchEvidence) -> Any:
    """Return what a piece of evidence says; a photo is a file of its own."""
    piece = read_piece(row)
    return piece.photo if piece.photo is not None else dict(piece.facts)


register(
    About(
        Punch,
        Sort.PUNCHES,
        ("punched_at", "received_at", "zone", "department", "method", "source", "direction",
         "terminal", "is_held"),
        {"id": KEY, "employee": WHO, "natural_key": "made of person, moment and way"},
        way="employee",
    ),
    About(
        PunchDecision,
        Sort.PUNCHES,
        ("punch", "verdict", "reason", "decided_by", "decided_at"),
        {"id": KEY},
        way="punch__employee",
    ),
    About(
        TerminalLine,
        Sort.PUNCHES,
        ("terminal", "raw", "pin", "wall_time", "zone", "verify", "status", "received_at", "state",
         "problem"),
        {"id": KEY, "upload": "the file of many people that it came in by",
         "line_number": "its place in that file"},
        rows=_lines,
    ),
    About(
        PunchEvidence,
        Sort.EVIDENCE,
        ("punch", "kind", "sealed", "kept_at", "keep_until"),
        {"id": KEY},
        way="punch__employee",
        reads={"sealed": _opened},
        erased=Erased.ALWAYS,
    ),
    About(
        AttendanceDay,
        Sort.RESULTS,
        ("work_date", "department", "shift", "day_type", "status", "late_minutes", "early_minutes",
         "worked_minutes", "required_minutes", "shortage_minutes", "leave_minutes",
         "outing_minutes", "overtime_workday_minutes", "overtime_rest_minutes",
         "overtime_holiday_minutes", "absent_days", "missing", "first_in_at", "last_out_at",
         "has_trouble", "is_provisional", "findings", "notes", "closes_at", "judged_at"),
        {"id": KEY, "employee": WHO, "digest": SEALED_STATE},
        way="employee",
    ),
    About(
        DayHistory,
        Sort.RESULTS,
        ("day", "status", "facts", "judged_at", "replaced_at", "cause"),
        {"id": KEY},
        way="day__employee",
    ),
    About(
        WaitingDay,
        Sort.RESULTS,
        ("work_date", "cause", "since", "problem"),
        {"id": KEY, "employee": WHO, "facts_version": SEALED_STATE,
         "is_forced": "how the worker takes it", "failed_count": "how the worker takes it"},
        way="employee",
        kept=_("until it is judged"),
    ),
    About(
        Correction,
        Sort.DECISIONS,
        ("work_date", "slot", "corrected_at", "reason", "decided_by", "decided_at", "revoked_at",
         "revoked_by"),
        {"id": KEY, "employee": WHO},
        way="employee",
    ),
    About(
        Absence,
        Sort.DECISIONS,
        ("kind", "starts_at", "ends_at", "reason", "approved_by", "approved_at", "revoked_at"),
        {"id": KEY, "employee": WHO},
        way="employee",
    ),
    About(
        OvertimeApproval,
        Sort.DECISIONS,
        ("work_date", "starts_at", "ends_at", "approved_by", "approved_at", "revoked_at"),
        {"id": KEY, "employee": WHO},
        way="employee",
    ),
    NotPersonal(IdempotentAnswer, "what a program was answered; goes after seven days"),
    NotPersonal(AttendanceRule, OTHERS),
    NotPersonal(RuleVersion, OTHERS),
)  # fmt: skip
