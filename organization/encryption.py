"""Encryption of what must not be read from the database file: keys rotate, a bad token raises.

A sealed value is AES-256-GCM: a byte that names the layout, eight that name the key, a nonce, the
ciphertext with its tag. What the value belongs to (its `context`) is authenticated with it: copied
to another row by SQL, it does not open there. Values of earlier releases are Fernet tokens.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from functools import cache
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

LAYOUT: Final = b"\x01"
MARK_LENGTH: Final = 9
_NONCE: Final = 12
# Fernet's first byte is its version, and base64 makes a "g" of it.
_FERNET: Final = b"gAAAA"


class CannotUnseal(Exception):
    """A sealed value does not open."""


class UnknownKey(CannotUnseal):
    """It was sealed with a key that settings.FIELD_KEYS does not hold."""


class NotAuthentic(CannotUnseal):
    """It was changed, or it belongs to another row."""


class _Ring:
    """The keys: the first one seals, all of them open."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._boxes: dict[bytes, AESGCM] = {}
        for key in keys:
            raw = _raw(key)
            mark = LAYOUT + hashlib.sha256(b"kaoqin field key " + raw).digest()[:8]
            self._boxes[mark] = AESGCM(_derived(raw))
        self._digests = [_derived(_raw(key), b"kaoqin digest v1") for key in keys]
        self.mark = next(iter(self._boxes))
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, content: bytes, context: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return self.mark + nonce + self._boxes[self.mark].encrypt(nonce, content, context.encode())

    def unseal(self, sealed: bytes, context: str) -> bytes:
        if sealed.startswith(_FERNET):
            return self._unseal_fernet(sealed)
        box = self._boxes.get(sealed[:MARK_LENGTH])
        if box is None:
            raise UnknownKey("none of FIELD_KEYS has sealed this value")
        nonce, text = sealed[MARK_LENGTH:][:_NONCE], sealed[MARK_LENGTH + _NONCE :]
        try:
            return box.decrypt(nonce, text, context.encode())
        except (InvalidTag, ValueError) as error:
            raise NotAuthentic("the value was changed, or belongs to another row") from error

    def digests(self, content: bytes, context: str) -> list[str]:
        said = context.encode() + b"\0" + content
        return [hmac.digest(key, said, "sha256").hex() for key in self._digests]

    def _unseal_fernet(self, token: bytes) -> bytes:
        try:
            value: Any = json.loads(self._fernet.decrypt(token))
        except InvalidToken as error:
            raise UnknownKey("none of FIELD_KEYS has sealed this value") from error
        return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def _raw(key: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(key)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise ImproperlyConfigured("FIELD_KEYS holds a key that is not 32 bytes in base64.")
    return raw


def _derived(raw: bytes, use: bytes = b"kaoqin field v1") -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=use).derive(raw)


@cache
def _ring(keys: tuple[str, ...]) -> _Ring:
    return _Ring(keys)


def _keys() -> _Ring:
    return _ring(tuple(settings.FIELD_KEYS))


def current_mark() -> bytes:
    """Return the bytes with which every value begins that the first of FIELD_KEYS has sealed."""
    return _keys().mark


def seal(content: bytes, context: str) -> bytes:
    """Return `content` encrypted with the first of settings.FIELD_KEYS; it opens with `context`."""
    return _keys().seal(content, context)


def unseal(sealed: bytes | memoryview, context: str) -> bytes:
    """Return what `seal` was given. Raises UnknownKey, or NotAuthentic for another context."""
    return _keys().unseal(bytes(sealed), context)


def digests(content: bytes, context: str) -> list[str]:
    """Return what `content` is looked up by, one word for each of settings.FIELD_KEYS.

    The first is the one to keep; the others find what older keys have made. Without the keys
    nobody can tell what was digested, however few contents there could be.
    """
    return _keys().digests(content, context)
