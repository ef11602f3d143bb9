from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from attendance import reason_words
from attendance.evidence.policy import Earlier
from attendance.evidence.reasons import Code, Effect, reason
from attendance.evidence.tests.desk import AT, BY_PLACE, HERE, HISTORY, judge
from attendance.evidence.timing import SecondCheck
from attendance.reason_words import effect_label, metres_text, sentence, span_text

PLACE = BY_PLACE._replace
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.lists(st.none())
)


def told(*reasons) -> list[str]:
    return [sentence(one).replace("\u00a0", " ") for one in reasons]


def of(code: str, effect: str = "hold", seen=None, right=None) -> str:
    return told({"code": code, "effect": effect, "seen": seen or {}, "right": right or {}})[0]


def test_every_code_has_a_sentence_and_none_is_left_over() -> None:
    assert set(reason_words.SENTENCES) == set(Code)
    assert set(reason_words.EFFECTS) == set(Effect)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("code", Code)
def test_a_code_is_told_whatever_it_does_and_whatever_is_missing(code, effect, language) -> None:
    with override(language):
        bare = sentence({"code": str(code), "effect": str(effect)})
        stored = sentence(reason(effect, code))

    assert bare == stored
    assert bare
    assert "%(" not in bare
    assert str(code) not in bare.split()


def test_a_reason_is_told_alike_before_and_after_it_was_stored() -> None:
    verdict = judge(PLACE(position=HERE._replace(latitude=31.25)))

    assert verdict.reasons
    assert told(*verdict.reasons) == told(*(one.as_dict() for one in verdict.reasons))


def test_a_code_of_another_release_is_told_and_does_not_crash() -> None:
    assert of("from_tomorrow") == "Something else was noticed: from_tomorrow."
    assert sentence({}) == "Something else was noticed: ."
    assert effect_label({"effect": "of tomorrow"}) == "–"


@given(
    st.sampled_from(Code),
    st.sampled_from(Effect),
    st.dictionaries(
        st.sampled_from(
            "metres_to_edge accuracy_metres seconds kmh method methods until others days "
            "changes most age_seconds fence within_seconds".split()
        ),
        ODD,
    ),
)
def test_odd_facts_are_a_dash_and_break_nothing(code, effect, facts) -> None:
    assert sentence({"code": str(code), "effect": str(effect), "seen": facts, "right": None})


def test_distances_are_told_in_metres_and_kilometres() -> None:
    [outside] = [
        one
        for one in judge(PLACE(position=HERE._replace(latitude=31.2350))).reasons
        if one.code is Code.OUTSIDE_FENCE
    ]

    assert told(outside) == ["310 m outside of office."]
    assert [metres_text(one) for one in (0.44, 9.96, 120.4, 1000, 1234, 25_000)] == [
        "0.4\u00a0m",
        "10\u00a0m",
        "120\u00a0m",
        "1\u00a0km",
        "1.2\u00a0km",
        "25\u00a0km",
    ]


def test_spans_are_told_to_the_second_where_a_second_decides() -> None:
    spans = (0, 45, 900, 901, 3600, 12_000, 172_799, 172_800, 300_000)

    assert [span_text(one).replace("\u00a0", " ") for one in spans] == [
        "0 s",
        "45 s",
        "15 min",
        "15 min 1 s",
        "1 h",
        "3 h 20 min",
        "47 h 59 min",
        "2 days",
        "3 days",
    ]


def test_a_second_check_is_told_in_every_state() -> None:
    demanded = SecondCheck("location", "fingerprint")

    def states(minutes: float, *earlier: Earlier):
        now = AT + timedelta(minutes=minutes)
        verdict = judge(
            BY_PLACE, history=replace(HISTORY, punches=earlier), now=now, second_check=demanded
        )
        return [
            sentence(one, zone=ZoneInfo("Asia/Shanghai")).replace("\u00a0", " ")
            for one in verdict.reasons
            if one.code.startswith(("second_check", "dual"))
        ]

    late = Earlier(AT - timedelta(minutes=20), "fingerprint")
    done = Earlier(AT - timedelta(minutes=3), "fingerprint")
    assert states(0) == ["Waits for the second proof until 09:13: Fingerprint."]
    assert states(16) == ["The second proof did not come within 15 min: Fingerprint."]
    assert states(16, late) == ["The two proofs are 20 min apart; up to 15 min is allowed."]
    assert states(0, done) == ["Both proofs are there, 3 min apart."]


def test_a_method_of_neither_proof_is_told_with_both() -> None:
    said = of("dual_missing", "hold", {"method": "wifi"}, {"methods": "location, fingerprint"})

    assert said == "Wi-Fi is none of the two proofs that are wanted: Location, Fingerprint."


def test_terminals_that_are_all_open_are_told_as_one() -> None:
    methods = "card, face, fingerprint, location, password, terminal"

    said = of("method_not_allowed", "refuse", {"method": "qr"}, {"methods": methods})

    assert said == "QR code is no way to punch here. These are: Location, a terminal."


def test_a_printed_code_is_told_by_what_stands_beside_it() -> None:
    assert of("qr_printed", "hold") == (
        "The QR code is printed and may be a picture; nothing beside it proves the place."
    )
    assert of("qr_printed", "flag") == (
        "The QR code is printed; the place or the Wi-Fi beside it is right."
    )


def test_a_new_phone_is_told_with_its_age_and_when_it_counts() -> None:
    said = of("phone_cooling", "flag", {"seconds": 10_800.0}, {"from_seconds": 86_400.0})

    assert said == "The phone was bound 3 h ago; it counts from 24 h on."
