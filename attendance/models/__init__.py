"""Punches and what stands beside them, rules, days."""

from attendance.models.absences import Absence, OvertimeApproval
from attendance.models.days import AttendanceDay, DayHistory, WaitingDay
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
    "AttendanceDay",
    "AttendanceRule",
    "Correction",
    "DayHistory",
    "IdempotentAnswer",
    "OvertimeApproval",
    "Punch",
    "PunchDecision",
    "PunchEvidence",
    "RuleVersion",
    "WaitingDay",
]
