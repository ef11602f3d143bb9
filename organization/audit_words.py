"""What the verbs of the audit log say to people. A test asks for every verb that is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: Final[Mapping[str, str | Promise]] = {
    "absence.added": _("recorded an absence"),
    "absence.revoked": _("revoked an absence"),
    "assignment.added": _("assigned a shift"),
    "assignment.ended": _("ended an assignment"),
    "assignment.withdrawn": _("withdrew an assignment"),
    "calendar.applied": _("applied the statutory calendar"),
    "calendar.day_removed": _("removed a company day"),
    "calendar.day_set": _("set a company day"),
    "correction.recorded": _("corrected a punch"),
    "correction.revoked": _("revoked a correction"),
    "credential.linked": _("linked a PIN or card"),
    "credential.unlinked": _("took back a PIN or card"),
    "days.recomputed": _("had days judged again"),
    "demo.loaded": _("loaded the demo company"),
    "demo.removed": _("removed the demo company"),
    "department.added": _("added a department"),
    "department.edited": _("edited a department"),
    "department.moved": _("moved a department"),
    "department.zone_changed": _("changed a time zone"),
    "employee.edited": _("edited a person"),
    "employee.hired": _("hired a person"),
    "employee.joined_changed": _("corrected a first day"),
    "employee.left": _("set or took back a last day"),
    "employee.transferred": _("transferred a person"),
    "grants.set": _("set rights"),
    "overtime.approved": _("approved overtime"),
    "overtime.revoked": _("revoked overtime"),
    "punch.accepted": _("accepted a held punch"),
    "punch.refused": _("refused a held punch"),
    "roster.confirmed": _("confirmed a roster import"),
    "roster.entry_cleared": _("cleared a roster entry"),
    "roster.entry_set": _("set a roster entry"),
    "roster.undone": _("undid a roster import"),
    "rotation.added": _("added a rotation"),
    "rotation.changed": _("changed a rotation"),
    "rule.added": _("added a rule"),
    "rule.discarded": _("discarded a draft of a rule"),
    "rule.drafted": _("drafted a rule"),
    "rule.published": _("published a rule"),
    "rule.renamed": _("renamed a rule"),
    "shift.added": _("added a shift"),
    "shift.changed": _("changed a shift"),
    "shift.renamed": _("renamed a shift"),
    "shift.retired": _("retired a shift"),
    "shift.revived": _("took a shift into use again"),
    "terminal.edited": _("changed a terminal"),
    "terminal.log_kept": _("kept a terminal's log"),
    "terminal.registered": _("registered a terminal"),
}
