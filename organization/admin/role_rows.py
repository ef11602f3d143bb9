"""Lines of roles that are held, with the ways that lead on from them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.urls import reverse

from organization.models import Department, RoleAssignment, User
from organization.role_forms import name_of
from organization.role_scope import may_hand_out, receivers_for


class Held(NamedTuple):
    """A role that somebody holds. An empty address is a way that the reader may not go.

    Whoever holds a role above, and is not the reader's to look at, has no name here, and nor has
    whoever gave it.
    """

    row: RoleAssignment
    name: str
    granted_by: str
    rights: str
    end: str
    is_from_above: bool


def held_rows(
    rows: Iterable[RoleAssignment], *, reader: User, here: Department | None = None
) -> list[Held]:
    """Return the lines of a page for `reader`. One query.

    On the page of a department, what comes from above is told and not touched.
    """
    found = list(rows)
    users = receivers_for(reader).filter(pk__in=[row.user_id for row in found])
    known = set(users.values_list("pk", flat=True))
    return [_line(row, reader, known, here) for row in found]


def _line(row: RoleAssignment, reader: User, known: set[int], here: Department | None) -> Held:
    is_from_above = here is not None and row.department_id != here.pk
    may_end = not is_from_above and may_hand_out(reader, row.role, row.department)
    is_told = row.user_id in {*known, reader.pk} or not is_from_above
    giver = row.granted_by.get_username() if row.granted_by and is_told else ""
    return Held(
        row,
        name_of(row.user) if is_told else "",
        giver,
        reverse("admin:organization_user_rights_page", args=[row.user_id])
        if row.user_id in known
        else "",
        reverse("admin:organization_roleassignment_end_page", args=[row.pk]) if may_end else "",
        is_from_above,
    )
