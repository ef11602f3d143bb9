import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.evidence.networks import (
    AccessPoint,
    Match,
    bssid_problem,
    match,
    normalise_bssid,
)

KNOWN = "00:0a:0b:00:11:22"
POINTS = (AccessPoint(KNOWN, "Office"), AccessPoint("8c:a6:df:c8:f7:4b"))


@given(st.lists(st.integers(0, 255), min_size=6, max_size=6))
def test_in_26_and_28_every_spelling_of_an_address_is_the_same_address(octets):
    """IN-26, IN-28, S-15."""
    expected = ":".join(f"{octet:02x}" for octet in octets)
    digits = "".join(f"{octet:02x}" for octet in octets)
    spellings = [
        expected.upper(),
        expected.replace(":", "-"),
        ":".join(f"{octet:x}" for octet in octets),
        ".".join((digits[:4], digits[4:8], digits[8:])),
    ]

    assert [normalise_bssid(text) for text in spellings] == [expected] * 4


@given(st.text() | st.none() | st.integers() | st.binary())
def test_no_text_breaks_the_reading_of_an_address(text):
    found = normalise_bssid(text)

    assert found is None or normalise_bssid(found) == found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("02:00:00:00:00:00", "bssid_placeholder"),
        ("2:0:0:0:0:0", "bssid_placeholder"),
        ("00:00:00:00:00:00", "bssid_placeholder"),
        ("FF-FF-FF-FF-FF-FF", "bssid_placeholder"),
        ("01:00:5e:00:00:01", "bssid_multicast"),
        ("06:11:22:33:44:55", "bssid_local"),
        ("", "bssid_invalid"),
        ("8c:a6:df:c8:f7", "bssid_invalid"),
        ("8c:a6-df:c8:f7:4b", "bssid_invalid"),
        ("8ca6dfc8f74b", "bssid_invalid"),
        (KNOWN, None),
    ],
)
def test_s_14_an_address_that_proves_nothing_cannot_be_an_access_point(text, problem):
    """S-14, IN-27."""
    assert bssid_problem(text) == problem


@pytest.mark.parametrize(
    ("bssid", "ssid", "expected"),
    [
        ("0:a:b:0:11:22", None, Match.KNOWN),
        (KNOWN, '"Office"', Match.KNOWN),
        ("8c:a6:df:c8:f7:4b", "any name", Match.KNOWN),
        (KNOWN, "Cafe", Match.MISMATCH),
        ("3c:84:6a:12:34:56", "Office", Match.MISMATCH),
        ("3c:84:6a:12:34:56", "Cafe", Match.UNKNOWN),
        ("3c:84:6a:12:34:56", None, Match.UNKNOWN),
        (None, "Office", Match.NAME_ONLY),
        ("02:00:00:00:00:00", "Office", Match.NAME_ONLY),
        ("", "<unknown ssid>", Match.UNREAD),
        (None, None, Match.UNREAD),
    ],
)
def test_an_address_supports_a_claim_and_a_name_alone_does_not(bssid, ssid, expected):
    assert match(bssid, ssid, POINTS)[0] is expected


@pytest.mark.parametrize("bssid", ["02:00:00:00:00:00", "06:11:22:33:44:55", "01:00:5e:00:00:01"])
def test_in_27_a_placeholder_matches_nobody_even_if_it_is_configured(bssid):
    """IN-27."""
    assert match(bssid, None, (AccessPoint(bssid),))[0] is not Match.KNOWN
