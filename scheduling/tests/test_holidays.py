import http.client
import json
import socket
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organization.outside import public_address
from scheduling.holidays import (
    Kind,
    Reading,
    SourceRefused,
    SourceSilent,
    StatutoryDay,
    fetch,
    from_ics,
    from_json,
    from_package,
    public_holidays,
    read_calendar,
)
from scheduling.workbook import UnreadableWorkbook

SAMPLES = Path(__file__).resolve().parents[3] / "shared/samples/holidays"
needs_samples = pytest.mark.needs_samples


def dates(reading: Reading, year: int, kind: Kind) -> list[str]:
    return [day.day.isoformat()[5:] for day in reading.years[year] if day.kind is kind]


def ics(*events: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}END:VCALENDAR\r\n".encode()


def test_the_package_tells_public_holidays_from_days_moved_around_them() -> None:
    reading = from_package(2026)

    assert dates(reading, 2026, Kind.HOLIDAY) == [
        "01-01", "02-16", "02-17", "02-18", "02-19", "04-05", "05-01", "05-02",
        "06-19", "09-25", "10-01", "10-02", "10-03",
    ]  # fmt: skip
    assert dates(reading, 2026, Kind.MAKEUP_WORKDAY) == [
        "01-04", "02-14", "02-28", "05-09", "09-20", "10-10",
    ]  # fmt: skip
    assert len(reading.years[2026]) == 33 + 6
    assert StatutoryDay(date(2026, 10, 5), Kind.IN_LIEU, "国庆节") in reading.years[2026]


@pytest.mark.parametrize(("year", "count"), [(2024, 11), (2025, 13), (2026, 13), (2020, 11)])
def test_the_law_names_its_days(year: int, count: int) -> None:
    days = public_holidays(year)

    assert days is not None
    # In 2020 Mid-Autumn fell on National Day.
    assert len(days) == count - (year == 2020)


def test_the_package_does_not_invent_a_year_that_is_not_announced() -> None:
    reading = from_package(2027)

    assert reading == Reading({2027: ()})
    assert not reading.is_usable(2027)


@needs_samples
@pytest.mark.parametrize("year", [2024, 2025, 2026])
@pytest.mark.parametrize("form", ["json", "ics"])
def test_every_source_tells_the_same_days(year: int, form: str) -> None:
    reading = read_calendar((SAMPLES / f"holiday-cn-{year}.{form}").read_bytes(), f"x.{form}")

    assert reading.problems == []
    told = {(day.day, day.kind) for day in reading.years[year]}
    assert told == {(day.day, day.kind) for day in from_package(year).years[year]}
    assert all(day.name and "假期" not in day.name for day in reading.years[year])


@needs_samples
def test_the_year_that_is_not_announced_is_empty_in_both_forms() -> None:
    as_json = from_json((SAMPLES / "holiday-cn-2027.json").read_bytes())
    as_ics = from_ics((SAMPLES / "holiday-cn-2027.ics").read_bytes())

    assert as_json == Reading({2027: ()})
    assert as_ics == Reading()


def test_an_event_that_ends_where_it_starts_is_one_day() -> None:
    reading = from_ics(
        ics(
            "SUMMARY:元旦(休)\r\nDTSTART;VALUE=DATE:20260101\r\nDTEND;VALUE=DATE:20260101",
            "SUMMARY:元旦（班）\r\nDTSTART;VALUE=DATE:20260104\r\nDTEND;VALUE=DATE:20260104",
            "SUMMARY:妇女节\r\nDTSTART;VALUE=DATE:20260308",
            "SUMMARY:清明(休)\r\nDTSTART;VALUE=DATE:20260405",
        )
    )

    assert reading == Reading(
        {
            2026: (
                StatutoryDay(date(2026, 1, 1), Kind.HOLIDAY, "元旦"),
                StatutoryDay(date(2026, 1, 4), Kind.MAKEUP_WORKDAY, "元旦"),
                StatutoryDay(date(2026, 4, 5), Kind.HOLIDAY, "清明"),
            )
        }
    )


def test_a_table_says_itself_what_is_statutory() -> None:
    table = (
        "date,kind,name,statutory\n2026-10-01,off,国庆节,true\n2026/10/5,off,国庆节,false\n"
        "2026-10-10,work,国庆节,\n2026-10-06,off,国庆节,\n"
    )

    reading = read_calendar(table.encode(), "days.csv")

    assert [day.kind for day in reading.years[2026]] == [
        Kind.HOLIDAY,
        Kind.IN_LIEU,
        Kind.IN_LIEU,
        Kind.MAKEUP_WORKDAY,
    ]


def test_a_bad_row_of_a_table_is_named() -> None:
    table = "日期,类型,名称\n2026-13-01,休,元旦\n2026-01-01,maybe,元旦\n2026-01-02,休,元旦\n"

    reading = read_calendar(table.encode(), "days.csv")

    assert [(problem.place, problem.value) for problem in reading.problems] == [
        ("CSV A2", "2026-13-01"),
        ("CSV B3", "maybe"),
    ]
    assert not reading.is_usable(2026)


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"{nonsense",
        b'{"year": 2026}',
        b'{"year": "2026", "days": []}',
        b'{"year": 2026, "days": [{"date": "2026-01-01"}]}',
        b'{"year": 2026, "days": [{"date": "1999-01-01", "isOffDay": true}]}',
        b"BEGIN:VCALENDAR\r\nnonsense",
        b"a,b\n1,2\n",
    ],
)
def test_garbage_is_a_problem_and_no_calendar(content: bytes) -> None:
    reading = read_calendar(content, "calendar")

    assert reading.problems
    assert not reading.is_usable(2026)


def test_a_web_page_is_no_calendar() -> None:
    with pytest.raises(UnreadableWorkbook, match="web page"):
        read_calendar(b"<!DOCTYPE html><html>Sign in</html>", "2026.json")


def test_a_year_of_holidays_is_doubted() -> None:
    days = [{"date": date(2026, 1 + n // 28, 1 + n % 28).isoformat(), "isOffDay": True, "name": "x"}
            for n in range(140)]  # fmt: skip

    reading = from_json(json.dumps({"year": 2026, "days": days}).encode())

    assert not reading.is_usable(2026)


def test_a_date_with_two_meanings_is_doubted() -> None:
    days = [{"date": "2026-01-01", "isOffDay": is_off, "name": "元旦"} for is_off in (True, False)]

    reading = from_json(json.dumps({"year": 2026, "days": days}).encode())

    assert [problem.place for problem in reading.problems] == ["2026-01-01"]


@given(st.binary(max_size=200))
def test_no_bytes_make_the_readers_raise_anything_but_a_refusal(content: bytes) -> None:
    with suppress(UnreadableWorkbook):
        read_calendar(content, "calendar")
    from_json(content)
    from_ics(content)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/2026.json",
        "file:///etc/passwd",
        "https://user:word@example.org/",
        "https://",
        "https://[::1/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://192.168.1.1:8443/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fd00::1]/",
        "https://2130706433/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
    ],
)
def test_addresses_inside_the_network_are_never_asked(url: str) -> None:
    """A-04."""
    with pytest.raises(SourceRefused):
        fetch(url)


def test_public_addresses_may_be_asked_and_unknown_hosts_stay_silent() -> None:
    assert public_address("1.1.1.1", 443) == "1.1.1.1"
    with pytest.raises(SourceSilent):
        fetch("https://host.invalid/")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """A world in which inside.example lies inside, and no connection gets through."""
    places: list[tuple[str, int]] = []
    turns = {"changes.example": iter(("1.1.1.1", "10.0.0.1"))}

    def look_up(host: str, port: int, **_more: Any) -> list[Any]:
        address = next(turns[host]) if host in turns else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(place: tuple[str, int], *_more: Any, **_named: Any) -> socket.socket:
        places.append(place)
        raise OSError("nobody is there")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    return places


def test_a04_a_name_that_leads_inside_is_not_asked(asked: list[tuple[str, int]]) -> None:
    with pytest.raises(SourceRefused):
        fetch("https://inside.example/2026.json")
    assert asked == []


def test_a04_a_name_that_changes_its_address_is_asked_at_the_one_that_was_checked(
    asked: list[tuple[str, int]],
) -> None:
    """A-04: DNS rebinding. There is no second look-up between the check and the connection."""
    with pytest.raises(SourceSilent):
        fetch("https://changes.example/2026.json")
    assert asked == [("1.1.1.1", 443)]


@pytest.mark.parametrize(
    "where",
    ["https://10.0.0.1/", "http://example.org/", "https://169.254.169.254/", "file:///etc/passwd",
     "//127.0.0.1/x", "https://[::1]/"],
)  # fmt: skip
def test_a04_a_source_that_leads_on_is_checked_again(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A-04: each address on the way is held to the rules of the first."""

    class Moved:
        status = 302
        headers: ClassVar = {"Location": where}

    monkeypatch.setattr(http.client.HTTPSConnection, "request", lambda *_a, **_k: None)
    monkeypatch.setattr(http.client.HTTPSConnection, "getresponse", lambda _self: Moved)

    with pytest.raises(SourceRefused):
        fetch("https://1.1.1.1/2026.json")
