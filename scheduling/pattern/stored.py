"""Frozen dataclasses to plain JSON values and back, by the types of their fields."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def write(value: Any) -> dict[str, Any]:
    """Return a dataclass as plain JSON values, without what merely repeats a default."""
    return {
        part.name: _plain(said)
        for part in fields(value)
        if part.init and (said := getattr(value, part.name)) != part.default
    }


def read(cls: type[T], written: Any, path: str = "") -> T:
    """Return the dataclass that `write` wrote. Raise ValueError naming the field that is wrong."""
    if not isinstance(written, Mapping):
        raise ValueError(f"{path or cls.__name__}: {written!r} is not an object")
    kinds = _kinds(cls)  # type: ignore[arg-type]  # a class is hashable
    for name in written:
        if name not in kinds:
            raise ValueError(f"{_under(path, name)}: no such field")
    for name, (_, needed) in kinds.items():
        if needed and name not in written:
            raise ValueError(f"{_under(path, name)}: is lacking")
    return cls(
        **{name: _value(kinds[name][0], said, _under(path, name)) for name, said in written.items()}
    )


@cache
def _kinds(cls: Any) -> dict[str, tuple[Any, bool]]:
    """Return the type of each field, and whether it must be given."""
    hints = get_type_hints(cls)
    return {
        part.name: (hints[part.name], part.default is MISSING) for part in fields(cls) if part.init
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return write(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value


def _value(kind: Any, said: Any, path: str) -> Any:
    if isinstance(kind, UnionType):
        if said is None:
            return None
        kind = next(choice for choice in get_args(kind) if choice is not type(None))
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind), said, path)
    if is_dataclass(kind):
        return read(kind, said, path)  # type: ignore[arg-type]
    if issubclass(kind, StrEnum):
        if said not in list(kind):
            raise ValueError(f"{path}: {said!r} is none of {', '.join(kind)}")
        return kind(said)
    if kind is float and isinstance(said, int) and not isinstance(said, bool):
        return float(said)
    if type(said) is not kind:
        raise ValueError(f"{path}: {said!r} is not of type {kind.__name__}")
    return said


def _tuple(kinds: tuple[Any, ...], said: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(said, list | tuple):
        raise ValueError(f"{path}: {said!r} is not a list")
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(said)
    if len(kinds) != len(said):
        raise ValueError(f"{path}: {said!r} does not have {len(kinds)} parts")
    return tuple(
        _value(kind, part, f"{path}.{index}")
        for index, (kind, part) in enumerate(zip(kinds, said, strict=True))
    )


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
