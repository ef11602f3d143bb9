"""Whose the rows of punches, evidence and results are, and which lines of terminals."""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from attendance.fence_shapes import feature_of
from attendance.models import (
    Absence,
    Adjustment,
    AttendanceDay,
    AttendancePeriod,
    AttendanceRule,
    AutoPunch,
    AwaitedCheck,
    ClosedDay,
    Consent,
    Correction,
    DayHistory,
    Flight,
    Geofence,
    GeofencePerson,
    IdempotentAnswer,
    Notice,
    OfflineClaim,
    OvertimeApproval,
    PeriodClosing,
    PositioningFailure,
    PositionReport,
    Punch,
    PunchCheck,
    PunchDecision,
    PunchEvidence,
    Reopening,
    RuleVersion,
    TakenAdjustment,
    WaitingDay,
)
from attendance.services.evidence import read_piece
from attendance.services.punching import who_is
from devices.models import Credential, Phone, Terminal, TerminalLine
from organization.models import Employee
from organization.personal.datamap import About, Erased, NotPersonal, Sort, register
from organization.personal_data import KEY, OTHERS, WHO
from organization.sealed_fields import opened

# Terminals print numbers with leading zeros, up to so many signs.
_PIN_SIGNS = 12
SEALED_STATE = "tells whether two results rest on the same facts"


SEALED_PHOTO = "tells whether two photos are one"
SEALED_CLAIM = "tells whether a phone sent the same thing twice"


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


def _place(row: GeofencePerson) -> dict[str, Any]:
    """Return what a fence that somebody was given looks like."""
    return feature_of(row.fence.name, row.fence.shape)


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
        PunchCheck,
        Sort.PUNCHES,
        ("punch", "outcome", "reasons", "rule_version", "phone", "number", "checked_at"),
        {"id": KEY, "claim_digest": SEALED_CLAIM},
        way="punch__employee",
    ),
    About(
        AwaitedCheck,
        Sort.PUNCHES,
        ("punch", "due_at"),
        {"id": KEY, "employee": WHO},
        way="employee",
        kept=_("until the second check came, or did not"),
    ),
    About(
        Phone,
        Sort.EVIDENCE,
        ("name", "key", "bound_at", "released_at", "counter"),
        {"id": KEY, "employee": WHO, "public_key": "what its key is the digest of"},
        way="employee",
    ),
    About(
        Consent,
        Sort.DECISIONS,
        ("purpose", "version", "language", "given_at", "withdrawn_at"),
        {"id": KEY, "employee": WHO},
        way="employee",
    ),
    About(
        AutoPunch,
        Sort.DECISIONS,
        ("is_on", "changed_at"),
        {"id": KEY, "employee": WHO},
        way="employee",
    ),
    About(
        PositioningFailure,
        Sort.EVIDENCE,
        ("since", "last_at"),
        {"id": KEY, "employee": WHO},
        way="employee",
        erased=Erased.ALWAYS,
    ),
    About(
        PositionReport,
        Sort.EVIDENCE,
        ("department", "reported_at", "sealed", "kept_at", "keep_until"),
        {"id": KEY, "employee": WHO},
        way="employee",
        reads={"sealed": lambda row: json.loads(opened(row, "sealed"))},
        erased=Erased.ALWAYS,
    ),
    About(
        OfflineClaim,
        Sort.DECISIONS,
        ("department", "flight_number", "departs_on", "leg", "claimed_at", "zone", "declared_at",
         "state", "due_at", "reminded_at", "proven_at", "proof", "punch"),
        {"id": KEY, "employee": WHO},
        way="employee",
        reads={"proof": lambda row: opened(row, "proof") if row.proof else None},
    ),
    NotPersonal(Flight, "times of flights; nobody who sits in them"),
    NotPersonal(Notice, "what everybody is told; it names nobody but who published it"),
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
        {"id": KEY, "digest": SEALED_PHOTO},
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
    About(
        GeofencePerson,
        Sort.PLAN,
        ("fence",),
        {"id": KEY, "employee": WHO},
        way="employee",
        reads={"fence": _place},
        erased=Erased.LEAVERS,
    ),
    NotPersonal(Geofence, "a place of work; whose own it is, is told"),
    NotPersonal(IdempotentAnswer, "what a program was answered; goes after seven days"),
    About(
        ClosedDay,
        Sort.RESULTS,
        ("closing", "work_date", "department", "number", "name", "status", "day_type",
         "late_minutes", "early_minutes", "worked_minutes", "required_minutes", "shortage_minutes",
         "leave_minutes", "outing_minutes", "overtime_workday_minutes", "overtime_rest_minutes",
         "overtime_holiday_minutes", "absent_days", "missing", "closed_at"),
        {"id": KEY, "employee": WHO, "closing_number": "stands in the closing",
         "digest": SEALED_STATE},
        way="employee",
    ),
    About(
        Adjustment,
        Sort.RESULTS,
        ("closing", "work_date", "department", "version", "before", "after", "cause", "found_at"),
        {"id": KEY, "employee": WHO},
        way="employee",
    ),
    About(
        TakenAdjustment,
        Sort.RESULTS,
        ("closing", "adjustment", "number", "name", "taken_at"),
        {"id": KEY},
        way="adjustment__employee",
    ),
    NotPersonal(AttendancePeriod, OTHERS),
    NotPersonal(PeriodClosing, "numbers of a department; its days are told"),
    NotPersonal(Reopening, OTHERS),
    NotPersonal(AttendanceRule, OTHERS),
    NotPersonal(RuleVersion, OTHERS),
)  # fmt: skip
