"""Whose the rows of plans are."""

from organization.personal.datamap import About, NotPersonal, Sort, register
from organization.personal_data import KEY, OTHERS, WHO
from scheduling.models import (
    CalendarDay,
    CalendarSource,
    CalendarYear,
    RosterBatch,
    RosterChange,
    RosterEntry,
    RosterUpload,
    Rotation,
    RotationTurn,
    Shift,
    ShiftAssignment,
    ShiftCode,
    ShiftVersion,
)

register(
    About(
        RosterEntry,
        Sort.PLAN,
        ("work_date", "shift"),
        {"id": KEY, "employee": WHO, "batch": "the sheet of many people that it came in by"},
        way="employee",
    ),
    About(
        RosterChange,
        Sort.PLAN,
        ("work_date", "had_entry", "shift_before", "has_entry", "shift_after"),
        {"id": KEY, "employee": WHO, "batch": "the sheet of many people that it came in by"},
        way="employee",
    ),
    About(
        ShiftAssignment,
        Sort.PLAN,
        ("shift", "rotation", "weekdays", "starts_on", "ends_on"),
        {"id": KEY, "employee": WHO, "department": "empty where a person is named",
         "position": "empty where a person is named"},
        way="employee",
    ),
    NotPersonal(RosterUpload, "a file of many people; its rows are told, it goes after 90 days"),
    NotPersonal(RosterBatch, "numbers of a sheet of many people"),
    *(
        NotPersonal(model, OTHERS)
        for model in (CalendarDay, CalendarSource, CalendarYear, Rotation, RotationTurn, Shift,
                      ShiftCode, ShiftVersion)
    ),
)  # fmt: skip
