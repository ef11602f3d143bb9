"""How an entry of the audit log came about: by which way, from where, in which request.

An edge (a request, a task) says so once for everything that it calls; services pass nothing on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from pathlib import Path


def _nothing() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """A channel of AuditEntry.Channel, and what is known of the caller.

    `through` is asked when an entry is written: a token is known only once it has been read.
    """

    channel: str
    address: str = ""
    request_id: str = ""
    through: Callable[[], str] = field(default=_nothing)


_current: ContextVar[Circumstances | None] = ContextVar("circumstances", default=None)


def current() -> Circumstances:
    """Return the circumstances of this moment; where no edge said anything, a command runs."""
    return _current.get() or Circumstances("command", through=_command)


def _command() -> str:
    program, *words = sys.argv or [""]
    return words[0] if Path(program).name == "manage.py" and words else Path(program).name


def of_task(name: str, key: str) -> Circumstances:
    """Return the circumstances of a background task."""
    return Circumstances("task", request_id=key, through=lambda: name)


def begin(circumstances: Circumstances) -> Token[Circumstances | None]:
    """Let entries carry these circumstances until `end` is told what this returns."""
    return _current.set(circumstances)


def end(token: Token[Circumstances | None]) -> None:
    """Let entries carry again what they carried before."""
    _current.reset(token)


@contextmanager
def within(circumstances: Circumstances) -> Iterator[None]:
    """Let entries written inside the block carry these circumstances."""
    token = begin(circumstances)
    try:
        yield
    finally:
        end(token)
