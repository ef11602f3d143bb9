"""Rosters out as sheets: a month that imports back unchanged, and an empty form for one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from django.db.models import Q
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from organization.access import Action
from organization.models import Department, User
from scheduling.models import Shift
from scheduling.rosterplan import CodeBook, Employed, Reach, load_entries, people_of
from scheduling.rostersheet import REST_WORDS, days_in_month
from scheduling.workbook import Table, write_workbook

_PEOPLE_AT_ONCE: Final = 400


def export_month(*, month: date, actor: User | None, department: Department | None) -> bytes:
    """Return the month's roster of the people whose data `actor` may export, as .xlsx.

    `department` narrows it, with all below. Only people employed in the month are there.
    """
    people = _people(month, actor, Action.EXPORT, department)
    reach = Reach(actor, Action.EXPORT)
    return write_workbook([_roster(month, people, reach=reach), _codes(actor)])


def template(*, month: date, actor: User | None, department: Department | None) -> bytes:
    """Return an empty month for the people whose rosters `actor` keeps, as .xlsx."""
    people = _people(month, actor, Action.RULE, department)
    return write_workbook([_roster(month, people), _codes(actor)])


def _people(
    month: date, actor: User | None, action: Action, department: Department | None
) -> list[Employed]:
    days = days_in_month(month)
    there = Q(joined_on__lte=days[-1]) & (Q(left_on__isnull=True) | Q(left_on__gte=days[0]))
    reach = Reach(actor, action)
    top = department.path if department is not None else ""
    people = [
        person
        for person in people_of(actor, action, there)
        # Somewhere in the month they are the actor's, and in the department that was chosen.
        if any(
            reach.holds(person, day) and person.path_on(day).startswith(top)
            for day in ((days[0], days[-1]) if not person.placements else days)
        )
    ]
    return sorted(people, key=lambda person: (person.path_on(days[0]), person.number))


def _roster(month: date, people: Sequence[Employed], *, reach: Reach | None = None) -> Table:
    """Return the month's sheet: the entries that `reach` holds; without it, an empty one."""
    days = days_in_month(month)
    rows = _rows(people, days, reach) if reach else ([p.number, p.name] for p in people)
    return Table(
        f"{month:%Y-%m}",
        [_("Number"), pgettext("of a person", "Name"), *days],
        rows,
        widths=[12, 16, *[11] * len(days)],
        frozen=2,
        marked=frozenset(2 + i for i, day in enumerate(days) if day.weekday() >= 5),
    )


def _rows(people: Sequence[Employed], days: Sequence[date], reach: Reach) -> Iterator[list[str]]:
    book = CodeBook({})
    codes = dict(Shift.objects.values_list("pk", "code"))
    for start in range(0, len(people), _PEOPLE_AT_ONCE):
        some = people[start : start + _PEOPLE_AT_ONCE]
        entries = load_entries([person.key for person in some], days[0], days[-1])
        for person in some:
            own = {
                day: key
                for day, key in entries.get(person.key, {}).items()
                if reach.holds(person, day)
            }
            rest = rest_word(book, person.path_on(days[0]))
            yield [
                person.number,
                person.name,
                *(
                    "" if day not in own else rest if (key := own[day]) is None else codes[key]
                    for day in days
                ),
            ]


def rest_word(book: CodeBook, path: str) -> str:
    """Return a word that means rest to the people of a department, in the reader's language."""
    preferred = ("休", "OFF") if (get_language() or "").startswith("zh") else ("OFF", "休")
    words = (*preferred, *sorted(REST_WORDS))
    return next((word for word in words if book.meaning(word, path) is None), preferred[0])


def _codes(actor: User | None) -> Table:
    """Return the legend: which code is which of the shifts that `actor` may see."""
    shifts = Shift.objects.all() if actor is None else Shift.objects.visible_to(actor)
    shifts = shifts.filter(is_active=True).select_related("department")
    rows = [[shift.code, shift.name, str(shift.department or "")] for shift in shifts]
    return Table(
        _("Codes"),
        [_("Code"), _("Shift"), _("Department")],
        [["OFF, 休", _("rest"), ""], *rows],
        widths=[14, 24, 24],
    )
