"""What people do to attendance rules: draft a version, try it, publish it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from attendance import demand_words
from attendance.evidence.demands import Demands
from attendance.models import AttendanceRule, RuleVersion
from organization import audit
from organization.access import Action
from organization.errors import DomainError, NotFound
from organization.models import Change, Department, Employee, Position, User
from organization.services import announce, told
from scheduling.pattern import Free, Kind, Overtime, ShiftPattern, problems
from scheduling.problem_words import sentence
from scheduling.services.shifts import require_rule

_DAY: Final = timedelta(days=1)


class VersionIsPublished(DomainError):
    """What was published is not edited: days were judged by it."""

    code: ClassVar[str] = "version_is_published"
    message = _("The version from %(day)s is published; draft a new one from another date.")


class VersionIsInForce(DomainError):
    """A version that days were judged by stays."""

    code: ClassVar[str] = "version_is_in_force"
    message = _("The version from %(day)s is in force; publish a newer one instead.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleText:
    """What a version of a rule says.

    `overtime` is for days without a shift; `demands` is what a punch has to show.
    """

    is_punching_required: bool = True
    period_starts_on_day: int = 1
    shift_source: str = RuleVersion.ShiftSource.ROSTER_FIRST
    merge_minutes: int = 5
    make_up_per_month: int = 3
    make_up_days_back: int = 30
    make_up_cutoff_day: int = 5
    make_up_for_missing: bool = True
    make_up_for_late: bool = True
    make_up_for_early: bool = True
    make_up_for_other: bool = True
    make_up_needs_photo: bool = False
    overtime: Overtime | None = None
    demands: Demands = field(default_factory=Demands)

    def columns(self) -> dict[str, Any]:
        """Return the columns of RuleVersion that hold it."""
        held = {name: getattr(self, name) for name in self.__slots__}
        overtime = ShiftPattern(overtime=self.overtime).to_json().get("overtime")
        demands = self.demands.to_json() if self.demands != Demands() else None
        return {**held, "overtime": overtime, "demands": demands}


@transaction.atomic
def add_rule(
    *,
    name: str,
    department: Department | None = None,
    position: Position | None = None,
    actor: User | None = None,
    now: datetime,
) -> AttendanceRule:
    """Add a rule for a department with all below, a position, or both. It says nothing yet.

    Raises ValidationError where there is one for the same people, NotAllowed.
    """
    require_rule(actor, department)
    rule = AttendanceRule(name=name.strip(), department=department, position=position)
    if department is None and position is None:
        others = AttendanceRule.objects.filter(department=None, position=None)
        if others.exists():
            raise ValidationError(_("There is a rule for the whole group already."))
    rule.full_clean()
    rule.save()
    _record(rule, "rule.added", actor, now, after=told(rule, ("name", "department", "position")))
    return rule


@transaction.atomic
def rename_rule(
    *, rule_id: int, name: str, actor: User | None = None, now: datetime
) -> AttendanceRule:
    """Call a rule something else. Raises ValidationError or NotFound."""
    rule = _lock(rule_id, actor)
    before, rule.name = rule.name, name.strip()
    if before != rule.name:
        rule.full_clean()
        rule.save(update_fields=["name"])
        _record(
            rule, "rule.renamed", actor, now, before={"name": before}, after={"name": rule.name}
        )
    return rule


@transaction.atomic
def draft_rule(
    *,
    rule_id: int,
    valid_from: date,
    text: RuleText,
    actor: User | None = None,
    now: datetime,
) -> RuleVersion:
    """Write down what a rule shall say from a date on. Nothing is judged by a draft.

    A draft of the same date is replaced. Raises VersionIsPublished for a date that has a
    published version, ValidationError by field (overtime and demands by their paths), or NotFound.
    """
    rule = _lock(rule_id, actor)
    check_overtime(text.overtime)
    check_demands(text.demands)
    version = rule.versions.filter(valid_from=valid_from).first()
    if version is not None and version.published_at is not None:
        raise VersionIsPublished(day=valid_from)
    before = _last_text(rule, version, valid_from)
    version = version or RuleVersion(rule=rule, valid_from=valid_from)
    for name, value in text.columns().items():
        setattr(version, name, value)
    version.full_clean()
    version.save()
    _record(
        rule,
        "rule.drafted",
        actor,
        now,
        valid_from=str(valid_from),
        before=before,
        after=text.columns(),
    )
    return version


@transaction.atomic
def publish_rule(*, version_id: int, actor: User | None = None, now: datetime) -> RuleVersion:
    """Put a draft in force from its date; days from then are judged again.

    Publishing twice changes nothing. Raises NotFound.
    """
    version = find_version(version_id, actor, lock=True)
    if version.published_at is not None:
        return version
    before = _last_text(version.rule, None, version.valid_from)
    version.published_at = now
    version.save(update_fields=["published_at"])
    _announce(version)
    _record(
        version.rule,
        "rule.published",
        actor,
        now,
        valid_from=str(version.valid_from),
        before=before,
        after=text_of(version).columns(),
    )
    return version


@transaction.atomic
def discard_version(*, version_id: int, actor: User | None = None, now: datetime) -> None:
    """Take away a draft, or a published version that is still to come.

    Raises VersionIsInForce, NotFound.
    """
    version = find_version(version_id, actor, lock=True)
    if version.published_at is not None:
        if version.valid_from <= localdate(now):
            raise VersionIsInForce(day=version.valid_from)
        _announce(version)
    _record(
        version.rule,
        "rule.discarded",
        actor,
        now,
        valid_from=str(version.valid_from),
        before=text_of(version).columns(),
    )
    version.delete()


def check_overtime(overtime: Overtime | None) -> None:
    """Raise ValidationError, a dict from path to sentences, unless overtime terms are sound."""
    found: dict[str, list[ValidationError]] = {}
    for problem in problems(ShiftPattern(kind=Kind.FREE, free=Free(), overtime=overtime)):
        error = ValidationError(sentence(problem), code=problem.code)
        found.setdefault(problem.field, []).append(error)
    if found:
        raise ValidationError(found)


def check_demands(demands: Demands) -> None:
    """Raise ValidationError, a dict from path to sentences, unless demands are sound."""
    found: dict[str, list[ValidationError]] = {}
    for problem in demands.problems():
        error = ValidationError(demand_words.sentence(problem), code=problem.code)
        found.setdefault(f"demands.{problem.field}", []).append(error)
    if found:
        raise ValidationError(found)


def text_of(version: RuleVersion) -> RuleText:
    """Return what a stored version says."""
    return read_columns({name: getattr(version, name) for name in RuleText.__slots__})


def read_columns(columns: Mapping[str, Any]) -> RuleText:
    """Return what was written by `RuleText.columns`, also before there were demands."""
    stored = {"overtime": columns["overtime"]} if columns["overtime"] else {}
    overtime = ShiftPattern.from_json(stored).overtime
    demands = Demands.from_json(columns.get("demands") or {})
    return RuleText(**{**columns, "overtime": overtime, "demands": demands})


def _last_text(
    rule: AttendanceRule, draft: RuleVersion | None, valid_from: date
) -> dict[str, Any] | None:
    """Return what a draft said, or else the version in force before a date; None for neither."""
    if draft is None:
        published = rule.versions.filter(published_at__isnull=False, valid_from__lt=valid_from)
        draft = published.order_by("-valid_from").first()
    return text_of(draft).columns() if draft is not None else None


# --- whom a rule concerns --------------------------------------------------------------------


def last_day(version: RuleVersion) -> date | None:
    """Return the last date that a version speaks for; None without a successor."""
    later = (
        version.rule.versions.filter(published_at__isnull=False, valid_from__gt=version.valid_from)
        .order_by("valid_from")
        .values_list("valid_from", flat=True)
        .first()
    )
    return later - _DAY if later is not None else None


def _announce(version: RuleVersion) -> None:
    rule = version.rule
    people = None
    if rule.position_id is not None:
        placed = Employee.objects.filter(transfers__position=rule.position_id)
        if rule.department is not None:
            placed = placed.filter(transfers__department__path__startswith=rule.department.path)
        people = sorted(set(placed.values_list("pk", flat=True)))
    announce(
        Change.Reason.RULE,
        starts_on=version.valid_from,
        ends_on=last_day(version),
        employee_ids=people,
        department=None if people is not None else rule.department,
    )


def _lock(rule_id: int, actor: User | None) -> AttendanceRule:
    rules = AttendanceRule.objects.select_for_update(of=("self",)).select_related("department")
    if actor is not None:
        rules = rules.visible_to(actor, Action.RULE)
    rule = rules.filter(pk=rule_id).first()
    if rule is None:
        raise NotFound(what=AttendanceRule._meta.verbose_name, key=rule_id)
    return rule


def find_version(version_id: int, actor: User | None, *, lock: bool = False) -> RuleVersion:
    """Return a version whose rule `actor` may configure. Raises NotFound."""
    rules = AttendanceRule.objects.all()
    if actor is not None:
        rules = rules.visible_to(actor, Action.RULE)
    rows = RuleVersion.objects.filter(pk=version_id, rule__in=rules)
    rows = rows.select_related("rule__department", "rule__position")
    version = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if version is None:
        raise NotFound(what=RuleVersion._meta.verbose_name, key=version_id)
    return version


def _record(
    rule: AttendanceRule, verb: str, actor: User | None, now: datetime, **facts: object
) -> None:
    audit.record(actor=actor, verb=verb, thing=rule, department=rule.department, now=now, **facts)
