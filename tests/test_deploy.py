"""A-20: the containers carry no password, own no more than they need, and start."""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.test_production import ROOT, start

OWN: Final = ("migrate", "web", "worker", "beat")


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found["services"]


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "make-secrets", tmp_path / "deploy")
    subprocess.run([tmp_path / "deploy" / "make-secrets"], check=True, capture_output=True)
    return tmp_path / "secrets"


@pytest.mark.parametrize("name", OWN)
def test_a20_our_containers_can_change_nothing_but_their_own_folder(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    service = services[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == ["state:/var/lib/kaoqin"]


@pytest.mark.parametrize(
    ("name", "url"),
    [("migrate", "owner"), ("worker", "app"), ("web", "app"), ("beat", "app")],
)
def test_a20_only_migrations_own_the_tables(
    services: dict[str, dict[str, Any]], name: str, url: str
) -> None:
    service = services[name]
    urls = [secret for secret in service["secrets"] if secret in {"owner_url", "app_url"}]

    assert urls == [f"{url}_url"]
    assert service["environment"]["DATABASE_URL_FILE"] == f"/run/secrets/{url}_url"


def test_a20_rows_and_bells_are_on_a_network_of_their_own(
    services: dict[str, dict[str, Any]],
) -> None:
    whole = yaml.safe_load((ROOT / "compose.yaml").read_text())

    assert whole["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis"):
        assert services[name]["networks"] == ["inside"]
        assert "ports" not in services[name]
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]


def test_a20_no_password_stands_in_what_is_shipped() -> None:
    for name in ("compose.yaml", "Dockerfile", "deploy/app-role.sh", ".env.example"):
        text = (ROOT / name).read_text(encoding="utf-8")
        found = re.findall(
            r"(?i)^[^#\n]*(?:password|secret_key|_keys)\w*[:=] *([^\s$].*)$", text, re.M
        )
        assert [
            value
            for value in found
            if not value.startswith(("/run/secrets/", "{ file:", "[", '"$', "'", ":'"))
        ] == [], name


def test_the_image_runs_as_nobody_in_particular_and_leaves_the_outside_out() -> None:
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert "USER kaoqin" in image.splitlines()
    assert {"**/.env", "secrets", "var", ".git"} <= set(ignored)


def test_a20_the_secrets_that_are_made_are_good_enough_to_start(
    secrets: Path, tmp_path: Path
) -> None:
    files = {
        "SECRET_KEY": "secret_key",
        "FIELD_KEYS": "field_keys",
        "SEAL_KEYS": "seal_keys",
        "DATABASE_URL": "app_url",
        "REDIS_URL": "redis_url",
    }
    changed: dict[str, str | None] = dict.fromkeys(files)
    changed |= {f"{name}_FILE": str(secrets / file) for name, file in files.items()}

    answer = start(
        tmp_path, "-c", "import config.settings", PRIVATE_HOSTS="postgres,redis", **changed
    )

    assert (answer.returncode, answer.stderr) == (0, "")


def test_a20_secrets_are_made_once_and_kept_to_their_owner(secrets: Path) -> None:
    before = {file.name: file.read_text() for file in secrets.iterdir()}

    subprocess.run([secrets.parent / "deploy" / "make-secrets"], check=True, capture_output=True)

    assert {file.name: file.read_text() for file in secrets.iterdir()} == before
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert len(set(before.values())) == len(before) == 9
    assert os.access(secrets.parent / "deploy" / "make-secrets", os.X_OK)
