"""Shifts and who works them, rosters, calendars."""

from scheduling.models.calendar import CalendarDay, CalendarSource, CalendarYear
from scheduling.models.rosters import (
    RosterBatch,
    RosterChange,
    RosterEntry,
    RosterUpload,
    ShiftCode,
)
from scheduling.models.shifts import Rotation, RotationTurn, Shift, ShiftAssignment, ShiftVersion

__all__ = [
    "CalendarDay",
    "CalendarSource",
    "CalendarYear",
    "RosterBatch",
    "RosterChange",
    "RosterEntry",
    "RosterUpload",
    "Rotation",
    "RotationTurn",
    "Shift",
    "ShiftAssignment",
    "ShiftCode",
    "ShiftVersion",
]
