"""The map of personal data: whose each row is, what it says, and why what is not told is not.

Every app says it of its own tables in its `personal_data`, and of each column: a column that is
neither told nor left out for a reason fails the suite. The copy for a person, the page "My data",
the erasure and docs/data.md are all made from this one map.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from django.db import models
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from organization.models import Employee


class Sort(StrEnum):
    """What kind of thing a table says about somebody."""

    IDENTITY = "identity"
    PLAN = "plan"
    PUNCHES = "punches"
    EVIDENCE = "evidence"
    RESULTS = "results"
    DECISIONS = "decisions"
    LOG_IN = "log_in"
    AUDIT = "audit"


SORT_WORDS: Final[Mapping[Sort, str | Promise]] = {
    Sort.IDENTITY: _("The person, and the departments"),
    Sort.PLAN: _("What was expected: shifts and rosters"),
    Sort.PUNCHES: _("Punches"),
    Sort.EVIDENCE: _("What proved a punch: positions, access points, photos"),
    Sort.RESULTS: _("Results of days"),
    Sort.DECISIONS: _("Corrections, absences, approved overtime"),
    Sort.LOG_IN: _("Log-in, roles, sessions"),
    Sort.AUDIT: _("What was written down: who looked, who changed what"),
}

AS_LONG: Final = _("as long as the person")
Rows = Callable[[Employee], models.QuerySet[Any]]


@dataclass(frozen=True)
class About:
    """A table whose rows are about people.

    `way` is the lookup from a row to the employee, empty for the employee; where no lookup leads
    there, `rows` finds them. `told` are the columns that a person's copy holds, `untold` the
    others, each with the reason. `kept` says how long, where no term does. `reads` replaces a
    column by what it means. With `erased`, an erasure deletes the rows: at once, or only of those
    who have left.
    """

    model: type[models.Model]
    sort: Sort
    told: tuple[str, ...]
    untold: Mapping[str, str] = field(default_factory=dict)
    way: str | None = None
    rows: Rows | None = None
    reads: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    erased: Erased | None = None
    kept: str | Promise = AS_LONG

    def of(self, employee: Employee) -> models.QuerySet[Any]:
        """Return the rows about `employee`, oldest first."""
        if self.rows is not None:
            return self.rows(employee).order_by("pk")
        lookup = {self.way or "pk": employee.pk}
        return self.model._base_manager.filter(**lookup).order_by("pk")

    @property
    def title(self) -> str:
        """Return what people call these rows."""
        return capfirst(str(self.model._meta.verbose_name_plural))

    @property
    def label(self) -> str:
        """Return the name of the table in copies and in the log."""
        return self.model._meta.label_lower


class Erased(StrEnum):
    """When an erasure deletes rows."""

    ALWAYS = "always"
    LEAVERS = "leavers"


@dataclass(frozen=True)
class NotPersonal:
    """A table about nobody, or one that a person's copy leaves out, with the reason."""

    model: type[models.Model]
    reason: str


_map: dict[str, About | NotPersonal] = {}


def register(*entries: About | NotPersonal) -> None:
    """Put tables on the map. A table stands there once."""
    for entry in entries:
        _map[entry.model._meta.label_lower] = entry


def entries() -> Mapping[str, About | NotPersonal]:
    """Return the map by label, in the order of labels."""
    return dict(sorted(_map.items()))


def about_people() -> list[About]:
    """Return the tables about people, in the order of their sorts."""
    found = [entry for entry in entries().values() if isinstance(entry, About)]
    return sorted(found, key=lambda one: (list(Sort).index(one.sort), one.label))
