import pytest

from attendance.tests.daytable import judge, read_expected, rows, told


@pytest.mark.parametrize(
    ("shift", "facts", "expected"),
    [pytest.param(*row[2:], id=f"{row[0]}: {row[1]}") for row in rows()],
)
def test_a_day_is_judged_as_the_tables_say(shift, facts, expected):
    wanted = read_expected(expected)

    assert told(judge(shift, facts), wanted) == wanted
