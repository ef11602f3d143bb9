"""Two clerks at the same moment: one of them is told, and nothing is there twice."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone
from guardian.models import UserObjectPermission

from organization import accounts, roles
from organization.access import Action
from organization.models import Role, RoleAssignment, User
from organization.role_errors import AlreadyHeld, BeyondOwnRights, LastAdministrator
from tests.cast import NOW, play

pytestmark = [
    pytest.mark.needs_postgres,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]


def at_once(*works: Callable[[], object]) -> list[BaseException]:
    """Run each in a thread with a connection of its own; return what they raised."""
    barrier, raised = Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            work()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return raised


def test_two_who_give_the_same_role_give_it_once() -> None:
    cast = play()
    role = Role.objects.get(key="auditor")

    def give() -> None:
        roles.assign(
            user=User.objects.get(username="alice"),
            role=role,
            department=cast.unit,
            actor=User.objects.get(username="n_hr"),
            now=NOW,
        )

    raised = at_once(give, give)

    assert [type(error) for error in raised] == [AlreadyHeld]
    assert RoleAssignment.objects.filter(user=cast.alice.user).count() == 1
    rights = UserObjectPermission.objects.filter(user=cast.alice.user)
    assert rights.count() == len(role.allowed)


def test_one_who_gives_and_one_who_ends_leave_what_the_assignments_say() -> None:
    cast = play()
    row = RoleAssignment.objects.get(user=cast.bob.user)

    def give() -> None:
        roles.assign(
            user=User.objects.get(username="bob"),
            role=Role.objects.get(key="auditor"),
            department=cast.department,
            actor=None,
            now=NOW,
        )

    raised = at_once(give, lambda: roles.end(assignment_id=row.pk, actor=None, now=NOW))

    assert raised == []
    kept = UserObjectPermission.objects.filter(user=cast.bob.user)
    names = set(kept.values_list("permission__codename", flat=True))
    assert names == {Action.SEE.value, Action.SUMMARISE.value, Action.AUDIT.value}


def test_two_administrators_who_shut_each_other_out_leave_one() -> None:
    first = User.objects.create_superuser("first", password="a long word")
    second = User.objects.create_superuser("second", password="a long word")
    row, now = RoleAssignment.objects.get(user=first), timezone.now()

    raised = at_once(
        lambda: roles.end(assignment_id=row.pk, actor=User.objects.get(pk=second.pk), now=now),
        lambda: accounts.switch_off(
            User.objects.get(pk=second.pk), actor=User.objects.get(pk=first.pk), now=now
        ),
    )

    # Whoever comes after the other has ended finds that they are no administrator any more.
    (refused,) = raised
    assert isinstance(refused, LastAdministrator | BeyondOwnRights)
    assert User.objects.filter(is_superuser=True, is_active=True).count() == 1
