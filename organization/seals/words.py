"""What a check found, in words: which row or seal, what is wrong with it, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organization.seals.checking import Finding, What

SENTENCES: Final[Mapping[What, str | Promise]] = {
    What.ALTERED: gettext_lazy("%(row)s was altered after it was sealed (seal %(seal)s)."),
    What.MISSING: gettext_lazy("%(row)s is missing; it was there when seal %(seal)s was made."),
    What.INSERTED: gettext_lazy(
        "%(row)s was inserted; it was not there when seal %(seal)s was made."
    ),
    What.BACKDATED: gettext_lazy(
        "%(row)s was inserted; it claims to be older than the seals before it, which do not "
        "know it."
    ),
    What.RETURNED: gettext_lazy("%(row)s was inserted; a row of this key was removed before."),
    What.SEAL_ALTERED: gettext_lazy("Seal %(seal)s was altered, or not made by this installation."),
    What.SEAL_MISSING: gettext_lazy("Seal %(seal)s is missing from the chain."),
    What.KEY_MISSING: gettext_lazy(
        "Seal %(seal)s cannot be checked: SEAL_KEYS does not hold the key that it was made with."
    ),
    What.HEAD_MISSING: gettext_lazy(
        "Seal %(seal)s is missing: the end of the chain was noted elsewhere, and is gone here."
    ),
    What.UNKNOWN_TABLE: gettext_lazy("Seal %(seal)s is about %(table)s, which nobody seals here."),
}


def sentence(finding: Finding) -> str:
    """Return one sentence about a finding, and between which moments it happened."""
    said = str(SENTENCES[finding.what]) % {
        "row": _("Row %(key)s of %(table)s")
        % {"key": finding.key, "table": table_name(finding.table)},
        "table": table_name(finding.table),
        "seal": finding.seal if finding.seal is not None else "–",
    }
    if finding.after is None or finding.key is None:
        return said
    when = _("The table was last sealed before it at %(after)s.") % {"after": _told(finding.after)}
    return f"{said} {when}"


def table_name(label: str) -> str:
    """Return what people call the rows of a table."""
    try:
        return str(apps.get_model(label)._meta.verbose_name_plural)
    except (LookupError, ValueError):
        return label


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
