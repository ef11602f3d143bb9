"""The embedded default's broker: messages are files, so nothing has to be installed or started.

It keeps three promises that kombu's own file system transport does not:

* A message is written aside and renamed into its queue, so nobody reads half of it.
* A reader claims a message by renaming it into a folder of its own, and deletes it when it is
  acknowledged. Each message therefore has one reader.
* The folder is guarded by a lock that the operating system gives back when its process dies,
  however it dies. Whoever reads next puts a dead reader's claims back into their queues.

It is for one machine, and knows no broadcasts: `celery inspect` and its kin need Redis.

    <folder>/queues/<queue>/<moment>_<id>.msg     waiting; `.again` when it had a reader before
    <folder>/claims/<reader>/<queue>,<file>       being worked on
    <folder>/claims/<reader>.lock                 held while the reader lives
    <folder>/unreadable/                          what is no message, set aside for a person to see
"""

import fcntl
import logging
import os
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from time import monotonic, time_ns
from typing import IO, Any, ClassVar, Final
from urllib.parse import quote

from kombu.transport import virtual
from kombu.utils.json import dumps, loads

logger = logging.getLogger(__name__)

# How often a reader looks for claims of readers that died, in seconds.
LOOK_FOR_THE_DEAD_EVERY: Final = 5.0


class Reader:
    """This process as a reader: its folder of claims, and the lock that shows it lives."""

    _living: ClassVar[dict[tuple[int, Path], "Reader"]] = {}

    def __init__(self, root: Path) -> None:
        self.claims = root / "claims" / uuid.uuid4().hex
        self.claims.parent.mkdir(parents=True, exist_ok=True)
        # The lock comes before the folder, so that a folder without a held lock is a dead reader's.
        self._lock = _locked(self.claims)
        self.claims.mkdir()

    @classmethod
    def here(cls, root: Path) -> "Reader":
        """Return the reader that this process is. A fork of it is another one."""
        key = (os.getpid(), root)
        if key not in cls._living:
            cls._living[key] = cls(root)
        return cls._living[key]


def _lock_of(claims: Path) -> Path:
    return claims.with_name(f"{claims.name}.lock")


def _locked(claims: Path) -> IO[bytes] | None:
    """Return the held lock of a reader's folder, or None where another process holds it.

    It is a POSIX record lock on purpose: a child of the worker does not inherit it, so it ends with
    the worker itself. For the same reason a process must never open its own lock a second time.
    """
    file = _lock_of(claims).open("ab")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


class Channel(virtual.Channel):
    """A channel whose queues are folders."""

    def __init__(self, connection: Any, **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        self._root = Path(connection.client.transport_options["folder"])
        self._claimed: dict[str, Path] = {}
        self._ahead: defaultdict[str, deque[str]] = defaultdict(deque)
        self._look_again_at = 0.0

    # What a queue is.

    def _folder(self, queue: str) -> Path:
        folder = self._root / "queues" / quote(queue, safe="@")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _waiting(self, queue: str) -> list[str]:
        """Return the file names of the waiting messages, oldest first."""
        names = (file.name for file in self._folder(queue).iterdir())
        return sorted(name for name in names if not name.startswith("."))

    def _size(self, queue: str) -> int:
        return len(self._waiting(queue))

    def _purge(self, queue: str) -> int:
        folder, names = self._folder(queue), self._waiting(queue)
        for name in names:
            (folder / name).unlink(missing_ok=True)
        return len(names)

    # In.

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        name = f"{time_ns():020d}_{uuid.uuid4().hex}.msg"
        draft = self._folder(queue) / f".{name}"
        with draft.open("w", encoding="utf-8") as file:
            file.write(dumps(message))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(draft.with_name(name))

    # Out.

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        self._give_back_claims_of_the_dead()
        ahead = self._ahead[queue]
        if not ahead:
            ahead.extend(self._waiting(queue))
        while ahead:
            claim = self._claim(queue, ahead.popleft())
            message = claim and self._read(claim)
            if claim and message:
                self._claimed[message["properties"]["delivery_tag"]] = claim
                return message
        raise Empty

    def _claim(self, queue: str, name: str) -> Path | None:
        """Return where the message is now that it is ours, or None if somebody was faster."""
        folder = self._folder(queue)
        claim = Reader.here(self._root).claims / f"{folder.name},{name}"
        try:
            (folder / name).rename(claim)
        except FileNotFoundError:
            return None
        return claim

    def _read(self, claim: Path) -> dict[str, Any] | None:
        """Return the message, or None for a file that is none; such a file is set aside."""
        try:
            message: dict[str, Any] = loads(claim.read_text(encoding="utf-8"))
            again = claim.suffix == ".again"
            # Celery runs a task that lost its worker once more, but not for ever.
            message["properties"]["delivery_info"]["redelivered"] = again
            message["properties"]["delivery_tag"]
        except (ValueError, KeyError, TypeError):
            aside = self._root / "unreadable" / claim.name
            aside.parent.mkdir(exist_ok=True)
            claim.rename(aside)
            logger.error("A file in the queue is no message; it is now %s.", aside)
            return None
        return message

    def basic_consume(
        self,
        queue: str,
        no_ack: bool,
        callback: Callable[[Any], None],
        consumer_tag: str,
        **kwargs: Any,
    ) -> None:
        """Consume from a queue. With `no_ack`, a message is done when it is handed on."""

        def hand_on(message: Any) -> None:
            callback(message)
            if no_ack:
                self._settle(message.delivery_tag)

        super().basic_consume(queue, no_ack, hand_on, consumer_tag, **kwargs)

    def basic_get(self, queue: str, no_ack: bool = False, **kwargs: Any) -> Any:
        """Return the next message, or None."""
        message = super().basic_get(queue, no_ack=no_ack, **kwargs)
        if message is not None and no_ack:
            self._settle(message.delivery_tag)
        return message

    # Done, or not.

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Forget a message: it was worked on."""
        super().basic_ack(delivery_tag, multiple)
        self._settle(delivery_tag)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Put a message back into its queue, or forget it."""
        super().basic_reject(delivery_tag, requeue)
        self._settle(delivery_tag)

    def _settle(self, delivery_tag: str) -> None:
        if claim := self._claimed.pop(delivery_tag, None):
            claim.unlink(missing_ok=True)

    def _restore(self, message: Any) -> None:
        if claim := self._claimed.pop(message.delivery_tag, None):
            self._give_back(claim)

    def _give_back(self, claim: Path) -> None:
        queue, _, name = claim.name.partition(",")
        try:
            claim.rename(self._root / "queues" / queue / Path(name).with_suffix(".again"))
        except FileNotFoundError:
            logger.debug("Somebody else gave %s back.", claim.name)

    def _give_back_claims_of_the_dead(self) -> None:
        if monotonic() < self._look_again_at:
            return
        self._look_again_at = monotonic() + LOOK_FOR_THE_DEAD_EVERY
        own = Reader.here(self._root).claims
        for claims in own.parent.iterdir():
            if claims.suffix == ".lock" or claims == own:
                continue
            lock = _locked(claims)
            if lock is None:
                continue
            with lock:
                for claim in claims.iterdir():
                    self._give_back(claim)
                claims.rmdir()
                _lock_of(claims).unlink(missing_ok=True)


class Transport(virtual.Transport):
    """The transport behind `embedded://`; its option `folder` says where the messages live."""

    Channel = Channel

    driver_type = "filesystem"
    driver_name = "embedded"
    polling_interval = 0.2
