"""Employees and departments as tables that come and go: headings, cells, and what a row does.

Writing goes through the services, so that an import leaves the same trace as a clerk. Rows of
another unit are not found, exactly as on the pages.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any, ClassVar, Final

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.timezone import localdate
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from import_export import exceptions, fields, resources, widgets
from import_export.results import Result

from organization import services
from organization.access import Action
from organization.cells import escape, unescape
from organization.errors import DomainError
from organization.models import Department, Employee, Position, User

# Heading by heading: the field, its Chinese heading, and others that people write.
EMPLOYEE_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "number": ("工号", "员工编号", "employee number", "no."),
    "name": ("姓名", "员工姓名"),
    "department": ("部门", "所属部门"),
    "position": ("职位", "岗位"),
    "supervisor": ("直属主管", "直接上级", "direct supervisor"),
    "joined_on": ("入职日期", "joined on", "joined"),
    "left_on": ("离职日期", "left on", "left"),
}
DEPARTMENT_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "code": ("代码", "部门代码"),
    "name": ("名称", "部门名称"),
    "parent": ("上级部门", "belongs to"),
    "is_unit": ("业务单元", "business unit"),
    "timezone": ("时区", "time zone"),
    "head": ("负责人",),
}


def plain(value: Any) -> str:
    """Return a cell as text; a number that a spreadsheet made of digits becomes digits again."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


class Text(widgets.Widget):
    """Text as it stands in the cell."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        """Return the text."""
        return plain(value)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Return the text."""
        return plain(value)


class Day(widgets.Widget):
    """A date, from a date cell or from text."""

    FORMS: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日")

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> date | None:
        """Return the date; empty is none."""
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        text = plain(value).removesuffix(" 00:00:00")
        if not text:
            return None
        for form in self.FORMS:
            try:
                return datetime.strptime(text, form).date()  # noqa: DTZ007
            except ValueError:
                continue
        raise ValueError(_("%(value)s is not a date; write one like 2026-01-31.") % {"value": text})

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Return the date as text that every spreadsheet reads alike."""
        return value.isoformat() if value else ""


class YesNo(widgets.Widget):
    """A mark: yes or no, in both languages."""

    YES: Final = frozenset(("1", "yes", "y", "true", "是", "√", "x"))
    NO: Final = frozenset(("", "0", "no", "n", "false", "否"))

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool:
        """Return the mark."""
        text = plain(value).lower()
        if text not in self.YES | self.NO:
            raise ValueError(_("%(value)s is neither yes nor no.") % {"value": text})
        return text in self.YES

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Return 1 or nothing."""
        return "1" if value else ""


class Known(widgets.Widget):
    """A row named by its key (a number, a code) or by a name that only one row has.

    `look_up` returns the rows that may be named, once per sheet; `key` is the field of the key.
    """

    def __init__(self, key: str, example: str) -> None:
        super().__init__()
        self.key, self.example = key, example
        self.rows: list[Any] = []
        self._by_word: dict[str, list[Any]] = {}

    def fill(self, rows: Iterable[Any]) -> None:
        """Take the rows that may be named."""
        self.rows = list(rows)
        self._by_word = {}
        for row in self.rows:
            self._by_word.setdefault(row.name.casefold(), []).append(row)
        for row in self.rows:
            self._by_word[getattr(row, self.key).casefold()] = [row]

    def knows(self, key: str) -> bool:
        """Say whether a row has this key."""
        return any(getattr(row, self.key) == key for row in self._by_word.get(key.casefold(), ()))

    def learn(self, row: Any) -> None:
        """Take one more row, which may be named from now on."""
        self.rows.append(row)
        self._by_word.setdefault(row.name.casefold(), []).append(row)
        self._by_word[getattr(row, self.key).casefold()] = [row]

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        """Return the row that is meant. Raises ValueError with what would be right."""
        text = plain(value)
        if not text:
            return None
        found = self._by_word.get(text.casefold(), [])
        if len(found) == 1:
            return found[0]
        if found:
            keys = ", ".join(getattr(row, self.key) for row in found[:5])
            raise ValueError(
                _("%(value)s is the name of several; write one of %(keys)s.")
                % {"value": text, "keys": keys}
            )
        raise ValueError(self._unknown(text))

    def _unknown(self, text: str) -> str:
        near = difflib.get_close_matches(text.casefold(), self._by_word, n=3)
        if near:
            named = ", ".join(f"{getattr(self._by_word[w][0], self.key)}" for w in near)
            return _("%(value)s is not known here. Did you mean %(near)s?") % {
                "value": text,
                "near": named,
            }
        return _("%(value)s is not known here; write a code or number such as %(example)s.") % {
            "value": text,
            "example": self.example,
        }

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Return the key."""
        return getattr(value, self.key) if value else ""


class SheetResult(Result):
    """What became of a sheet, in its own words: its headings, and rows as the sheet counts them."""

    def __init__(self, headings: Mapping[str, str]) -> None:
        super().__init__()
        self.headings = headings

    def append_invalid_row(self, number: int, row: Any, validation_error: ValidationError) -> None:
        """Keep a row that cannot be imported. The first row of a sheet holds the headings."""
        if hasattr(validation_error, "error_dict"):
            validation_error = ValidationError(
                {
                    self.headings.get(field, field): errors
                    for field, errors in validation_error.error_dict.items()
                }
            )
        super().append_invalid_row(number + 1, row, validation_error)


class Table(resources.ModelResource):
    """What the tables share: headings in two languages, scope, services instead of saving."""

    HEADINGS: ClassVar[Mapping[str, tuple[str, ...]]]
    NEEDED: ClassVar[tuple[str, ...]]

    def __init__(self, *, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.user = user
        self.now = timezone.now()

    # Headings.

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Read the headings, and load once what cells may name."""
        known = {
            word.casefold(): field
            for field, others in self.HEADINGS.items()
            for word in (field, *others)
        }
        headers = [plain(word) for word in dataset.headers or ()]
        dataset.headers = [known.get(word.casefold(), word) for word in headers]
        missing = [field for field in self.NEEDED if field not in dataset.headers]
        doubled = {word for word in dataset.headers if word and dataset.headers.count(word) > 1}
        if missing or doubled:
            raise exceptions.FieldError(self._wrong_headings(missing, sorted(doubled)))
        self.load_names()

    def _wrong_headings(self, missing: list[str], doubled: list[str]) -> str:
        if doubled:
            return _("These headings appear twice: %(words)s.") % {"words": ", ".join(doubled)}
        words = ", ".join(f"{field} ({self.HEADINGS[field][0]})" for field in missing)
        return _("The first row must hold these headings: %(words)s.") % {"words": words}

    def headings(self) -> dict[str, str]:
        """Return the heading of each field in the language of the page."""
        if (get_language() or "").startswith("zh"):
            return {field: words[0] for field, words in self.HEADINGS.items()}
        return {field: field for field in self.HEADINGS}

    def get_export_headers(self, selected_fields: Any = None) -> list[str]:
        """Return the headings of an export."""
        names = [self.get_field_name(f) for f in self.get_export_fields(selected_fields)]
        return [self.headings()[name] for name in names]

    def export_field(self, field: Any, instance: Any, **kwargs: Any) -> Any:
        """Return a cell; the library itself knows of formulas only those that begin with `=`."""
        value = super().export_field(field, instance, **kwargs)
        return escape(value) if isinstance(value, str) else value

    def get_diff_headers(self) -> list[str]:
        """Return the headings of a preview."""
        return [self.headings()[field.column_name] for field in self.get_import_fields()]

    def get_result_class(self) -> Callable[[], SheetResult]:
        """Tell results in the words of the sheet."""
        return partial(SheetResult, self.headings())

    def load_names(self) -> None:
        """Fill the widgets whose cells name other rows."""
        raise NotImplementedError

    # Rows.

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows that may be changed."""
        rows = self._meta.model._default_manager.all()
        return rows.visible_to(self.user, Action.RULE) if self.user else rows.none()

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Make the key text, and refuse the key of a row that belongs to somebody else."""
        self.unescape_row(row)
        key = self.NEEDED[0]
        row[key] = plain(row.get(key))
        if not row[key]:
            raise ValidationError({key: _("Write the %(field)s.") % {"field": key}})
        exists = self._meta.model._default_manager.filter(**{key: row[key]}).exists()
        if exists and not self.get_queryset().filter(**{key: row[key]}).exists():
            raise ValidationError(
                {key: _("There is no %(value)s here that you may change.") % {"value": row[key]}}
            )

    @staticmethod
    def unescape_row(row: Any) -> None:
        """Give cells back what an export has put before them; an empty one is empty text."""
        for field, value in row.items():
            said = "" if value is None else value
            row[field] = unescape(said) if isinstance(said, str) else said

    def save_instance(self, instance: Any, is_create: bool, row: Any, **kwargs: Any) -> None:
        """Write a row through the services; a refusal becomes the row's error."""
        try:
            if is_create:
                self.add(instance, row)
            else:
                before = self._meta.model._default_manager.get(pk=instance.pk)
                self.change(before, instance)
        except DomainError as refusal:
            field = refusal.facts.get("field")
            said = {field: str(refusal)} if field in self.HEADINGS else str(refusal)
            raise ValidationError(said) from refusal

    def add(self, new: Any, row: Any) -> None:
        """Write a new row and give `new` its key."""
        raise NotImplementedError

    def change(self, before: Any, after: Any) -> None:
        """Write what differs."""
        raise NotImplementedError

    def _said(self) -> dict[str, Any]:
        return {"actor": self.user, "now": self.now}


class EmployeeResource(Table):
    """Employees. Another department or position in the sheet is a transfer, from a given date."""

    HEADINGS = EMPLOYEE_HEADINGS
    NEEDED = ("number",)

    number = fields.Field("number", "number", Text())
    name = fields.Field("name", "name", Text())
    department = fields.Field("department", "department", Known("code", "BU1-ADMIN"))
    position = fields.Field("position", "position", Known("code", "CLERK"))
    supervisor = fields.Field("supervisor", "supervisor", Known("number", "10001"))
    joined_on = fields.Field("joined_on", "joined_on", Day())
    left_on = fields.Field("left_on", "left_on", Day())

    class Meta:
        model = Employee
        name = _("Employees")
        fields = tuple(EMPLOYEE_HEADINGS)
        import_id_fields = ("number",)
        skip_unchanged = True
        report_skipped = False
        clean_model_instances = False

    def __init__(self, *, effective_on: date | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.effective_on = effective_on or localdate(self.now)
        self._later: list[tuple[int, str, int]] = []

    def get_queryset(self) -> QuerySet[Employee]:
        """Return the people that may be changed, with what a row names."""
        return super().get_queryset().select_related("department", "position", "supervisor")

    def load_names(self) -> None:
        """Load departments, positions and supervisors; three queries for the whole sheet."""
        user = self.user
        self.fields["department"].widget.fill(Department.objects.visible_to(user, Action.RULE))
        self.fields["position"].widget.fill(Position.objects.all())
        self.fields["supervisor"].widget.fill(Employee.objects.visible_to(user, Action.SEE))

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Remember who is in the sheet: a supervisor may stand below the people they lead."""
        super().before_import(dataset, **kwargs)
        self._in_sheet = {unescape(plain(value)) for value in dataset["number"]}
        self._later = []

    def import_field(
        self, field: Any, instance: Any, row: Any, is_m2m: bool = False, **kwargs: Any
    ) -> None:
        """Leave a supervisor as they are, or for later, where the sheet itself says who it is."""
        name = field.attribute
        if name == "supervisor" and name in row:
            said, own = plain(row[name]), instance.supervisor
            if own is not None and said == own.number:
                return
            if said in self._in_sheet and not field.widget.knows(said):
                instance.supervisor_comes_later = (said, kwargs.get("row_number", 0))
                return
        super().import_field(field, instance, row, is_m2m, **kwargs)

    def skip_row(
        self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None
    ) -> bool:
        """Skip a row that says what is known already."""
        if hasattr(instance, "supervisor_comes_later"):
            return False
        return super().skip_row(instance, original, row, import_validation_errors)

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """Name what every person needs."""
        errors = dict(import_validation_errors or {})
        for field in ("name", "joined_on"):
            if not getattr(instance, field) and field not in errors:
                errors[field] = ValidationError(_("This cell must not be empty."))
        if instance.department_id is None and "department" not in errors:
            errors["department"] = ValidationError(_("This cell must not be empty."))
        if errors:
            raise ValidationError(errors)

    def add(self, new: Employee, row: Any) -> None:
        """Hire a person."""
        made = services.hire(
            number=new.number,
            name=new.name,
            department=new.department,
            joined_on=new.joined_on,
            position=new.position,
            supervisor=new.supervisor,
            left_on=new.left_on,
            **self._said(),
        )
        new.pk = made.pk
        self.fields["supervisor"].widget.learn(made)
        self._remember(new)

    def change(self, before: Employee, after: Employee) -> None:
        """Edit, transfer, move the first and the last day: whatever the row says anew."""
        key, said = before.pk, self._said()
        services.edit_employee(
            employee_id=key,
            number=before.number,
            name=after.name,
            supervisor=after.supervisor,
            user=before.user,
            **said,
        )
        if after.joined_on != before.joined_on:
            services.change_joined(employee_id=key, joined_on=after.joined_on, **said)
        place = (before.department_id, before.position_id)
        if (after.department_id, after.position_id) != place:
            services.transfer(
                employee_id=key,
                department=after.department,
                position=after.position,
                effective_on=self.effective_on,
                **said,
            )
        if after.left_on != before.left_on:
            services.leave(employee_id=key, left_on=after.left_on, **said)
        self._remember(after)

    def _remember(self, person: Employee) -> None:
        if hasattr(person, "supervisor_comes_later"):
            number, line = person.supervisor_comes_later
            self._later.append((person.pk, number, line))

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        """Set the supervisors that stood further down."""
        if result.has_errors() or result.has_validation_errors():
            return
        for key, number, line in self._later:
            person = Employee.objects.get(pk=key)
            supervisor = Employee.objects.get(number=number)
            try:
                services.edit_employee(
                    employee_id=key,
                    number=person.number,
                    name=person.name,
                    supervisor=supervisor,
                    user=person.user,
                    **self._said(),
                )
            except DomainError as refusal:
                raise exceptions.ImportExportError(
                    _("Row %(row)s: %(problem)s") % {"row": line + 1, "problem": refusal}
                ) from refusal


class DepartmentResource(Table):
    """Departments. A row's parent stands above it in the sheet, or is there already."""

    HEADINGS = DEPARTMENT_HEADINGS
    NEEDED = ("code",)

    code = fields.Field("code", "code", Text())
    name = fields.Field("name", "name", Text())
    parent = fields.Field("parent", "parent", Known("code", "GROUP"))
    is_unit = fields.Field("is_unit", "is_unit", YesNo())
    timezone = fields.Field("timezone", "timezone", Text())
    head = fields.Field("head", "head", Known("number", "10001"))

    class Meta:
        model = Department
        name = _("Departments")
        fields = tuple(DEPARTMENT_HEADINGS)
        import_id_fields = ("code",)
        skip_unchanged = True
        report_skipped = False
        clean_model_instances = False

    def get_queryset(self) -> QuerySet[Department]:
        """Return the departments that may be changed, with what a row names."""
        return super().get_queryset().select_related("parent", "head")

    def load_names(self) -> None:
        """Load parents and heads; two queries for the whole sheet."""
        user = self.user
        self.fields["parent"].widget.fill(Department.objects.visible_to(user, Action.RULE))
        self.fields["head"].widget.fill(Employee.objects.visible_to(user, Action.SEE))

    def import_field(
        self, field: Any, instance: Any, row: Any, is_m2m: bool = False, **kwargs: Any
    ) -> None:
        """Leave what is so already: a parent or head may lie outside one's own departments."""
        same: dict[str, Callable[[], str | None]] = {
            "parent": lambda: instance.parent and instance.parent.code,
            "head": lambda: instance.head and instance.head.number,
        }
        name = field.attribute
        if name in same and name in row and plain(row[name]) == (same[name]() or None):
            return
        super().import_field(field, instance, row, is_m2m, **kwargs)

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """Name what every department needs; only administrators let one stand alone."""
        errors = dict(import_validation_errors or {})
        if not instance.name and "name" not in errors:
            errors["name"] = ValidationError(_("This cell must not be empty."))
        alone = instance.parent_id is None and "parent" not in errors
        if alone and not (self.user and self.user.is_superuser):
            errors["parent"] = ValidationError(_("Write the code of one of your departments."))
        if errors:
            raise ValidationError(errors)

    def add(self, new: Department, row: Any) -> None:
        """Add a department."""
        made = services.add_department(
            name=new.name,
            code=new.code,
            parent=new.parent,
            is_unit=new.is_unit,
            timezone=new.timezone,
            head=new.head,
            **self._said(),
        )
        new.pk, new.path = made.pk, made.path
        self.fields["parent"].widget.learn(made)

    def change(self, before: Department, after: Department) -> None:
        """Edit, move, change the zone: whatever the row says anew."""
        key, said = before.pk, self._said()
        services.edit_department(
            department_id=key,
            name=after.name,
            code=before.code,
            is_unit=after.is_unit,
            head=after.head,
            **said,
        )
        if after.timezone != before.timezone:
            services.change_timezone(
                department_id=key,
                timezone=after.timezone,
                starts_on=localdate(self.now),
                **said,
            )
        if after.parent_id != before.parent_id:
            services.move_department(department_id=key, parent=after.parent, **said)
