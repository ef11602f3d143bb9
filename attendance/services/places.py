"""What people do to geofences: draw one, change it, retire it, bring in and take away files.

A fence holds at once, for the verdict of a punch is stored with the punch (decision 0015).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import BigIntegerField, F, Value
from django.utils.translation import gettext_lazy as _

from attendance.evidence.fences import Fence
from attendance.evidence.geometry import Circle
from attendance.fence_shapes import (
    MOST_BYTES,
    Drawn,
    FeatureProblem,
    Problem,
    Shape,
    feature_of,
    read_collection,
    rings_of,
    rounded,
    shape_problem,
)
from attendance.fence_words import outline, sentence
from attendance.loading import load_terms
from attendance.models import AttendanceRule, Geofence
from organization import audit
from organization.access import Action
from organization.errors import DomainError, NotFound
from organization.models import Department, Employee, User
from scheduling.services.shifts import require_rule

MOST_PEOPLE: Final = 500
MOST_EXPORTED: Final = 5000


class TooManyPeople(DomainError):
    """A fence of so many is the fence of a rule."""

    code: ClassVar[str] = "too_many_people"
    message = _("A geofence is given to at most %(most)d people; for more, let a rule use it.")


class TooMuchToRead(DomainError):
    """A file of fences is small."""

    code: ClassVar[str] = "too_much_to_read"
    message = _("The file is larger than %(most)d kB; cut it into smaller ones.")


class NothingToImport(DomainError):
    """A file is taken as a whole: as long as one feature is wrong, none becomes a fence."""

    code: ClassVar[str] = "nothing_to_import"
    message = _("%(count)d features are wrong, so none was taken; mend them and try again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What a fence says: its name, its shape on WGS-84, and the keys of who may punch there."""

    name: str
    shape: Shape
    rules: Collection[int] = ()
    people: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file draws, and what is wrong with it. It can be taken if nothing is."""

    drawn: Sequence[Drawn]
    wrong: Sequence[FeatureProblem]


@transaction.atomic
def add_fence(
    *, department: Department, text: Text, actor: User | None = None, now: datetime
) -> Geofence:
    """Draw a fence that `department` keeps.

    Raises ValidationError by field, NotAllowed where `actor` may not configure the department, and
    NotFound for a rule or a person that `actor` may not configure.
    """
    require_rule(actor, department)
    fence = Geofence(department=department)
    _write(fence, text)
    rules, people = _rules(text.rules, actor), _people(text.people, actor)
    fence.rules.set(rules)
    fence.people.set(people)
    _record(fence, "fence.added", actor, now, after=_told(fence))
    for person in people:
        _record_person(fence, person, "fence.given", actor, now)
    return fence


@transaction.atomic
def change_fence(
    *, fence_id: int, text: Text, actor: User | None = None, now: datetime
) -> Geofence:
    """Draw a fence otherwise, or let others use it. Where it says this already, nothing happens.

    Rules and people that `actor` may not configure stay as they are. Raises as `add_fence`.
    """
    fence = _lock(fence_id, actor)
    before = _told(fence)
    _write(fence, text)
    fence.rules.set(_kept(fence.rules.all(), actor) | _rules(text.rules, actor))
    had = set(fence.people.all())
    has = _kept(fence.people.all(), actor) | _people(text.people, actor)
    fence.people.set(has)
    old, new = audit.difference(before, _told(fence))
    if old or new:
        _record(fence, "fence.changed", actor, now, before=old, after=new)
    for verb, people in (("fence.given", has - had), ("fence.taken", had - has)):
        for person in sorted(people, key=lambda one: one.pk):
            _record_person(fence, person, verb, actor, now)
    return fence


@transaction.atomic
def retire_fence(*, fence_id: int, actor: User | None = None, now: datetime) -> Geofence:
    """Take a fence out of use: from now on nobody stands in it. Raises NotFound."""
    fence = _lock(fence_id, actor)
    if fence.retired_at is None:
        fence.retired_at = now
        fence.save(update_fields=["retired_at"])
        _record(fence, "fence.retired", actor, now)
    return fence


@transaction.atomic
def revive_fence(*, fence_id: int, actor: User | None = None, now: datetime) -> Geofence:
    """Take a fence into use again. Raises ValidationError where its name is taken, NotFound."""
    fence = _lock(fence_id, actor)
    if fence.retired_at is not None:
        fence.retired_at = None
        fence.full_clean()
        fence.save(update_fields=["retired_at"])
        _record(fence, "fence.revived", actor, now)
    return fence


def check_shape(shape: Shape) -> None:
    """Raise ValidationError, a dict from field to sentence, unless a shape is sound."""
    problem = shape_problem(shape)
    if problem is not None:
        raise ValidationError(
            {problem.field: ValidationError(sentence(problem), code=problem.code)}
        )


# --- who may punch where ---------------------------------------------------------------------


def fences_for(employee_ids: Collection[int], *, on: date) -> dict[int, tuple[Fence, ...]]:
    """Return where each of these people may punch on a date, in the order of names.

    These are the fences of the rule that the person is under, and the person's own. Four queries,
    however many people.
    """
    terms = load_terms(list(employee_ids), on)
    return fences_under({key: terms[key].version_id if key in terms else 0 for key in employee_ids})


def fences_under(versions: Mapping[int, int]) -> dict[int, tuple[Fence, ...]]:
    """Return where people may punch, given the version of a rule that each of them is under.

    A version of 0 is no rule. One query, however many people.
    """
    in_use = Geofence.objects.filter(retired_at=None).order_by()
    no_key = Value(None, output_field=BigIntegerField())
    of_rules = in_use.filter(rules__versions__in=set(versions.values()) - {0})
    of_people = in_use.filter(people__in=list(versions))
    used = of_rules.annotate(version=F("rules__versions"), person=no_key).union(
        of_people.annotate(version=no_key, person=F("people")), all=True
    )
    by_version: defaultdict[int, list[Geofence]] = defaultdict(list)
    own: defaultdict[int, list[Geofence]] = defaultdict(list)
    for fence in used:
        if fence.version is not None:
            by_version[fence.version].append(fence)
        else:
            own[fence.person].append(fence)
    found = {}
    for key, version in versions.items():
        fences = {fence.pk: fence for fence in (*by_version[version], *own[key])}.values()
        ordered = sorted(fences, key=lambda fence: (fence.name, fence.pk))
        found[key] = tuple(fence.read() for fence in ordered)
    return found


# --- files -----------------------------------------------------------------------------------


def write_geojson(fences: Iterable[Geofence]) -> str:
    """Return fences as a GeoJSON FeatureCollection on WGS-84."""
    features = [
        feature_of(fence.name, fence.shape, department=fence.department.code) for fence in fences
    ]
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False, indent=1)


def export_fences(*, actor: User, now: datetime) -> str:
    """Return the fences in use of where `actor` may export, as GeoJSON. It is written down."""
    rows = Geofence.objects.visible_to(actor, Action.EXPORT).filter(retired_at=None)
    fences = list(rows.select_related("department")[:MOST_EXPORTED])
    audit.record_export(
        actor=actor, model=Geofence, rows=len(fences), form="geojson", filters={}, now=now
    )
    return write_geojson(fences)


def preview_geojson(
    *, content: str, department: Department, datum: str, actor: User | None = None
) -> Preview:
    """Return what a GeoJSON text would bring to a department. Nothing is written.

    Raises TooMuchToRead, NotAllowed.
    """
    require_rule(actor, department)
    if len(content.encode()) > MOST_BYTES:
        raise TooMuchToRead(most=MOST_BYTES // 1000)
    drawn, wrong = read_collection(content, datum)
    taken = set(
        Geofence.objects.filter(
            department=department, retired_at=None, name__in=[one.name for one in drawn]
        ).values_list("name", flat=True)
    )
    clashes = [
        FeatureProblem(one.feature, one.name, Problem("name_taken", "properties.name", one.name))
        for one in drawn
        if one.name in taken
    ]
    kept = [one for one in drawn if one.name not in taken]
    return Preview(kept, sorted([*wrong, *clashes], key=lambda found: found.feature))


@transaction.atomic
def import_geojson(
    *,
    content: str,
    department: Department,
    datum: str,
    rules: Collection[int] = (),
    actor: User | None = None,
    now: datetime,
) -> list[Geofence]:
    """Make each feature of a GeoJSON text a fence of a department, or none of them.

    Raises NothingToImport where a feature is wrong, and what `preview_geojson` and `add_fence` do.
    """
    preview = preview_geojson(content=content, department=department, datum=datum, actor=actor)
    if preview.wrong:
        raise NothingToImport(count=len({found.feature for found in preview.wrong}))
    return [
        add_fence(
            department=department,
            text=Text(name=one.name, shape=one.shape, rules=rules),
            actor=actor,
            now=now,
        )
        for one in preview.drawn
    ]


# --- what is written -------------------------------------------------------------------------


def _write(fence: Geofence, text: Text) -> None:
    check_shape(text.shape)
    shape = rounded(text.shape)
    # Two corners a millimetre apart become one.
    check_shape(shape)
    fence.name = text.name.strip()
    fence.latitude = fence.longitude = fence.radius_metres = fence.rings = None
    if isinstance(shape, Circle):
        fence.kind = Geofence.Kind.CIRCLE
        fence.latitude, fence.longitude = shape.latitude, shape.longitude
        fence.radius_metres = int(shape.radius)
    else:
        fence.kind = Geofence.Kind.AREA
        fence.rings = rings_of(shape)
    fence.full_clean()
    fence.save()


def _rules(keys: Collection[int], actor: User | None) -> set[AttendanceRule]:
    rows = AttendanceRule.objects.all()
    return _all_of(rows if actor is None else rows.visible_to(actor, Action.RULE), keys)


def _people(keys: Collection[int], actor: User | None) -> set[Employee]:
    if len(set(keys)) > MOST_PEOPLE:
        raise TooManyPeople(most=MOST_PEOPLE)
    rows = Employee.objects.all()
    return _all_of(rows if actor is None else rows.visible_to(actor, Action.RULE), keys)


def _all_of(rows: Any, keys: Collection[int]) -> set[Any]:
    """Return the rows of these keys. Raises NotFound where one is not among them."""
    found = set(rows.filter(pk__in=keys))
    missing = set(keys) - {row.pk for row in found}
    if missing:
        raise NotFound(what=rows.model._meta.verbose_name, key=min(missing))
    return found


def _kept(rows: Any, actor: User | None) -> set[Any]:
    """Return those of the rows that `actor` may not configure, and so does not take away."""
    if actor is None:
        return set()
    return set(rows) - set(rows.visible_to(actor, Action.RULE))


def _told(fence: Geofence) -> dict[str, Any]:
    shape = fence.shape
    return {
        "name": fence.name,
        "kind": fence.kind,
        "radius_metres": fence.radius_metres,
        "outline": outline(shape),
        "rules": sorted(fence.rules.values_list("name", flat=True)),
    }


def _lock(fence_id: int, actor: User | None) -> Geofence:
    rows = Geofence.objects.select_for_update(of=("self",)).select_related("department")
    if actor is not None:
        rows = rows.visible_to(actor, Action.RULE)
    fence = rows.filter(pk=fence_id).first()
    if fence is None:
        raise NotFound(what=Geofence._meta.verbose_name, key=fence_id)
    return fence


def _record(fence: Geofence, verb: str, actor: User | None, now: datetime, **facts: object) -> None:
    audit.record(actor=actor, verb=verb, thing=fence, department=fence.department, now=now, **facts)


def _record_person(
    fence: Geofence, person: Employee, verb: str, actor: User | None, now: datetime
) -> None:
    audit.record(
        actor=actor, verb=verb, thing=person, department=person.department, now=now,
        fence=fence.name,
    )  # fmt: skip
