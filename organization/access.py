"""The one door: who may see and do what.

Grants are guardian object permissions on `Department`, derived from the roles that people hold
(organization/roles.py); each holds for the department and everything below it. Lists, pages,
exports, tasks and the API ask `departments_for` or `ScopedQuerySet.visible_to`, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import connection, models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, TruncDate
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from organization.models import User


class Action(models.TextChoices):
    """What people do to the rows of a department. The values are permission codenames."""

    SEE = "see", _("See details")
    SUMMARISE = "summarise", _("See totals")
    DECIDE = "decide", _("Decide requests")
    RULE = "rule", _("Configure people, shifts, rosters and rules")
    EXPORT = "export", _("Export")
    GRANT = "grant", _("Assign roles")
    AUDIT = "audit", _("Read the audit log and raw evidence")
    RECORD = "record", _("Bring in punches")


ACTION_PERMISSIONS = tuple((action.value, action.label) for action in Action)


def granted_paths(user: User | AnonymousUser, action: Action) -> tuple[str, ...] | None:
    """Return the tree paths where `user` may do `action`; None means everywhere.

    A path covers its department and all below. Like Django's own permissions, the answer is kept
    with the user object, which lives as long as one request or task. Administrators may do
    everything but RECORD: nobody types in another person's punch, so that one is always granted.
    """
    if not user.is_active or isinstance(user, AnonymousUser):
        return ()
    if user.is_superuser and action is not Action.RECORD:
        return None
    kept: dict[str, tuple[str, ...]] | None = getattr(user, "_granted_paths", None)
    if kept is None:
        kept = _read_paths(user)
        user._granted_paths = kept  # type: ignore[attr-defined]
    return kept.get(action.value, ())


# Every request asks this, many of them for little else: it is written out, as building it anew from
# guardian's pieces takes longer than answering it.
_GRANTED = """
    SELECT p.codename, d.path FROM guardian_userobjectpermission g
    JOIN auth_permission p ON p.id = g.permission_id
    JOIN django_content_type c ON c.id = p.content_type_id
    JOIN organization_department d ON CAST(d.id AS varchar(255)) = g.object_pk
    WHERE g.user_id = %s AND c.app_label = 'organization' AND c.model = 'department'
"""


def _read_paths(user: User) -> dict[str, tuple[str, ...]]:
    """Return the topmost granted paths of each action. One query: a page asks for several."""
    with connection.cursor() as cursor:
        cursor.execute(_GRANTED, [user.pk])
        rows = sorted(cursor.fetchall())
    top: dict[str, list[str]] = {}
    for action, path in rows:
        top.setdefault(action, []).append(path)
    return {action: _topmost(paths) for action, paths in top.items()}


def _topmost(paths: list[str]) -> tuple[str, ...]:
    """Return those of some sorted paths that lie in none of the others."""
    top: list[str] = []
    for path in paths:
        if not (top and path.startswith(top[-1])):
            top.append(path)
    return tuple(top)


def granted_paths_of(users: Iterable[User], action: Action) -> dict[int, tuple[str, ...] | None]:
    """Return `granted_paths` of several log-ins, by key. Two queries, however many they are."""
    from guardian.models import UserObjectPermission

    from organization.models import Department

    found: dict[int, tuple[str, ...] | None] = {}
    asked: list[int] = []
    for user in users:
        found[user.pk] = ()
        if user.is_active and user.is_superuser and action is not Action.RECORD:
            found[user.pk] = None
        elif user.is_active:
            asked.append(user.pk)
    if not asked:
        return found
    grants = UserObjectPermission.objects.filter(
        user__in=asked,
        permission__codename=action.value,
        content_type__app_label="organization",
        content_type__model="department",
    )
    keys: dict[int, set[int]] = {}
    for user_id, key in grants.values_list("user", "object_pk"):
        keys.setdefault(user_id, set()).add(int(key))
    known = Department.objects.filter(pk__in={key for some in keys.values() for key in some})
    paths = dict(known.values_list("pk", "path"))
    for user_id, some in keys.items():
        found[user_id] = _topmost(sorted(paths[key] for key in some if key in paths))
    return found


def departments_for(user: User | AnonymousUser, action: Action) -> models.QuerySet[Any]:
    """Return the departments where `user` may do `action`: those granted and all below."""
    from organization.models import Department

    paths = granted_paths(user, action)
    if paths is None:
        return Department.objects.all()
    return Department.objects.filter(within(paths, "path"))


def within(paths: tuple[str, ...], lookup: str) -> Q:
    """Return the condition that the tree path at `lookup` lies in one of `paths`."""
    return reduce(or_, (Q(**{f"{lookup}__startswith": path}) for path in paths), Q(pk__in=[]))


class ScopedQuerySet(models.QuerySet[Any]):
    """Rows that belong to a department. `visible_to` is the only way in for a user.

    `department_lookup` names the way to the department that owns the row, and `person_lookup`
    the way to the employee it is about, if it is about one; empty: the row itself is it.
    Rows that are shared without a department serve the whole group.
    """

    department_lookup: ClassVar[str] = "department"
    person_lookup: ClassVar[str | None] = None
    is_shared_without_department: ClassVar[bool] = False

    def visible_to(self, user: User | AnonymousUser, action: Action = Action.SEE) -> Self:
        """Return the rows on which `user` may do `action`; one's own rows can be seen."""
        paths = granted_paths(user, action)
        if paths is None:
            return self
        allowed = within(paths, _through(self.department_lookup, "path"))
        if action is Action.SEE and self.person_lookup is not None and user.pk is not None:
            allowed |= Q(**{_through(self.person_lookup, "user"): user.pk})
        if action is Action.SEE and self.is_shared_without_department and self._belongs(user):
            allowed |= Q(**{f"{self.department_lookup}__isnull": True})
        return self.filter(allowed)

    @staticmethod
    def _belongs(user: User | AnonymousUser) -> bool:
        """Shared rows (a shift of the whole group) are there for everyone who may log in."""
        return user.is_active and not isinstance(user, AnonymousUser)


def path_on(person: str, on: Any) -> Coalesce:
    """Return the expression of the tree path where the person at `person` belongs on a date.

    `on` is a date, or an expression of one; a column of the row is `OuterRef("its name")`.
    """
    from organization.models import Transfer

    known = Transfer.objects.filter(
        employee=OuterRef(_through(person, "pk")), effective_on__lte=on
    ).order_by("-effective_on")
    today = F(_through(person, "department__path"))
    return Coalesce(Subquery(known.values("department__path")[:1]), today)


def ever_within(paths: tuple[str, ...], person: str = "") -> Q:
    """Return the condition that a person belongs, belonged or will belong to these paths."""
    from organization.models import Transfer

    moved = Transfer.objects.filter(within(paths, "department__path")).values("employee")
    key = f"{person}__in" if person else "pk__in"
    return Q(**{key: moved}) | within(paths, _through(person, "department__path"))


class DatedQuerySet(ScopedQuerySet):
    """Rows about a person on a date: they belong to the department of that date.

    Whoever has a person today neither reads nor writes what was before the person came, and
    whoever had the person then still does. `date_lookups` are dates or moments; a row with two
    can be seen in the departments of both, and is written in the first one's.
    """

    department_lookup = "employee__department"
    person_lookup = "employee"
    date_lookups: ClassVar[tuple[str, ...]] = ("work_date",)

    def visible_to(self, user: User | AnonymousUser, action: Action = Action.SEE) -> Self:
        """Return the rows on which `user` may do `action`; one's own rows can be seen."""
        paths = granted_paths(user, action)
        if paths is None:
            return self
        if not paths:
            return self.filter(self._own(user, action))
        lookups = self.date_lookups if action is Action.SEE else self.date_lookups[:1]
        rows = self.alias(**{f"date_of_{name}": self._date(name) for name in lookups}).alias(
            **{f"path_on_{name}": path_on("employee", OuterRef(f"date_of_{name}"))
               for name in lookups}
        )  # fmt: skip
        there = reduce(or_, (within(paths, f"path_on_{name}") for name in lookups))
        # The first half is there for the index: few people, then the date of each of their rows.
        near = ever_within(paths, "employee") & there
        return rows.filter(near | self._own(user, action))

    def _own(self, user: User | AnonymousUser, action: Action) -> Q:
        if action is Action.SEE and user.pk is not None and user.is_active:
            return Q(employee__user=user.pk)
        return Q(pk__in=[])

    def _date(self, name: str) -> Any:
        field = self.model._meta.get_field(name)
        return TruncDate(name) if isinstance(field, models.DateTimeField) else F(name)


def _through(lookup: str, field: str) -> str:
    return f"{lookup}__{field}" if lookup else field
