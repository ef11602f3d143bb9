import pytest
from rest_framework.exceptions import NotAuthenticated

from config.api import answer
from organization.errors import CircularTree, DomainError, NotAllowed, NotFound


@pytest.mark.parametrize(
    ("refusal", "status", "body"),
    [
        (
            CircularTree(department="Office", parent="Desk"),
            409,
            {
                "code": "circular_tree",
                "message": "Office cannot move below Desk, which lies inside it.",
                "facts": {"department": "Office", "parent": "Desk"},
            },
        ),
        (
            NotFound(what="employee", key="1001"),
            404,
            {
                "code": "not_found",
                "message": "There is no employee 1001 here.",
                "facts": {"what": "employee", "key": "1001"},
            },
        ),
        (
            NotAllowed(department="Office"),
            403,
            {
                "code": "not_allowed",
                "message": "You may not do this in Office.",
                "facts": {"department": "Office"},
            },
        ),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_a_refusal_has_a_code_a_sentence_and_its_facts(
    refusal: DomainError, status: int, body: dict[str, object]
) -> None:
    given = answer(refusal, {})

    assert given is not None
    assert (given.status_code, given.data) == (status, body)


def test_what_the_framework_refuses_is_answered_by_the_framework() -> None:
    given = answer(NotAuthenticated(), {})

    assert given is not None
    assert given.status_code == 401


def test_a_bug_is_no_refusal() -> None:
    assert answer(ZeroDivisionError(), {}) is None
