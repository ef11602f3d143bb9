"""`make audit`: what the packages of run time are (SBOM), and which advisories speak of them.

Fails on an advisory that .ci/advisories.txt does not put off, and on one put off for too long. What
could not be asked is said in one line, and is no failure: a network is not a fault of the code.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT: Final = Path(__file__).resolve().parent.parent
REQUIREMENTS: Final = ROOT / "requirements.txt"
PUT_OFF: Final = ROOT / ".ci" / "advisories.txt"
SBOM: Final = ROOT / "var" / "sbom.json"
LONGEST: Final = 90


class Package(NamedTuple):
    """A package of run time at its one version."""

    name: str
    version: str


class PutOff(NamedTuple):
    """An advisory that is known and waits, until when and why."""

    advisory: str
    until: date
    why: str


def read_packages(lines: Iterable[str]) -> Iterator[Package]:
    """Yield what a file of requirements pins; a line that pins nothing is a ValueError."""
    for line in lines:
        bare = line.partition("#")[0].strip()
        if not bare:
            continue
        found = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", bare)
        if found is None:
            raise ValueError(f"{bare!r} pins no version; write name==version.")
        yield Package(*found.groups())


def read_put_off(lines: Iterable[str], today: date) -> Iterator[PutOff]:
    """Yield the exceptions; one without a date, a reason or an end in sight is a ValueError."""
    for line in lines:
        bare = line.partition("#")[0].strip()
        if not bare:
            continue
        advisory, until, why = (*bare.split(maxsplit=2), "", "")[:3]
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", until) or not why:
            raise ValueError(f"{bare!r} is no exception; write: advisory YYYY-MM-DD reason.")
        end = date.fromisoformat(until)
        if end < today:
            raise ValueError(f"{advisory} was put off until {until}; mend it or argue again.")
        if (end - today).days > LONGEST:
            raise ValueError(f"{advisory} is put off until {until}; {LONGEST} days is the most.")
        yield PutOff(advisory, end, why)


def judge(found: Mapping[str, Any], put_off: Sequence[PutOff]) -> tuple[list[str], int]:
    """Return what is wrong, and of how many packages nothing could be learned."""
    waiting = {one.advisory for one in put_off}
    wrong, unknown = [], 0
    for package in found["dependencies"]:
        unknown += "skip_reason" in package
        for advisory in package.get("vulns", []):
            names = {advisory["id"], *advisory.get("aliases", [])}
            if not names & waiting:
                mended = ", ".join(advisory.get("fix_versions", [])) or "no version yet"
                wrong.append(
                    f"{package['name']} {package['version']}: {advisory['id']}, mended in {mended}"
                )
    return wrong, unknown


def write_sbom(packages: Sequence[Package], file: Path) -> None:
    """Write the packages as a CycloneDX document."""
    bom = Bom()
    for name, version in packages:
        url = PackageURL("pypi", name=name.lower().replace("_", "-"), version=version)
        bom.components.add(
            Component(name=name, version=version, type=ComponentType.LIBRARY, purl=url)
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(JsonV1Dot6(bom).output_as_string(indent=2), encoding="utf-8")


def ask() -> dict[str, Any] | None:
    """Return what the advisory service says of the packages; nothing if it cannot be asked."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(REQUIREMENTS)]
    quietly = ["--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    answer = subprocess.run(  # noqa: S603  (the command is our own)
        [*command, *quietly], capture_output=True, text=True, check=False, timeout=300
    )
    try:
        found: dict[str, Any] = json.loads(answer.stdout)
    except json.JSONDecodeError:
        return None
    return found


def main() -> int:
    """Write the SBOM, ask, and say what was found."""
    packages = list(read_packages(REQUIREMENTS.read_text(encoding="utf-8").splitlines()))
    write_sbom(packages, SBOM)
    sys.stdout.write(f"{len(packages)} packages are listed in {SBOM.relative_to(ROOT)}.\n")
    today = datetime.now(UTC).date()
    put_off = list(read_put_off(PUT_OFF.read_text(encoding="utf-8").splitlines(), today))
    found = ask()
    wrong, unknown = judge(found, put_off) if found else ([], len(packages))
    if unknown:
        sys.stdout.write(
            f"NOT CHECKED: the advisory service said nothing of {unknown} of {len(packages)} "
            "packages.\n"
        )
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    if not wrong and not unknown:
        sys.stdout.write("No advisory speaks of any of them.\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
