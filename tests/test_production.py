"""A-20: production starts with TLS, real keys and real passwords, or it does not start."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.production import refuse_what_is_unsafe

ROOT: Final = Path(__file__).resolve().parent.parent
SECRET: Final = "Jx4T0vYw-9kq7H2mZdR1sLbQ8eNuF5aCgW3yPoViX6tBrKhDnE0lU"
FIELD_KEY: Final = "Y2v0nq6bq1Vt7z4bXo3m5Jp9sL8dWf2hGk1rTuE0aNc="
SEAL_KEY: Final = "tH7pWm3Qx9Zr2Lk8Vb5Nd1Fy6Gs4Jc0Ta-Ue_RoPiAq="
PASSWORD: Final = "vT9-rmQ4zLw8xK2b"
DATABASE: Final = f"postgresql://web:{PASSWORD}@db.example.com:5432/kaoqin"
REDIS: Final = f"rediss://:{PASSWORD}@redis.example.com:6379/0"
SOUND: Final = {
    "KAOQIN_ENV": "production",
    "SECRET_KEY": SECRET,
    "FIELD_KEYS": FIELD_KEY,
    "SEAL_KEYS": SEAL_KEY,
    "ALLOWED_HOSTS": "kaoqin.example.com",
    "PROXIES": "1",
    "DATABASE_URL": f"{DATABASE}?sslmode=verify-full&sslrootcert=/etc/ssl/ca.pem",
    "REDIS_URL": REDIS,
}


def start(tmp_path: Path, *command: str, **changed: str | None) -> subprocess.CompletedProcess[str]:
    """Run a command in an environment that is sound but for what is changed; None takes away."""
    wanted = {**SOUND, "VAR_DIR": str(tmp_path), "PATH": os.environ["PATH"], **changed}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={name: value for name, value in wanted.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
    )


MAIL = {
    "SENDS_MAIL": True, "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "EMAIL_HOST": "mail.example.com", "EMAIL_USE_TLS": False, "EMAIL_USE_SSL": False,
}  # fmt: skip


def settings(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> dict[str, Any]:
    """Return the settings that the sound environment makes, with some of them changed."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, changed.pop(name, SOUND[name]))
    return {
        "DEBUG": False,
        "SECOND_FACTOR": "required",
        "SECRET_KEY": SECRET,
        "FIELD_KEYS": [FIELD_KEY],
        "SEAL_KEYS": [SEAL_KEY],
        "ALLOWED_HOSTS": ["kaoqin.example.com", "localhost"],
        "CSRF_TRUSTED_ORIGINS": [],
        "HTTPS": True,
        "TLS_CERT": "",
        "TLS_KEY": "",
        "PROXIES": 1,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "PRIVATE_HOSTS": [],
        "DATABASES": {"default": env.database("DATABASE_URL", embedded=ROOT)},
        "CELERY_BROKER_URL": env.broker("REDIS_URL", embedded=ROOT)["url"],
        **changed,
    }


def test_the_check_for_production_has_nothing_to_say(tmp_path: Path) -> None:
    answer = start(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert (answer.returncode, answer.stderr) == (0, "")
    assert "no issues" in answer.stdout


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY is not set; in production set it"),
        ({"SECRET_KEY": "changeme"}, "SECRET_KEY has 8 characters; make one of 50 or more"),
        ({"SECRET_KEY": "django-insecure-" + SECRET}, "SECRET_KEY is a placeholder"),
        ({"FIELD_KEYS": None}, "FIELD_KEYS is not set; in production set it"),
        ({"SEAL_KEYS": None}, "SEAL_KEYS is not set; in production set it"),
        ({"HTTPS": "false"}, "HTTPS is false, and production knows no life without TLS"),
        ({"PROXIES": None}, "PROXIES is 0 and TLS_CERT is not set, so nothing ends TLS"),
        ({"DEBUG": "true"}, "DEBUG is true"),
        ({"SECOND_FACTOR": "offered"}, "SECOND_FACTOR is offered; leave it out"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_nothing_starts_with_a_default_secret_or_without_tls(
    tmp_path: Path, changed: dict[str, str | None], sentence: str
) -> None:
    answer = start(tmp_path, "-c", "import config.settings", **changed)

    assert answer.returncode != 0
    assert sentence in answer.stderr.splitlines()[-1]
    assert not list(tmp_path.glob("*key*")), "a key was made"


def test_all_that_is_wrong_with_what_is_set_is_named_at_once(tmp_path: Path) -> None:
    answer = start(
        tmp_path, "-c", "import config.settings", SECRET_KEY="hunter2", ALLOWED_HOSTS="*"
    )

    assert "SECRET_KEY has 7 characters" in answer.stderr
    assert "ALLOWED_HOSTS holds '*'" in answer.stderr
    assert "hunter2" not in answer.stderr


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"SECRET_KEY": "k" * 60}, "SECRET_KEY is a placeholder"),
        ({"SECRET_KEY": "your-secret-key-" + SECRET}, "SECRET_KEY is a placeholder"),
        ({"FIELD_KEYS": ["build"]}, "FIELD_KEYS: key 1 is not 32 bytes in base64"),
        ({"FIELD_KEYS": [FIELD_KEY, ""]}, "FIELD_KEYS: key 2 is not 32 bytes in base64"),
        ({"FIELD_KEYS": ["A" * 43 + "="]}, "FIELD_KEYS: key 1 is not random"),
        ({"FIELD_KEYS": [FIELD_KEY, FIELD_KEY]}, "FIELD_KEYS holds a key that stands in FIELD_KEY"),
        ({"SECRET_KEY": SEAL_KEY}, "SECRET_KEY has 44 characters"),
        ({"SEAL_KEYS": [FIELD_KEY]}, "SEAL_KEYS holds a key that stands in FIELD_KEYS already"),
        ({"SEAL_KEYS": ["seal"]}, "SEAL_KEYS: key 1 is not 32 bytes in base64"),
        ({"ALLOWED_HOSTS": ["localhost"]}, "ALLOWED_HOSTS names no host"),
        ({"ALLOWED_HOSTS": ["127.0.0.1", "[::1]", "localhost"]}, "ALLOWED_HOSTS names no host"),
        ({"ALLOWED_HOSTS": ["*"]}, "ALLOWED_HOSTS holds '*'"),
        ({"ALLOWED_HOSTS": [".com"]}, "ALLOWED_HOSTS holds '.com'"),
        ({"ALLOWED_HOSTS": ["https://kaoqin.example.com"]}, "ALLOWED_HOSTS holds 'https://"),
        ({"ALLOWED_HOSTS": ["kaoqin.example.com:443"]}, "ALLOWED_HOSTS holds 'kaoqin.example"),
        ({"ALLOWED_HOSTS": [".example.com", "[2001:db8::9]"]}, None),
        ({"CSRF_TRUSTED_ORIGINS": ["http://kaoqin.example.com"]}, "write one address with https"),
        ({"CSRF_TRUSTED_ORIGINS": ["https://*.example.com"]}, "without *"),
        ({"SECURE_HSTS_SECONDS": 3600}, "HSTS_SECONDS is 3600; write 31536000 (a year) or more"),
        ({"TLS_CERT": "/etc/ssl/kaoqin.pem"}, "TLS_CERT and TLS_KEY go together"),
        ({"PROXIES": 0, "TLS_CERT": "/etc/c.pem", "TLS_KEY": "/etc/k.pem"}, None),
        ({"DATABASE_URL": DATABASE}, "DATABASE_URL leads to db.example.com without proof"),
        ({"DATABASE_URL": f"{DATABASE}?sslmode=disable"}, "without proof of who answers"),
        ({"DATABASE_URL": f"{DATABASE}?sslmode=require"}, "without proof of who answers"),
        ({"DATABASE_URL": DATABASE, "PRIVATE_HOSTS": ["db.example.com"]}, None),
        ({"DATABASE_URL": DATABASE, "PRIVATE_HOSTS": ["*"]}, "without proof of who answers"),
        ({"DATABASE_URL": f"postgresql://web:{PASSWORD}@127.0.0.1/kaoqin"}, None),
        ({"DATABASE_URL": "postgresql://web@/kaoqin?host=/run/postgresql"}, None),
        ({"DATABASE_URL": "postgresql:///kaoqin"}, None),
        ({"DATABASE_URL": "postgresql://web@127.0.0.1/kaoqin"}, "DATABASE_URL has no password"),
        ({"DATABASE_URL": "postgresql://kaoqin:kaoqin@localhost/kaoqin"}, "one that everybody"),
        ({"DATABASE_URL": "postgresql://web:Password12345!@localhost/kaoqin"}, "one that everyb"),
        ({"REDIS_URL": "redis://127.0.0.1:6379/0"}, "REDIS_URL has no password"),
        ({"REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:6379/0"}, None),
        ({"REDIS_URL": f"redis://:{PASSWORD}@10.0.0.7:6379/0"}, "leads to 10.0.0.7 without TLS"),
        ({"REDIS_URL": f"redis://:{PASSWORD}@redis/0", "PRIVATE_HOSTS": ["redis"]}, None),
        ({"REDIS_URL": f"{REDIS}?ssl_cert_reqs=none"}, "switches off the proof of who answers"),
        ({"REDIS_URL": f"{REDIS}?ssl_cert_reqs=CERT_OPTIONAL"}, "switches off the proof"),
        (
            {"REDIS_URL": f"{REDIS}?ssl_cert_reqs=required&ssl_check_hostname=false"},
            "switches off the proof",
        ),
        ({"REDIS_URL": "unix:///run/redis/redis.sock"}, None),
        (MAIL, "EMAIL_URL leads to mail.example.com without TLS"),
        ({**MAIL, "EMAIL_USE_TLS": True}, None),
        ({**MAIL, "PRIVATE_HOSTS": ["mail.example.com"]}, None),
    ],
    ids=lambda value: (
        re.sub(r"\W+", " ", str(value))[:60].replace(PASSWORD, "...")
        if isinstance(value, dict)
        else None
    ),
)
def test_each_thing_that_is_unsafe_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], sentence: str | None
) -> None:
    made = settings(monkeypatch, **changed)

    if sentence is None:
        refuse_what_is_unsafe(made)
        return

    with pytest.raises(ImproperlyConfigured, match=re.escape(sentence)) as refusal:
        refuse_what_is_unsafe(made)
    for secret in (PASSWORD, SECRET, FIELD_KEY, SEAL_KEY, "Password12345!"):
        assert secret not in str(refusal.value)


def test_redis_over_tls_is_asked_who_it_is_unless_somebody_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REDIS_URL", REDIS)

    assert env.broker("REDIS_URL", embedded=ROOT)["url"] == f"{REDIS}?ssl_cert_reqs=required"
