from pathlib import Path

import pytest

from attendance.casebook import OPTIONAL, UnknownField, UnknownKind, misses, read_cases

ROOM = Path(__file__).parents[1]
ALL = [case for path in sorted(ROOM.glob("*/tests/cases/*.json")) for case in read_cases(path)]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_the_answer_is_the_one_in_the_case_file(case):
    try:
        found = misses(case)
    except UnknownField as unknown:
        assert case.tier == OPTIONAL
        pytest.skip(f"no rule field {unknown}")

    assert found == []


def test_every_case_has_an_id_of_its_own():
    ids = [case.id for case in ALL]

    assert len(ids) == len(set(ids)) > 200


def test_a_file_of_an_unknown_kind_is_refused(tmp_path):
    path = tmp_path / "stars.json"
    path.write_text('{"kind": "star", "scenarios": [{"id": "X", "expect": {}}]}')

    with pytest.raises(UnknownKind, match="star"):
        read_cases(path)
