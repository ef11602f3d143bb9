"""A server for RADIUS accounting: one socket, one process, an answer after each commit."""

from __future__ import annotations

import logging
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from devices.joins import Heard, Speaker, hear, speakers
from devices.protocols.radius import LONGEST

_log: Final = logging.getLogger(__name__)
_PEACEFUL: Final = frozenset((Heard.KEPT, Heard.REPEATED, Heard.NOTHING))
# Seconds.
_LOOK_AROUND: Final = 0.5
_KNOWN_FOR: Final = 10.0
_TELL_EVERY: Final = 60.0
_SENDERS_AT_MOST: Final = 1_000


class Complaints:
    """What was wrong, counted: the first of a kind and sender is told at once, the rest by minute.

    Whoever floods the port fills neither the log nor the memory.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told_at = clock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, what: str, sender: str) -> None:
        """Count one, and tell of it if it is the first within the minute."""
        if (what, sender) not in self._counts and len(self._counts) >= _SENDERS_AT_MOST:
            sender = "others"
        self._counts[what, sender] += 1
        if self._counts[what, sender] == 1:
            _log.warning("RADIUS: %s, from %s.", what, sender)

    def tell(self) -> None:
        """Tell how many there were, once a minute."""
        if self._clock() - self._told_at < _TELL_EVERY:
            return
        for (what, sender), count in self._counts.items():
            if count > 1:
                _log.warning("RADIUS: %s, from %s, %d times in a minute.", what, sender, count)
        self._counts.clear()
        self._told_at = self._clock()


class Listener:
    """Listens on a UDP port until it is stopped. `clock` says what time it is."""

    def __init__(
        self, host: str, port: int, *, clock: Callable[[], datetime] = timezone.now
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._clock = clock
        self._is_stopped = False
        self._complaints = Complaints()
        self._speakers: list[Speaker] = []
        self._known_until = 0.0
        try:
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self._socket.settimeout(_LOOK_AROUND)
        self.port: int = self._socket.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def stop(self) -> None:
        """End after the datagram in hand."""
        self._is_stopped = True

    def run(self) -> None:
        """Answer datagrams until somebody calls `stop`."""
        while not self._is_stopped:
            self._complaints.tell()
            try:
                datagram, address = self._socket.recvfrom(LONGEST + 1)
            except TimeoutError:
                continue
            except OSError as odd:
                # What an earlier answer came back with, as "nobody listens there".
                self._complaints.add(f"the network says {odd.strerror}", "the network")
                continue
            answer = self._answer(datagram, address[0])
            if answer is not None:
                with suppress(OSError):  # the controller asks again
                    self._socket.sendto(answer, address)

    def _answer(self, datagram: bytes, sender: str) -> bytes | None:
        """Return the answer, once what was said is kept; without a database there is none."""
        try:
            answer, heard = hear(
                datagram,
                sender=sender.partition("%")[0],
                speakers=self._known(),
                now=self._clock(),
            )
        except (DatabaseError, InterfaceError) as lost:
            self._complaints.add(f"the database does not answer ({type(lost).__name__})", sender)
            # The next datagram opens a connection anew.
            with suppress(DatabaseError, InterfaceError):
                connection.close()
            return None
        if heard not in _PEACEFUL:
            self._complaints.add(heard, sender)
        return answer

    def _known(self) -> list[Speaker]:
        """Return the controllers, read anew after some seconds."""
        if time.monotonic() >= self._known_until:
            self._speakers = speakers()
            self._known_until = time.monotonic() + _KNOWN_FOR
        return self._speakers
