import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("name", "value", "read", "sentence"),
    [
        ("DEBUG", "yes", lambda: env.flag("DEBUG", default=False), "write true or false"),
        ("PORT", "80a", lambda: env.integer("PORT", default=1), "write a whole number from 0 up"),
        ("PORT", "0", lambda: env.integer("PORT", default=1, least=1), "whole number from 1 up"),
        ("PORT", "--1", lambda: env.integer("PORT", default=1), "write a whole number"),
        ("KAOQIN_ENV", "live", lambda: env.choice("KAOQIN_ENV", ("a", "b")), "write one of a, b"),
        ("TIME_ZONE", "Shanghai", lambda: env.time_zone("TIME_ZONE", "UTC"), "such as Asia/Shan"),
        ("TIME_ZONE", "/etc/passwd", lambda: env.time_zone("TIME_ZONE", "UTC"), "such as Asia/S"),
        ("TILES", "https://t.org/1.png", lambda: env.tiles("TILES"), "write one host and where"),
        ("TILES", "https://{s}.t.org/{z}/{x}/{y}", lambda: env.tiles("TILES"), "write one host"),
        ("TILES", "//t.org/{z}/{x}/{y}", lambda: env.tiles("TILES"), "write one host and where"),
        ("TILES", "https://t.org; *{z}/{x}/{y}", lambda: env.tiles("TILES"), "write one host"),
        ("VAR_DIR", "/dev/null/x", lambda: env.folder("VAR_DIR", ROOT), "cannot be made"),
        ("KEY_FILE", "/nowhere", lambda: env.secret("KEY"), "cannot be read: No such file"),
        ("KEY_FILE", "/dev/null", lambda: env.secret("KEY"), "that file is empty"),
        ("DB", "mysql://a/b", lambda: env.database("DB", embedded=ROOT), "postgresql://user"),
        ("DB", "postgres://h", lambda: env.database("DB", embedded=ROOT), "names no database"),
        ("DB", "postgres://h/", lambda: env.database("DB", embedded=ROOT), "names no database"),
        ("MAIL", "imap://host", lambda: env.mail("MAIL"), "write smtp+tls://user"),
        ("MAIL", "smtp+tls://", lambda: env.mail("MAIL"), "names no host"),
        ("SITE", "kaoqin.example.com", lambda: env.origin("SITE"), "write https://kaoqin"),
        ("SITE", "https://a/b", lambda: env.origin("SITE"), "write https://kaoqin"),
        ("REDIS", "amqp://host", lambda: env.broker("REDIS", embedded=ROOT), "write redis://host"),
    ],
)
def test_an_odd_value_stops_the_start_and_says_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    read: Callable[[], object],
    sentence: str,
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured, match=f"^{name} .*{re.escape(sentence)}"):
        read()


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", " ")

    assert env.integer("PORT", default=8000) == 8000


def test_a_refusal_never_repeats_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://kaoqin:hunter2@host/kaoqin")

    with pytest.raises(ImproperlyConfigured) as refusal:
        env.database("DATABASE_URL", embedded=ROOT)

    assert "hunter2" not in str(refusal.value)


def test_a_secret_may_come_from_a_file_which_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("from the file\n", encoding="utf-8")
    monkeypatch.setenv("SECRET_KEY", "from the environment")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))

    assert env.secret("SECRET_KEY") == "from the file"


def test_a_missing_key_is_made_once_and_only_its_owner_reads_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)

    first = env.key("SECRET_KEY", kept_in=tmp_path, may_be_made=True)
    second = env.key("SECRET_KEY", kept_in=tmp_path, may_be_made=True)

    assert first == second
    assert len(first) == 44
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_a_kept_key_is_never_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FIELD_KEYS", raising=False)
    (tmp_path / "field_keys").write_text("kept", encoding="utf-8")

    env._keep_once(tmp_path / "field_keys", "new")

    assert env.key("FIELD_KEYS", kept_in=tmp_path, may_be_made=True) == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["field_keys"]


def test_nothing_set_means_sqlite_and_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)

    database = env.database("DATABASE_URL", embedded=tmp_path / "a + b.sqlite3")
    broker = env.broker("REDIS_URL", embedded=tmp_path / "broker")

    assert database["ENGINE"] == "django.db.backends.sqlite3"
    assert database["NAME"] == str(tmp_path / "a + b.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert broker["url"] == "embedded://localhost"


def test_urls_mean_postgresql_and_redis(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://kaoqin:a%2Fb@db:5433/attendance")
    monkeypatch.setenv("REDIS_URL", "redis://cache:6379/3")

    database = env.database("DATABASE_URL", embedded=tmp_path)
    broker = env.broker("REDIS_URL", embedded=tmp_path)

    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["HOST"], database["PORT"]) == ("db", 5433)
    assert (database["USER"], database["PASSWORD"]) == ("kaoqin", "a/b")
    assert database["NAME"] == "attendance"
    assert database["CONN_HEALTH_CHECKS"] is True
    assert broker["url"] == "redis://cache:6379/3"
    assert broker["options"]["visibility_timeout"] > 15 * 60


def test_the_example_names_every_variable_that_is_read() -> None:
    read = {"DATABASE_URL", "REDIS_URL"}
    for file in (ROOT / "config").rglob("*.py"):
        code = file.read_text(encoding="utf-8")
        read |= set(re.findall(r'env\.[a-z_]+\(\s*"([A-Z_]+)"', code))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")

    assert set(re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE)) >= read
