"""Punches and what stands beside them, rules, days."""

from attendance.models.absences import Absence, OvertimeApproval
from attendance.models.checks import AwaitedCheck, PunchCheck
from attendance.models.choices import AutoPunch, Consent, Notice, Purpose
from attendance.models.claims import Flight, OfflineClaim
from attendance.models.days import AttendanceDay, DayHistory, WaitingDay
from attendance.models.periods import (
    Adjustment,
    AttendancePeriod,
    ClosedDay,
    PeriodClosing,
    Reopening,
    TakenAdjustment,
)
from attendance.models.places import Geofence, GeofencePerson
from attendance.models.positions import PositioningFailure, PositionReport
from attendance.models.punches import (
    Correction,
    IdempotentAnswer,
    Punch,
    PunchDecision,
    PunchEvidence,
)
from attendance.models.rules import AttendanceRule, RuleVersion

__all__ = [
    "Absence",
    "Adjustment",
    "AttendanceDay",
    "AttendancePeriod",
    "AttendanceRule",
    "AutoPunch",
    "AwaitedCheck",
    "ClosedDay",
    "Consent",
    "Correction",
    "DayHistory",
    "Flight",
    "Geofence",
    "GeofencePerson",
    "IdempotentAnswer",
    "Notice",
    "OfflineClaim",
    "OvertimeApproval",
    "PeriodClosing",
    "PositionReport",
    "PositioningFailure",
    "Punch",
    "PunchCheck",
    "PunchDecision",
    "PunchEvidence",
    "Purpose",
    "Reopening",
    "RuleVersion",
    "TakenAdjustment",
    "WaitingDay",
]
