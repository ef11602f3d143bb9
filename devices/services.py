"""What people do with terminals, and how what terminals say is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from devices.models import Credential, Terminal, TerminalLine, TerminalUpload
from devices.protocols.usb_log import parse_log
from organization import audit
from organization.errors import DomainError
from organization.models import Department, Employee, User
from organization.services import told, zone_names

# Before that, no clock of this kind was sold: its battery was empty and it began to count anew.
EARLIEST: Final = datetime(2010, 1, 1)  # noqa: DTZ001  (wall times have no zone)
AHEAD_AT_MOST: Final = timedelta(minutes=5)
LOG_AT_MOST: Final = 20 * 1024 * 1024
_BATCH: Final = 2_000


class PinTaken(DomainError):
    """A PIN names one person."""

    code = "pin_taken"
    message = _("PIN %(pin)s belongs to %(employee)s already.")


class LogTooLarge(DomainError):
    """A file that no terminal writes."""

    code = "log_too_large"
    message = _("%(file)s is larger than %(megabytes)s MB; a terminal's log is not.")


class NotALog(DomainError):
    """A file without a single line of a log."""

    code = "not_a_log"
    message = _(
        "%(file)s holds no line of a terminal's log. A line is: PIN, date and time, machine, "
        "key, verified by, work code, separated by tabs."
    )


@transaction.atomic
def register_terminal(
    *,
    name: str,
    department: Department,
    serial: str = "",
    timezone: str = "",
    direction: str = Terminal.Direction.NONE,
    actor: User | None,
    now: datetime,
) -> Terminal:
    """Add a terminal to a department. Raises ValidationError."""
    terminal = Terminal(
        name=name, department=department, serial=serial, timezone=timezone, direction=direction
    )
    terminal.full_clean()
    terminal.save()
    audit.record(
        actor=actor,
        verb="terminal.registered",
        thing=terminal,
        department=department,
        now=now,
        after=told(terminal, ("name", "department", "serial", "timezone", "direction")),
    )
    return terminal


def zone_of(terminal: Terminal) -> str:
    """Return the IANA zone of a terminal's wall clock: its own, else its department's."""
    return terminal.timezone or zone_names()[terminal.department_id]


@transaction.atomic
def keep_log(
    *, terminal: Terminal, file_name: str, content: bytes, actor: User | None, now: datetime
) -> TerminalUpload:
    """Keep every line of a terminal's log file that is not kept yet; return what became of it.

    Lines wait until attendance takes them in. Lines with a time that cannot be are quarantined,
    damaged regions are named by their line numbers. Raises LogTooLarge and NotALog.
    """
    if len(content) > LOG_AT_MOST:
        raise LogTooLarge(file=file_name, megabytes=LOG_AT_MOST >> 20)
    zone = zone_of(terminal)
    latest = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + AHEAD_AT_MOST
    log = parse_log(content, earliest=EARLIEST, latest=latest)
    if not log.lines:
        raise NotALog(file=file_name)
    # Two imports of one terminal at the same moment go one after the other.
    Terminal.objects.select_for_update().get(pk=terminal.pk)
    upload = TerminalUpload.objects.create(
        terminal=terminal,
        file_name=file_name[:255],
        sha256=hashlib.sha256(content).hexdigest(),
        line_count=log.line_count - log.blank,
        quarantined_count=sum(bool(line.problem) for line in log.lines),
        damaged_count=log.damaged,
        damage=log.damage,
        uploaded_by=actor,
        uploaded_at=now,
    )
    states = TerminalLine.State
    TerminalLine.objects.bulk_create(
        (
            TerminalLine(
                terminal=terminal,
                upload=upload,
                line_number=line.number,
                raw=line.raw,
                pin=line.pin,
                wall_time=line.wall_time,
                zone=zone,
                verify=line.verify,
                status=line.status,
                received_at=now,
                state=states.QUARANTINED if line.problem else states.WAITING,
                problem=line.problem,
            )
            for line in log.lines
        ),
        batch_size=_BATCH,
        ignore_conflicts=True,
    )
    upload.new_count = upload.lines.waiting().count()
    upload.repeated_count = len(log.lines) - upload.quarantined_count - upload.new_count
    upload.save(update_fields=["new_count", "repeated_count"])
    Terminal.objects.filter(pk=terminal.pk).update(last_seen_at=now)
    audit.record(
        actor=actor,
        verb="terminal.log_kept",
        thing=terminal,
        department=terminal.department,
        now=now,
        file=upload.file_name,
        lines=upload.line_count,
        new=upload.new_count,
    )
    return upload


@transaction.atomic
def link_pin(
    *,
    pin: str,
    terminal: Terminal | None,
    employee: Employee,
    actor: User | None,
    now: datetime,
) -> Credential:
    """Say whose PIN it is at a terminal (None: at every one); what waited for it goes on.

    Raises PinTaken if it is somebody else's there.
    """
    known = Credential.objects.filter(kind=Credential.Kind.PIN, value=pin, terminal=terminal)
    credential = known.select_related("employee").first()
    if credential is None:
        credential = Credential(employee=employee, value=pin, terminal=terminal)
        credential.full_clean(validate_unique=False, validate_constraints=False)
        try:
            with transaction.atomic():
                credential.save()
        except IntegrityError:
            credential = known.select_related("employee").get()
        else:
            audit.record(
                actor=actor,
                verb="credential.linked",
                thing=credential,
                department=employee.department,
                now=now,
                terminal=terminal.name if terminal else "",
            )
    if credential.employee_id != employee.pk:
        raise PinTaken(pin=pin, employee=str(credential.employee))
    release_lines(pins=[pin], terminal=terminal)
    return credential


def release_lines(*, pins: Collection[str], terminal: Terminal | None = None) -> int:
    """Let lines of people who were unknown wait again; return how many."""
    lines = TerminalLine.objects.filter(state=TerminalLine.State.UNKNOWN_PERSON, pin__in=pins)
    if terminal is not None:
        lines = lines.filter(terminal=terminal)
    return lines.update(state=TerminalLine.State.WAITING)


def try_again(lines: QuerySet[TerminalLine]) -> int:
    """Let those lines wait again whose person was unknown or not employed; return how many."""
    states = TerminalLine.State
    hopeful = Q(state=states.UNKNOWN_PERSON) | Q(state=states.QUARANTINED, problem="not_employed")
    return lines.filter(hopeful).update(state=states.WAITING, problem="")


@transaction.atomic
def unlink_pin(*, credential: Credential, actor: User | None, now: datetime) -> None:
    """Take a PIN from a person. What became a punch stays one."""
    audit.record(
        actor=actor,
        verb="credential.unlinked",
        thing=credential,
        department=credential.employee.department,
        now=now,
        terminal=credential.terminal.name if credential.terminal else "",
    )
    credential.delete()
