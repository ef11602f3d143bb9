"""What the demo company expects: shifts, rotations, assignments, rosters, rules, the calendar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

from attendance.evidence.geometry import Area, Circle
from attendance.models import AttendanceRule, RuleVersion
from attendance.services import places
from config.demo.company import COMPANY
from config.demo.people import People
from organization.models import Department, Position
from scheduling.models import (
    CalendarDay,
    RosterBatch,
    RosterEntry,
    Rotation,
    RotationTurn,
    Shift,
    ShiftAssignment,
)
from scheduling.pattern import (
    Flexible,
    FlexMode,
    Kind,
    LateArrival,
    Overtime,
    OvertimeTerms,
    ShiftPattern,
)
from scheduling.rotation import alternating, monday_of
from scheduling.services import calendar
from scheduling.services.shifts import add_shift

_DAY = timedelta(days=1)
_HALF_HOURS: Final = OvertimeTerms(start_after=30, min=30, unit=30)
_OVERTIME: Final = Overtime(workday=_HALF_HOURS, restday=_HALF_HOURS, holiday=_HALF_HOURS)
_LUNCH: Final = ((720, 780),)

SHIFTS: Final = {
    "O": ("Office", "#0d9488", ShiftPattern(
        segments=((540, 1080),), breaks=_LUNCH, late_grace=10, severe_late_after=60,
        absent_late_after=180, absent_early_after=180, overtime=_OVERTIME,
    )),
    "F": ("Flexible", "#2563eb", ShiftPattern(
        kind=Kind.FLEXIBLE, segments=((540, 1080),), breaks=_LUNCH,
        flexible=Flexible(mode=FlexMode.SHIFT, early_max=60, late_max=60), overtime=_OVERTIME,
        late_arrivals=(LateArrival(left_from=1320, arrive_by=660),),
    )),
    "E": ("Early", "#f59e0b", ShiftPattern(
        segments=((480, 960),), breaks=((690, 720),), late_grace=5, severe_late_after=30,
        overtime=_OVERTIME,
    )),
    "L": ("Late", "#ea580c", ShiftPattern(
        segments=((960, 1440),), breaks=((1140, 1170),), late_grace=5, severe_late_after=30,
        overtime=_OVERTIME,
    )),
    "D": ("Guard, day", "#65a30d", ShiftPattern(segments=((360, 840),), late_grace=5)),
    "A": ("Guard, afternoon", "#0891b2", ShiftPattern(segments=((840, 1320),), late_grace=5)),
    "N": ("Guard, night", "#4f46e5", ShiftPattern(segments=((1320, 1800),), late_grace=5)),
    "S": ("Shop", "#db2777", ShiftPattern(
        kind=Kind.FLEXIBLE, segments=((600, 1140),), breaks=((780, 840),),
        flexible=Flexible(mode=FlexMode.SHIFT, early_max=30, late_max=60), overtime=_OVERTIME,
    )),
}  # fmt: skip

# Eight days, each guard one day further on: two days, two afternoons, two nights, two days off.
GUARD_CYCLE: Final = ("D", "D", "A", "A", "N", "N", None, None)
# Shops are open at weekends; two days off in a row move through the staff.
SHOP_CYCLE: Final = ("S", "S", "S", "S", "S", None, None)
ROSTERED: Final = {"guard": GUARD_CYCLE, "shop": SHOP_CYCLE}


def write_plans(people: People, *, first_day: date, last_day: date, now: datetime) -> None:
    """Write everything that is expected from `first_day` to `last_day`, the latter inclusive."""
    write_calendar(people, first_day=first_day, now=now)
    shifts = {
        code: add_shift(
            code=code, name=name, color=color, pattern=pattern, valid_from=first_day, now=now
        )
        for code, (name, color, pattern) in SHIFTS.items()
    }
    _write_assignments(people, shifts, first_day)
    _write_rosters(people, shifts, first_day, last_day, now)
    _write_rules(people.departments, people.positions, first_day, now)
    _write_fences(people.departments, now)


def write_calendar(people: People, *, first_day: date, now: datetime) -> None:
    """Write the statutory calendar, and a weekend that headquarters moved by itself."""
    source = calendar.builtin_source()
    years = calendar.years_to_sync(now.date())
    calendar.apply_calendar(source=source, reading=calendar.ask(source, years), actor=None, now=now)
    statutory = set(CalendarDay.objects.values_list("day", flat=True))
    first_week = (monday_of(first_day) + n * _DAY for n in range(7, 45))
    saturday, monday = next(
        (day, day + 2 * _DAY)
        for day in first_week
        if day.weekday() == 5 and not {day + n * _DAY for n in range(3)} & statutory
    )
    unit = people.departments[COMPANY[0].code]
    for day, kind, name in (
        (saturday, CalendarDay.Kind.SPECIAL_WORKDAY, "年度盘点"),
        (monday, CalendarDay.Kind.DAY_OFF, "盘点调休"),
    ):
        calendar.set_company_day(
            day=day, kind=kind, name=name, department=unit, actor=None, now=now
        )


def _write_assignments(people: People, shifts: Mapping[str, Shift], first_day: date) -> None:
    rooms = people.departments
    early = tuple(shifts["E"] if n < 6 else None for n in range(7))
    late = tuple(shifts["L"] if n < 5 else None for n in range(7))
    teams = (
        _rotation("两班倒 甲组", Rotation.Kind.BIWEEKLY, alternating(early, late), first_day),
        _rotation("两班倒 乙组", Rotation.Kind.BIWEEKLY, alternating(late, early), first_day),
    )
    office = shifts["O"]
    six, five = (tuple(office if n < days else None for n in range(7)) for days in (6, 5))
    big_and_small = _rotation("大小周", Rotation.Kind.BIWEEKLY, alternating(six, five), first_day)
    since = monday_of(first_day)
    rows = [ShiftAssignment(department=rooms["GROUP"], shift=office, starts_on=since)]
    for unit in COMPANY:
        for room in unit.rooms:
            here = rooms[room.code]
            if room.plan == "workshop":
                rows.append(ShiftAssignment(department=here, rotation=teams[0], starts_on=since))
                rows += [
                    ShiftAssignment(employee=person, rotation=teams[1], starts_on=since)
                    for person in people.of(room.code)[2::2]
                ]
            elif room.plan == "alternating":
                rows.append(
                    ShiftAssignment(department=here, rotation=big_and_small, starts_on=since)
                )
            elif room.plan == "flexible":
                rows.append(ShiftAssignment(department=here, shift=shifts["F"], starts_on=since))
    ShiftAssignment.objects.bulk_create(rows)


def _rotation(
    name: str, kind: Rotation.Kind, turns: Sequence[Shift | None], first_day: date
) -> Rotation:
    rotation = Rotation.objects.create(name=name, kind=kind, anchored_on=monday_of(first_day))
    RotationTurn.objects.bulk_create(
        RotationTurn(rotation=rotation, index=index, shift=shift)
        for index, shift in enumerate(turns)
    )
    return rotation


def _write_rosters(
    people: People, shifts: Mapping[str, Shift], first_day: date, last_day: date, now: datetime
) -> None:
    """Write the rosters of guards and shops, a batch for each department and month."""
    for unit in COMPANY:
        for room in unit.rooms:
            if room.plan not in ROSTERED:
                continue
            for first, last in months(first_day, last_day):
                title = f"{room.name} {first:%Y-%m}"
                batch = RosterBatch(title=title, starts_on=first, ends_on=last, confirmed_at=now)
                rows = list(_entries(people, room.code, ROSTERED[room.plan], shifts, first, last))
                batch.new_count = len(rows)
                batch.save()
                for row in rows:
                    row.batch = batch
                RosterEntry.objects.bulk_create(rows, batch_size=2000)


def _entries(
    people: People,
    room: str,
    turns: Sequence[str | None],
    shifts: Mapping[str, Shift],
    first: date,
    last: date,
) -> Iterator[RosterEntry]:
    here = people.departments[room].pk
    stays = _stays(people, here)
    for offset, (person, came, went) in enumerate(stays):
        for n in range((last - first).days + 1):
            day = first + n * _DAY
            if came <= day and (went is None or day < went):
                code = turns[(day.toordinal() + offset) % len(turns)]
                shift = shifts[code] if code else None
                yield RosterEntry(employee_id=person, work_date=day, shift=shift)


def _stays(people: People, department: int) -> list[tuple[int, date, date | None]]:
    """Return (person, from, until) of everybody's time in a department."""
    left = {p.pk: p.left_on + _DAY if p.left_on else None for p in people.employees}
    moves: dict[int, list[tuple[date, int]]] = {}
    for row in people.transfers:
        moves.setdefault(row.employee_id, []).append((row.effective_on, row.department_id))
    return [
        (person, came, next_came or left[person])
        for person, dated in moves.items()
        for (came, where), (next_came, _next) in pairwise([*sorted(dated), (None, None)])
        if where == department and came is not None
    ]


def months(first_day: date, last_day: date) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of each month that lies between two days."""
    first = first_day.replace(day=1)
    while first <= last_day:
        following = (first + timedelta(days=32)).replace(day=1)
        yield first, following - _DAY
        first = following


def _write_rules(
    departments: Mapping[str, Department],
    positions: Mapping[str, Position],
    first_day: date,
    now: datetime,
) -> None:
    Source = RuleVersion.ShiftSource
    overtime = ShiftPattern(overtime=_OVERTIME).to_json()["overtime"]
    rules = (
        ("集团通用", departments["GROUP"], None, {"overtime": overtime}),
        ("安保排班", departments["BU3"], None, {"shift_source": Source.ROSTER_ONLY}),
        (
            "零售门店",
            departments["BU4"],
            None,
            {"merge_minutes": 3, "period_starts_on_day": 26, "overtime": overtime},
        ),
        (
            "总经理免打卡",
            departments["GROUP"],
            positions["GM"],
            {"is_punching_required": False},
        ),
    )
    for name, department, position, says in rules:
        rule = AttendanceRule.objects.create(name=name, department=department, position=position)
        RuleVersion.objects.create(
            rule=rule, valid_from=first_day.replace(month=1, day=1), published_at=now, **says
        )


def _write_fences(departments: Mapping[str, Department], now: datetime) -> None:
    """Draw the head office and the plant, for whoever is under the rule of the group."""
    everybody = AttendanceRule.objects.get(name="集团通用").pk
    office = Circle(31.2304, 121.4737, 200)
    # The pond in the middle of the plant is a hole.
    plant = Area(
        ((31.0412, 121.2503), (31.0406, 121.2571), (31.0361, 121.2566), (31.0358, 121.2511)),
        (((31.0389, 121.2531), (31.0391, 121.2542), (31.0381, 121.2540)),),
    )
    for code, name, shape in (("BU1", "集团总部大楼", office), ("BU2", "智造园区", plant)):
        text = places.Text(name=name, shape=shape, rules=[everybody])
        places.add_fence(department=departments[code], text=text, now=now)
