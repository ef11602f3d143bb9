"""Which deeds belong together, for whoever looks for some of them in the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from organization.audit_words import WORDS

# A group is named by the first words of its verbs.
GROUPS: Final[Mapping[str, tuple[str | Promise, str]]] = {
    "log_ins": (_("Log-ins"), "log_in second_factor"),
    "refusals": (_("Refusals"), "access"),
    "rights": (_("Rights and tokens"), "grants role roles token"),
    "people": (_("People and departments"), "department employee credential position"),
    "plans": (_("Shifts, rosters, calendars"), "assignment calendar roster rotation shift"),
    "rules": (_("Rules"), "rule"),
    "decisions": (_("Decisions and corrections"), "absence correction days overtime punch"),
    "personal": (_("Evidence and personal data"), "evidence hold personal retention person"),
    "files": (_("Exports and imports"), "rows totals"),
    "terminals": (_("Terminals"), "terminal"),
    "wifi": (_("Wi-Fi"), "access_point phone_address wifi_controller"),
    "seals": (_("Seals"), "seals"),
    "other": (_("Other"), ""),
}


def verbs_of(group: str) -> list[str]:
    """Return the verbs of a group; none for a group that there is not."""
    if group not in GROUPS:
        return []
    named = {word for _label, words in GROUPS.values() for word in words.split()}
    own = set(GROUPS[group][1].split())
    return [
        verb
        for verb in WORDS
        if (first := verb.partition(".")[0]) in own or (group == "other" and first not in named)
    ]
