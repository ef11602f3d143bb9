"""What must hold before production starts. Everything that does not is named at once.

Each sentence names the variable, what is wrong with it and what would be right; none repeats a
secret. A trial (KAOQIN_ENV=development) makes keys of its own, so nothing here is asked of it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

YEAR: Final = 31_536_000
INSIDE: Final = frozenset(("localhost", "127.0.0.1", "[::1]"))
PLACEHOLDER: Final = re.compile(
    r"change.?me|placeholder|insecure|example|default|your.?(secret|password|key)|<.*>|xxxx", re.I
)
# What installation guides, images and hurried people write.
WORN: Final = frozenset(
    "admin guest kaoqin pass password postgres postgresql redis root secret test user".split()
)
VERIFYING: Final = frozenset(("verify-ca", "verify-full"))

A_NEW_TEXT: Final = 'python -c "import secrets; print(secrets.token_urlsafe(50))"'
A_NEW_KEY: Final = (
    'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
)


def refuse_what_is_unsafe(settings: Mapping[str, Any]) -> None:
    """Raise ImproperlyConfigured unless these settings are fit for real data."""
    faults = [fault for look in LOOKS for fault in look(settings)]
    if len(faults) == 1:
        raise ImproperlyConfigured(faults[0])
    if faults:
        raise ImproperlyConfigured("\n  ".join(["production does not start like this.", *faults]))


# Keys -------------------------------------------------------------------------------------------


def _debug(settings: Mapping[str, Any]) -> Iterator[str]:
    if settings["DEBUG"]:
        yield "DEBUG is true, and would show the insides of each error; leave it out."


def _second_factor(settings: Mapping[str, Any]) -> Iterator[str]:
    if settings["SECOND_FACTOR"] != "required":
        yield (
            f"SECOND_FACTOR is {settings['SECOND_FACTOR']}; leave it out: whoever may see or "
            "change other people's rows has a second factor."
        )


def _secret_key(settings: Mapping[str, Any]) -> Iterator[str]:
    secret = settings["SECRET_KEY"]
    if len(secret) < 50:
        yield f"SECRET_KEY has {len(secret)} characters; make one of 50 or more: {A_NEW_TEXT}."
    elif PLACEHOLDER.search(secret) or len(set(secret)) < 12:
        yield f"SECRET_KEY is a placeholder and no random text; make one with {A_NEW_TEXT}."


def _lists_of_keys(settings: Mapping[str, Any]) -> Iterator[str]:
    for name in ("FIELD_KEYS", "SEAL_KEYS"):
        for place, key in enumerate(settings[name], start=1):
            if not (found := _bytes_of(key)):
                yield f"{name}: key {place} is not 32 bytes in base64; make one with {A_NEW_KEY}."
            elif len(set(found)) < 12:
                yield f"{name}: key {place} is not random; make one with {A_NEW_KEY}."


def _one_key_for_one_thing(settings: Mapping[str, Any]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name in ("SECRET_KEY", "FIELD_KEYS", "SEAL_KEYS"):
        value = settings[name]
        for key in [value] if isinstance(value, str) else value:
            if key in seen:
                yield f"{name} holds a key that stands in {seen[key]} already; make another."
            seen[key] = name


def _bytes_of(key: str) -> bytes:
    """Return what the key stands for, as Fernet reads it; nothing if it is no key."""
    try:
        found = base64.urlsafe_b64decode(key)
    except (binascii.Error, ValueError):
        return b""
    return found if len(found) == 32 else b""


# The way to the browser -------------------------------------------------------------------------


def _hosts(settings: Mapping[str, Any]) -> Iterator[str]:
    names = [name for name in settings["ALLOWED_HOSTS"] if name not in INSIDE]
    right = "write the names under which browsers reach it, such as kaoqin.example.com"
    if not names:
        yield f"ALLOWED_HOSTS names no host; {right}."
    for name in names:
        is_wide = "*" in name or (name.startswith(".") and "." not in name[1:])
        if is_wide or re.search(r"[/@\s]|^[^\[]*:", name):
            yield f"ALLOWED_HOSTS holds {name!r}; {right}."
    for origin in settings["CSRF_TRUSTED_ORIGINS"]:
        if not origin.startswith("https://") or "*" in origin:
            yield (
                f"CSRF_TRUSTED_ORIGINS holds {origin!r}; write one address with https://, "
                "without *."
            )


def _tls(settings: Mapping[str, Any]) -> Iterator[str]:
    if not settings["HTTPS"]:
        yield (
            "HTTPS is false, and production knows no life without TLS; leave it out, or run a "
            "trial with KAOQIN_ENV=development."
        )
    elif bool(settings["TLS_CERT"]) != bool(settings["TLS_KEY"]):
        yield "TLS_CERT and TLS_KEY go together: the files of the certificate and of its key."
    elif not settings["PROXIES"] and not settings["TLS_CERT"]:
        yield (
            "PROXIES is 0 and TLS_CERT is not set, so nothing ends TLS; write how many proxies of "
            "your own stand before it, or the files of its own certificate and key into TLS_CERT "
            "and TLS_KEY."
        )
    if settings["HTTPS"] and settings["SECURE_HSTS_SECONDS"] < YEAR:
        yield (
            f"HSTS_SECONDS is {settings['SECURE_HSTS_SECONDS']}; write {YEAR} (a year) or more, "
            "or leave it out."
        )


# The way to the rows and to the bells -----------------------------------------------------------


def _database(settings: Mapping[str, Any]) -> Iterator[str]:
    database = settings["DATABASES"]["default"]
    if not database["ENGINE"].endswith("postgresql"):
        return
    options = database.get("OPTIONS", {})
    hosts = str(options.get("host") or database["HOST"])
    if _is_a_socket(hosts):
        return
    if not options.keys() & {"sslcert", "passfile"} and _is_worn(
        database["PASSWORD"], database["USER"]
    ):
        yield (
            "DATABASE_URL has no password, a short one or one that everybody tries; give the role "
            "one of 12 characters or more."
        )
    if options.get("sslmode") not in VERIFYING and not _are_near(hosts, settings["PRIVATE_HOSTS"]):
        yield (
            f"DATABASE_URL leads to {hosts} without proof of who answers; add "
            "?sslmode=verify-full&sslrootcert=/path/to/ca.pem, or name the host in PRIVATE_HOSTS "
            "if nobody else is on the way to it."
        )


def _broker(settings: Mapping[str, Any]) -> Iterator[str]:
    url = urlsplit(settings["CELERY_BROKER_URL"])
    if url.scheme not in {"redis", "rediss"}:
        return
    host = url.hostname or "localhost"
    if _is_worn(unquote(url.password or ""), unquote(url.username or "")):
        yield (
            "REDIS_URL has no password, a short one or one that everybody tries; set requirepass "
            "in Redis and write redis://:password@host:6379/0."
        )
    asked = {name: values[-1].lower() for name, values in parse_qs(url.query).items()}
    if url.scheme == "rediss":
        unproven = asked.get("ssl_cert_reqs") not in {"required", "cert_required"}
        if unproven or asked.get("ssl_check_hostname") == "false":
            yield (
                "REDIS_URL switches off the proof of who answers; leave out ssl_cert_reqs and "
                "ssl_check_hostname."
            )
    elif not _are_near(host, settings["PRIVATE_HOSTS"]):
        yield (
            f"REDIS_URL leads to {host} without TLS; write rediss://, or name the host in "
            "PRIVATE_HOSTS if nobody else is on the way to it."
        )


def _mail(settings: Mapping[str, Any]) -> Iterator[str]:
    if not settings.get("SENDS_MAIL") or "smtp" not in settings["EMAIL_BACKEND"]:
        return
    host = settings["EMAIL_HOST"]
    is_open = not (settings["EMAIL_USE_TLS"] or settings["EMAIL_USE_SSL"])
    if is_open and not _are_near(host, settings["PRIVATE_HOSTS"]):
        yield (
            f"EMAIL_URL leads to {host} without TLS; write smtp+tls:// or smtp+ssl://, or name the "
            "host in PRIVATE_HOSTS if nobody else is on the way to it."
        )


def _is_worn(password: str, user: str) -> bool:
    bare = password.lower().strip("0123456789!@#$%^&*._-")
    is_known = bare in WORN or password == user or bool(PLACEHOLDER.search(password))
    return len(password) < 12 or is_known or len(set(password)) < 5


def _is_a_socket(hosts: str) -> bool:
    return not hosts or hosts.startswith(("/", "@"))


def _are_near(hosts: str, private: list[str]) -> bool:
    return all(_is_here(host) or host in private for host in hosts.split(","))


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


LOOKS: Final[tuple[Callable[[Mapping[str, Any]], Iterator[str]], ...]] = (
    _debug,
    _second_factor,
    _secret_key,
    _lists_of_keys,
    _one_key_for_one_thing,
    _hosts,
    _tls,
    _database,
    _broker,
    _mail,
)
