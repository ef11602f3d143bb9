"""The book of doors names every door, and the documents say what the book says (P-12)."""

import ast
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from config.celery import BELLS
from config.doorbook.book import BOOK, Line
from config.doorbook.inventory import Door, Kind, find_doors
from config.doorbook.matching import check
from config.doorbook.printing import BEGIN, END, as_markdown
from config.doorbook.rules import NEVER, OPEN

ROOT = Path(__file__).resolve().parent.parent
RINGING = frozenset(("delay", "apply_async", "send_task"))


def test_p12_every_door_is_in_the_book_once_and_every_line_has_its_door():
    assert check().mistakes == []


def test_p12_a_door_that_nobody_listed_is_a_mistake():
    opened = Door(Kind.PAGE, "/admin/organization/employee/salaries/")

    mistakes = check(doors=[*find_doors(), opened]).mistakes

    assert mistakes == [
        "page /admin/organization/employee/salaries/: no line of the book names it."
    ]


def test_p12_a_line_without_a_door_and_a_door_with_two_lines_are_mistakes():
    gone = Line("Gone", Kind.PAGE, ("/gone/",), look=OPEN)
    twice = Line("Again", Kind.PAGE, ("/me/",), look=NEVER)

    mistakes = check([*BOOK, gone, twice]).mistakes

    assert mistakes == [
        "page /me/: several lines name it: My days, Again.",
        "page /gone/: the line “Gone” names a door that there is not.",
    ]


def test_p12_only_bells_and_the_page_that_says_so_ring_tasks():
    rung = {
        (str(path.relative_to(ROOT)), node.func.value.id)
        for path in product()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in RINGING
        and isinstance(node.func.value, ast.Name)
    }

    assert rung == {
        ("attendance/tasks.py", "judge_range_of_people"),
        # The first bell, when the service starts.
        ("config/management/commands/serve.py", "app"),
        ("attendance/admin/periods.py", "close_ordered_periods"),
        ("scheduling/admin/roster_import.py", "write_ordered_rosters"),
    }


def test_p12_every_bell_is_a_task_of_the_book():
    tasks = {row.door.name for row in check().listed if row.door.kind is Kind.TASK}

    assert {bell.task for bell in BELLS} <= tasks


def test_the_doors_can_be_listed():
    said = StringIO()

    call_command("list_doors", stdout=said)

    lines = said.getvalue().splitlines()
    assert len(lines) == len(find_doors()) + 1
    assert any("/admin/attendance/punch/" in line and "see details" in line for line in lines)


def test_a_list_with_a_mistake_fails(monkeypatch):
    monkeypatch.setattr("config.doorbook.matching.find_doors", lambda: [Door(Kind.PAGE, "/x/")])

    with pytest.raises(CommandError, match="page /x/: no line of the book names it"):
        call_command("list_doors", "--check", stdout=StringIO())


def test_the_document_of_permissions_says_what_the_book_says():
    text = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")

    assert text[text.index(BEGIN) : text.index(END) + len(END)] == "\n".join(as_markdown())


def product() -> list[Path]:
    """Return the product's own modules."""
    return [
        path
        for room in settings.INSTALLED_APPS
        for path in sorted((ROOT / room).rglob("*.py"))
        if "tests" not in path.parts and "migrations" not in path.parts
    ]
