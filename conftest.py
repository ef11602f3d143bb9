"""What every test may ask for: markers for what a machine may lack, a real worker, a browser."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import django
import hypothesis
import pytest
from celery import Celery
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations as PostgresOperations
from django.test import TransactionTestCase
from django.utils import translation

from config import env
from organization import refusals
from organization.append_only import lifted

# Alice, Bob and Carol, and the company of five units, for every test that asks for them.
pytest_plugins = ("tests.cast", "tests.group")

ROOT: Final = Path(__file__).resolve().parent
SAMPLES: Final = ROOT.parent / "shared" / "samples"
CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")

# The browser's test helper runs an event loop in this thread; Django would refuse the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# Timing on a shared machine says nothing about a law; in CI the same examples come every time.
hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


# What a machine may lack ------------------------------------------------------------------------

NEEDS: Final[dict[str, tuple[Callable[[], bool], str]]] = {
    "needs_postgres": (
        lambda: "postgresql" in settings.DATABASES["default"]["ENGINE"],
        "they need PostgreSQL: set DATABASE_URL",
    ),
    "needs_redis": (lambda: bool(env.text("REDIS_URL")), "they need Redis: set REDIS_URL"),
    "needs_chromium": (lambda: CHROMIUM is not None, "they need a browser: install chromium"),
    "needs_node": (lambda: shutil.which("node") is not None, "they need node"),
    "needs_samples": (SAMPLES.is_dir, "they read ../shared/samples, which a clone has not"),
    "needs_radclient": (
        lambda: shutil.which("radclient") is not None,
        "they need radclient: install freeradius-utils",
    ),
    "needs_gettext": (lambda: shutil.which("xgettext") is not None, "they need gettext"),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run, and say so; in CI, where nothing may lack, fail."""
    for marker, (is_here, reason) in NEEDS.items():
        if item.get_closest_marker(marker) is None or is_here():
            continue
        if os.environ.get("CI"):
            pytest.fail(f"CI runs every test, and {reason}", pytrace=False)
        pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line each why tests were left out."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
    )
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count} tests were not run; {reason}.")


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """Begin each test in English; the last page of the one before may have spoken Chinese."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _nothing_counted_yet() -> None:
    """Let no test be refused, or its refusal not be written, for what the one before has done.

    People of different tests bear the same keys, and a walk knocks a thousand times in a minute.
    """
    caches["counts"].clear()
    refusals.forget()


# The database -----------------------------------------------------------------------------------


def _migrated() -> Path:
    """Return where a database stands to which exactly these migrations were applied."""
    digest = hashlib.blake2b(django.__version__.encode(), digest_size=12)
    for file in sorted(ROOT.glob("*/migrations/*.py")):
        digest.update(file.name.encode() + file.read_bytes())
    return Path(tempfile.gettempdir()) / f"kaoqin-{os.getuid()}-{digest.hexdigest()}.sqlite3"


MIGRATED: Final = _migrated()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Give each test run an SQLite file of its own, so that two runs never meet.

    It is a file because threads that share a database in memory do not wait for each other.
    """
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(file)
        if MIGRATED.exists() and MIGRATED.stat().st_uid == os.getuid():
            shutil.copyfile(MIGRATED, file)


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest) -> bool:
    """Begin with a database that was migrated before; each run has a copy of its own."""
    return connection.vendor == "sqlite" or request.config.getvalue("reuse_db")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Keep a database that has just been migrated, for the next run with the same migrations."""
    if connection.vendor != "sqlite" or MIGRATED.exists():
        return
    part = MIGRATED.with_suffix(f".{os.getpid()}")
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(part)])
    part.replace(MIGRATED)


def _emptying(
    self: PostgresOperations, style: Any, tables: Iterable[str], **_options: object
) -> list[str]:
    # TRUNCATE writes a new file for each table and each index, some five hundred of them. The
    # lock waits, as TRUNCATE does, for whoever is still writing.
    names = sorted(map(self.quote_name, tables))
    if not names:
        return []
    lock = f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE"
    return [lock, *(f"DELETE FROM {name}" for name in names)]


PostgresOperations.sql_flush = _emptying  # type: ignore[method-assign,assignment]

_teardown = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def _teardown_of_facts(self: TransactionTestCase) -> None:
    # A test that commits is followed by emptying every table, and punches refuse to be deleted.
    with lifted(connection):
        _teardown(self)


TransactionTestCase._fixture_teardown = _teardown_of_facts  # type: ignore[attr-defined]


def database_url() -> str:
    """Return the URL under which another process finds the test database."""
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    password = f":{quote(config['PASSWORD'], safe='')}" if config["PASSWORD"] else ""
    user = f"{quote(config['USER'], safe='')}{password}@" if config["USER"] else ""
    port = f":{config['PORT']}" if config["PORT"] else ""
    return f"postgresql://{user}{config['HOST']}{port}/{quote(config['NAME'], safe='')}"


# A real worker ----------------------------------------------------------------------------------


class LiveWorker:
    """A real Celery worker process on the test's database, with a broker of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._queue = f"test-{folder.name}-{os.getpid()}"
        self._process: subprocess.Popen[bytes] | None = None
        broker = env.broker("REDIS_URL", embedded=folder / "broker")
        self._app = Celery(broker=broker["url"], set_as_current=False)
        self._app.conf.broker_transport_options = broker["options"]
        self._app.conf.task_default_queue = self._queue

    def start(self, concurrency: int = 1) -> None:
        """Start the worker. It is ready when it works on the first bell."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "celery", "--quiet", "--app", "config", "worker",
             "--loglevel", "INFO", "--concurrency", str(concurrency)],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "DATABASE_URL": database_url(),
                "VAR_DIR": str(self._folder),
                "SECRET_KEY": settings.SECRET_KEY,
                "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
                "SEAL_KEYS": ",".join(settings.SEAL_KEYS),
                "CELERY_QUEUE": self._queue,
            },
            stdout=(self._folder / "worker.log").open("ab"),
            stderr=subprocess.STDOUT,
            process_group=0,
        )  # fmt: skip

    def ring(self, task: str, **arguments: Any) -> None:
        """Send the worker a task by its name."""
        self._app.send_task(task, kwargs=arguments)

    def wait_until(self, fact: Callable[[], object], seconds: float = 60) -> None:
        """Wait until something is true in the database; fail with the worker's log otherwise."""
        until = time.monotonic() + seconds
        while not fact():
            if time.monotonic() > until:
                pytest.fail(f"not within {seconds} s; the worker says:\n{self.log()}")
            time.sleep(0.1)

    def log(self) -> str:
        """Return what the worker has said."""
        file = self._folder / "worker.log"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def kill(self) -> None:
        """End the worker and its children as `kill -9` does: at once, whatever they are doing."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.fixture
def live_worker(transactional_db: None, tmp_path: Path) -> Iterator[LiveWorker]:
    """A real Celery worker on the test's database; started already, killed at the end."""
    worker = LiveWorker(tmp_path)
    worker.start()
    yield worker
    worker.kill()


# A browser --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Launch the machine's own Chromium, which needs no download."""
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Open pages where the users are; a test in Chinese sets its own locale."""
    return {**browser_context_args, "timezone_id": "Asia/Shanghai", "locale": "en-GB"}
