import json
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.evidence.claims import Claim, Position, Problem, read_claim
from attendance.evidence.fences import Fence
from attendance.evidence.geometry import Area, Circle, metres_between
from attendance.evidence.phones import Binding, Fix, Use
from attendance.evidence.policy import Earlier, EvidencePolicy, History, Numbers
from attendance.evidence.reasons import Code, Effect
from attendance.evidence.screens import code_at
from attendance.evidence.tests.desk import (
    AT,
    BY_PLACE,
    BY_WIFI,
    DAY,
    HERE,
    HISTORY,
    KEPT,
    OFFICE,
    POLICY,
    SCREEN,
    by_code,
    judge,
    told,
)
from attendance.evidence.timing import SecondCheck
from attendance.evidence.verdict import verify


class Spiteful:
    """A value that breaks whatever looks at it."""

    def __getattr__(self, name):
        raise AttributeError(name) if name.startswith("_") else RuntimeError(name)

    def __repr__(self):
        return "Spiteful()"

    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = __iter__ = __len__ = __bool__ = (
        lambda self, *_: self.broken
    )


_JUNK = (
        None, "", "x", "\x00", "💥" * 300, b"", b"\xff", -1, 0, 10**400, 1e308, float("nan"),
        float("inf"), float("-inf"), True, [], {}, (), object(), Spiteful(),
        datetime(2026, 9, 1), date.min, timedelta.max,  # noqa: DTZ001
)  # fmt: skip
# By their places: who draws lots looks at nothing.
JUNK = st.integers(0, len(_JUNK) - 1).map(lambda place: _JUNK[place])
# What the verdict on a claim in order rests on, one by one: without it nothing is proven.
VITAL_OF_PLACE = ["position", "method"]
VITAL_OF_WIFI = ["bssid", "method"]


def test_a_claim_in_order_is_accepted_and_says_by_what():
    verdict = judge()

    assert verdict.as_dict() == {
        "outcome": "accepted",
        "reasons": [
            {
                "code": "inside_fence",
                "effect": "proof",
                "seen": {"accuracy_metres": 20, "metres_to_edge": 200.0},
                "right": {"fence": "office"},
            }
        ],
    }


@given(JUNK, st.sampled_from(VITAL_OF_PLACE))
def test_it_never_fails_open_with_junk_in_a_claim_by_place(junk, name):
    assert judge(BY_PLACE._replace(**{name: junk})).outcome != "accepted"


@given(JUNK, st.sampled_from(VITAL_OF_WIFI))
def test_it_never_fails_open_with_junk_in_a_claim_by_wifi(junk, name):
    assert judge(BY_WIFI._replace(**{name: junk})).outcome != "accepted"


@given(JUNK, st.sampled_from(["latitude", "longitude", "accuracy_metres", "datum"]))
def test_it_never_fails_open_with_junk_in_a_position(junk, name):
    position = HERE._replace(**{name: junk})
    allowed = name == "accuracy_metres" and type(junk) is int and junk == 0

    assert (judge(BY_PLACE._replace(position=position)).outcome == "accepted") == allowed


@given(JUNK, JUNK, JUNK)
def test_it_never_fails_open_with_junk_for_everything(claim, policy, history):
    assert verify(policy, claim, history, at=AT, day=DAY, now=AT).outcome != "accepted"
    assert verify(policy, BY_PLACE, history, at=AT, day=DAY, now=AT).outcome != "accepted"
    assert verify(policy, claim, HISTORY, at=AT, day=DAY, now=AT).outcome != "accepted"


ELSEWHERE = (39.9042, 116.4074)
TOMORROW = AT + timedelta(days=1)
SAME_PLACE = tuple(
    Fix(AT - timedelta(days=n), DAY - timedelta(days=n), HERE[:2]) for n in range(1, 30)
)
OFTEN = tuple(Binding(f"phone-{n}", AT - timedelta(days=9 - 2 * n)) for n in range(1, 5))
FAR = BY_WIFI._replace(position=Position(*ELSEWHERE, 5, "wgs84"), integrity=BY_PLACE.integrity)
# A claim that breaks this limit, and no other: the claim, what was before, and when it is judged.
BREAKS = {
    "max_accuracy": (BY_PLACE._replace(position=HERE._replace(accuracy_metres=199)), {}, AT),
    "cooling": (
        BY_PLACE._replace(phone="phone-2"),
        {"bindings": (*HISTORY.bindings, Binding("phone-2", AT))},
        AT,
    ),
    "most_changes": (BY_PLACE._replace(phone="phone-4"), {"bindings": OFTEN}, AT),
    "changes_within": (BY_PLACE._replace(phone="phone-4"), {"bindings": OFTEN}, AT),
    "shared_within": (BY_PLACE, {"phone_uses": (Use("E2", AT),)}, AT),
    "max_speed": (BY_PLACE, {"fixes": (Fix(AT - timedelta(hours=1), DAY, ELSEWHERE),)}, AT),
    "identical_days": (BY_PLACE, {"fixes": SAME_PLACE}, AT),
    "wifi_far": (FAR, {}, AT),
    "wifi_far_accuracy": (FAR, {}, AT),
    "clock_error": (KEPT._replace(phone_clock=AT), {}, TOMORROW),
    "future": (BY_PLACE, {}, AT - timedelta(hours=1)),
    "weak_gps": (BY_WIFI._replace(failing_since=AT), {}, AT),
}


@pytest.mark.parametrize("junk", ["as it is", float("nan"), None, "", []], ids=repr)
@pytest.mark.parametrize("name", [field.name for field in fields(Numbers)])
def test_a_limit_that_is_no_number_lets_nothing_pass(name, junk):
    """Each limit is put to a claim that breaks it and no other."""
    claim, before, now = BREAKS[name]
    methods = frozenset(("location",)) if name == "weak_gps" else POLICY.methods
    numbers = Numbers() if junk == "as it is" else replace(Numbers(), **{name: junk})

    verdict = judge(
        claim, history=replace(HISTORY, **before), now=now, methods=methods, numbers=numbers
    )

    assert verdict.outcome != "accepted"


@given(st.integers(), st.lists(JUNK, max_size=3))
def test_whatever_was_seen_the_verdict_is_json_and_in_one_order(seed, junk):
    chance = Random(seed)  # noqa: S311
    values = [*junk, "wifi", "qr", "manual", "location", HERE, SCREEN]
    claim = Claim(*(chance.choice(values) for _ in Claim._fields))

    one, other = judge(claim), judge(claim)

    assert one == other
    assert json.loads(json.dumps(one.as_dict(), allow_nan=False)) == one.as_dict()
    assert list(one.reasons) == sorted(one.reasons, key=lambda r: list(Effect).index(r.effect))


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(0, 1000))
def test_who_is_accepted_by_place_stands_surely_inside(latitude, longitude, accuracy):
    position = Position(31.23 + latitude / 9e4, 121.4737 + longitude / 9e4, accuracy, "wgs84")

    verdict = judge(BY_PLACE._replace(position=position))

    away = metres_between(position[:2], OFFICE.shape[:2]) + accuracy
    assert (verdict.outcome == "accepted") == (away <= 200 and accuracy <= 150) or (
        abs(away - 200) < 0.01
    )


def test_a_rule_without_a_method_a_fence_or_an_access_point_accepts_nobody():
    nothing = EvidencePolicy(methods=frozenset())

    assert told(judge(policy=nothing)) == ("refused", {"method_not_allowed", "no_fences"})
    assert told(judge(fences=())) == ("held", {"no_fences"})
    assert told(judge(BY_WIFI, access_points=())) == ("held", {"wifi_unknown"})
    assert told(judge(by_code(code_at(SCREEN, AT)), screens=())) == ("refused", {"qr_invalid"})


def test_a_fence_that_is_none_holds_everybody():
    for shape in (Circle(31, 121, float("nan")), Circle(91, 121, 100), Area([(31.0, 121.0)])):
        assert told(judge(fences=(Fence("a", shape),))) == ("held", {"check_failed"})


def test_out_of_fence_says_how_far_and_of_which_fence():
    verdict = judge(BY_PLACE._replace(position=HERE._replace(latitude=31.24)))

    assert told(verdict) == ("held", {"outside_fence"})
    reason = verdict.as_dict()["reasons"][0]
    assert reason["right"] == {"fence": "office"}
    assert reason["seen"]["metres_to_edge"] == pytest.approx(864.4, abs=0.5)
    assert verdict.anomalies == ("out_of_fence",)


def test_at_the_edge_nobody_knows():
    verdict = judge(BY_PLACE._replace(position=HERE._replace(latitude=31.2321)))

    assert told(verdict) == ("held", {"unsure_of_fence"})


def test_a_failed_fix_at_zero_zero_is_outside_and_flagged():
    verdict = judge(BY_PLACE._replace(position=Position(0, 0, 10, "wgs84")))

    assert told(verdict) == ("held", {"null_island", "outside_fence"})


def test_s_06_what_the_phone_thinks_of_its_place_is_not_read():
    """S-06."""
    said = {**HERE._asdict(), "latitude": 31.3, "inside": True, "distance": 3}

    assert read_claim({"position": said}) == Problem("evidence.position.distance", "unknown_field")
    far = BY_PLACE._replace(position=HERE._replace(latitude=31.3))
    assert told(judge(far)) == ("held", {"outside_fence"})


def test_a_phone_cannot_play_the_terminal():
    finger = Claim(method="fingerprint", phone="phone-1")

    assert told(judge(finger)) == ("held", {"method_unproven"})
    assert told(judge(finger._replace(is_from_terminal=True))) == ("accepted", set())


def test_a_printed_code_needs_a_place_or_a_network_beside_it():
    printed = replace(SCREEN, is_printed=True)
    claim, screens = by_code(code_at(printed, AT)), (printed,)

    assert told(judge(claim, screens=screens)) == ("held", {"qr_printed"})
    there = claim._replace(position=HERE)
    assert told(judge(there, screens=screens)) == ("accepted", {"qr_printed"})
    joined = claim._replace(bssid=BY_WIFI.bssid)
    assert told(judge(joined, screens=screens)) == ("accepted", {"qr_printed"})


def test_a_code_that_was_scanned_without_a_network_waits_for_a_person():
    sent = AT + timedelta(hours=1)
    claim = by_code(
        code_at(SCREEN, AT),
        is_offline=True,
        phone_clock=sent,
        not_before=AT,
        is_clock_watched=True,
    )

    assert told(judge(claim, now=sent)) == ("held", {"offline", "qr_expired"})
    stale = judge(claim, at=AT + timedelta(minutes=5), now=sent)
    assert told(stale) == ("refused", {"offline", "qr_expired"})


def test_a_fallback_is_no_door_for_other_methods():
    long_ago = AT - timedelta(hours=1)
    claim = by_code(code_at(SCREEN, AT), failing_since=long_ago)

    assert told(judge(claim, methods=frozenset(("location",)))) == (
        "refused",
        {"method_not_allowed"},
    )


def test_an_unknown_address_is_held_and_an_empty_one_refused():
    by_hand = Claim(method="manual", address=" 5  Harbour Road ", phone="phone-1")
    manual = frozenset(("manual",))

    assert told(judge(by_hand, methods=manual)) == ("held", {"address_typed"})
    empty = by_hand._replace(address="  ")
    assert told(judge(empty, methods=manual)) == ("refused", {"address_missing"})


def test_a_punch_of_the_future_waits():
    assert told(judge(now=AT - timedelta(minutes=5))) == ("accepted", set())
    assert told(judge(now=AT - timedelta(minutes=5, seconds=1))) == ("held", {"future_time"})


def test_a_third_method_does_not_stand_in_for_one_of_two():
    verdict = judge(BY_WIFI, second_check=SecondCheck("location", "fingerprint"))

    assert told(verdict) == ("held", {"dual_missing"})


def test_the_second_of_two_proofs_looks_back_for_the_first():
    history = replace(HISTORY, punches=(Earlier(AT - timedelta(minutes=3), "location"),))
    claim = Claim(method="fingerprint", is_from_terminal=True)

    verdict = judge(claim, history=history, second_check=SecondCheck("location", "fingerprint"))

    assert told(verdict) == ("accepted", set())


@pytest.mark.parametrize("effect", [Effect.PROOF, Effect.REFUSE, "accept"])
def test_a_rule_cannot_make_a_suspicion_a_proof(effect):
    with pytest.raises(ValueError, match="hold or flag"):
        replace(POLICY, suspicion_effect=effect)


def test_every_reason_has_a_code_of_its_own():
    assert len({str(code) for code in Code}) == len(Code)


def test_an_unknown_person_without_a_phone_waits():
    assert told(judge(BY_PLACE._replace(phone=None), history=History()))[1] == {"phone_unknown"}
