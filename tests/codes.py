"""What the phone of a person in a test shows."""

import base64
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from organization import second_factor
from organization.models import SecondFactor, User


def code_at(secret: str, moment: datetime) -> str:
    """Return the six digits that an authenticator app shows at a moment."""
    key = base64.b32decode(secret.replace(" ", ""))
    return TOTP(key, 6, SHA1(), 30).generate(int(moment.timestamp())).decode()  # noqa: S303  (what apps speak)


def phone_of(user: User) -> str:
    """Return the secret that the phone of somebody enrolled has learned."""
    return second_factor.secret_of(SecondFactor.objects.get(user=user))


def enrol(user: User, now: datetime) -> list[str]:
    """Set up a second factor as its owner does; return the recovery codes. The step stays free."""
    factor = second_factor.begin(user)
    codes = second_factor.confirm(
        user, code_at(second_factor.secret_of(factor), now), but=None, now=now
    )
    SecondFactor.objects.filter(user=user).update(last_step=0)
    return codes
