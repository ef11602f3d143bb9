"""What people do to rotations: add one, let it run otherwise from a date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from organization import audit
from organization.access import Action
from organization.errors import NotFound
from organization.models import Change, Department, User
from organization.services import announce
from scheduling.models import Rotation, RotationTurn, Shift, ShiftAssignment
from scheduling.rotation import monday_of
from scheduling.services.shifts import require_rule, scopes_of_assignments

_DAY = timedelta(days=1)
LONGEST = 366
WEEKS = {Rotation.Kind.WEEKLY: 7, Rotation.Kind.BIWEEKLY: 14}


@transaction.atomic
def add_rotation(
    *,
    name: str,
    kind: str,
    department: Department | None = None,
    anchored_on: date,
    follows_calendar: bool = True,
    turns: Sequence[Shift | None],
    actor: User | None = None,
    now: datetime,
) -> Rotation:
    """Add a rotation: `turns` day by day from `anchored_on`, None for rest.

    A weekly pattern has 7 turns and alternating weeks 14; both begin on the Monday of
    `anchored_on`. Raises ValidationError by field (`name`, `turns`, …) or NotAllowed.
    """
    require_rule(actor, department)
    rotation = Rotation(
        name=name.strip(), kind=kind, department=department, follows_calendar=follows_calendar
    )
    _set(rotation, anchored_on, turns)
    audit.record(
        actor=actor,
        verb="rotation.added",
        thing=rotation,
        department=department,
        now=now,
        after=_told(rotation, turns),
    )
    return rotation


@transaction.atomic
def change_rotation(
    *,
    rotation_id: int,
    name: str,
    kind: str,
    anchored_on: date,
    follows_calendar: bool,
    turns: Sequence[Shift | None],
    valid_from: date,
    actor: User | None = None,
    now: datetime,
) -> Rotation:
    """Let a rotation run otherwise from a date on; return the one that runs from then.

    Days before the date keep what they had: if somebody worked it before, that rotation stays
    under its old name with the date behind it, and its assignments go on with the new one. The
    days of everybody who works it are judged again from the date. Raises ValidationError or
    NotFound.
    """
    rotation = _lock(rotation_id, actor)
    before = _told(rotation, turns_of(rotation))
    wanted = Rotation(name=name.strip(), kind=kind, follows_calendar=follows_calendar)
    wanted.department = rotation.department
    is_same_run = _runs_alike(rotation, wanted, anchored_on, turns)
    uses = ShiftAssignment.objects.filter(rotation=rotation).select_related("department")
    touched = list(uses.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=valid_from)))
    if is_same_run:
        rotation.name, rotation.kind = wanted.name, kind
        rotation.full_clean()
        rotation.save(update_fields=["name", "kind"])
        changed = rotation
    elif uses.filter(starts_on__lt=valid_from).exists():
        changed = wanted
        _set(changed, anchored_on, turns)
        rotation.name = str(_("%(name)s (until %(day)s)")) % {
            "name": rotation.name[:70],
            "day": valid_from - _DAY,
        }
        rotation.save(update_fields=["name"])
        _hand_over(touched, changed, valid_from)
    else:
        rotation.name, rotation.kind = wanted.name, kind
        rotation.follows_calendar = follows_calendar
        _set(rotation, anchored_on, turns)
        changed = rotation
    if not is_same_run:
        for scope in scopes_of_assignments(touched):
            announce(
                Change.Reason.SHIFT,
                starts_on=valid_from,
                employee_ids=scope.employee_ids,
                department=scope.department,
            )
    after = _told(changed, turns)
    if before != after:
        audit.record(
            actor=actor,
            verb="rotation.changed",
            thing=changed,
            department=changed.department,
            now=now,
            valid_from=str(valid_from),
            before=before,
            after=after,
        )
    return changed


def turns_of(rotation: Rotation) -> list[Shift | None]:
    """Return the turns of a rotation, in order."""
    return [turn.shift for turn in rotation.turns.select_related("shift").order_by("index")]


def first_day(kind: str, anchored_on: date) -> date:
    """Return the date of the first turn: weeks begin on Monday."""
    return monday_of(anchored_on) if kind in WEEKS else anchored_on


def _lock(rotation_id: int, actor: User | None) -> Rotation:
    rotations = Rotation.objects.select_for_update(of=("self",)).select_related("department")
    if actor is not None:
        rotations = rotations.visible_to(actor, Action.RULE)
    rotation = rotations.filter(pk=rotation_id).first()
    if rotation is None:
        raise NotFound(what=Rotation._meta.verbose_name, key=rotation_id)
    return rotation


def _runs_alike(
    rotation: Rotation, wanted: Rotation, anchored_on: date, turns: Sequence[Shift | None]
) -> bool:
    anchor = first_day(wanted.kind, anchored_on)
    held = turns_of(rotation)
    return (
        held == list(turns)
        and rotation.follows_calendar == wanted.follows_calendar
        and bool(held)
        and (rotation.anchored_on - anchor).days % len(held) == 0
    )


def _set(rotation: Rotation, anchored_on: date, turns: Sequence[Shift | None]) -> None:
    """Write a rotation and its turns. Raises ValidationError by field."""
    _check_turns(rotation, turns)
    rotation.anchored_on = first_day(rotation.kind, anchored_on)
    rotation.full_clean()
    rotation.save()
    rotation.turns.all().delete()
    RotationTurn.objects.bulk_create(
        RotationTurn(rotation=rotation, index=index, shift=shift)
        for index, shift in enumerate(turns)
    )


def _check_turns(rotation: Rotation, turns: Sequence[Shift | None]) -> None:
    due = WEEKS.get(Rotation.Kind(rotation.kind)) if rotation.kind in WEEKS else None
    count = len(turns)
    if due is not None and count != due:
        said = _("%(kind)s has %(due)d days, not %(count)d.")
        facts = {"kind": Rotation.Kind(rotation.kind).label, "due": due, "count": count}
        raise ValidationError({"turns": ValidationError(said, code="turns", params=facts)})
    if not 1 <= count <= LONGEST:
        said = _("A rotation has 1 to %(most)d days, not %(count)d.")
        facts = {"most": LONGEST, "count": count}
        raise ValidationError({"turns": ValidationError(said, code="turns", params=facts)})
    for shift in turns:
        owner = shift.department if shift is not None else None
        reach = rotation.department.path if rotation.department is not None else ""
        if owner is not None and not reach.startswith(owner.path):
            said = _("%(shift)s belongs to %(owner)s and cannot be a turn here.")
            facts = {"shift": str(shift), "owner": owner.name}
            raise ValidationError({"turns": ValidationError(said, code="turns", params=facts)})


def _hand_over(uses: Sequence[ShiftAssignment], to: Rotation, valid_from: date) -> None:
    """Let assignments go on with another rotation from a date."""
    for use in uses:
        if use.starts_on >= valid_from:
            use.rotation = to
            use.save(update_fields=["rotation"])
            continue
        ends_on = use.ends_on
        use.ends_on = valid_from - _DAY
        use.save(update_fields=["ends_on"])
        ShiftAssignment.objects.create(
            department_id=use.department_id,
            position_id=use.position_id,
            employee_id=use.employee_id,
            rotation=to,
            weekdays=use.weekdays,
            starts_on=valid_from,
            ends_on=ends_on,
        )


def _told(rotation: Rotation, turns: Sequence[Shift | None]) -> dict[str, Any]:
    return {
        "name": rotation.name,
        "kind": str(rotation.kind),
        "anchored_on": str(rotation.anchored_on),
        "follows_calendar": rotation.follows_calendar,
        "turns": [shift.code if shift is not None else None for shift in turns],
    }
