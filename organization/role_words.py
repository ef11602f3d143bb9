"""The built-in roles: what they are called, what they allow, and how people are told so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from organization.access import Action

ALL_BUT_RECORDING: Final = tuple(action for action in Action if action is not Action.RECORD)


class BuiltIn(NamedTuple):
    """A role that every installation has."""

    name: str
    actions: tuple[Action, ...]
    sentence: str | Promise
    is_for_programs: bool = False


BUILT_IN: Final[Mapping[str, BuiltIn]] = {
    "super_administrator": BuiltIn(
        "Super administrator",
        ALL_BUT_RECORDING,
        _("Configures everything in the whole group. Nobody, not even this role, changes a punch."),
    ),
    "group_hr_director": BuiltIn(
        "Group HR director",
        (Action.SUMMARISE,),
        _("Reads totals of departments. Sees no person, no punch, and no group under five people."),
    ),
    "unit_hr": BuiltIn(
        "Unit HR",
        (
            Action.SEE,
            Action.SUMMARISE,
            Action.DECIDE,
            Action.RULE,
            Action.EXPORT,
            Action.GRANT,
            Action.AUDIT,
        ),
        _("Runs everything of a business unit: people, rules, rosters, decisions, exports, roles."),
    ),
    "department_supervisor": BuiltIn(
        "Department supervisor",
        (Action.SEE, Action.SUMMARISE, Action.DECIDE),
        _("Sees the days of the department and those below it, and decides what is asked there."),
    ),
    "auditor": BuiltIn(
        "Auditor",
        (Action.SEE, Action.SUMMARISE, Action.AUDIT),
        _("Reads people, days, totals, the audit log and what proved a punch. Changes nothing."),
    ),
    "integration_client": BuiltIn(
        "Integration client",
        (Action.SEE, Action.EXPORT),
        _("A program, such as payroll, that reads days and people by token."),
        is_for_programs=True,
    ),
    "punch_source": BuiltIn(
        "Punch source",
        (Action.RECORD,),
        _("A program, such as a bridge to a door system, that brings in punches by token."),
        is_for_programs=True,
    ),
}
NAMES: Final[Mapping[str, str | Promise]] = {
    "super_administrator": _("Super administrator"),
    "group_hr_director": _("Group HR director"),
    "unit_hr": _("Unit HR"),
    "department_supervisor": _("Department supervisor"),
    "auditor": _("Auditor"),
    "integration_client": _("Integration client"),
    "punch_source": _("Punch source"),
}

# What an action lets people do, on the pages where roles are given.
ACTION_WORDS: Final[Mapping[Action, str | Promise]] = {
    Action.SEE: _("See people, their punches and days"),
    Action.SUMMARISE: _("See totals of departments"),
    Action.DECIDE: _("Decide requests and take back corrections"),
    Action.RULE: _("Set up people, shifts, rosters, rules and terminals"),
    Action.EXPORT: _("Take lists away as files"),
    Action.GRANT: _("Assign roles and open log-ins"),
    Action.AUDIT: _("Read the audit log and what proved a punch"),
    Action.RECORD: _("Bring in punches as a program"),
}


def sentence_of(key: str, actions: tuple[Action, ...], *, is_builtin: bool) -> str:
    """Return in words what a role allows."""
    if is_builtin and key in BUILT_IN:
        return str(BUILT_IN[key].sentence)
    return " · ".join(str(ACTION_WORDS[action]) for action in actions)
