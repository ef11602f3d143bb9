from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.flow import MOVES, Mode, Status, Verdict, Vote, can_become, outcome

YES, NO = Verdict.APPROVED, Verdict.REJECTED
votes = st.lists(st.builds(Vote, st.sampled_from([None, YES, NO]), st.booleans()), max_size=6)


def test_every_status_says_what_it_may_become():
    assert set(MOVES) == set(Status)


@pytest.mark.parametrize("old", [Status.REJECTED, Status.WITHDRAWN, Status.REVOKED])
def test_what_is_over_stays_over(old: Status):
    assert not any(can_become(old, new) for new in Status)


def test_what_was_approved_can_only_be_taken_back():
    assert [new for new in Status if can_become(Status.APPROVED, new)] == [Status.REVOKED]


def test_nothing_becomes_what_it_is():
    assert not any(can_become(status, status) for status in Status)


@pytest.mark.parametrize(
    ("mode", "said", "expected"),
    [
        (Mode.ANY, [None, None], None),
        (Mode.ANY, [YES, None], YES),
        (Mode.ANY, [YES, NO], NO),
        (Mode.ALL, [YES, None], None),
        (Mode.ALL, [YES, YES], YES),
        (Mode.ALL, [NO, None], NO),
        (Mode.ANY, [], None),
        (Mode.ALL, [], None),
    ],
)
def test_a_step_is_passed_when_as_many_agree_as_it_wants(mode, said, expected):
    assert outcome(mode, [Vote(verdict) for verdict in said]) == expected


def test_whoever_stands_above_the_silent_speaks_for_all():
    assert outcome(Mode.ALL, [Vote(None), Vote(YES), Vote(YES, is_above=True)]) is YES
    assert outcome(Mode.ALL, [Vote(YES), Vote(YES), Vote(None, is_above=True)]) is YES


@given(votes, st.sampled_from(Mode))
def test_nothing_is_approved_that_nobody_approved(said: list[Vote], mode: Mode):
    if outcome(mode, said) is YES:
        assert any(vote.verdict is YES for vote in said)
        assert not any(vote.verdict is NO for vote in said)


@given(votes, st.sampled_from(Mode))
def test_the_order_of_votes_does_not_matter(said: list[Vote], mode: Mode):
    assert outcome(mode, said) == outcome(mode, said[::-1])


def test_statuses_are_walked_from_the_first_one():
    reached, edge = {Status.WAITING}, {Status.WAITING}
    while edge:
        edge = {new for old, new in product(edge, Status) if can_become(old, new)} - reached
        reached |= edge
    assert reached == set(Status)
