import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

ROOM = Path(__file__).parents[1]
CASES = sorted(ROOM.glob("*/tests/cases/*.json"))
DAY = {
    "id": "X-1",
    "kind": "day",
    "tier": "core",
    "timezone": "Asia/Shanghai",
    "date": "2026-09-01",
    "shift": {"type": "fixed", "segments": [{"start": "09:00", "end": "18:00"}]},
    "punches": [{"at": "2026-09-01T09:00:00+08:00"}, {"at": "2026-09-01T18:00:00+08:00"}],
    "expect": {"status": "normal", "worked_min": 540},
}


def run(tmp_path, *cases):
    """Return what the command prints about some cases, and its exit status."""
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"kind": "day", "scenarios": list(cases)}))
    out = StringIO()
    try:
        call_command("run_cases", path, stdout=out)
    except SystemExit as stopped:
        return out.getvalue().splitlines(), stopped.code
    return out.getvalue().splitlines(), 0


def test_the_case_files_pass_without_a_database():
    out = StringIO()

    call_command("run_cases", *CASES, stdout=out)

    assert out.getvalue().endswith("263 passed, 0 failed\n")


def test_each_key_that_came_out_otherwise_is_one_line(tmp_path):
    wrong = {**DAY, "expect": {"status": "late", "late_min": 3, "worked_min": 540}}

    lines, status = run(tmp_path, DAY, wrong)

    assert lines == [
        'X-1  status: expected "late", got "normal"',
        "X-1  late_min: expected 3, got 0",
        "1 passed, 1 failed",
    ]
    assert status == 1


def test_an_optional_case_with_an_unknown_field_is_skipped_and_not_passed(tmp_path):
    shift = {**DAY["shift"], "lunch_is_free": True}

    lines, status = run(tmp_path, {**DAY, "tier": "optional", "shift": shift})

    assert lines == [
        "X-1  skipped: no rule field lunch_is_free",
        "0 passed, 0 failed, 1 skipped",
    ]
    assert status == 0


def test_any_other_case_with_an_unknown_field_has_failed(tmp_path):
    shift = {**DAY["shift"], "lunch_is_free": True}

    lines, status = run(tmp_path, {**DAY, "tier": "extended", "shift": shift})

    assert lines == [
        "X-1  lunch_is_free: expected a rule field, got none",
        "0 passed, 1 failed",
    ]
    assert status == 1


def test_a_case_that_cannot_be_read_does_not_stop_the_others(tmp_path):
    broken = {**DAY, "id": "X-0", "timezone": "Asia/Beijing"}

    lines, status = run(tmp_path, broken, DAY)

    assert lines[0].startswith("X-0  case: expected to be readable")
    assert lines[-1] == "1 passed, 1 failed"
    assert status == 1


def test_stories_are_skipped_beside_cases_that_run(tmp_path):
    path = tmp_path / "ingest.json"
    stories = [{"id": f"IN-{number}", "expect": {"stored": 1}} for number in (1, 2)]
    path.write_text(json.dumps({"kind": "ingest", "scenarios": stories}))
    out = StringIO()

    call_command("run_cases", path, *CASES[:1], stdout=out)

    first, *_, last = out.getvalue().splitlines()
    assert first == f"{path}: 2 stories skipped: they need a database"
    assert last.endswith(" passed, 0 failed, 2 skipped")
    assert not last.startswith("0 ")


def test_a_file_of_another_kind_stops_the_command(tmp_path):
    path = tmp_path / "fences.json"
    path.write_text('{"cases": []}')

    with pytest.raises(CommandError, match=r"fences\.json: not a kind known here") as refused:
        call_command("run_cases", path)

    assert refused.value.returncode == 2
