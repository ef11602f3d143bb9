"""What came in by file of late: rosters and terminals' logs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from devices.models import TerminalUpload
from organization.access import Action, granted_paths
from organization.models import User
from scheduling.services.rosters import batches_of

AT_MOST: Final = 5


class LastImport(NamedTuple):
    """A file that came in: when, what it was, what became of it, and the name of its page."""

    at: datetime
    title: str
    kind: str | Promise
    outcome: str
    page: str
    key: int


def last_imports(user: User) -> list[LastImport]:
    """Return the latest files that this person may look into. Two queries."""
    found = sorted([*_logs(user), *_rosters(user)], key=lambda one: one.at, reverse=True)
    return found[:AT_MOST]


def _logs(user: User) -> Iterator[LastImport]:
    rows = TerminalUpload.objects.visible_to(user).order_by("-pk")
    for row in rows[:AT_MOST]:
        new = ngettext("%(n)d new line", "%(n)d new lines", row.new_count) % {"n": row.new_count}
        page = "admin:devices_terminalupload_change"
        yield LastImport(row.uploaded_at, row.file_name, _("Log upload"), new, page, row.pk)


def _rosters(user: User) -> Iterator[LastImport]:
    # Without the right to configure there is no page of batches.
    if granted_paths(user, Action.RULE) == ():
        return
    for row in batches_of(user, Action.RULE).order_by("-pk")[:AT_MOST]:
        cells = row.new_count + row.changed_count + row.cleared_count
        words = ngettext("%(n)d cell", "%(n)d cells", cells) % {"n": cells}
        page = "admin:scheduling_rosterbatch_change"
        yield LastImport(row.confirmed_at, row.title, _("Roster"), words, page, row.pk)
