"""Calendars: ask a source, look at what would change, apply it; set company days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from organization import audit
from organization.access import Action, departments_for
from organization.errors import DomainError, NotAllowed, NotFound
from organization.models import Change, Department, User
from organization.services import announce, told
from scheduling import holidays
from scheduling.holidays import Reading, StatutoryDay
from scheduling.models import CalendarDay, CalendarSource, CalendarYear

STATUTORY_KINDS: Final = (
    CalendarDay.Kind.HOLIDAY,
    CalendarDay.Kind.IN_LIEU,
    CalendarDay.Kind.MAKEUP_WORKDAY,
)
State = CalendarYear.State
# Notices come out in autumn; until then next year is asked for every night.
_YEARS_AHEAD: Final = 1


class CalendarRefused(DomainError):
    """What a source says cannot be a calendar; the last good one stays."""

    code = "calendar_refused"
    message = _("%(source)s: %(problem)s The calendar stays as it was.")


class NotACompanyDay(DomainError):
    """Statutory days come from sources and are not edited by hand."""

    code = "not_a_company_day"
    message = _("%(day)s is a statutory day. Set a company day above it instead.")


@dataclass(frozen=True, slots=True)
class DayChange:
    """One date whose statutory meaning would change; None: it is what its weekday says."""

    day: date
    before: StatutoryDay | None
    after: StatutoryDay | None


@dataclass(frozen=True, slots=True)
class YearChange:
    """What a source would change in a year. A year without days is not announced yet."""

    year: int
    is_announced: bool
    was_announced: bool
    changes: tuple[DayChange, ...]
    days: tuple[StatutoryDay, ...]

    @property
    def is_kept(self) -> bool:
        """Say whether the source tells less than is known: then what is known stays."""
        return self.was_announced and not self.is_announced


def builtin_source() -> CalendarSource:
    """Return the source that comes with the product; it is there from the first call on."""
    source = CalendarSource.objects.filter(kind=CalendarSource.Kind.PACKAGE).first()
    return source or CalendarSource.objects.create(
        name=str(_("Built-in calendar")), kind=CalendarSource.Kind.PACKAGE
    )


def years_to_sync(today: date) -> tuple[int, ...]:
    """Return the years that are asked for: the last one, this one and the next."""
    return tuple(range(today.year - 1, today.year + _YEARS_AHEAD + 1))


def ask(source: CalendarSource, years: Sequence[int]) -> Reading:
    """Return what a source says about some years; a year it does not name is not announced.

    Raises SourceRefused, SourceSilent, UnreadableWorkbook and CalendarRefused.
    """
    reading = Reading()
    if source.kind == CalendarSource.Kind.PACKAGE:
        answers = [holidays.from_package(year) for year in years]
    elif source.kind == CalendarSource.Kind.FILE:
        raise CalendarRefused(source=source.name, problem=_("A file is uploaded, not asked."))
    else:
        urls = {source.url.replace("{year}", str(year)) for year in years}
        answers = [holidays.read_calendar(holidays.fetch(url), url) for url in sorted(urls)]
    for answer in answers:
        believe(source.name, answer)
        reading.years |= answer.years
    return Reading({year: reading.years.get(year, ()) for year in years})


def believe(name: str, reading: Reading) -> Reading:
    """Return a reading without problems. Raises CalendarRefused for any other."""
    if reading.problems:
        first = reading.problems[0]
        told = " ".join(part for part in (first.place, first.value) if part)
        problem = f"{told}: {first.message}" if told else first.message
        raise CalendarRefused(source=name, problem=problem)
    return reading


def preview_calendar(reading: Reading) -> list[YearChange]:
    """Return what applying a reading would change, year by year. Writes nothing."""
    announced = set(
        CalendarYear.objects.filter(state=State.ANNOUNCED).values_list("year", flat=True)
    )
    return [
        _year_change(year, days, was_announced=year in announced)
        for year, days in sorted(reading.years.items())
    ]


def _year_change(year: int, days: tuple[StatutoryDay, ...], *, was_announced: bool) -> YearChange:
    if not days:
        return YearChange(year, False, was_announced, (), ())
    rows = CalendarDay.objects.filter(day__year=year, kind__in=STATUTORY_KINDS)
    before = {row.day: _value(row) for row in rows}
    after = {day.day: day for day in days if day.day.year == year}
    # A notice may tell the last days of the year before; those it adds, and takes none away.
    outside = {day.day: day for day in days if day.day.year != year}
    known = CalendarDay.objects.filter(day__in=outside, kind__in=STATUTORY_KINDS)
    before |= {row.day: _value(row) for row in known}
    after |= outside
    changes = tuple(
        DayChange(day, before.get(day), after.get(day))
        for day in sorted(before.keys() | after.keys())
        if before.get(day) != after.get(day)
    )
    return YearChange(year, True, was_announced, changes, days)


def _value(row: CalendarDay) -> StatutoryDay:
    return StatutoryDay(row.day, holidays.Kind(row.kind), row.name)


@transaction.atomic
def apply_calendar(
    *, source: CalendarSource, reading: Reading, actor: User | None, now: datetime
) -> list[YearChange]:
    """Let the statutory days be what a reading says; return what changed.

    A year without days stays what it was, and is provisional if nobody announced it. The days
    concerned are judged again. Raises CalendarRefused for a reading with problems.
    """
    believe(source.name, reading)
    # One at a time: two sources may speak of the same date.
    list(CalendarSource.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
    done = preview_calendar(reading)
    for change in done:
        _apply_year(change, source, now)
    source.last_synced_at, source.last_problem = now, ""
    source.save(update_fields=["last_synced_at", "last_problem"])
    if any(change.changes or change.is_announced != change.was_announced for change in done):
        audit.record(
            actor=actor,
            verb="calendar.applied",
            thing=source,
            now=now,
            years={str(change.year): len(change.changes) for change in done},
            before=_days_told(done, "before"),
            after=_days_told(done, "after"),
        )
    return done


def _days_told(done: Sequence[YearChange], side: str) -> dict[str, str | None]:
    """Return the dates that change with what they were, or are, as the audit log tells them."""
    days = [day for change in done for day in change.changes]
    values = {day.day.isoformat(): getattr(day, side) for day in days}
    return {
        day: f"{value.kind.value} {value.name}".strip() if value is not None else None
        for day, value in values.items()
    }


def _apply_year(change: YearChange, source: CalendarSource, now: datetime) -> None:
    year, _created = CalendarYear.objects.get_or_create(year=change.year)
    if not change.is_announced:
        if year.state != State.ANNOUNCED:
            year.state, year.source, year.synced_at = State.PROVISIONAL, source, now
            year.save()
        return
    dates = [day.day for day in change.changes]
    CalendarDay.objects.filter(day__in=dates, kind__in=STATUTORY_KINDS).delete()
    CalendarDay.objects.bulk_create(
        CalendarDay(day=day.day, kind=day.after.kind.value, name=day.after.name, source=source)
        for day in change.changes
        if day.after is not None
    )
    was_announced = year.state == State.ANNOUNCED
    year.state, year.source, year.synced_at = State.ANNOUNCED, source, now
    year.save()
    if not was_announced:
        # Every day of the year was provisional until now.
        dates = [date(change.year, 1, 1), *dates, date(change.year, 12, 31)]
        announce(Change.Reason.CALENDAR, starts_on=min(dates), ends_on=max(dates))
        return
    for first, last in _runs(dates):
        announce(Change.Reason.CALENDAR, starts_on=first, ends_on=last)


def _runs(dates: Iterable[date]) -> list[tuple[date, date]]:
    """Return the first and last date of each unbroken run."""
    runs: list[tuple[date, date]] = []
    for day in sorted(dates):
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def sync_calendars(*, now: datetime) -> dict[str, str]:
    """Ask every source in use, and apply what is new; return each source's problem, if any.

    A year that another source announced is left to it: nobody is asked here which one is right.
    A source that gives garbage, or nothing, keeps what it gave before and shows its problem.
    """
    builtin_source()
    problems: dict[str, str] = {}
    years = years_to_sync(localdate(now))
    sources = CalendarSource.objects.filter(is_active=True).exclude(kind=CalendarSource.Kind.FILE)
    for source in sources.order_by("pk"):
        problems[source.name] = ""
        try:
            reading = ask(source, years)
            others = CalendarYear.objects.filter(state=State.ANNOUNCED).exclude(source=source)
            theirs = set(others.values_list("year", flat=True))
            mine = {year: days for year, days in reading.years.items() if year not in theirs}
            apply_calendar(source=source, reading=Reading(mine), actor=None, now=now)
        except DomainError as refusal:
            problems[source.name] = str(refusal)
            note_problem(source, refusal)
    return problems


def note_problem(source: CalendarSource, refusal: DomainError) -> None:
    """Show on a source why it could not be used."""
    source.last_problem = str(refusal)
    source.save(update_fields=["last_problem"])


def provisional_years(years: Iterable[int]) -> list[int]:
    """Return those of some years whose statutory calendar is not announced."""
    announced = CalendarYear.objects.filter(state=State.ANNOUNCED, year__in=list(years))
    return sorted(set(years) - set(announced.values_list("year", flat=True)))


# Company days -------------------------------------------------------------------------------------


def _require_rule(actor: User | None, department: Department | None) -> None:
    if actor is None or actor.is_superuser:
        return
    if department is None:
        raise NotAllowed(department=_("the whole group"))
    if not departments_for(actor, Action.RULE).filter(pk=department.pk).exists():
        raise NotFound(what=_("department"), key=department.name)


@transaction.atomic
def set_company_day(
    *,
    day: date,
    kind: CalendarDay.Kind,
    name: str,
    department: Department | None,
    actor: User | None,
    now: datetime,
    instead_of: CalendarDay | None = None,
) -> CalendarDay:
    """Set a company day above the statutory calendar; `instead_of` is the row that it replaces.

    It holds for the department with all below, without one for the whole group. Raises
    NotACompanyDay, NotAllowed, NotFound, and ValidationError where that date is set already.
    """
    _require_rule(actor, department)
    if kind not in CalendarDay.COMPANY_KINDS:
        raise NotACompanyDay(day=day)
    row = instead_of or CalendarDay()
    fields = ("day", "kind", "name", "department")
    before = told(row, fields) if row.pk else None
    if row.pk:
        _require_company(row, actor)
        announce(
            Change.Reason.CALENDAR, starts_on=row.day, ends_on=row.day, department=row.department
        )
    row.day, row.kind, row.name, row.department = day, kind, name, department
    row.full_clean()
    row.save()
    announce(Change.Reason.CALENDAR, starts_on=day, ends_on=day, department=department)
    audit.record(
        actor=actor,
        verb="calendar.day_set",
        thing=row,
        department=department,
        now=now,
        before=before,
        after=told(row, fields),
    )
    return row


@transaction.atomic
def remove_company_day(*, day_id: int, actor: User | None, now: datetime) -> None:
    """Let a date be again what the statutory calendar says. Raises as `set_company_day`."""
    row = CalendarDay.objects.select_for_update().filter(pk=day_id).first()
    if row is None:
        raise NotFound(what=_("calendar day"), key=day_id)
    _require_company(row, actor)
    announce(Change.Reason.CALENDAR, starts_on=row.day, ends_on=row.day, department=row.department)
    audit.record(
        actor=actor,
        verb="calendar.day_removed",
        thing=row,
        department=row.department,
        now=now,
        before=told(row, ("day", "kind", "name", "department")),
    )
    row.delete()


def _require_company(row: CalendarDay, actor: User | None) -> None:
    if row.kind not in CalendarDay.COMPANY_KINDS:
        raise NotACompanyDay(day=row.day)
    _require_rule(actor, row.department)


# What was seen is what is applied -----------------------------------------------------------------


def to_json(reading: Reading) -> dict[str, list[list[str]]]:
    """Return a reading as plain JSON values, for the way from preview to confirmation."""
    return {
        str(year): [[day.day.isoformat(), day.kind.value, day.name] for day in days]
        for year, days in reading.years.items()
    }


def from_json(stored: Mapping[str, Sequence[Sequence[str]]]) -> Reading:
    """Return what `to_json` wrote."""
    return Reading(
        {
            int(year): tuple(
                StatutoryDay(date.fromisoformat(day), holidays.Kind(kind), name)
                for day, kind, name in days
            )
            for year, days in stored.items()
        }
    )
