"""Which tables are sealed, and what exactly of a row: the same bytes on every database, for ever.

An app names its tables when it is ready. A new column is sealed by adding a layout: seals that were
made before go on to be checked by the layout that they were made with.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from django.apps import apps
from django.db import models

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class SealedTable:
    """A table whose rows are added and never changed. `moment` is the column of their writing."""

    label: str
    moment: str
    layouts: tuple[tuple[str, ...], ...]

    @cached_property
    def model(self) -> type[models.Model]:
        """Return the model."""
        return apps.get_model(self.label)

    @property
    def layout(self) -> int:
        """Return the number of the layout by which rows are sealed today, counted from 1."""
        return len(self.layouts)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Return the key, the moment, and every column of any layout."""
        named = [column for layout in self.layouts for column in layout]
        return tuple(dict.fromkeys(("id", self.moment, *named)))

    def places(self, layout: int) -> tuple[int, ...]:
        """Return where the columns of a layout stand in `columns`. Raises IndexError."""
        if layout < 1:
            raise IndexError(layout)
        return tuple(self.columns.index(column) for column in self.layouts[layout - 1])


_tables: dict[str, SealedTable] = {}


def register(label: str, *, moment: str, layouts: Sequence[Sequence[str]]) -> None:
    """Let the rows of a model, `app.model` in lower case, be sealed from now on."""
    _tables[label] = SealedTable(label, moment, tuple(tuple(layout) for layout in layouts))


def sealed_tables() -> dict[str, SealedTable]:
    """Return the sealed tables by label, in the order in which they registered."""
    return dict(_tables)


# One row as bytes ---------------------------------------------------------------------------------


def encode(values: Sequence[Any]) -> bytes:
    """Return values as bytes that no other values have, and that every database gives alike."""
    return b"".join([_encode_one(value) for value in values])


def _encode_one(value: Any) -> bytes:
    kind = type(value)
    if value is None:
        return b"-"
    if kind is str:
        text = value.encode()
        return b"s%d:%b" % (len(text), text)
    if kind is bool:
        return b"T" if value else b"F"
    if kind is int:
        return b"i%d;" % value
    if kind is datetime:
        return b"t%d;" % ((value - _EPOCH) // _MICROSECOND)
    if kind is date:
        return b"d%b;" % value.isoformat().encode()
    if kind is Decimal:
        return b"n%b;" % format(value.normalize(), "f").encode()
    if kind in (bytes, memoryview, bytearray):
        return b"x%d:%b" % (len(value), bytes(value))
    if kind in (dict, list, float):
        text = json.dumps(_alike(value), sort_keys=True, separators=(",", ":")).encode()
        return b"j%d:%b" % (len(text), text)
    raise TypeError(f"{kind.__name__} cannot be sealed")


def _alike(value: Any) -> Any:
    """Return JSON as both databases understand it: one of them writes 2.0 and 1e3 as it likes."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _alike(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_alike(one) for one in value]
    return value
