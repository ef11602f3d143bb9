"""Sources of statutory calendars: the built-in package, JSON, iCalendar and tables.

A source answers with days and problems. An empty year is one that is not announced yet; it is kept
as such and changes nothing. What a source cannot tell, the law does: which days off are public
holidays (paid threefold when worked) and which only moved around them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from chinese_calendar import Holiday
from django.utils.translation import gettext_lazy as _
from icalendar import Calendar

from organization import outside
from organization.errors import DomainError
from scheduling.statutory import StatutoryKind, statutory_days, statutory_names
from scheduling.workbook import Cell, Sheet, cell_name, read_workbook

MOST_DAYS: Final = 120


class Kind(StrEnum):
    """What a statutory calendar says about a date; the values are those of CalendarDay.Kind."""

    HOLIDAY = "holiday"
    IN_LIEU = "in_lieu"
    MAKEUP_WORKDAY = "makeup_workday"


class SourceRefused(DomainError):
    """The address may not be asked."""

    code = "calendar_address_refused"
    message = _("%(url)s is not asked: %(why)s")


class SourceSilent(DomainError):
    """The address gave no usable answer."""

    code = "calendar_source_silent"
    message = _("%(url)s gave no calendar: %(why)s")


@dataclass(frozen=True, slots=True, order=True)
class StatutoryDay:
    """A date that is not what its weekday says."""

    day: date
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that could not be read: where it stands, what it says, what would be right."""

    place: str
    value: str
    message: str


@dataclass(slots=True)
class Reading:
    """What a source says: the days of each year it speaks of, and its problems.

    A year with no days is not announced. A notice may hold days of the neighbouring year (the
    last days of December); they stand under the notice's year.
    """

    years: dict[int, tuple[StatutoryDay, ...]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def is_usable(self, year: int) -> bool:
        """Say whether the source announces `year` in a way that can be believed."""
        return bool(self.years.get(year)) and not self.problems


# The law ------------------------------------------------------------------------------------------

# Month and day of Spring Festival, Qingming, Dragon Boat and Mid-Autumn.
_FESTIVALS: Final = {
    2014: (131, 405, 602, 908),
    2015: (219, 405, 620, 927),
    2016: (208, 404, 609, 915),
    2017: (128, 404, 530, 1004),
    2018: (216, 405, 618, 924),
    2019: (205, 405, 607, 913),
    2020: (125, 404, 625, 1001),
    2021: (212, 404, 614, 921),
    2022: (201, 405, 603, 910),
    2023: (122, 405, 622, 929),
    2024: (210, 404, 610, 917),
    2025: (129, 404, 531, 1006),
    2026: (217, 405, 619, 925),
    2027: (206, 405, 609, 915),
    2028: (126, 404, 528, 1003),
    2029: (213, 404, 616, 922),
    2030: (203, 405, 605, 912),
    2031: (123, 405, 624, 1001),
    2032: (211, 404, 612, 919),
    2033: (131, 404, 601, 908),
    2034: (219, 405, 620, 927),
    2035: (208, 405, 610, 916),
}


def public_holidays(year: int) -> frozenset[date] | None:
    """Return the dates the law names (全国年节及纪念日放假办法), None for years not tabled here.

    Eleven until 2024; thirteen since 2025, with New Year's Eve and the second of May.
    """
    if year not in _FESTIVALS:
        return None
    spring, *others = (date(year, md // 100, md % 100) for md in _FESTIVALS[year])
    eve = 1 if year >= 2025 else 0
    days = {date(year, 1, 1), date(year, 5, 1), *others}
    days |= {date(year, 10, day) for day in (1, 2, 3)}
    days |= {spring + timedelta(days=day) for day in range(-eve, 3)}
    if eve:
        days.add(date(year, 5, 2))
    return frozenset(days)


def day_off(day: date, name: str, *, statutory: bool | None = None) -> StatutoryDay:
    """Return a day off as what it is: the holiday itself, or a day moved around it.

    `statutory` is what the source says, if it says it. Where neither it nor the law table does, the
    day counts as a holiday.
    """
    if statutory is None:
        tabled = public_holidays(day.year)
        statutory = tabled is None or day in tabled
    return StatutoryDay(day, Kind.HOLIDAY if statutory else Kind.IN_LIEU, name)


def from_package(year: int) -> Reading:
    """Return what the built-in package knows about a year; an unknown year is not announced."""
    names = statutory_names(year)
    days = [
        day_off(day, _chinese(names[day]))
        if kind is StatutoryKind.HOLIDAY
        else StatutoryDay(day, Kind.MAKEUP_WORKDAY, _chinese(names[day]))
        for day, kind in (statutory_days(year) or {}).items()
    ]
    return Reading({year: tuple(days)})


def _chinese(name: str) -> str:
    return str(Holiday(name).chinese)


# Files --------------------------------------------------------------------------------------------


def read_calendar(content: bytes, file_name: str) -> Reading:
    """Return what a calendar file says: JSON, iCalendar, or a table (.xlsx .xls .ods .csv).

    It is recognised by its content. Raises UnreadableWorkbook for bytes that are neither.
    """
    head = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:200]
    if head.startswith((b"{", b"[")):
        return from_json(content)
    if head.upper().startswith(b"BEGIN:VCALENDAR"):
        return from_ics(content)
    reading = Reading()
    days: list[StatutoryDay] = []
    for sheet in read_workbook(content, file_name):
        days += _table_days(sheet, reading.problems)
    _take(reading, days)
    return reading


def from_json(content: bytes) -> Reading:
    """Return the days of a JSON notice: `{"year", "days": [{"name", "date", "isOffDay"}]}`.

    An `isOffDay` that is false is a moved working day.
    """
    try:
        notice = json.loads(content)
    except (ValueError, RecursionError):
        return _refuse("", "", _("This is not JSON."))
    year = notice.get("year") if isinstance(notice, dict) else None
    if type(year) is not int or not 2000 <= year <= 2100:
        return _refuse("year", _short(year), _("Write the year as a number, such as 2026."))
    rows = notice.get("days")
    if not isinstance(rows, list):
        return _refuse(
            "days", _short(rows), _("Write a list of days, each with date and isOffDay.")
        )
    reading = Reading({year: ()})
    days = []
    for number, row in enumerate(rows):
        day = _json_day(row, year)
        if isinstance(day, StatutoryDay):
            days.append(day)
        else:
            reading.problems.append(Problem(f"days[{number}]", _short(row), str(day)))
    _take(reading, days, year)
    return reading


def _json_day(row: object, year: int) -> StatutoryDay | object:
    if not isinstance(row, dict) or type(row.get("isOffDay")) is not bool:
        return _("A day needs a date, and isOffDay as true or false.")
    try:
        day = date.fromisoformat(str(row.get("date")))
    except ValueError:
        return _("Write the date like 2026-01-01.")
    if abs(day.year - year) > 1:
        return _("The date lies outside the year of the notice.")
    name = str(row.get("name") or "")[:100]
    return day_off(day, name) if row["isOffDay"] else StatutoryDay(day, Kind.MAKEUP_WORKDAY, name)


# 上班(补春节假期), 春节假期; or 元旦(班), 元旦(休)
_MOVED: Final = re.compile(r"上班\s*[(（]\s*补?(.*?)(?:假期)?\s*[)）]|(.*?)\s*[(（]\s*班\s*[)）]")
_OFF: Final = re.compile(r"(.*?)\s*[(（]\s*休\s*[)）]|(.*?)假期")
_LONGEST_EVENT: Final = 31


def from_ics(content: bytes) -> Reading:
    """Return the days of an iCalendar file, in both dialects.

    Ends are exclusive; an end that equals its start means one day. Events that speak neither of
    rest nor of work (memorial days) are left out. A file for one year, without any event, still
    has to be told its year by the caller.
    """
    try:
        events = Calendar.from_ical(content).walk("VEVENT")
    except (ValueError, IndexError, KeyError) as error:
        return _refuse("", _short(error), _("This is not an iCalendar file."))
    reading = Reading()
    days: list[StatutoryDay] = []
    for event in events:
        summary = str(event.get("summary", "")).strip()
        build = _event_meaning(summary)
        if build is None:
            continue
        dates = _event_dates(event)
        if dates is None:
            message = str(_("An event needs a first and a last date, at most a month apart."))
            reading.problems.append(Problem(str(event.get("uid", "")), summary, message))
            continue
        days += [build(day) for day in dates]
    _take(reading, days)
    return reading


def _event_meaning(summary: str) -> Callable[[date], StatutoryDay] | None:
    if found := _MOVED.fullmatch(summary):
        name = (found[1] or found[2] or "")[:100]
        return lambda day: StatutoryDay(day, Kind.MAKEUP_WORKDAY, name)
    if found := _OFF.fullmatch(summary):
        name = (found[1] or found[2] or "")[:100]
        return lambda day: day_off(day, name)
    return None


def _event_dates(event: Mapping[str, object]) -> list[date] | None:
    start, end = (_ics_date(event.get(name)) for name in ("dtstart", "dtend"))
    if start is None:
        return None
    count = (end - start).days if end else 1
    if count < 0 or count > _LONGEST_EVENT:
        return None
    return [start + timedelta(days=offset) for offset in range(max(count, 1))]


def _ics_date(value: object) -> date | None:
    moment = getattr(value, "dt", None)
    if not isinstance(moment, date):
        return None
    return date(moment.year, moment.month, moment.day)


_COLUMNS: Final = {
    **dict.fromkeys(("date", "day", "日期"), "date"),
    **dict.fromkeys(("kind", "type", "类型"), "kind"),
    **dict.fromkeys(("name", "holiday", "名称", "节日"), "name"),
    **dict.fromkeys(("statutory", "法定", "法定节假日"), "statutory"),
}
_OFF_WORDS: Final = frozenset(("off", "rest", "holiday", "in_lieu", "休", "休息", "放假"))
_WORK_WORDS: Final = frozenset(
    ("work", "workday", "makeup_workday", "班", "上班", "调休上班", "补班")
)
_TRUE_WORDS: Final = frozenset(("true", "yes", "y", "1", "是"))
_FALSE_WORDS: Final = frozenset(("false", "no", "n", "0", "否", ""))


def _table_days(sheet: Sheet, problems: list[Problem]) -> Iterator[StatutoryDay]:
    """Yield the days of a table with the headings date, kind, name, statutory."""
    columns: dict[str, int] = {}
    for number, row in enumerate(sheet.rows):
        words = [str(value).strip() for value in row]
        if not columns:
            found = {
                _COLUMNS[w.casefold()]: i for i, w in enumerate(words) if w.casefold() in _COLUMNS
            }
            columns = found if {"date", "kind"} <= found.keys() else {}
            continue
        if not any(words):
            continue
        try:
            yield _table_day(row, columns)
        except _CellWrong as wrong:
            column = columns[wrong.column]
            value = words[column] if column < len(words) else ""
            place = f"{sheet.name} {cell_name(number, column)}"
            problems.append(Problem(place, value[:60], str(wrong.message)))
    if not columns:
        message = _("Write the headings date, kind, name and statutory above the days.")
        problems.append(Problem(f"{sheet.name} A1", "", str(message)))


class _CellWrong(Exception):
    def __init__(self, column: str, message: object) -> None:
        super().__init__(column)
        self.column = column
        self.message = message


def _table_day(row: Sequence[Cell], columns: Mapping[str, int]) -> StatutoryDay:
    def cell(name: str) -> Cell:
        column = columns.get(name)
        return row[column] if column is not None and column < len(row) else ""

    day = _table_date(cell("date"))
    if day is None:
        raise _CellWrong("date", _("Write the date like 2026-01-01."))
    name = str(cell("name")).strip()[:100]
    kind = str(cell("kind")).strip().casefold()
    if kind in _WORK_WORDS:
        return StatutoryDay(day, Kind.MAKEUP_WORKDAY, name)
    if kind not in _OFF_WORDS:
        raise _CellWrong("kind", _("Write off for a day off, or work for a moved working day."))
    written = str(cell("statutory")).strip().casefold()
    if written not in _TRUE_WORDS | _FALSE_WORDS:
        raise _CellWrong("statutory", _("Write true for a public holiday, false for a moved day."))
    known = None if written == "" else written in _TRUE_WORDS
    if known is None and kind in ("holiday", "in_lieu"):
        known = kind == "holiday"
    return day_off(day, name, statutory=known)


def _table_date(value: Cell) -> date | None:
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    found = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", str(value).strip())
    try:
        return date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None


def _take(reading: Reading, days: Iterable[StatutoryDay], year: int | None = None) -> None:
    """Sort the days under their years, and doubt what cannot be a calendar."""
    by_date: dict[date, StatutoryDay] = {}
    for day in days:
        other = by_date.setdefault(day.day, day)
        if other.kind != day.kind:
            message = _("This date is told twice, with different meanings.")
            reading.problems.append(Problem(day.day.isoformat(), day.name, str(message)))
    for day in sorted(by_date.values()):
        key = year or day.day.year
        reading.years[key] = (*reading.years.get(key, ()), day)
    for key, told in reading.years.items():
        if len(told) > MOST_DAYS:
            message = _("More than %(count)d special days in one year cannot be right.")
            reading.problems.append(
                Problem(str(key), str(len(told)), str(message) % {"count": MOST_DAYS})
            )


def _refuse(place: str, value: str, message: object) -> Reading:
    return Reading(problems=[Problem(place, value, str(message))])


def _short(value: object) -> str:
    return " ".join(str(value).split())[:60]


# Addresses ----------------------------------------------------------------------------------------


def fetch(url: str) -> bytes:
    """Return what an https address of a calendar holds, as `outside.fetch` gets it.

    Raises SourceRefused and SourceSilent.
    """
    try:
        return outside.fetch(url)
    except outside.AddressRefused as refusal:
        raise SourceRefused(url=url, why=str(refusal.why)) from refusal
    except outside.AddressSilent as silence:
        raise SourceSilent(url=url, why=str(silence.why)) from silence
