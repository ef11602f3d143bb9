"""How a program says who it is: `Authorization: Token <key>`."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from organization import second_factor, tokens
from organization.addresses import counted_address
from organization.models import ApiToken, User
from organization.throttles import count

_KEYWORD: Final = "Token"
_REFUSED: Final = _("This token opens nothing. Send the header “Authorization: Token <key>”.")


class TokenAuthentication(BaseAuthentication):
    """Knows a program by its token. Whatever is wrong with a token, the answer is the same 401."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the log-in and its token; None where the header speaks of no token at all."""
        words = get_authorization_header(request).split()
        if words and words[0].lower() == b"bearer":
            raise AuthenticationFailed(_REFUSED)
        if not words or words[0].lower() != _KEYWORD.lower().encode():
            return None
        now = timezone.now()
        token = tokens.find(_text(words[1]), now=now) if len(words) == 2 else None
        if token is None or _passes_by(token.user):
            # Only what opens nothing is counted: a flood of wrong keys shuts no right one out.
            if wait := count("token", counted_address(request._request), settings.TOKEN_RATE):
                raise Throttled(wait)
            raise AuthenticationFailed(_REFUSED)
        tokens.note_use(token, now=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that the refusal of an unknown caller is a 401."""
        return _KEYWORD


def _passes_by(user: User) -> bool:
    """Say whether a key of this person, issued when people had keys, goes past their factor."""
    return not user.is_program and second_factor.is_asked(user)


def _text(word: bytes) -> str:
    return word.decode("latin-1")
