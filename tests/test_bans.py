"""What the product's code never does, whoever asks (A-03, P-01, P-10, P-15, P-30, P-31)."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.core.mail.message import BadHeaderError, EmailMessage
from kombu.exceptions import ContentDisallowed
from kombu.message import Message
from rest_framework.renderers import JSONRenderer

from config.celery import app

ROOT: Final = Path(__file__).resolve().parent.parent
ROOMS: Final = "organization scheduling devices attendance approvals reports config".split()
# Names that turn text into programs, objects, commands or pages.
CALLS: Final = frozenset(
    "eval exec compile __import__ mark_safe os.system os.popen pickle.loads "
    "pickle.load marshal.loads shelve.open yaml.load subprocess.getoutput Template "
    "subprocess.getstatusoutput Engine.from_string engines.from_string".split()
)
MODULES: Final = frozenset(("pickle", "marshal", "shelve", "telnetlib", "commands", "smtplib"))
SHELL: Final = "shell"
# Where users' words come in; spread into a query they would choose its columns and connectors.
ASKED: Final = frozenset(("GET", "POST", "query_params", "data", "FILES", "COOKIES", "META"))


def product() -> Iterator[tuple[str, ast.AST]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT)
            if "tests" in name.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                yield f"{name}:{getattr(node, 'lineno', 0)}", node


def name_of(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return ""


def test_a03_text_becomes_no_program_no_object_and_no_page() -> None:
    """P-01, P-15: users' words are never compiled, and never a template."""
    found = [
        f"{place} calls {name_of(node.func)}"
        for place, node in product()
        if isinstance(node, ast.Call) and name_of(node.func) in CALLS
    ]

    assert found == []


def test_a03_nobody_imports_what_reads_objects_or_sends_mail_by_itself() -> None:
    found = []
    for place, node in product():
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        found += [f"{place} imports {one}" for one in names if one.split(".")[0] in MODULES]

    assert found == []


def test_p10_no_command_goes_through_a_shell() -> None:
    found = [
        place
        for place, node in product()
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == SHELL
    ]

    assert found == []


def test_p31_what_users_send_is_never_spread_into_a_query() -> None:
    found = [
        place
        for place, node in product()
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg is None and ASKED & set(name_of(_inner(word.value)).split("."))
    ]

    assert found == []


def _inner(node: ast.AST) -> ast.AST:
    """Return what is spread: `request.GET` of `request.GET.dict()`."""
    return _inner(node.func) if isinstance(node, ast.Call) else node


def test_a03_the_bells_carry_json_and_refuse_everything_else() -> None:
    assert (app.conf.accept_content, app.conf.task_serializer) == (["json"], "json")
    message = Message(
        body=b"cos\nsystem\n", content_type="application/x-python-serialize", accept={"json"}
    )

    with pytest.raises(ContentDisallowed):
        message.decode()


def test_p10_mail_goes_by_smtp_and_a_subject_carries_no_header() -> None:
    from config import settings as own

    # Nothing is sent without a server; no backend calls a program.
    assert own.EMAIL_BACKEND.split(".")[-2] in {"smtp", "dummy", "console"}
    with pytest.raises(BadHeaderError):
        EmailMessage("subject\nBcc: evil@example.com", "", to=["a@example.com"]).message()


def test_p30_the_interface_speaks_json_and_draws_no_pages() -> None:
    asked = settings.REST_FRAMEWORK

    assert asked["DEFAULT_RENDERER_CLASSES"] == [
        f"{JSONRenderer.__module__}.{JSONRenderer.__qualname__}"
    ]
    assert asked["DEFAULT_PARSER_CLASSES"] == ["config.parsing.BoundedJSONParser"]


def test_p26_cells_that_would_be_formulas_are_escaped_by_libraries_too() -> None:
    assert settings.IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT is True
