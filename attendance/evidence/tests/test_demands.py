import json
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.evidence.demands import (
    BOUNDS,
    EFFECTS,
    FALLBACKS,
    PHONE_METHODS,
    PROVING,
    Demands,
    TwoProofs,
)
from attendance.evidence.phones import Binding
from attendance.evidence.policy import Earlier, EvidencePolicy, History, Numbers
from attendance.evidence.reasons import Effect
from attendance.evidence.tests.desk import AT, BY_PLACE, HISTORY, POLICY, judge, told
from attendance.evidence.timing import SecondCheck

LOCATION = frozenset(("location",))
ODD = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
NUMBERS = {name: st.integers(*span) for name, span in BOUNDS.items() if "." not in name}
SWITCHES = {field.name: st.booleans() for field in fields(Demands) if field.type == "bool"}
PROOFS = st.builds(
    TwoProofs, st.sampled_from(PROVING), st.sampled_from(PROVING), st.integers(1, 240)
)
DEMANDS = st.builds(
    Demands,
    methods=st.frozensets(st.sampled_from(PHONE_METHODS)),
    fallback=st.frozensets(st.sampled_from(FALLBACKS)),
    phone_effect=st.sampled_from([str(one) for one in EFFECTS]),
    suspicion_effect=st.sampled_from([str(one) for one in EFFECTS]),
    second_check=st.one_of(st.none(), PROOFS),
    instead_of_face=st.one_of(st.none(), st.sampled_from(PROVING)),
    **NUMBERS,
    **SWITCHES,
)


def found(**said) -> list[tuple[str, str]]:
    return [tuple(problem) for problem in Demands(**said).problems()]


@given(DEMANDS)
def test_what_a_rule_may_say_survives_being_stored(demands: Demands):
    if demands.problems():
        return

    stored = json.loads(json.dumps(demands.to_json()))

    assert Demands.from_json(stored) == demands
    assert isinstance(demands.policy(), EvidencePolicy)


@given(st.dictionaries(st.sampled_from([field.name for field in fields(Demands)]), ODD))
def test_whatever_stands_in_a_field_is_named_or_refused_loudly(written):
    try:
        demands = Demands.from_json(written)
    except ValueError:
        return

    assert demands.problems() or Demands.from_json(demands.to_json()) == demands


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ({"method": []}, "method: unknown field"),
        ({"methods": "wifi"}, "methods: not a list of words"),
        ({"fallback": [1]}, "fallback: not a list of words"),
        ({"second_check": ["location", "face"]}, "second_check: not an object"),
        ({"second_check": {"first": "location"}}, "second_check.second: missing"),
        ({"second_check": {"gap": 5}}, "second_check.gap: unknown field"),
    ],
)
def test_a_field_that_was_not_written_by_it_is_refused(written, named):
    with pytest.raises(ValueError, match=named):
        Demands.from_json(written)


def test_what_is_absent_is_the_default_and_demands_nothing_of_a_phone():
    assert Demands.from_json({}) == Demands()
    assert Demands().methods == frozenset()
    assert Demands().problems() == []


@pytest.mark.parametrize(("name", "span"), BOUNDS.items())
def test_a_number_has_a_least_and_a_most(name, span):
    def at(value):
        if name == "second_check.gap_minutes":
            return found(methods=LOCATION, second_check=TwoProofs("location", "card", value))
        return found(**{name: value})

    least, most = span
    assert at(least) == at(most) == []
    assert at(least - 1) == at(most + 1) == [(name, "out_of_range")]
    assert at(True) == at(1.5) == at("5") == at(None) == [(name, "not_a_number")]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"methods": frozenset(("manual",))}, ("methods", "unknown_method")),
        ({"methods": frozenset(("face",))}, ("methods", "unknown_method")),
        ({"fallback": frozenset(("qr",))}, ("fallback", "unknown_method")),
        ({"phone_effect": "refuse"}, ("phone_effect", "unknown_effect")),
        ({"suspicion_effect": "proof"}, ("suspicion_effect", "unknown_effect")),
        ({"allows_offline": 1}, ("allows_offline", "not_yes_or_no")),
        ({"instead_of_face": "card"}, ("instead_of_face", "no_face_demanded")),
        (
            {"second_check": TwoProofs("location", "card")},
            ("second_check.first", "method_not_allowed"),
        ),
        (
            {"second_check": TwoProofs("card", "card")},
            ("second_check.second", "same_method"),
        ),
        (
            {"second_check": TwoProofs("card", "manual")},
            ("second_check.second", "unknown_method"),
        ),
        (
            {"second_check": TwoProofs("card", "password"), "instead_of_face": "fingerprint"},
            ("instead_of_face", "no_face_demanded"),
        ),
    ],
)
def test_what_makes_no_sense_is_named_at_its_field(said, problem):
    assert found(**said) == [problem]


@pytest.mark.parametrize(
    ("instead", "code"),
    [
        (None, ["face_without_alternative"]),
        ("location", ["same_method"]),
        ("face", ["same_method"]),
        ("wifi", ["method_not_allowed"]),
        ("manual", ["unknown_method"]),
        ("card", []),
    ],
)
def test_l_07_nobody_has_to_give_their_face(instead, code):
    said = {"methods": LOCATION, "second_check": TwoProofs("location", "face")}

    assert [one for _field, one in found(**said, instead_of_face=instead)] == code


def test_l_07_what_stands_for_the_face_completes_the_second_check():
    demanded = SecondCheck("location", "face", instead_of_face="card")
    minutes = timedelta(minutes=5)

    def beside(method: str):
        history = replace(HISTORY, punches=(Earlier(AT - minutes, method),))
        return told(judge(BY_PLACE, POLICY, history, second_check=demanded))

    assert beside("card") == beside("face") == ("accepted", set())
    assert beside("password") == ("held", {"second_check_awaited"})
    assert demanded.wanted_beside("card") == ("location",)


def test_the_defaults_are_those_of_the_verdict():
    policy = Demands(methods=LOCATION).policy()

    assert policy.numbers == Numbers()
    assert policy == EvidencePolicy(methods=policy.methods)
    assert policy.methods == {"location", "face", "fingerprint", "card", "password", "terminal"}


def test_every_demand_reaches_the_verdict():
    demands = Demands(
        methods=LOCATION,
        second_check=TwoProofs("location", "face", 5),
        instead_of_face="card",
        phone_effect="flag",
        cooling_hours=48,
    )

    policy = demands.policy(fences=POLICY.fences)

    assert policy.second_check == SecondCheck("location", "face", timedelta(minutes=5), "card")
    assert (policy.phone_effect, policy.numbers.cooling) == (Effect.FLAG, timedelta(hours=48))
    stranger = History(bindings=(Binding("phone-2", AT),))
    assert told(judge(BY_PLACE, replace(policy, second_check=None), stranger)) == (
        "accepted",
        {"phone_unfamiliar"},
    )
