"""System checks for what settings alone cannot prove."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connection

# Before it, two connections that checkpoint at the same moment can spoil a file in WAL mode.
FIRST_SOUND_SQLITE: Final = (3, 51, 3)


@register(Tags.database, deploy=True)
def sqlite_is_for_trials(
    app_configs: Sequence[AppConfig] | None = None,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """Warn when real data would live in an SQLite whose write-ahead log has a known fault."""
    if connection.vendor != "sqlite" or sqlite3.sqlite_version_info >= FIRST_SOUND_SQLITE:
        return []
    return [
        Warning(
            f"The database is SQLite {sqlite3.sqlite_version}, whose write-ahead log can, very "
            "rarely, be damaged; that was mended in 3.51.3.",
            hint="Set DATABASE_URL to a PostgreSQL database.",
            id="config.W001",
        )
    ]
