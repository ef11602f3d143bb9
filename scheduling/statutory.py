"""The statutory calendar as a package knows it: China's public holidays and moved working days."""

from datetime import date
from enum import StrEnum

from chinese_calendar.constants import holidays, workdays


class StatutoryKind(StrEnum):
    """What the law makes of a date that is not what its weekday says."""

    HOLIDAY = "holiday"
    MAKEUP_WORKDAY = "makeup_workday"


def statutory_days(year: int) -> dict[date, StatutoryKind] | None:
    """Return the dates of a year that the law moves, or None while it is not announced."""
    days = {day: StatutoryKind.HOLIDAY for day in holidays if day.year == year}
    if not days:
        return None
    days |= {day: StatutoryKind.MAKEUP_WORKDAY for day in workdays if day.year == year}
    return dict(sorted(days.items()))


def statutory_names(year: int) -> dict[date, str]:
    """Return what each holiday or moved working day of a year is called, in English."""
    return {day: name for day, name in (holidays | workdays).items() if day.year == year}
