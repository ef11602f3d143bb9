"""The environment, typed. Every variable is read here, and an odd value stops the start.

A secret may come from a file: `NAME_FILE` names it, and wins over `NAME`. What has an embedded
default (database, broker, keys) finds it below the state folder.
"""

import base64
import os
import re
import secrets
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from django.core.exceptions import ImproperlyConfigured

SQLITE_EXTRAS: Final = {
    "CONN_MAX_AGE": None,
    "OPTIONS": {
        # Without IMMEDIATE, a transaction that reads and then writes fails at once when another
        # one wrote in between, however long the timeout is.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        # Without it REPLACE deletes rows behind the back of the triggers that refuse it.
        "PRAGMA recursive_triggers=ON;",
    },
}

_env: Final = environ.Env()


def text(name: str, default: str = "") -> str:
    """Return the variable, without surrounding space; an empty one counts as unset."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    """Return the variable as a truth value, written true or false."""
    value = text(name, str(default)).lower()
    if value not in {"true", "false"}:
        raise ImproperlyConfigured(f"{name} is {value!r}; write true or false.")
    return value == "true"


def integer(name: str, *, default: int, least: int = 0) -> int:
    """Return the variable as a whole number that is not below `least`."""
    value = text(name, str(default))
    if not re.fullmatch(r"-?[0-9]+", value) or int(value) < least:
        raise ImproperlyConfigured(f"{name} is {value!r}; write a whole number from {least} up.")
    return int(value)


def rate(name: str, default: str) -> str:
    """Return the variable as a rate: how many in a second, a minute or an hour."""
    value = text(name, default)
    if not re.fullmatch(r"[1-9][0-9]*/(s|min|h)", value):
        raise ImproperlyConfigured(f"{name} is {value!r}; write a rate such as {default}.")
    return value


def choice(name: str, options: tuple[str, ...]) -> str:
    """Return the variable, which is one of `options`; the first one is the default."""
    value = text(name, options[0])
    if value not in options:
        raise ImproperlyConfigured(f"{name} is {value!r}; write one of {', '.join(options)}.")
    return value


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Return the variable as a list; commas part the words."""
    return [word.strip() for word in text(name).split(",") if word.strip()] or list(default)


def tiles(name: str) -> str:
    """Return the variable as the address of map tiles, with {z}, {x} and {y}; or nothing."""
    value = text(name)
    if not value:
        return ""
    parts = urlsplit(value)
    is_address = parts.scheme in {"http", "https"} and re.fullmatch(
        r"[A-Za-z0-9.:-]+", parts.netloc
    )
    if not is_address or not all(f"{{{part}}}" in value for part in "zxy"):
        raise ImproperlyConfigured(
            f"{name} is {value!r}; write one host and where the tile stands in it, such as "
            "https://tiles.example.com/{z}/{x}/{y}.png."
        )
    return value


def time_zone(name: str, default: str) -> str:
    """Return the variable as the name of a time zone that exists."""
    value = text(name, default)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; write a time zone such as Asia/Shanghai."
        ) from error
    return value


def folder(name: str, default: Path, *, mode: int = 0o755) -> Path:
    """Return the folder the variable names, made with `mode` if it is not there."""
    path = Path(text(name, str(default))).resolve()
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} is {str(path)!r}; that folder cannot be made: {error.strerror}."
        ) from error
    return path


def secret(name: str) -> str:
    """Return the content of the file named by NAME_FILE, or else NAME itself, or nothing."""
    path = text(f"{name}_FILE")
    if not path:
        return text(name)
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE is {path!r}; that file cannot be read: {error.strerror}."
        ) from error
    if not content:
        raise ImproperlyConfigured(f"{name}_FILE is {path!r}; that file is empty.")
    return content


def key(name: str, *, kept_in: Path, may_be_made: bool) -> str:
    """Return a secret key of 32 random bytes in base64, or whatever text the secret holds.

    Where it `may_be_made` (a trial on one machine) a missing key is made once and kept, readable by
    its owner only. Elsewhere a missing key is an ImproperlyConfigured.
    """
    if value := secret(name):
        return value
    if not may_be_made:
        raise ImproperlyConfigured(
            f"{name} is not set; in production set it, or name a file that holds it in {name}_FILE."
        )
    path = kept_in / name.lower()
    if not path.exists():
        _keep_once(path, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    return path.read_text(encoding="utf-8").strip()


def _keep_once(path: Path, content: str) -> None:
    """Write a file that only its owner reads, unless another process was faster."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    try:
        # A link appears complete or not at all, and never replaces what is there.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def database(name: str, *, embedded: Path) -> dict[str, Any]:
    """Return Django's settings of the database at the URL, or of the embedded SQLite file.

    PostgreSQL and SQLite are known; any other scheme is an ImproperlyConfigured.
    """
    url = secret(name)
    scheme = urlsplit(url).scheme or "sqlite"
    if scheme == "sqlite":
        file = _env.db_url_config(url)["NAME"] if url else str(embedded)
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": file, **SQLITE_EXTRAS}
    if scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"{name} begins with {scheme!r}; write postgresql://user:password@host:5432/name "
            "or sqlite:////folder/file.sqlite3."
        )
    settings: dict[str, Any] = dict(_env.db_url_config(url))
    if not settings["NAME"]:
        raise ImproperlyConfigured(f"{name} names no database; write it after the last slash.")
    return {**settings, "CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}


def broker(name: str, *, embedded: Path) -> dict[str, Any]:
    """Return `url` and `options` of Celery's broker: Redis at the URL, or files in a folder."""
    url = secret(name)
    if not url:
        return {
            "url": "embedded://localhost",
            "options": {"folder": str(embedded), "polling_interval": 0.2},
        }
    if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        raise ImproperlyConfigured(
            f"{name} begins with {urlsplit(url).scheme!r}; write redis://host:6379/0."
        )
    if urlsplit(url).scheme == "rediss" and "ssl_cert_reqs" not in url:
        # Left to itself, the client would talk to anybody.
        url += f"{'&' if '?' in url else '?'}ssl_cert_reqs=required"
    # Longer than the longest task may run (CELERY_TASK_TIME_LIMIT), or it is delivered twice.
    return {"url": url, "options": {"visibility_timeout": 2 * 60 * 60}}


def mail(name: str) -> dict[str, Any]:
    """Return Django's settings of the mail server at the URL; nothing is sent without one.

    `smtp+tls` asks for TLS on the way (587), `smtp+ssl` begins with it (465), `smtp` has none.
    """
    url = secret(name)
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    scheme = urlsplit(url).scheme
    if scheme not in {"smtp", "smtp+tls", "smtp+ssl", "consolemail"}:
        raise ImproperlyConfigured(
            f"{name} begins with {scheme!r}; write smtp+tls://user:password@host:587."
        )
    said = _env.email_url_config(url)
    if scheme != "consolemail" and not said["EMAIL_HOST"]:
        raise ImproperlyConfigured(f"{name} names no host; write it behind smtp+tls://.")
    return {key: value for key, value in said.items() if value is not None}


def origin(name: str) -> str:
    """Return the variable as an address of a host, such as https://kaoqin.example.com."""
    value = text(name).rstrip("/")
    if value and not re.fullmatch(r"https?://[^\s/?#@]+", value):
        raise ImproperlyConfigured(f"{name} is {value!r}; write https://kaoqin.example.com.")
    return value
