"""What a shift asks of a day, in wall minutes, and what can be wrong with it.

Minutes count from 00:00 of the work date, 0…2880: 1800 ("30:00") is 06:00 on the next day, so a
night, a 24-hour shift and a plain day are told in the same way. Nothing here knows a date, a zone
or the database.
"""

from scheduling.pattern.checks import (
    DAY,
    LARGEST_FLEX,
    LAST_MINUTE,
    LONGEST_SHIFT,
    Code,
    Problem,
    overlap,
    problems,
    rest_between,
    shift_problems,
    timezone_problem,
)
from scheduling.pattern.values import (
    Flexible,
    FlexMode,
    Free,
    Kind,
    LateArrival,
    LonePunch,
    Overtime,
    OvertimeMode,
    OvertimeTerms,
    PairingMode,
    RoundingMode,
    ShiftPattern,
    WallSpan,
)

__all__ = [
    "DAY",
    "LARGEST_FLEX",
    "LAST_MINUTE",
    "LONGEST_SHIFT",
    "Code",
    "FlexMode",
    "Flexible",
    "Free",
    "Kind",
    "LateArrival",
    "LonePunch",
    "Overtime",
    "OvertimeMode",
    "OvertimeTerms",
    "PairingMode",
    "Problem",
    "RoundingMode",
    "ShiftPattern",
    "WallSpan",
    "overlap",
    "problems",
    "rest_between",
    "shift_problems",
    "timezone_problem",
]
