"""Columns whose content is sealed, each bound to its row.

Every such column is a `SealedField`, so that `sealed_columns` finds all of them and a rotation of
keys forgets none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from organization.encryption import digests, seal, unseal


class SealedField(models.BinaryField):
    """Bytes that `sealed` makes and `opened` reads; the column itself tells nothing.

    `purpose` names the column for ever, whatever becomes of the names of the model. `bound_to` are
    columns of the row that never change: content copied to another row does not open there.
    `looked_up_by` names a column with the digest of the content, by which rows are found.
    """

    def __init__(
        self,
        *args: Any,
        purpose: str = "",
        bound_to: Sequence[str] = (),
        looked_up_by: str = "",
        **kwargs: Any,
    ) -> None:
        self.purpose, self.bound_to, self.looked_up_by = purpose, tuple(bound_to), looked_up_by
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Write purpose and binding into migrations."""
        name, path, args, kwargs = super().deconstruct()
        kwargs |= {"purpose": self.purpose, "bound_to": self.bound_to}
        if self.looked_up_by:
            kwargs["looked_up_by"] = self.looked_up_by
        return name, path, args, kwargs

    def context(self, values: Mapping[str, Any]) -> str:
        """Return what content is bound to, for these values of the row."""
        return "|".join([self.purpose, *(f"{name}={values[name]}" for name in self.bound_to)])


class SealedColumn(NamedTuple):
    """A sealed column of a model."""

    model: type[models.Model]
    field: SealedField


def sealed_columns() -> list[SealedColumn]:
    """Return every sealed column that there is."""
    return [
        SealedColumn(model, field)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, SealedField)
    ]


def sealed(model: type[models.Model], column: str, content: bytes, **values: Any) -> bytes:
    """Return `content` sealed for the row with these values; `values` are what it is bound to."""
    return seal(content, _field(model, column).context(values))


def opened(row: models.Model, column: str) -> bytes:
    """Return the content of a sealed column. Raises encryption.CannotUnseal."""
    field = _field(type(row), column)
    values = {name: getattr(row, name) for name in field.bound_to}
    return unseal(getattr(row, column), field.context(values))


def digests_of(model: type[models.Model], column: str, content: bytes) -> list[str]:
    """Return by what rows with this content are found; the first is what to keep in a new row."""
    return digests(content, _field(model, column).purpose)


def _field(model: type[models.Model], column: str) -> SealedField:
    field = model._meta.get_field(column)
    if not isinstance(field, SealedField):
        raise FieldDoesNotExist(f"{model._meta.label}.{column} is not sealed")
    return field
