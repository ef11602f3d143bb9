"""`manage.py radius`: hear from Wi-Fi controllers who joined which access point."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices.listening import Listener


class Command(BaseCommand):
    """Listen for RADIUS accounting until SIGTERM or Ctrl-C."""

    help = "Listen for RADIUS accounting of Wi-Fi controllers (docs/wifi.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where to listen."""
        parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 or :: for everywhere")
        parser.add_argument("--port", type=int, default=1813)

    def handle(self, *args: Any, **options: Any) -> None:
        """Listen."""
        host, port = options["host"], options["port"]
        try:
            listener = Listener(host, port)
        except (OSError, OverflowError) as error:
            raise CommandError(f"{host}:{port}/udp cannot be opened ({error}).") from error
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: listener.stop())
        with listener:
            self.stdout.write(f"Listening for RADIUS accounting on {host}:{listener.port}/udp.")
            self.stdout.flush()
            listener.run()
        self.stdout.write("Ended.")
