"""Lines of the log that nobody can forge: what comes from outside stays inside its line."""

from __future__ import annotations

import logging
import re
from copy import copy
from typing import Any, Final

from organization.circumstances import current

# Control signs, and what else some readers take for the end of a line.
SIGNS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


# Whoever tries doors gets one line each time, and no trace: the disk is not theirs to fill.
KNOCKING: Final = "django.security"


class OneLine(logging.Formatter):
    """One record, one line; a trace follows behind a bar. Requests carry their reference."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record with control signs written out."""
        if record.name.startswith(KNOCKING):
            record = copy(record)
            record.exc_info = record.exc_text = None
        reference = current().request_id
        record.reference = f" [{reference}]" if reference else ""
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line itself, before a trace is added."""
        return _written_out(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        """Return the trace, each line behind a bar: an error's text cannot begin a line."""
        return _behind_a_bar(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        """Return the stack, each line behind a bar."""
        return _behind_a_bar(super().formatStack(stack_info))


def _behind_a_bar(text: str) -> str:
    return "\n".join(f"  | {_written_out(line)}" for line in text.split("\n"))


def _written_out(text: str) -> str:
    return SIGNS.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)
