"""A-23, P-31: the packages are those that are pinned, not older than what was mended in them."""

import importlib.metadata
import importlib.util
import json
import re
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
TODAY: Final = date(2026, 3, 2)
# The oldest version that is free of the advisories named beside it.
FLOORS: Final = {
    "Django": (5, 2, 19),  # CVE-2025-64459, -57833, -48432, CVE-2026-1207, -1285, -1287, -1312
    "djangorestframework": (3, 15, 2),  # CVE-2024-21520
    "django-import-export": (4, 0),  # cells and pages that carry formulas and scripts
    "django-unfold": (0, 91),
    "cryptography": (44, 0, 1),  # CVE-2024-12797
    "gunicorn": (23, 0),  # CVE-2024-1135, CVE-2024-6827
    "celery": (5, 2, 2),  # CVE-2021-23727
    "redis": (4, 5, 4),  # CVE-2023-28859
    "sqlparse": (0, 5, 0),  # CVE-2024-4340
}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(name: str) -> list[str]:
    return (ROOT / name).read_text(encoding="utf-8").splitlines()


def test_a23_what_runs_is_what_is_pinned(audit: ModuleType) -> None:
    pinned = list(audit.read_packages(lines("requirements.txt")))

    found = {package.name: importlib.metadata.version(package.name) for package in pinned}

    assert found == {package.name: package.version for package in pinned}


@pytest.mark.parametrize("name", FLOORS)
def test_p31_no_package_is_older_than_what_was_mended_in_it(name: str) -> None:
    version = importlib.metadata.version(name)

    assert tuple(int(part) for part in re.findall(r"\d+", version)) >= FLOORS[name]


def test_p31_django_is_of_the_line_that_is_kept_for_long() -> None:
    assert importlib.metadata.version("Django").startswith("5.2.")


def test_a23_every_package_that_is_installed_for_it_is_pinned(audit: ModuleType) -> None:
    pinned = {
        package.name.lower().replace("_", "-")
        for package in audit.read_packages(lines("requirements.txt"))
    }
    asked = set()
    for name in pinned:
        for need in importlib.metadata.requires(name) or []:
            if ";" not in need:
                asked.add(re.split(r"[\[<>=!~ (]", need)[0].lower().replace("_", "-"))

    assert asked - pinned == set()


def test_a23_the_list_of_packages_is_a_cyclonedx_document(
    audit: ModuleType, tmp_path: Path
) -> None:
    audit.write_sbom([audit.Package("Django", "5.2.19")], tmp_path / "sbom.json")

    sbom = json.loads((tmp_path / "sbom.json").read_text(encoding="utf-8"))
    assert (sbom["bomFormat"], sbom["specVersion"]) == ("CycloneDX", "1.6")
    assert [part["purl"] for part in sbom["components"]] == ["pkg:pypi/django@5.2.19"]


def test_a23_the_exceptions_that_stand_are_dated_and_argued(audit: ModuleType) -> None:
    list(audit.read_put_off(lines(".ci/advisories.txt"), TODAY))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("GHSA-1", "write: advisory YYYY-MM-DD reason"),
        ("GHSA-1 2026-03-30", "write: advisory YYYY-MM-DD reason"),
        ("GHSA-1 soon never called", "write: advisory YYYY-MM-DD reason"),
        ("GHSA-1 2026-03-01 never called", "mend it or argue again"),
        ("GHSA-1 2026-12-31 never called", "90 days is the most"),
    ],
)
def test_a23_an_exception_without_an_end_is_none(
    audit: ModuleType, line: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        list(audit.read_put_off([line], TODAY))


def test_a23_an_advisory_fails_unless_it_waits_and_silence_is_no_all_clear(
    audit: ModuleType,
) -> None:
    found = {
        "dependencies": [
            {"name": "a", "skip_reason": "not found"},
            {"name": "b", "version": "1", "vulns": []},
            {
                "name": "c",
                "version": "2",
                "vulns": [
                    {"id": "PYSEC-1", "aliases": ["GHSA-1"], "fix_versions": ["3"]},
                    {"id": "PYSEC-2", "aliases": ["CVE-2"], "fix_versions": []},
                ],
            },
        ]
    }
    put_off = [audit.PutOff("GHSA-1", TODAY, "never called")]

    assert audit.judge(found, put_off) == (["c 2: PYSEC-2, mended in no version yet"], 1)
    assert audit.judge(found, [])[0][0] == "c 2: PYSEC-1, mended in 3"


def test_a_line_that_pins_nothing_is_refused(audit: ModuleType) -> None:
    with pytest.raises(ValueError, match="'django>=5' pins no version; write name==version"):
        list(audit.read_packages(["# a comment", "", "django>=5"]))
