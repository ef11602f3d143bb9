"""The stories of ingest.json, as far as a verdict alone decides them."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from attendance.evidence import timing
from attendance.evidence.claims import Position
from attendance.evidence.networks import AccessPoint
from attendance.evidence.phones import Fix
from attendance.evidence.policy import Earlier
from attendance.evidence.reasons import Effect
from attendance.evidence.screens import code_at
from attendance.evidence.tests.desk import (
    AT,
    BEIJING,
    BY_WIFI,
    DAY,
    HISTORY,
    KEPT,
    SCREEN,
    SHANGHAI,
    by_code,
    judge,
    told,
)
from attendance.evidence.timing import SecondCheck

BOTH = SecondCheck("location", "fingerprint")
NINE = datetime(2026, 9, 1, 9, 0, tzinfo=SHANGHAI)
# 12.4 km north of the screen.
AT_HOME = Position(31.3422, 121.4737, 15, "wgs84")


def facts(verdict, code):
    """Return what was seen, and what would be right, of one reason."""
    found = next(one for one in verdict.as_dict()["reasons"] if one["code"] == code)
    return found["seen"], found["right"]


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        pytest.param(0, ("accepted", set()), id="IN-11"),
        pytest.param(899, ("accepted", set()), id="IN-12"),
        pytest.param(900, ("accepted", set()), id="IN-13"),
        pytest.param(901, ("held", {"dual_gap"}), id="IN-14"),
        pytest.param(960, ("held", {"dual_gap"}), id="IN-15"),
        pytest.param(-180, ("accepted", set()), id="IN-16"),
    ],
)
def test_s_18_two_proofs_lie_at_most_15_minutes_apart(gap, expected):
    """S-18; compared on raw seconds, in either order."""
    second = Earlier(NINE + timedelta(seconds=gap), "fingerprint")
    history = replace(HISTORY, punches=(second,))

    verdict = judge(history=history, at=NINE, now=NINE + timedelta(hours=3), second_check=BOTH)

    assert told(verdict) == expected


def test_in_17_one_proof_alone_waits_and_is_then_missing():
    """IN-17."""
    awaited = judge(at=NINE, now=NINE + timedelta(minutes=15), second_check=BOTH)
    missing = judge(at=NINE, now=NINE + timedelta(hours=3), second_check=BOTH)

    assert told(awaited) == ("held", {"second_check_awaited"})
    assert facts(awaited, "second_check_awaited")[1]["until"] == "2026-09-01T09:15:00+08:00"
    assert told(missing) == ("held", {"dual_missing"})
    assert missing.anomalies == ("second_check",)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(-1, True, id="IN-18"),
        pytest.param(0, True, id="IN-19"),
        pytest.param(1, False, id="IN-20"),
    ],
)
def test_s_21_a_boarding_pass_is_due_four_hours_after_the_arrival(seconds, expected):
    """S-21."""
    arrival, within = datetime(2026, 9, 1, 13, 0, tzinfo=SHANGHAI), timedelta(hours=4)
    handed_in = arrival + within + timedelta(seconds=seconds)

    assert timing.is_in_time(arrival, handed_in, within) is expected


def test_in_21_a_punch_sent_later_keeps_its_own_time_and_is_marked():
    """IN-21."""
    sent = AT + timedelta(hours=6, minutes=2)

    verdict = judge(KEPT._replace(phone_clock=sent), now=sent)

    assert told(verdict) == ("accepted", {"offline"})


def test_in_22_s_19_a_clock_that_was_set_back_is_held():
    """IN-22, S-19."""
    claim = KEPT._replace(phone_clock=AT + timedelta(minutes=10))

    verdict = judge(claim, now=datetime(2026, 9, 1, 15, 0, tzinfo=SHANGHAI))

    assert told(verdict) == ("held", {"offline", "clock_mismatch"})
    seen, right = facts(verdict, "clock_mismatch")
    assert (seen, right) == ({"off_seconds": 5 * 3600 + 52 * 60}, {"most_seconds": 120})


@pytest.mark.parametrize("text", ["00-0A-0B-00-11-22", "000a.0b00.1122", "0:a:b:0:11:22"])
def test_in_26_in_28_s_15_spellings_of_an_access_point_are_equal(text):
    """IN-26, IN-28, S-15."""
    assert told(judge(BY_WIFI._replace(bssid=text))) == ("accepted", set())


def test_in_27_a_placeholder_is_refused_even_if_it_is_configured():
    """IN-27."""
    placeholder = "02:00:00:00:00:00"

    verdict = judge(
        BY_WIFI._replace(bssid=placeholder, ssid=None), access_points=(AccessPoint(placeholder),)
    )

    assert verdict.outcome == "refused"
    assert "bssid_placeholder" in told(verdict)[1]


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(0, ("accepted", set()), id="IN-29"),
        pytest.param(29, ("accepted", set()), id="IN-30"),
        pytest.param(30, ("refused", {"qr_expired"}), id="IN-31"),
        pytest.param(31, ("refused", {"qr_expired"}), id="IN-32"),
    ],
)
def test_s_08_a_code_is_good_while_it_lives(age, expected):
    """S-08."""
    claim = by_code(code_at(SCREEN, AT))

    assert told(judge(claim, now=AT + timedelta(seconds=age))) == expected


def test_in_33_a_forwarded_picture_of_a_code_is_held_far_from_its_screen():
    """IN-33."""
    claim = by_code(code_at(SCREEN, AT), position=AT_HOME)

    verdict = judge(claim, now=AT + timedelta(seconds=8), is_place_demanded_with_code=True)

    assert told(verdict) == ("held", {"outside_fence"})
    assert facts(verdict, "outside_fence")[0]["metres_to_edge"] == pytest.approx(12_200, abs=20)
    missing = judge(by_code(code_at(SCREEN, AT)), is_place_demanded_with_code=True)
    assert told(missing) == ("held", {"position_missing"})


def test_in_34_a_code_of_another_unit_is_refused_and_the_unit_not_named():
    """IN-34, S-09."""
    verdict = judge(by_code(code_at(SCREEN, AT)), history=replace(HISTORY, unit="BU-2"))

    assert told(verdict) == ("refused", {"unit_mismatch"})
    assert "BU-1" not in str(verdict.as_dict())


@pytest.mark.parametrize(
    ("now", "failures", "fixes", "expected"),
    [
        pytest.param("08:54:59", ["08:40:00"], [], False, id="IN-35"),
        pytest.param("08:55:00", ["08:40:00"], [], True, id="IN-36"),
        pytest.param("08:58:00", ["08:40:00", "08:58:00"], ["08:50:00"], False, id="IN-37"),
    ],
)
def test_after_15_minutes_without_a_fix_the_fallback_opens(now, failures, fixes, expected):
    def moment(text):
        return datetime.fromisoformat(f"2026-09-01T{text}+08:00")

    since = timing.failing_since(map(moment, failures), map(moment, fixes))
    by_hand = BY_WIFI._replace(method="manual", bssid=None, address="5 Harbour Road")
    outcomes = [
        judge(
            claim._replace(failing_since=since),
            at=moment(now),
            methods=frozenset(("location",)),
        ).outcome
        for claim in (BY_WIFI, by_hand)
    ]

    assert outcomes == (["accepted", "held"] if expected else ["refused", "refused"])


def test_in_38_s_03_impossible_travel_is_held_and_never_dropped():
    """IN-38, S-03."""
    history = replace(HISTORY, fixes=(Fix(AT - timedelta(minutes=10), DAY, BEIJING),))

    held = judge(history=history)

    assert told(held) == ("held", {"impossible_speed"})
    assert facts(held, "impossible_speed")[0]["kmh"] == pytest.approx(6400, rel=0.01)
    flagged = judge(history=history, suspicion_effect=Effect.FLAG)
    assert told(flagged) == ("accepted", {"impossible_speed"})
