"""QR codes, drawn here and by nobody else: what stands in them is told to no other host."""

from __future__ import annotations

from itertools import groupby

import qrcode


def picture_of(text: str) -> tuple[int, str]:
    """Return a QR code as the length of its side and the path of an SVG, with a narrow edge."""
    code = qrcode.QRCode(border=2, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(text)
    rows = code.get_matrix()
    return len(rows), "".join(_line(y, row) for y, row in enumerate(rows))


def _line(y: int, row: list[bool]) -> str:
    """Return the dark stretches of a row: whole ones, so that no seam shows between squares."""
    x, path = 0, ""
    for is_dark, squares in groupby(row):
        length = len(list(squares))
        if is_dark:
            path += f"M{x} {y}h{length}v1h-{length}z"
        x += length
    return path
