"""The edge as a Django app, so that its system checks and its commands are found."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Settings, doors and bells."""

    name = "config"

    def ready(self) -> None:
        """Register the system checks, and open the console once every page has registered."""
        from config import backoffice, checks  # noqa: F401  (importing checks registers them)

        backoffice.open_console()
