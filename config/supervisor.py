"""Several processes as one: they start together, speak with their names, and end together."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self

# From <sys/prctl.h>: the signal a process gets when its parent dies.
PR_SET_PDEATHSIG: Final = 1
# Loaded here, because a child between fork and exec should do as little as it can.
LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None
GRACE: Final = 15.0


class Ended(Exception):
    """A part ended although nobody asked it to."""

    def __init__(self, name: str, status: int) -> None:
        super().__init__(f"{name} ended with status {status}")
        self.name = name
        self.status = status


class Supervisor:
    """Starts commands and, when the block is left in whatever way, ends all of them.

    SIGTERM to this process reads like Ctrl-C: it raises KeyboardInterrupt in the block.
    """

    def __init__(self) -> None:
        self._parts: dict[str, subprocess.Popen[str]] = {}

    def __enter__(self) -> Self:
        # Who starts this in the background of a script hands SIGINT down as ignored.
        for asked in (signal.SIGINT, signal.SIGTERM):
            signal.signal(asked, signal.default_int_handler)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for asked in (signal.SIGINT, signal.SIGTERM):
            signal.signal(asked, signal.SIG_IGN)
        running = [part for part in self._parts.values() if part.poll() is None]
        for part in running:
            part.terminate()
        until = time.monotonic() + GRACE
        for part in running:
            try:
                part.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                part.kill()
                part.wait()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start a command; each line it says is repeated here behind its name."""
        part = subprocess.Popen(  # noqa: S603  (the commands are our own)
            command,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # A group of its own: Ctrl-C reaches only us, and we ask everybody once.
            process_group=0,
            preexec_fn=_end_with_parent,
        )
        self._parts[name] = part
        threading.Thread(target=_repeat, args=(name, part), daemon=True).start()

    def look(self) -> None:
        """Raise Ended if a part has ended."""
        for name, part in self._parts.items():
            if (status := part.poll()) is not None:
                raise Ended(name, status)

    def watch(self) -> None:
        """Wait until a part ends, and raise Ended."""
        while True:
            self.look()
            time.sleep(0.5)


def _repeat(name: str, part: "subprocess.Popen[str]") -> None:
    assert part.stdout is not None  # noqa: S101  (it was opened as a pipe, above)
    for line in part.stdout:
        sys.stdout.write(f"{name:<7}| {line}")
        sys.stdout.flush()


def _end_with_parent() -> None:
    """Ask the kernel to end this process when its parent is killed. Linux only; else nothing."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
