import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.radius import (
    Accounting,
    Kind,
    Name,
    Problem,
    answer,
    ask,
    called,
    moment,
    read,
)

SECRET = b"a secret of some length"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def number(value: int) -> bytes:
    return value.to_bytes(4)


START = [(Name.STATUS, number(1)), (Name.SESSION, b"5F-01")]


def request(**said) -> Accounting:
    return Accounting(1, bytes(16), Kind.START, "5F-01", **said)


def test_what_a_controller_says_is_read():
    packet = ask(
        7,
        [
            (Name.USER_NAME, b"10001@corp"),
            (Name.NAS_IP_ADDRESS, bytes((192, 0, 2, 1))),
            (Name.CALLED_STATION, b"00-10-A4-23-19-C0:AP1"),
            (Name.CALLING_STATION, b"8C-A6-DF-C8-F7-4B"),
            (Name.STATUS, number(1)),
            (Name.DELAY, number(3)),
            (Name.SESSION, b"5F-01"),
            (Name.EVENT_TIMESTAMP, number(1_772_452_800)),
            (26, b"\x00\x00\x00\x09whatever a maker adds"),
        ],
        SECRET,
    )

    assert read(packet, SECRET) == Accounting(
        7, packet[4:20], Kind.START, "5F-01", "10001@corp", "8c:a6:df:c8:f7:4b",
        "00:10:a4:23:19:c0", "AP1", "192.0.2.1", 1_772_452_800, 3,
    )  # fmt: skip


def test_the_accounting_response_of_rfc_2866_is_made():
    packet = ask(9, START, SECRET)
    request = read(packet, SECRET)

    said = answer(request, SECRET)

    assert (said[0], said[1], said[2:4]) == (5, 9, b"\x00\x14")
    assert len(said) == 20
    assert said != answer(request, b"another secret, as long")


@pytest.mark.parametrize(
    ("text", "address", "network"),
    [
        ("00-10-A4-23-19-C0:AP1", "00:10:a4:23:19:c0", "AP1"),
        ("00-10-A4-23-19-C0", "00:10:a4:23:19:c0", ""),
        ("00:10:a4:23:19:c0:Office", "00:10:a4:23:19:c0", "Office"),
        ("0010.a423.19c0:Office", "00:10:a4:23:19:c0", "Office"),
        ("0010-A423-19C0:办公室", "00:10:a4:23:19:c0", "办公室"),
        ("0010a4-2319c0:Office", "00:10:a4:23:19:c0", "Office"),
        ("0010a42319c0:Office", "00:10:a4:23:19:c0", "Office"),
        ("00-10-A4-23-19-C0:a:b-c", "00:10:a4:23:19:c0", "a:b-c"),
        ("AP-3F-east:Office", None, ""),
        ("00-10:A4-23-19-C0:Office", None, ""),
        ("", None, ""),
    ],
)
def test_every_spelling_of_a_called_station_is_one_address(text, address, network):
    assert called(text) == (address, network)


@pytest.mark.parametrize(
    ("packet", "problem"),
    [
        (b"", Problem.SHORT),
        (ask(1, START, SECRET)[:19], Problem.SHORT),
        (ask(1, START, SECRET)[:-1], Problem.LENGTH),
        (b"\x04\x01\x10\x01" + bytes(16), Problem.LONG),
        (b"\x04\x01\x00\x13" + bytes(16), Problem.LENGTH),
        (b"\x01" + ask(1, START, SECRET)[1:], Problem.CODE),
        (ask(1, START, b"another secret, as long"), Problem.SECRET),
        (ask(1, START, SECRET)[:-1] + b"9", Problem.SECRET),
        (ask(1, [*START, (Name.MESSAGE_AUTHENTICATOR, bytes(16))], SECRET), Problem.SECRET),
        (ask(1, [*START, (Name.MESSAGE_AUTHENTICATOR, bytes(4))], SECRET), Problem.SECRET),
        (ask(1, [(Name.SESSION, b"1")], SECRET), Problem.STATUS),
        (ask(1, [(Name.STATUS, number(1))], SECRET), Problem.SESSION),
        (ask(1, [(Name.STATUS, b"\x01"), (Name.SESSION, b"1")], SECRET), Problem.ATTRIBUTES),
        (ask(1, [*START, (Name.DELAY, b"")], SECRET), Problem.ATTRIBUTES),
    ],
)
def test_what_is_wrong_is_named(packet, problem):
    assert read(packet, SECRET) is problem


def test_an_attribute_that_does_not_fit_spoils_the_packet():
    for length in (0, 1, 200):
        body = bytes((Name.SESSION, length)) + b"1"
        head = b"\x04\x01" + (20 + len(body)).to_bytes(2)
        assert read(head + bytes(16) + body, SECRET) is Problem.ATTRIBUTES


def test_padding_after_the_packet_is_no_part_of_it():
    packet = ask(1, START, SECRET)

    assert read(packet + b"\0\0\0", SECRET) == read(packet, SECRET)


def test_of_an_attribute_that_comes_twice_the_first_counts():
    packet = ask(1, [(Name.USER_NAME, b"one"), (Name.USER_NAME, b"other"), *START], SECRET)

    assert read(packet, SECRET).user_name == "one"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(1, Kind.START), (2, Kind.STOP), (3, Kind.UPDATE), (7, Kind.OTHER), (2**32 - 1, Kind.OTHER)],
)
def test_each_status_has_its_kind(status, kind):
    packet = ask(1, [(Name.STATUS, number(status)), (Name.SESSION, b"1")], SECRET)

    assert read(packet, SECRET).kind is kind


def test_a_controller_that_restarts_needs_no_session():
    assert read(ask(1, [(Name.STATUS, number(7))], SECRET), SECRET).kind is Kind.OTHER


def test_a_delay_is_taken_from_the_time_of_receipt():
    assert moment(request(delay=90), NOON) == NOON - timedelta(seconds=90)
    assert moment(request(), NOON) == NOON


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-900, NOON - timedelta(minutes=15)),
        (-901, None),
        (900, NOON),
        (901, None),
        (-8 * 3600, None),
    ],
)
def test_the_controllers_clock_is_believed_within_a_quarter_of_an_hour(seconds, expected):
    happened = int(NOON.timestamp()) + seconds

    assert moment(request(happened=happened), NOON) == expected


def test_what_was_tried_for_longer_than_a_day_is_too_old():
    assert moment(request(delay=86_400), NOON) == NOON - timedelta(days=1)
    assert moment(request(delay=86_401), NOON) is None
    assert moment(request(delay=2**32 - 1, happened=2**32 - 1), NOON) is None


datagrams = st.binary(max_size=300)
secrets = st.binary(min_size=1, max_size=64)


@given(datagrams, secrets)
def test_no_bytes_make_it_fail(datagram, secret):
    assert isinstance(read(datagram, secret), Accounting | Problem)


@given(st.binary(max_size=200), secrets)
def test_nor_do_bytes_that_somebody_has_signed(body, secret):
    head = b"\x04\x01" + (20 + len(body)).to_bytes(2)
    digest = hashlib.md5(head + bytes(16) + body + secret, usedforsecurity=False).digest()
    signed = head + digest + body

    found = read(signed, secret)
    assert isinstance(found, Accounting | Problem)
    if isinstance(found, Accounting):
        made = moment(found, NOON)
        assert made is None or made <= NOON
        assert len(answer(found, secret)) == 20


octets = st.integers(0, 255)


@given(
    st.text(min_size=1, max_size=40, alphabet=st.characters(codec="utf-8", categories=["L", "N"])),
    st.lists(octets, min_size=6, max_size=6),
    st.text(max_size=10, alphabet=st.characters(codec="utf-8", categories=["L", "N"])),
    st.sampled_from("-:"),
    octets,
    secrets,
)
def test_what_was_written_is_read_again(user, station, network, sign, identifier, secret):
    address = sign.join(f"{octet:02X}" for octet in station)
    packet = ask(
        identifier,
        [
            (Name.USER_NAME, user.encode()),
            (Name.CALLED_STATION, f"{address}:{network}".encode()),
            (Name.CALLING_STATION, address.encode()),
            *START,
        ],
        secret,
    )

    found = read(packet, secret)

    assert (found.identifier, found.user_name, found.network) == (identifier, user, network)
    assert found.bssid == found.station == ":".join(f"{octet:02x}" for octet in station)


@given(st.integers(0, 20 * 8 - 1))
def test_no_bit_can_be_turned(bit):
    packet = bytearray(ask(1, START, SECRET))
    packet[bit // 8] ^= 1 << bit % 8

    found = read(bytes(packet), SECRET)

    assert isinstance(found, Problem)
