"""The engine: facts about one employee-day in, a verdict that explains itself out.

Standard library only: no clock, no database, no settings, no language.
"""

from attendance.engine.assign import assign, windows
from attendance.engine.day import evaluate_day
from attendance.engine.values import (
    LONG_AFTER,
    NOTE_CODES,
    Anomaly,
    Correction,
    DayInput,
    DayResult,
    DayType,
    Finding,
    Mark,
    Minute,
    Note,
    NoteCode,
    OvertimeClass,
    OvertimeMode,
    OvertimePlan,
    Pairing,
    PlanKind,
    Record,
    Rounding,
    ShiftPlan,
    Slot,
    Span,
    Status,
    Stretch,
)

__all__ = [
    "LONG_AFTER",
    "NOTE_CODES",
    "Anomaly",
    "Correction",
    "DayInput",
    "DayResult",
    "DayType",
    "Finding",
    "Mark",
    "Minute",
    "Note",
    "NoteCode",
    "OvertimeClass",
    "OvertimeMode",
    "OvertimePlan",
    "Pairing",
    "PlanKind",
    "Record",
    "Rounding",
    "ShiftPlan",
    "Slot",
    "Span",
    "Status",
    "Stretch",
    "assign",
    "evaluate_day",
    "windows",
]
