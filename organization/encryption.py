"""Encryption of what must not be read from the database file: keys rotate, a bad token raises."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


@cache
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(value: Any) -> bytes:
    """Return `value` (JSON) encrypted with the first of settings.FIELD_KEYS."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _box(tuple(settings.FIELD_KEYS)).encrypt(text.encode())


def unseal(token: bytes | memoryview) -> Any:
    """Return what `seal` was given. Raises cryptography.fernet.InvalidToken for a foreign key."""
    return json.loads(_box(tuple(settings.FIELD_KEYS)).decrypt(bytes(token)))
