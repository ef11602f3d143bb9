"""Whose right a deed rests on, where that is not the right of whoever does it."""

from __future__ import annotations

from typing import NamedTuple

from organization.access import Action
from organization.models import User


class Authority(NamedTuple):
    """A decided request: whoever stands in for `user`, or decides what HR would else enter."""

    user: User
    act: Action = Action.DECIDE
