import codecs
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.usb_log import Log, parse_log
from devices.tests.samples import attlog

FIRST, LAST = datetime.fromisoformat("2010-01-01"), datetime.fromisoformat("2026-09-01T09:05")
GOOD = b"   216144\t2020-09-30 10:10:37\t1\t0\t15\t0"


def parse(content: bytes) -> Log:
    return parse_log(content, earliest=FIRST, latest=LAST)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_line_tells_who_when_how_and_which_key(end):
    (line,) = parse(b"       42\t2020-09-30 10:10:37\t1\t255\t15\t0" + end).lines

    assert (line.number, line.pin, line.wall_time) == (1, "42", "2020-09-30 10:10:37")
    assert (line.status, line.verify, line.problem) == ("255", "15", "")
    assert line.raw == "       42\t2020-09-30 10:10:37\t1\t255\t15\t0"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(codecs.BOM_UTF8 + GOOD, id="UTF-8 with a mark"),
        pytest.param(GOOD.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(GOOD + b"\n\x1a", id="end-of-file sign"),
        pytest.param(GOOD[:-1] + b"\n", id="empty work code"),
        pytest.param(GOOD + b"\t\t0\n", id="more columns"),
    ],
)
def test_a_log_is_read_however_it_was_saved(content):
    log = parse(content)

    assert [line.pin for line in log.lines] == ["216144"]
    assert log.damage == ()


@pytest.mark.parametrize(
    ("moment", "problem"),
    [
        ("2026-13-45 99:99:99", "impossible_time"),
        ("2026-02-29 08:00:00", "impossible_time"),
        ("2026-08-31 24:00:00", "impossible_time"),
        ("0000-00-00 00:00:00", "impossible_time"),
        ("2000-01-01 00:03:11", "implausible_time"),
        ("2009-12-31 23:59:59", "implausible_time"),
        ("2010-01-01 00:00:00", ""),
        ("2026-09-01 09:05:00", ""),
        ("2026-09-01 09:05:01", "future_time"),
        ("2131-01-01 00:00:00", "future_time"),
    ],
)
def test_a_time_that_cannot_be_is_a_problem_of_its_line(moment, problem):
    (line,) = parse(f"7\t{moment}\t1\t0\t1\t0\n".encode()).lines

    assert line.problem == problem


@pytest.mark.parametrize(
    "row",
    [
        b"ZZZZZZZZZZ\t2047-02-30 19:13:30\t1\t90\t90\t1515870810",
        b"   \x05\t2020-01-01 00:00:48\t1\t0\t2\t808678932",
        b"7\t2020-06-06 04:46:40\t1\t48\t50\t5",
        b"7\t2020-06-06 04:46:40\t1\t0\t100\t0",
        b"7\t2020-06-06 04:46:40\t1\t0\t1\t-805240833",
        b"7\t2020-06-06 04:4",
        b"7 2020-06-06 04:46:40 1 0 1 0",
        b"\xff\xfe\x00\x01",
    ],
)
def test_a_damaged_line_is_told_by_its_number(row):
    log = parse(GOOD + b"\n" + row + b"\n" + GOOD + b"\n")

    assert [line.number for line in log.lines] == [1, 3]
    assert (log.damaged, log.damage) == (1, ((2, 2),))


def test_a_line_behind_a_run_of_nothing_is_saved_and_the_loss_is_told():
    log = parse(GOOD + b"\n" + b"\0" * 300_000 + GOOD + b"\n")

    assert [line.number for line in log.lines] == [1, 2]
    assert (log.damaged, log.damage) == (0, ((2, 2),))


def test_the_recorded_file_without_damage_is_read_to_the_last_line():
    log = parse(attlog("school_clean_1_attlog.dat"))

    assert (log.line_count, len(log.lines), log.damage) == (1200, 1200, ())
    assert not any(line.problem for line in log.lines)


def test_of_the_recorded_file_with_damage_every_line_around_it_is_read():
    log = parse(attlog("school_corrupt_region_1_attlog.dat"))

    assert (log.line_count, len(log.lines), log.damaged) == (900, 720, 180)
    assert log.damage == ((61, 240),)
    assert not any(line.problem for line in log.lines)


good_lines = st.builds(
    lambda pin, moment, status, verify: (
        f"{pin:>9}\t{moment:%Y-%m-%d %H:%M:%S}\t1\t{status}\t{verify}\t0".encode()
    ),
    st.integers(1, 999_999_999),
    st.datetimes(FIRST, LAST),
    st.sampled_from([0, 1, 2, 3, 4, 5, 255]),
    st.integers(0, 29),
)
noise = st.one_of(st.binary(max_size=60), good_lines.map(lambda line: line[:-12])).map(
    lambda row: row.replace(b"\n", b"")
)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_and_every_line_is_one_thing(content):
    log = parse(content)

    numbers = [line.number for line in log.lines]
    assert len(set(numbers)) == len(numbers)
    assert len(numbers) + log.damaged + log.blank == log.line_count
    assert all(1 <= first <= last <= log.line_count for first, last in log.damage)
    assert log.damaged <= sum(last - first + 1 for first, last in log.damage)


@given(
    st.lists(
        st.one_of(good_lines.map(lambda row: (True, row)), noise.map(lambda row: (False, row))),
        max_size=20,
    )
)
def test_every_good_line_survives_whatever_stands_around_it(rows):
    # A mark of UTF-16 at the very beginning says that the whole file is something else.
    content = b"\n" + b"".join(row + b"\n" for _good, row in rows)

    read = {line.number: line.raw for line in parse(content).lines}

    for number, (is_good, row) in enumerate(rows, 2):
        if is_good:
            assert read[number] == row.decode()
