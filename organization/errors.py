"""How the business says no: a code for machines, a sentence for people, named facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A rule said no. `code` is for machines and stays; `message` is for people."""

    code: ClassVar[str]
    message: ClassVar[str | Promise]

    def __init__(self, **facts: object) -> None:
        super().__init__(self.code, facts)
        self.facts = facts

    def __str__(self) -> str:
        return str(self.message) % self.facts


class NotFound(DomainError):
    """What a person may not see does not exist for them."""

    code = "not_found"
    message = _("There is no %(what)s %(key)s here.")


class NotAllowed(DomainError):
    """The thing is visible, the act is not theirs."""

    code = "not_allowed"
    message = _("You may not do this in %(department)s.")


class CircularTree(DomainError):
    """A department would become its own ancestor."""

    code = "circular_tree"
    message = _("%(department)s cannot move below %(parent)s, which lies inside it.")


class CircularChain(DomainError):
    """Somebody would report to themselves, directly or along the chain of supervisors."""

    code = "circular_chain"
    message = _("%(employee)s cannot report to %(supervisor)s, who reports to them.")


class NoTransfer(DomainError):
    """The hiring is not taken back; a person leaves, or the first day is corrected."""

    code = "no_transfer"
    message = _("%(employee)s was never transferred, so there is nothing to take back.")


class DateOutOfOrder(DomainError):
    """A dated step contradicts the dates around it."""

    code = "date_out_of_order"
    message = _("%(field)s: %(value)s must be %(expected)s.")
    FIELDS: ClassVar[Mapping[str, str | Promise]] = {
        "effective_on": _("Effective on"),
        "ends_on": _("To"),
        "joined_on": _("Joined on"),
        "left_on": _("Left on"),
    }

    def __str__(self) -> str:
        field = str(self.facts["field"])
        return str(self.message) % {**self.facts, "field": self.FIELDS.get(field, field)}
