"""`manage.py serve`: web, worker and bells start together, and end together however they end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT, database_url

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(sys.platform != "linux", reason="they read /proc, which only Linux has"),
]

Serving = subprocess.Popen[str]


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def serving(transactional_db: None, tmp_path: Path, port: int) -> Iterator[Serving]:
    environment = {**os.environ, "DATABASE_URL": database_url(), "VAR_DIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env={
            **environment,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "CELERY_QUEUE": f"serve-{port}",
            "PORT": str(port),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_for(process, f"Kaoqin is ready: http://127.0.0.1:{port}/")
    yield process
    process.kill()
    process.wait()


def wait_for(process: Serving, words: str) -> None:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return
    pytest.fail(f"it never said {words!r}, but:\n{''.join(said)}")


def rest_of(process: Serving) -> str:
    said, _ = process.communicate(timeout=90)
    return said


def parts_of(process: Serving) -> dict[str, int]:
    """Return the process ids of the three parts."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_text() for pid in children}
    return {
        name: pid
        for name in ("worker", "beat", "gunicorn")
        for pid, command in commands.items()
        if f"\0{name}\0" in command
    }


def all_ended(parts: dict[str, int]) -> bool:
    until = time.monotonic() + 20
    while any(lives(pid) for pid in parts.values()):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_everything_ends_when_it_is_asked_to(serving: Serving, asked: signal.Signals) -> None:
    parts = parts_of(serving)
    assert sorted(parts) == ["beat", "gunicorn", "worker"]

    serving.send_signal(asked)

    assert rest_of(serving).endswith("Ended.\n")
    assert serving.returncode == 0
    assert all_ended(parts)


def test_everything_ends_when_a_part_does(serving: Serving) -> None:
    parts = parts_of(serving)

    os.kill(parts["worker"], signal.SIGKILL)

    assert "worker ended with status -9; everything else was ended too." in rest_of(serving)
    assert serving.returncode == 1
    assert all_ended(parts)


def test_nothing_is_left_when_the_supervisor_is_killed(serving: Serving) -> None:
    parts = parts_of(serving)

    serving.kill()

    assert all_ended(parts)


def test_a_port_in_use_is_refused_with_another_to_choose(port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()

        answer = subprocess.run(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env={**os.environ, "PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert answer.returncode == 1
    assert f"choose another port, such as PORT={port + 1}" in answer.stderr
