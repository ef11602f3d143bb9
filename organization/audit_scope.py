"""Who reads which entries of the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser

from organization.access import Action, ScopedQuerySet, granted_paths, within

if TYPE_CHECKING:
    from organization.models import User


class AuditEntryQuerySet(ScopedQuerySet):
    """Entries are read by whoever may read the log of their department.

    Entries without one (log-ins, refusals) are for those who read the log of the whole group.
    """

    def visible_to(self, user: User | AnonymousUser, action: Action = Action.SEE) -> Self:
        """Return the entries on which `user` may do `action`."""
        from organization.models import Department

        paths = granted_paths(user, action)
        if paths is None:
            return self
        if paths:
            roots = list(Department.objects.filter(parent=None).values_list("path", flat=True))
            if all(root.startswith(paths) for root in roots):
                return self
        # Keys instead of a join: the log is read from its end, by the index of a department.
        keys = Department.objects.filter(within(paths, "path")).values_list("pk", flat=True)
        return self.filter(department__in=list(keys))
