"""The edge as a Django app, so that its system checks and its commands are found."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Settings, doors and bells."""

    name = "config"

    def ready(self) -> None:
        """Register the system checks."""
        from config import checks  # noqa: F401  (importing it registers them)
