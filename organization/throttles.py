"""How much one log-in, and one address, may ask of the interface for programs.

A count for each window of time, kept in the memory of each web process: a limit is a fence against
floods, and must neither cost a round trip nor fail when a cache is down.
"""

from __future__ import annotations

import re
import time
from functools import cache
from typing import Any, ClassVar, Final

from django.conf import settings
from django.core.cache import caches
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from organization.addresses import counted_address

_SECONDS: Final = {"s": 1, "min": 60, "h": 3600}


@cache
def rate_of(text: str) -> tuple[int, int]:
    """Return (how many, in how many seconds) of a rate such as “6000/min”. Raises ValueError."""
    found = re.fullmatch(r"([1-9][0-9]*)/(s|min|h)", text)
    if found is None:
        raise ValueError(f"the rate {text!r} is not of the form 6000/min; the ends are s, min, h")
    return int(found[1]), _SECONDS[found[2]]


def count(scope: str, ident: object, rate: str) -> int:
    """Count one more; return 0 while that is within `rate`, else the seconds until it is again."""
    most, seconds = rate_of(rate)
    window, gone = divmod(int(time.time()), seconds)
    key = f"rate:{scope}:{ident}:{window}"
    kept = caches["counts"]
    if kept.add(key, 1, timeout=seconds):
        return 0
    try:
        counted = kept.incr(key)
    except ValueError:  # it was forgotten between the two lines: the window has just ended
        return 0
    return seconds - gone if counted > most else 0


class _Throttle(BaseThrottle):
    scope: ClassVar[str]
    _wait: int = 0

    def ident(self, request: Request) -> object:
        raise NotImplementedError

    def rate(self) -> str:
        raise NotImplementedError

    def allow_request(self, request: Request, view: Any) -> bool:
        """Say whether the request is within its rate."""
        self._wait = count(self.scope, self.ident(request), self.rate())
        return self._wait == 0

    def wait(self) -> float:
        """Return the seconds that Retry-After names."""
        return self._wait


class ByLogIn(_Throttle):
    """What one log-in may ask, from wherever and by however many tokens."""

    scope = "log-in"

    def ident(self, request: Request) -> object:
        """Return the key of the log-in; permissions have settled that there is one."""
        return request.user.pk

    def rate(self) -> str:
        """Return API_RATE."""
        return settings.API_RATE


class ByAddress(_Throttle):
    """What one address may ask, by however many log-ins."""

    scope = "address"

    def ident(self, request: Request) -> object:
        """Return the address."""
        return counted_address(request._request)

    def rate(self) -> str:
        """Return API_ADDRESS_RATE."""
        return settings.API_ADDRESS_RATE
