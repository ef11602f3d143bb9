"""A world that is written once for all tests of a file; what each test does to it is undone.

A file asks for it with `pytestmark = pytest.mark.usefixtures("standing_cast")`. It must hold no
test that commits: everything stands in one transaction, which is rolled back at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import transaction

World = TypeVar("World")


@contextmanager
def standing(build: Callable[[], World], blocker: Any) -> Iterator[World]:
    """Build a world in a transaction around those of the tests, and take it away afterwards."""
    with blocker.unblock(), transaction.atomic():
        try:
            yield build()
        finally:
            transaction.set_rollback(True)
