"""Serve everything on one machine: web, worker and bells, as `make run` does."""

import os
import socket
import sys
import time
from argparse import ArgumentParser
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

from django.core.management import BaseCommand, CommandError
from django.db import connection

from attendance.models import WaitingDay
from config import demo, env
from config.celery import app
from config.management.commands.demo import load
from config.supervisor import Ended, Supervisor

START_WITHIN: Final = 60.0
JUDGE_WITHIN: Final = 15 * 60.0
FORGOTTEN: Final = "\nA forgotten password: .venv/bin/python manage.py one_time_password admin"
JUDGE: Final = "attendance.tasks.judge_waiting_days"

PARTS: Final = {
    "worker": (
        "celery", "--quiet", "--app", "config", "worker", "--loglevel", "WARNING",
        "--concurrency", str(min(4, os.cpu_count() or 1)), "--hostname", "kaoqin@%h",
    ),
    "beat": ("celery", "--quiet", "--app", "config", "beat", "--loglevel", "WARNING", "--pidfile="),
    "web": ("gunicorn", "--config", "config/gunicorn.py", "--log-level", "warning", "config.wsgi"),
}  # fmt: skip


class Command(BaseCommand):
    """Starts the web server, a Celery worker and Celery's beat, and ends them together."""

    help = "Serves web, worker and bells on this machine until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take one option."""
        parser.add_argument(
            "--demo",
            action="store_true",
            help="Load the demo company first, where the database is empty.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, load, wait, say where it is, and watch."""
        host, port = env.text("HOST", "127.0.0.1"), env.integer("PORT", default=8000, least=1)
        _refuse_a_port_in_use(host, port)
        try:
            with Supervisor() as supervisor:
                for name, command in PARTS.items():
                    program, *arguments = command
                    supervisor.start(
                        name,
                        [sys.executable, "-m", program, *arguments],
                        # Celery warns whoever is root in a container at every start.
                        {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore"},
                    )
                self._wait_for_the_web(supervisor, host, port)
                is_first = options["demo"] and not demo.why_not()
                logins = load(self._say) if is_first else FORGOTTEN
                self._wait_for_the_worker(supervisor)
                # Waiting holds no connection; the children have their own.
                connection.close()
                self._say(f"{logins}\nKaoqin is ready: http://{host}:{port}/   (Ctrl-C ends it)\n")
                supervisor.watch()
        except Ended as end:
            raise CommandError(f"{end}; everything else was ended too.") from end
        except KeyboardInterrupt:
            self._say("\nEnded.")

    def _wait_for_the_web(self, supervisor: Supervisor, host: str, port: int) -> None:
        until = time.monotonic() + START_WITHIN
        while not _answers(host, port):
            supervisor.look()
            if time.monotonic() > until:
                raise CommandError(f"The web server did not answer within {START_WITHIN:.0f} s.")
            time.sleep(0.2)

    def _wait_for_the_worker(self, supervisor: Supervisor) -> None:
        """Say how many days wait, until none does. Days that failed wait for a person."""
        until = time.monotonic() + JUDGE_WITHIN
        said = 0
        while waiting := WaitingDay.objects.filter(failed_count=0).count():
            supervisor.look()
            if time.monotonic() > until:
                self._say(f"{waiting} days still wait; the worker goes on while you look around.")
                return
            if waiting == said:
                # Nobody is at it: the next bell would ring some seconds later.
                app.send_task(JUDGE)
            else:
                self._say(f"The worker judges the days: {waiting} wait.")
            said = waiting
            time.sleep(1)

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


def _refuse_a_port_in_use(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"{host}:{port} cannot be opened ({error.strerror}); choose another port, "
                f"such as PORT={port + 1}."
            ) from error


def _answers(host: str, port: int) -> bool:
    # A server that listens everywhere is asked from here.
    where = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104
    try:
        with urlopen(f"http://{where}:{port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
