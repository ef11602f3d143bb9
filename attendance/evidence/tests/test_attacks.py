"""The S- register of attacks on evidence, as far as a verdict alone decides them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from attendance.evidence.claims import Integrity, Position
from attendance.evidence.datums import wgs84_to_gcj02
from attendance.evidence.phones import Binding, Fix, Use
from attendance.evidence.reasons import Effect
from attendance.evidence.screens import code_at
from attendance.evidence.tests.desk import (
    AT,
    BSSID,
    BY_PLACE,
    BY_WIFI,
    DAY,
    HERE,
    HISTORY,
    HONEST,
    KEPT,
    LONG_AGO,
    SCREEN,
    by_code,
    judge,
    told,
)

AT_HOME = Position(31.3422, 121.4737, 15, "wgs84")


def facts(verdict, code):
    """Return what was seen, and what would be right, of one reason."""
    found = next(one for one in verdict.as_dict()["reasons"] if one["code"] == code)
    return found["seen"], found["right"]


def test_s_01_a_phone_that_only_says_it_is_honest_is_unverified():
    """S-01."""
    claim = BY_PLACE._replace(integrity=Integrity(is_mock=False))

    assert told(judge(claim)) == ("accepted", {"phone_unverified"})
    assert told(judge(claim, is_attestation_demanded=True)) == ("held", {"phone_unverified"})


@pytest.mark.parametrize("is_attested", [True, False])
def test_s_02_a_mock_location_waits_for_a_person(is_attested):
    """S-02."""
    claim = BY_PLACE._replace(integrity=Integrity(True, is_attested))

    assert told(judge(claim)) == ("held", {"mock_location"})


def test_s_01_a_rule_that_demands_a_vouched_phone_demands_it_of_every_way_to_punch():
    unvouched = Integrity(is_mock=False, is_attested=False)
    for claim in (BY_PLACE, BY_WIFI, by_code(code_at(SCREEN, AT))):
        for integrity in (None, unvouched):
            outcome, codes = told(
                judge(claim._replace(integrity=integrity), is_attestation_demanded=True)
            )
            assert outcome == "held"
            assert "phone_unverified" in codes
        vouched = judge(claim._replace(integrity=HONEST), is_attestation_demanded=True)
        assert told(vouched)[0] == "accepted"
    assert told(judge(BY_WIFI)) == ("accepted", set())


def test_s_02_a_phone_that_lies_about_its_place_is_held_by_wifi_too():
    lying = BY_WIFI._replace(integrity=Integrity(is_mock=True))

    assert told(judge(lying)) == ("held", {"mock_location"})


def test_s_04_the_same_place_to_the_bit_for_days_is_held():
    """S-04."""
    point = (HERE.latitude, HERE.longitude)
    fixes = [Fix(AT - timedelta(days=n), DAY - timedelta(days=n), point) for n in range(1, 20)]

    still = judge(history=replace(HISTORY, fixes=tuple(fixes)))

    assert told(still) == ("held", {"identical_positions"})
    assert facts(still, "identical_positions")[0] == {"days": 20}
    fixes[3] = fixes[3]._replace(point=(point[0] + 1e-7, point[1]))
    assert told(judge(history=replace(HISTORY, fixes=tuple(fixes)))) == ("accepted", set())


@pytest.mark.parametrize(
    ("accuracy", "outcome", "code"),
    [
        (0, "accepted", None),
        (150, "accepted", None),
        (151, "held", "accuracy_too_coarse"),
        (None, "held", "accuracy_unknown"),
        (-1, "refused", "accuracy_invalid"),
        (float("nan"), "refused", "accuracy_invalid"),
        (float("inf"), "refused", "accuracy_invalid"),
    ],
)
def test_s_05_an_accuracy_is_checked(accuracy, outcome, code):
    """S-05, by the cases GA-*: 0 is exact."""
    verdict = judge(BY_PLACE._replace(position=HERE._replace(accuracy_metres=accuracy)))

    assert verdict.outcome == outcome
    assert code is None or code in told(verdict)[1]


def test_s_07_a_chinese_map_and_a_phone_mean_the_same_place():
    """S-07."""
    shown = wgs84_to_gcj02(HERE.latitude, HERE.longitude)

    assert judge(BY_PLACE._replace(position=Position(*shown, 20, "gcj02"))).outcome == "accepted"
    assert judge(BY_PLACE._replace(position=Position(*shown, 20, "wgs84"))).outcome == "held"
    assert judge(BY_PLACE._replace(position=Position(*shown, 20, ""))).outcome == "refused"


def test_s_13_a_known_address_with_a_good_position_far_away_is_held():
    """S-13."""
    claim = BY_WIFI._replace(position=AT_HOME, integrity=HONEST)

    assert told(judge(claim)) == ("held", {"wifi_far_from_site"})
    coarse = claim._replace(position=AT_HOME._replace(accuracy_metres=2000))
    assert told(judge(coarse)) == ("accepted", set())


def test_s_19_a_kept_punch_whose_clock_nobody_can_check_is_held():
    """S-19: what the server said before the page was opened tells nothing of the time since."""
    sent = AT + timedelta(minutes=30)
    unseen = BY_PLACE._replace(is_offline=True, phone_clock=sent)
    watched = KEPT._replace(phone_clock=sent, not_before=AT - timedelta(minutes=5))

    assert told(judge(unseen, now=sent)) == ("held", {"offline", "clock_unchecked"})
    yesterday = unseen._replace(not_before=AT - timedelta(days=1))
    assert told(judge(yesterday, now=sent)) == ("held", {"offline", "clock_unchecked"})
    assert told(judge(watched, now=sent)) == ("accepted", {"offline"})
    back = yesterday._replace(not_before=AT + timedelta(minutes=3))
    assert told(judge(back, now=sent)) == ("held", {"offline", "clock_set_back"})


def test_s_16_a_phone_of_two_people_within_ten_minutes_is_held():
    """S-16."""
    near, far = timedelta(minutes=10), timedelta(minutes=10, seconds=1)

    shared = judge(history=replace(HISTORY, phone_uses=(Use("E2", AT - near),)))

    assert told(shared) == ("held", {"phone_shared"})
    assert shared.anomalies == ("device",)
    assert told(judge(history=replace(HISTORY, phone_uses=(Use("E2", AT - far),))))[0] == "accepted"


def test_s_17_a_new_phone_waits():
    """S-17: unfamiliar until bound, cooling until it has been for a day."""
    new = BY_PLACE._replace(phone="phone-2")
    bound = (*HISTORY.bindings, Binding("phone-2", AT - timedelta(hours=23)))
    old = (*HISTORY.bindings, Binding("phone-2", AT - timedelta(hours=24)))

    assert told(judge(new)) == ("held", {"phone_unfamiliar"})
    assert told(judge(new, phone_effect=Effect.FLAG)) == ("accepted", {"phone_unfamiliar"})
    assert told(judge(new, history=replace(HISTORY, bindings=bound))) == ("held", {"phone_cooling"})
    assert told(judge(new, history=replace(HISTORY, bindings=old))) == ("accepted", set())


def test_the_first_phone_of_a_person_needs_no_cooling_and_the_fourth_in_a_month_waits():
    first = (Binding("phone-1", AT - timedelta(minutes=1)),)
    many = tuple(
        Binding(f"phone-{n}", LONG_AGO if n == 0 else AT - timedelta(days=8 - 2 * n))
        for n in range(4)
    )

    assert told(judge(history=replace(HISTORY, bindings=first))) == ("accepted", set())
    verdict = judge(BY_PLACE._replace(phone="phone-3"), history=replace(HISTORY, bindings=many))
    assert told(verdict) == ("held", {"phone_changed_often"})


def test_s_21_a_photo_of_two_people_is_held():
    """S-21."""
    claim = BY_PLACE._replace(photo_digest="d")

    assert told(judge(is_photo_demanded=True)) == ("held", {"photo_missing"})
    assert told(judge(claim, is_photo_demanded=True)) == ("accepted", set())
    history = replace(HISTORY, photo_owners=frozenset(("E2",)))
    assert told(judge(claim, history=history)) == ("held", {"photo_seen_before"})


@pytest.mark.parametrize(
    ("bssid", "ssid", "code"),
    [
        ("3c:84:6a:12:34:56", "Home of E1", "wifi_unknown"),
        ("3c:84:6a:12:34:56", "Office", "wifi_mismatch"),
        (BSSID, "Home of E1", "wifi_mismatch"),
        (None, "Office", "wifi_name_only"),
        (None, None, "wifi_unread"),
    ],
)
def test_a_network_that_is_not_ours_is_held_and_a_home_is_not_named(bssid, ssid, code):
    verdict = judge(BY_WIFI._replace(bssid=bssid, ssid=ssid))

    assert told(verdict) == ("held", {code})
    assert "Home of E1" not in str(verdict.as_dict())
    assert ("34:56" in str(verdict.as_dict())) == (ssid == "Office" and bssid is not None)
