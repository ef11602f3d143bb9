"""Form fields for what patterns are made of: wall times, minutes, and rows of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from scheduling.pattern import LAST_MINUTE
from scheduling.shift_words import clock

Words = str | Promise
Pair = tuple[int, int]

_CLOCK: Final = re.compile(r"^(\d{1,3})(?:[:：.](\d{2}))?$")
_BARE: Final = re.compile(r"^(\d{1,2})(\d{2})$")
LONGEST_MINUTES: Final = 100_000


def read_clock(text: str) -> int:
    """Return a wall time as minutes: 9:00, 0900, 9, and 30:00 for 06:00 the next day.

    Raises ValidationError with a sentence that shows the value and what would be right.
    """
    written = text.strip().translate(_FULL_WIDTH)
    found = _CLOCK.match(written) if len(written) < 3 or ":" in written or "." in written else None
    found = found or _BARE.match(written)
    if found is not None:
        hours, minutes = int(found[1]), int(found[2] or 0)
        if minutes < 60 and hours * 60 + minutes <= LAST_MINUTE:
            return hours * 60 + minutes
    raise ValidationError(
        _("“%(value)s” is no time. Write 09:00, or 30:00 for 06:00 on the next day."),
        code="no_time",
        params={"value": text},
    )


_FULL_WIDTH: Final = str.maketrans("０１２３４５６７８９：", "0123456789:")


class ClockField(forms.Field):
    """A wall time, as minutes from 00:00 of the work date."""

    widget = forms.TextInput(
        attrs={"inputmode": "numeric", "placeholder": "09:00", "autocomplete": "off", "size": 6}
    )

    def __init__(self, *, empty: int | None = None, **options: Any) -> None:
        self.empty = empty
        super().__init__(required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        """Return what stands in the box."""
        return clock(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        """Return the minutes, or what an empty box means."""
        return self.empty if value in self.empty_values else read_clock(str(value))


class MinutesField(forms.IntegerField):
    """A whole number of minutes; an empty box means `empty`. The pattern refuses those below 0."""

    widget = forms.NumberInput(attrs={"min": 0, "inputmode": "numeric"})

    def __init__(self, *, empty: int | None = None, **options: Any) -> None:
        self.empty = empty
        super().__init__(required=False, max_value=LONGEST_MINUTES, **options)

    def to_python(self, value: Any) -> int | None:
        """Return the minutes, or what an empty box means."""
        found = super().to_python(value)
        return self.empty if found is None else found


class DaysField(forms.FloatField):
    """A part of a day; an empty box means half a day. The pattern refuses those beyond 1."""

    widget = forms.NumberInput(attrs={"step": "any", "min": 0, "max": 1})

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def to_python(self, value: Any) -> Any:
        """Return the part of a day."""
        found = super().to_python(value)
        return 0.5 if found is None else found


class RowsWidget(forms.Widget):
    """Two boxes a row, any number of rows; rows are added and taken away in the browser."""

    template_name = "scheduling/rows.html"

    def __init__(self, boxes: Sequence[forms.Widget], labels: Sequence[Words]) -> None:
        self.boxes, self.labels = boxes, labels
        super().__init__()

    def value_from_datadict(
        self, data: Mapping[str, Any], files: Any, name: str
    ) -> list[tuple[str, str]]:
        """Return the rows as typed; rows with nothing in them are left out."""
        ends = [self._all(data, f"{name}_{n}") for n in range(2)]
        rows = zip(*ends, strict=False)
        return [(a, b) for a, b in rows if a.strip() or b.strip()]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        """Say no: a field without rows posts nothing, and means that there are none."""
        return False

    @staticmethod
    def _all(data: Mapping[str, Any], name: str) -> list[str]:
        found = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        return [str(value) for value in found]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Return the rows, and an empty one for the browser to copy."""
        context = super().get_context(name, value, attrs)
        context["rows"] = [self._row(name, row) for row in value or []]
        context["empty_row"] = self._row(name, ("", ""))
        context["labels"] = self.labels
        return context

    def _row(self, name: str, values: Sequence[Any]) -> list[str]:
        parts = zip(self.boxes, self.labels, values, strict=True)
        return [
            box.render(f"{name}_{n}", value, {"aria-label": str(label)})
            for n, (box, label, value) in enumerate(parts)
        ]


class RowsField(forms.Field):
    """Rows of two values, each read by a field of its own; errors name row and box."""

    def __init__(self, boxes: Sequence[forms.Field], labels: Sequence[Words], **options: Any):
        self.boxes, self.labels = boxes, labels
        widget = RowsWidget([box.widget for box in boxes], labels)
        super().__init__(required=False, widget=widget, **options)

    def prepare_value(self, value: Any) -> Any:
        """Return what stands in the boxes."""
        return [
            tuple(box.prepare_value(part) for box, part in zip(self.boxes, row, strict=True))
            for row in value or []
        ]

    def clean(self, value: Any) -> tuple[Pair, ...]:
        """Return the rows as pairs of numbers. Raises ValidationError naming each bad box."""
        found: list[Pair] = []
        errors: list[ValidationError] = []
        for number, row in enumerate(value or [], start=1):
            pair: list[int] = []
            for box, label, part in zip(self.boxes, self.labels, row, strict=True):
                try:
                    read = box.clean(part)
                    if read is None:
                        raise ValidationError(_("It is empty."), code="empty")
                    pair.append(read)
                except ValidationError as error:
                    errors += [self._named(number, label, said) for said in error.messages]
            found.append((pair[0], pair[1]) if len(pair) == 2 else (0, 0))
        if errors:
            raise ValidationError(errors)
        return tuple(found)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what stands in the boxes."""
        before = [tuple(str(part) for part in row) for row in self.prepare_value(initial)]
        return before != [tuple(row) for row in data or []]

    @staticmethod
    def _named(number: int, label: Words, said: str) -> ValidationError:
        return ValidationError(
            _("Row %(row)d, %(box)s: %(said)s"),
            code="bad_row",
            params={"row": number, "box": label, "said": said},
        )


def wall_rows(label: Words, *, help_text: Words = "") -> RowsField:
    """Return rows of a start and an end."""
    return RowsField(
        [ClockField(), ClockField()], [_("start"), _("end")], label=label, help_text=help_text
    )


def choices_of(words: Mapping[Any, Words]) -> list[tuple[str, Words]]:
    """Return choices for a field, from the words of an enumeration."""
    return [(str(key), said) for key, said in words.items()]


class DepartmentField(forms.ModelChoiceField):
    """A department, shown as deep in the list as it lies in the tree."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the name, moved in by its depth."""
        return "\u2003" * obj.depth + str(obj.name)
