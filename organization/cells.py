"""Text in the cells of a table that leaves: no spreadsheet may take it for a formula."""

from __future__ import annotations

import re
from typing import Final

_RISKY: Final = re.compile(r"'*[=+\-@\t\r\0]")
_ESCAPED: Final = re.compile(r"''*[=+\-@\t\r\0]")


def escape(value: str) -> str:
    """Return text that no spreadsheet takes for a formula; `unescape` gives it back."""
    return f"'{value}" if _RISKY.match(value) else value


def unescape(value: str) -> str:
    """Return the text that `escape` was given."""
    return value[1:] if _ESCAPED.match(value) else value
