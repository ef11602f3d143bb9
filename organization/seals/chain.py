"""The mathematics of the chain: keys, digests of rows, the digest of a seal. No database.

Every digest is keyed. Whoever has the database, and not the keys, can neither compute a digest of a
changed row nor make a seal; the chain cannot be made anew behind our back.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.conf import settings

from organization.seals.models import Seal
from organization.seals.tables import encode

# A forger without the key can only guess; 64 bits are never guessed row by row in a database.
_ROW_BYTES: Final = 8
BEGINNING: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class SealKey:
    """A key as it is used: one part for rows, one for the chain, and a name that gives nothing."""

    id: str
    rows: bytes
    chain: bytes


@cache
def _keys(texts: tuple[str, ...]) -> tuple[SealKey, ...]:
    return tuple(
        SealKey(_derive(text, b"name").hex()[:16], _derive(text, b"rows"), _derive(text, b"chain"))
        for text in (raw.strip() for raw in texts)
        if text
    )


def _derive(text: str, purpose: bytes) -> bytes:
    return hmac.digest(text.encode(), b"kaoqin seals: " + purpose, "sha256")


def own_key() -> SealKey:
    """Return the key that seals today: the first of settings.SEAL_KEYS."""
    return _keys(tuple(settings.SEAL_KEYS))[0]


def find_key(key_id: str) -> SealKey | None:
    """Return the key of that name; None where settings.SEAL_KEYS no longer holds it."""
    return next((key for key in _keys(tuple(settings.SEAL_KEYS)) if key.id == key_id), None)


class RowDigest:
    """Computes the digests of a table's rows, by one layout and one key."""

    def __init__(self, key: SealKey, table: str, layout: int, places: Sequence[int]) -> None:
        self._begun = hashlib.blake2b(encode((table, layout)), digest_size=_ROW_BYTES, key=key.rows)
        self._places = tuple(places)

    def of(self, values: Sequence[Any]) -> bytes:
        """Return the digest of a row, given as the values of SealedTable.columns."""
        digest = self._begun.copy()
        digest.update(encode([values[place] for place in self._places]))
        return digest.digest()


def digest_of(seal: Seal, key: SealKey) -> str:
    """Return the digest that a seal must have. It covers all that the seal says."""
    said = encode(
        (
            seal.pk,
            str(seal.kind),
            seal.table,
            seal.layout,
            seal.low,
            seal.high,
            seal.count,
            hashlib.sha256(seal.members).digest(),
            seal.reason,
            seal.sealed_at,
            seal.complete_at,
            seal.key_id,
            seal.previous,
        )
    )
    return hmac.new(key.chain, said, "sha256").hexdigest()


# Members: keys as differences in seven-bit groups, each followed by its row's digest -------------


def pack(members: Iterable[tuple[int, bytes]]) -> bytes:
    """Return keys, in rising order, with their digests; a removal has empty digests."""
    packed = bytearray()
    before = 0
    is_first = True
    for key, digest in members:
        # The first key may be anything; what follows only rises.
        step = (key << 1) ^ (key >> 63) if is_first else key - before
        while step > 127:
            packed.append(step & 127 | 128)
            step >>= 7
        packed.append(step)
        packed += digest
        before, is_first = key, False
    return bytes(packed)


def unpack(packed: bytes | memoryview, *, with_digests: bool) -> Iterator[tuple[int, bytes]]:
    """Yield what `pack` was given. Raises IndexError for what it did not write."""
    content = bytes(packed)
    size = _ROW_BYTES if with_digests else 0
    place, key, is_first = 0, 0, True
    while place < len(content):
        step = shift = 0
        while True:
            byte = content[place]
            place += 1
            step |= (byte & 127) << shift
            if byte < 128:
                break
            shift += 7
        key = (step >> 1) ^ -(step & 1) if is_first else key + step
        is_first = False
        yield key, content[place : place + size]
        place += size
