"""Every line of the security notes is shown by a test, or says what it waits for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.security_register import (
    DOES_NOT_APPLY,
    FEATURES,
    LINES,
    NOTES,
    PARTS_THAT_WAIT,
    WAITS,
    lines,
    shown,
)

NUMBERS = {"A": range(1, 29), "P": range(1, 32), "R": range(1, 14), "S": range(1, 24)}


def test_the_register_has_every_line_of_the_notes() -> None:
    spelt = {
        f"{letter}-{number}" if letter == "R" else f"{letter}-{number:02}"
        for letter, numbers in NUMBERS.items()
        for number in numbers
    }

    assert set(LINES) == spelt


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_shown_or_waits_or_does_not_apply(line: str) -> None:
    places = {
        "shown": line in shown(),
        "waits": line in WAITS,
        "does not apply": line in DOES_NOT_APPLY,
    }

    assert sum(places.values()) == 1, f"{line} ({LINES[line]}): {places}"


def test_no_test_carries_an_id_that_nobody_wrote() -> None:
    assert set(shown()) <= set(LINES)


def test_what_waits_names_a_feature_and_a_reason() -> None:
    for line, wait in (WAITS | PARTS_THAT_WAIT).items():
        assert wait.features, line
        assert set(wait.features) <= FEATURES, line
        assert wait.why, line
    assert all(DOES_NOT_APPLY.values())


def test_a_part_waits_only_where_the_rest_is_shown() -> None:
    assert set(PARTS_THAT_WAIT) <= set(shown())


def test_notes_are_about_lines_that_are_shown() -> None:
    assert set(NOTES) <= set(shown())
    assert all(NOTES.values())


def test_ids_are_read_in_names_and_in_docstrings(tmp_path: Path) -> None:
    room = tmp_path / "tests"
    room.mkdir()
    (room / "test_it.py").write_text(
        'def test_a01_r3_something():\n    """A-07, P-31: and R-10."""\n\n'
        'def test_a_24_hour_day():\n    """L-23 and A-1000."""\n\n'
        'def helper_p04():\n    """P-04."""\n\n'
        "# P-05\n"
    )

    one = "tests/test_it.py::test_a01_r3_something"
    assert shown(tmp_path) == {key: [one] for key in ("A-01", "A-07", "P-31", "R-10", "R-3")}


def test_the_register_can_be_read() -> None:
    text = "\n".join(lines())

    assert all(f"{line}  {about}" in text for line, about in LINES.items())
