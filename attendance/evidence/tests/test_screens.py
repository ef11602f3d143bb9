import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.evidence.screens import CodeState, Screen, code_at, key_in, read_code, use_key
from attendance.evidence.tests.desk import AT, SCREEN

SECRET = b"0123456789abcdef"


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(0, CodeState.VALID, id="IN-29"),
        pytest.param(29, CodeState.VALID, id="IN-30"),
        pytest.param(30, CodeState.EXPIRED, id="IN-31"),
        pytest.param(31, CodeState.EXPIRED, id="IN-32"),
        (-1, CodeState.NOT_YET),
    ],
)
def test_a_code_lives_half_open_thirty_seconds(age, expected):
    """S-08, S-11: by the moment given, the server's."""
    assert read_code(code_at(SCREEN, AT), (SCREEN,), AT + timedelta(seconds=age)).state is expected


def test_a_code_that_changes_every_15_seconds_may_live_30():
    screen = replace(SCREEN, step=15, life=30)
    code = code_at(screen, AT)

    assert code_at(screen, AT + timedelta(seconds=15)) != code
    later = [read_code(code, (screen,), AT + timedelta(seconds=age)).state for age in (15, 29, 30)]
    assert later == [CodeState.VALID, CodeState.VALID, CodeState.EXPIRED]


def test_s_09_a_code_is_bound_to_its_screen():
    """S-09: neither under another name nor with another secret."""
    other = Screen("hall-2", SECRET)
    code = code_at(SCREEN, AT)

    assert read_code(code, (other,), AT).state is CodeState.INVALID
    assert read_code(code.replace("hall-1", "hall-2"), (SCREEN, other), AT).screen is None
    reseeded = replace(SCREEN, secret=b"fedcba9876543210")
    assert read_code(code, (reseeded,), AT).state is CodeState.INVALID


def test_s_12_a_revoked_screen_is_refused_at_once_and_no_secret_is_shown():
    """S-12."""
    revoked = replace(SCREEN, revoked_at=AT)

    assert read_code(code_at(SCREEN, AT), (revoked,), AT).state is CodeState.REVOKED
    assert SECRET.decode() not in repr(revoked)
    assert SECRET.decode() not in code_at(SCREEN, AT)


@pytest.mark.parametrize(
    "change",
    [
        {"secret": b"0123456789abcde"},
        {"secret": "0123456789abcdef"},
        {"key": "a.b"},
        {"key": ""},
        {"step": 14},
        {"step": 31},
        {"life": 29},
        {"life": 61},
    ],
)
def test_a_screen_that_cannot_be_trusted_cannot_be_made(change):
    with pytest.raises(ValueError, match=re.compile("key|secret|step|life")):
        replace(SCREEN, **change)


def test_a_code_is_used_once_a_person():
    scanned = read_code(code_at(SCREEN, AT), (SCREEN,), AT)

    keys = {use_key(scanned, person) for person in ("E1", "E2", "E1")}

    assert len(keys) == 2


def test_a_code_names_its_screen_and_nothing_else_does():
    code = code_at(SCREEN, AT)

    assert key_in(code) == SCREEN.key
    assert [key_in(text) for text in (None, "", "hall-1", code[:-1], f" {code}")] == [None] * 5


def test_a_printed_code_is_no_code_of_a_screen():
    printed = replace(SCREEN, is_printed=True)
    far = AT + timedelta(days=100)

    assert read_code(code_at(printed, AT), (printed,), far).state is CodeState.PRINTED
    assert read_code(code_at(printed, AT), (SCREEN,), AT).state is CodeState.INVALID
    assert read_code(code_at(SCREEN, AT), (printed,), AT).state is CodeState.INVALID


@given(st.text() | st.none() | st.from_regex(r"\Akq1\.hall-1\.[0-9]{1,12}\.[A-Za-z0-9_-]{22}\Z"))
def test_no_guessed_text_is_a_code(text):
    assert read_code(text, (SCREEN,), AT).state is CodeState.INVALID


def test_a_changed_sign_spoils_a_code():
    code = code_at(SCREEN, AT)

    for place, sign in enumerate(code[:-1]):
        other = "A" if sign != "A" else "B"
        spoilt = code[:place] + other + code[place + 1 :]
        assert read_code(spoilt, (SCREEN,), AT).state is CodeState.INVALID


def test_a_moment_without_an_offset_is_refused():
    with pytest.raises(ValueError, match="offset"):
        code_at(SCREEN, datetime(2026, 9, 1, 8, 58))  # noqa: DTZ001
