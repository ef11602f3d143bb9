"""Leave allowances as a table that comes and goes. Writing goes through the service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from import_export import fields, widgets

from approvals.content import YEARS
from approvals.models import Allowance, Request
from approvals.services.allowances import set_allowances
from organization.access import Action
from organization.cells import unescape
from organization.models import Employee
from organization.resources import Table, Text, plain

# Heading by heading: the field, its Chinese heading, and others that people write.
ALLOWANCE_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "number": ("工号", "员工编号", "employee number", "no."),
    "name": ("姓名", "员工姓名"),
    "year": ("年度", "年份"),
    "leave_type": ("假期类型", "请假类型", "假别", "leave type", "kind of leave"),
    "days": ("天数", "额度", "allowance"),
}
_CHUNK: Final = 500
_EMPTY: Final = _("This cell must not be empty.")


class Person(widgets.Widget):
    """A person by their number, out of those who may be given days."""

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[str, Employee] = {}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Employee:
        """Return the person. A number of nobody's and one of others are told alike."""
        number = _said(value)
        if number not in self.people:
            raise ValueError(
                _("There is no %(value)s here that you may change.") % {"value": number}
            )
        return self.people[number]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Return the number."""
        return value.number if value else ""


class Year(widgets.Widget):
    """A year that a request can be about."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int:
        """Return the year."""
        text = _said(value)
        year = text.removesuffix("年")
        if not re.fullmatch("[0-9]{4}", year) or int(year) not in YEARS:
            raise ValueError(
                _("%(value)s is not a year; write one from %(first)s to %(last)s, such as 2026.")
                % {"value": text, "first": str(YEARS[0]), "last": str(YEARS[-1])}
            )
        return int(year)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Return the year."""
        return plain(value)


class KindOfLeave(widgets.Widget):
    """A kind of leave, by its word in either language or its key."""

    def __init__(self) -> None:
        super().__init__()
        self._by_word: dict[str, str] = {}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        """Return the key."""
        text = _said(value)
        if not self._by_word:
            self._by_word = dict(self._words())
        if text.casefold() not in self._by_word:
            kinds = ", ".join(str(kind.label) for kind in Request.LeaveType)
            raise ValueError(
                _("%(value)s is not a kind of leave; write one of: %(kinds)s.")
                % {"value": text, "kinds": kinds}
            )
        return self._by_word[text.casefold()]

    @staticmethod
    def _words() -> Iterator[tuple[str, str]]:
        for kind in Request.LeaveType:
            yield kind.value, kind.value
            for code, _name in settings.LANGUAGES:
                with translation.override(code):
                    yield str(kind.label).casefold(), kind.value

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Return the word in the language of the page."""
        return str(Request.LeaveType(value).label) if value else ""


class Days(widgets.Widget):
    """Days of a year, to a tenth."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Decimal:
        """Return the days."""
        # What a formula adds up is off by less than anybody writes.
        text = _said(round(value, 9) if isinstance(value, float) else value)
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]0*)?", text) or Decimal(text) > 366:
            raise ValueError(
                _("%(value)s is not a number of days; write 0 to 366, to a tenth, such as 7.5.")
                % {"value": text}
            )
        return Decimal(text)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Return the days without zeros that say nothing."""
        return "" if value is None else f"{value.normalize():f}"


def _said(value: Any) -> str:
    text = plain(value)
    if not text:
        raise ValueError(_EMPTY)
    return text


class AllowanceResource(Table):
    """Allowances, each row by its person, year and kind of leave. The name is there to be read."""

    HEADINGS = ALLOWANCE_HEADINGS
    NEEDED = ("number", "year", "leave_type", "days")

    number = fields.Field("employee", "number", Person())
    name = fields.Field("employee__name", "name", Text(), readonly=True)
    year = fields.Field("year", "year", Year())
    leave_type = fields.Field("leave_type", "leave_type", KindOfLeave())
    days = fields.Field("days", "days", Days())

    class Meta:
        model = Allowance
        name = _("Leave allowances")
        fields = tuple(ALLOWANCE_HEADINGS)
        import_id_fields = ("number", "year", "leave_type")
        skip_unchanged = True
        report_skipped = False
        clean_model_instances = False
        # A sheet is of thousands in January: rows are read and written by the chunk.
        use_bulk = True
        batch_size = _CHUNK

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._there: dict[tuple[int, int, str], Allowance] = {}
        self._in_sheet: set[tuple[int, int, str]] = set()

    def load_names(self) -> None:
        """Load nothing yet: who may be named is found out for the numbers of the sheet."""

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Load the people of the sheet who may be given days, and what they have in its years."""
        super().before_import(dataset, **kwargs)
        self._in_sheet, self._there = set(), {}
        numbers = sorted({unescape(plain(cell)) for cell in dataset["number"]})
        # Not one's own: days of leave are paid.
        reach = Employee.objects.visible_to(self.user, Action.RULE).exclude(  # type: ignore[arg-type]
            user=self.user and self.user.pk
        )
        people: dict[int, Employee] = {}
        for first in range(0, len(numbers), _CHUNK):
            found = reach.filter(number__in=numbers[first : first + _CHUNK])
            people.update((one.pk, one) for one in found.select_related("department"))
        self.fields["number"].widget.people = {one.number: one for one in people.values()}
        years, keys = self._years(dataset), sorted(people)
        for first in range(0, len(keys), _CHUNK):
            for row in Allowance.objects.filter(
                employee__in=keys[first : first + _CHUNK], year__in=years
            ):
                row.employee = people[row.employee_id]
                self._there[(row.employee_id, row.year, row.leave_type)] = row

    def _years(self, dataset: Any) -> set[int]:
        years = set()
        for cell in dataset["year"]:
            try:
                years.add(self.fields["year"].widget.clean(unescape(plain(cell))))
            except ValueError:
                continue
        return years

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Refuse a row for all that is wrong in it, and one that says again what one above says."""
        self.unescape_row(row)
        wrong = {}
        for field in self.get_import_fields():
            try:
                if not field.readonly:
                    field.widget.clean(row.get(field.column_name))
            except ValueError as odd:
                wrong[field.column_name] = str(odd)
        if wrong:
            raise ValidationError(wrong)
        key = self._key_of(row)
        if key in self._in_sheet:
            raise ValidationError(
                {
                    "number": _("%(value)s has this kind of leave and year twice in the sheet.")
                    % {"value": plain(row["number"])}
                }
            )
        self._in_sheet.add(key)

    def _key_of(self, row: Any) -> tuple[int, int, str]:
        person, year, kind = (self.fields[name].clean(row) for name in self._meta.import_id_fields)
        return person.pk, year, kind

    def get_instance(self, instance_loader: Any, row: Any) -> Allowance | None:
        """Return what is there already, as it was loaded with the sheet."""
        return self._there.get(self._key_of(row))

    def save_instance(self, instance: Any, is_create: bool, row: Any, **kwargs: Any) -> None:
        """Keep a row until its chunk is written."""
        (self.create_instances if is_create else self.update_instances).append(instance)

    def bulk_create(
        self,
        using_transactions: bool,
        dry_run: bool,
        raise_errors: bool,
        batch_size: int | None = None,
        result: Any = None,
    ) -> None:
        """Write a chunk of new ones."""
        self._write(self.create_instances, result)

    def bulk_update(
        self,
        using_transactions: bool,
        dry_run: bool,
        raise_errors: bool,
        batch_size: int | None = None,
        result: Any = None,
    ) -> None:
        """Write a chunk of those that are there."""
        self._write(self.update_instances, result)

    def _write(self, rows: list[Allowance], result: Any) -> None:
        try:
            if rows:
                set_allowances(rows, **self._said())
        except IntegrityError as taken:
            # Somebody else has added one of them since the sheet was read.
            self.handle_import_error(result, taken)
        finally:
            rows.clear()
