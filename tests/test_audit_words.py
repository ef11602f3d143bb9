"""The audit log speaks in words."""

import re
from pathlib import Path

from organization.audit_words import WORDS

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("organization", "scheduling", "devices", "attendance", "approvals", "reports", "config")
# How services name what was done: verb="…", or the second argument of their own helper.
WRITTEN = re.compile(
    r'verb="(?P<named>[a-z_.]+)"|_(?:record|tell_one|follow\w*)\(\s*\w[\w.]*,\s*"(?P<told>[a-z_.]+)"'
)


def test_every_verb_that_is_written_has_words():
    written = {
        match["named"] or match["told"]
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if "tests" not in file.parts
        for match in WRITTEN.finditer(file.read_text(encoding="utf-8"))
    }

    assert len(written) > 30
    assert written <= WORDS.keys()
