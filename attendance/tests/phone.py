"""A phone for tests: it has a key, numbers its punches, and signs what it says."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from django.test import Client
from django.utils import timezone

from devices.models import Phone as PhoneRow
from devices.phones import CHALLENGE_SAYS, Proof, bind_phone, give_challenge, thumbprint
from organization.models import Employee

SHANGHAI: Final = {
    "latitude": 31.2304, "longitude": 121.4737, "accuracy_metres": 20.0, "datum": "wgs84",
}  # fmt: skip


class Phone:
    """A phone in somebody's hand."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        numbers = self._private.public_key().public_numbers()
        self.jwk = {"kty": "EC", "crv": "P-256", "x": _b64(numbers.x), "y": _b64(numbers.y)}
        self.key = thumbprint(self.jwk)
        self.counter = 0

    def bind(self, employee: Employee, *, now: datetime) -> PhoneRow:
        """Bind it to a person, as the page does."""
        assert employee.user is not None
        return bind_phone(
            employee=employee,
            key=self.jwk,
            proof=self.prove(employee, now=now),
            name="Test phone",
            actor=employee.user,
            now=now,
        )

    def prove(self, employee: Employee, *, now: datetime) -> Proof:
        """Ask for a challenge and sign it, as the page does."""
        assert employee.user is not None
        challenge = give_challenge(employee=employee, key=self.key, actor=employee.user, now=now)
        return self.answer(challenge)

    def answer(self, challenge: str) -> Proof:
        """Sign a challenge."""
        return Proof(challenge, self.sign(f"{CHALLENGE_SAYS}{challenge}".encode()))

    def say(self, **said: Any) -> bytes:
        """Return a claim as the page writes it; `None` leaves a field out.

        Without a network it has heard the server just before, unless something else is said.
        """
        self.counter += 1
        now = timezone.now().isoformat()
        heard = {}
        if said.get("offline"):
            heard = {"server_at": said.get("at", now), "since_server_ms": 0}
        whole = {
            "v": 1, "phone": self.key, "counter": self.counter, "at": now, "sent_at": now,
            "method": "location", "position": SHANGHAI, "offline": False, **heard, **said,
        }  # fmt: skip
        if (photo := whole.pop("photo", None)) is not None:
            whole["photo_sha256"] = hashlib.sha256(photo).hexdigest()
        return json.dumps({k: v for k, v in whole.items() if v is not None}).encode()

    def sign(self, content: bytes) -> str:
        """Return the signature as WebCrypto makes it: r and s, side by side."""
        r, s = decode_dss_signature(self._private.sign(content, ec.ECDSA(SHA256())))
        return urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode().rstrip("=")

    def post(
        self, client: Client, content: bytes, *, photo: Any = None, sent_at: str | None = None
    ) -> Any:
        """Send a claim to the page's address."""
        body = {"claim": content.decode(), "signature": self.sign(content), "phone": self.key}
        if photo is not None:
            body["photo"] = photo
        if sent_at is not None:
            body["sent_at"] = sent_at
        return client.post("/punch/make/", body)


def _b64(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")
