"""The documents point at things: files, cases, commands, variables. All of them exist."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands

from config.celery import BELLS
from organization.retention_periods import PERIODS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
CASES = sorted(ROOT.glob("attendance/*/tests/cases/*.json"))
TABLES = ROOT / "attendance" / "tests" / "cases"
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r"^# ?(?P<off>[A-Z_]+)=|^(?P<on>[A-Z_]+)=", re.MULTILINE)

every_document = pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)


@cache
def case_ids():
    files = [json.loads(path.read_text(encoding="utf-8")) for path in CASES]
    lists = [file.get("scenarios") or file["cases"] for file in files]
    return {case["id"] for cases in lists for case in cases}


@cache
def table_lines(name):
    lines = (TABLES / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return {line.partition("|")[0].strip() for line in lines}


def prose(path):
    """Return the text as one line a paragraph, so that a line's end parts no name."""
    return re.sub(r"[ ]*\n[ ]*(?=\S)", " ", path.read_text(encoding="utf-8"))


def anchors(path):
    """Return the names that a browser gives to the headings of a page."""
    text = FENCED.sub("", path.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@every_document
def test_a_link_leads_to_a_file_and_to_a_heading_in_it(path):
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    local = [link for link in links if not re.match(r"[a-z]+:", link)]

    broken = []
    for link in local:
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


@every_document
def test_a_case_that_is_named_exists(path):
    named = set(re.findall(r"\b[A-Z]{2}-\d\d\b", path.read_text(encoding="utf-8")))

    assert named - case_ids() == set()


def test_a_line_of_a_table_that_is_quoted_exists():
    names = "|".join(path.stem for path in TABLES.glob("*.txt"))
    lists = re.findall(rf'\b({names}): ((?:"[^"]+"(?:, )?)+)', prose(ROOT / "docs" / "engine.md"))

    quoted = {(name, line) for name, lines in lists for line in re.findall(r'"([^"]+)"', lines)}

    assert quoted
    assert {(name, line) for name, line in quoted if line not in table_lines(name)} == set()


@every_document
def test_a_command_that_is_named_exists(path):
    text = path.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    made = set(re.findall(r"(?:^    |`)make ([a-z]+)", text, re.MULTILINE))
    managed = set(re.findall(r"manage\.py ([a-z_]+)", text))

    assert made - targets == set()
    assert managed - set(get_commands()) == set()


def test_every_variable_is_explained_once_for_operators_and_nowhere_else():
    told = {
        match["on"] or match["off"]
        for match in VARIABLE.finditer((ROOT / ".env.example").read_text())
    }
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    explained = re.findall(r"^\| `([A-Z_]+)` \|", operations, re.MULTILINE)

    assert sorted(explained) == sorted(told)


def test_every_class_of_data_is_told_with_how_long_it_is_kept():
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    rows = r"^\| `([a-z_]+)`: [^|]+ \| (\d+) \| (\d+)–(\d+) \|$"
    told = {key: tuple(map(int, days)) for key, *days in re.findall(rows, operations, re.MULTILINE)}

    assert told == {key: (one.days, one.least, one.most) for key, one in PERIODS.items()}


def test_every_bell_is_told_to_operators():
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    told = re.findall(r"^\| `([a-z_.]+\.tasks\.[a-z_]+)` \|", operations, re.MULTILINE)

    assert sorted(told) == sorted(bell.task for bell in BELLS)
