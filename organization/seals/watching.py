"""The watch over the chain: a part of it is checked at each ring, all of it again and again.

How far it came stands in a row, so any worker goes on. Whoever wipes out the row of a problem
hides it until the same place is reached again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from organization import audit
from organization.seals.checking import Finding, Report, What, check
from organization.seals.models import Seal, SealWatch
from organization.seals.words import sentence

logger = logging.getLogger(__name__)

# The watch over the whole chain is a row without a table.
WHOLE_CHAIN: Final = ""
ROWS_AT_A_RING: Final = 500_000


def look(*, now: datetime, rows_at_most: int = ROWS_AT_A_RING) -> Report:
    """Check the next part of the chain, and tell if something is wrong; return what was found.

    Two that look side by side check the same part; the second finds nothing to say.
    """
    watch, _created = SealWatch.objects.get_or_create(table=WHOLE_CHAIN)
    began = watch.round_began_at if watch.checked_up_to and watch.round_began_at else now
    report = check(from_seal=watch.checked_up_to + 1, rows_at_most=rows_at_most, head=noted_head())
    with transaction.atomic():
        watch = SealWatch.objects.select_for_update().get(pk=watch.pk)
        watch.round_began_at = began
        watch.checked_up_to = 0 if report.is_at_end else report.reached
        if report.findings:
            _tell(watch, report.findings[0], began, now)
        elif report.is_at_end and watch.problem and watch.problem["round"] != began.isoformat():
            _mended(watch, now)
        if report.is_at_end:
            watch.round_ended_at = now
        watch.save()
    return report


def problem() -> dict[str, Any] | None:
    """Return what the watch has found and nobody has mended: `what`, `table`, `key`, `seal` …"""
    found = SealWatch.objects.filter(table=WHOLE_CHAIN).values_list("problem", flat=True).first()
    return found or None


def finding_of(stored: dict[str, Any]) -> Finding:
    """Return the finding that a stored problem tells of."""
    moments = {
        name: datetime.fromisoformat(stored[name]) if stored[name] else None
        for name in ("after", "before")
    }
    return Finding(What(stored["what"]), stored["table"], stored["key"], stored["seal"], **moments)


def _tell(watch: SealWatch, finding: Finding, began: datetime, now: datetime) -> None:
    said = json.loads(json.dumps(asdict(finding), default=str))
    known = {key: one for key, one in (watch.problem or {}).items() if key != "round"}
    watch.problem = {**said, "round": began.isoformat()}
    if known == said:
        return
    watch.problem_since = now
    text = sentence(finding)
    logger.error("The seals are broken: %s", text)
    audit.record(
        actor=None,
        verb="seals.broken",
        thing=audit.Thing("organization.seal", text, str(finding.seal or "")),
        now=now,
        what=said["what"],
        table=said["table"],
        key=said["key"],
        seal=said["seal"],
    )


def _mended(watch: SealWatch, now: datetime) -> None:
    audit.record(
        actor=None,
        verb="seals.mended",
        thing=audit.Thing("organization.seal", sentence(finding_of(watch.problem))),
        now=now,
    )
    watch.problem, watch.problem_since = None, None


# The head of the chain, noted outside of the database ---------------------------------------------


def note_head() -> None:
    """Keep the head of the chain in VAR_DIR, unless a longer chain is noted there already."""
    last = Seal.objects.order_by("-pk").values_list("pk", "digest").first()
    noted = noted_head()
    if last is None or (noted is not None and noted[0] >= last[0]):
        return
    if noted is not None and not Seal.objects.filter(pk=noted[0], digest=noted[1]).exists():
        # Another chain grows here than the one that was noted: that stays noted, and is told.
        return
    file = head_file()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_text(f"{last[0]} {last[1]}\n", encoding="ascii")
    draft.replace(file)


def noted_head() -> tuple[int, str] | None:
    """Return the number and digest of the seal that was noted last; None without a note."""
    try:
        number, digest = head_file().read_text(encoding="ascii").split()
    except FileNotFoundError:
        return None
    return int(number), digest


def head_file() -> Path:
    """Return where the head of this database's chain is noted."""
    config = connection.settings_dict
    name = "|".join(str(config.get(key, "")) for key in ("ENGINE", "HOST", "PORT", "NAME"))
    short = hashlib.sha256(name.encode()).hexdigest()[:16]
    return Path(settings.VAR_DIR) / "seal-heads" / short
