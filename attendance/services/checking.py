"""How a punch whose proof was checked is kept, and how two proofs come together.

A rule may want two proofs, a location and a fingerprint say, in either order and at most so many
minutes apart. The first of them is held and waits; the second one lets both count. What came too
late, or never, stays held for a person. Whatever the order in which the two reach the server, and
somebody decides about one of them, and however late a terminal's log is carried over, the answer
is the same. What has come to count stays so, also where its other proof is refused afterwards.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from attendance.evidence.claims import Claim
from attendance.evidence.demands import BOUNDS, Demands
from attendance.evidence.policy import Earlier, EvidencePolicy, History, Matter
from attendance.evidence.reasons import Code, Effect, Reason, in_order, read_reason
from attendance.evidence.suspicions import check_second
from attendance.evidence.verdict import Outcome, Verdict, verify
from attendance.loading import Posted, load_posted, load_ruled, load_terms
from attendance.models import AwaitedCheck, Punch, PunchCheck, PunchDecision, RuleVersion
from attendance.services.days import wake_for_punches
from attendance.services.keeping import Kept, NewPunch, record_punch, record_punches
from attendance.signals import punch_came_to_count, punch_was_held
from devices.models import Phone
from organization.models import Employee

_OF_SECOND: Final = frozenset(
    (
        Code.SECOND_CHECK_DONE,
        Code.SECOND_CHECK_AWAITED,
        Code.SECOND_CHECK_LATE,
        Code.SECOND_CHECK_MISSING,
    )
)
_CHUNK: Final = 200
# As far apart as a rule may let two proofs be.
_FARTHEST: Final = timedelta(minutes=BOUNDS["second_check.gap_minutes"][1])
_log: Final = logging.getLogger(__name__)


class Rule(NamedTuple):
    """What the rule that somebody is under demands; `version_id` is 0 where there is none."""

    version_id: int
    demands: Demands


NO_RULE: Final = Rule(0, Demands())


def rules_on(employee_ids: Iterable[int], day: date) -> dict[int, Rule]:
    """Return what the rule of each of these people demands on a date. Three queries."""
    return rules_of(load_posted(list(employee_ids), day), day)


def rules_of(posted: Posted, day: date) -> dict[int, Rule]:
    """Return what the rule of each of these people demands on a date. One query.

    Raises ValueError for demands with unknown fields.
    """
    ruled = load_ruled(posted, day)
    texts = {one.terms.version_id: one.demands for one in ruled.values()}
    read = {
        key: Rule(key, _demands(None if text is None else json.loads(text)))
        for key, text in texts.items()
        if key
    }
    return {key: read.get(one.terms.version_id, NO_RULE) for key, one in ruled.items()}


def demands_at(employee_id: int, day: date) -> Demands:
    """Return what the rule of a person demands on a date."""
    return rules_on([employee_id], day).get(employee_id, NO_RULE).demands


def demands_under(version_id: int) -> Demands:
    """Return what a version of a rule demands; 0 is no rule."""
    version = RuleVersion.objects.filter(pk=version_id).first() if version_id else None
    return Demands() if version is None else demands_of(version)


def demands_of(version: RuleVersion) -> Demands:
    """Return what a version of a rule demands of a punch. Raises ValueError for unknown fields."""
    return _demands(version.demands)


def _demands(written: Any) -> Demands:
    return Demands() if written is None else Demands.from_json(written)


# --- keeping what was checked ----------------------------------------------------------------


def outcome_of(verdict: Verdict) -> str:
    """Return what becomes of a punch: awaited if nothing but its second check is lacking."""
    if verdict.outcome is Outcome.ACCEPTED:
        return PunchCheck.Outcome.ACCEPTED
    return _outcome_of(verdict.reasons)


def _outcome_of(reasons: Iterable[Reason]) -> str:
    holding = {one.code for one in reasons if one.effect in (Effect.HOLD, Effect.REFUSE)}
    if not holding:
        return PunchCheck.Outcome.ACCEPTED
    if holding == {Code.SECOND_CHECK_AWAITED}:
        return PunchCheck.Outcome.AWAITED
    return PunchCheck.Outcome.HELD


class KeptChecked(NamedTuple):
    """The key of a punch, whether this report brought it, and if so the check kept with it."""

    punch_id: int
    is_new: bool
    check: PunchCheck | None = None


# Whoever keeps a punch with its check stands in a transaction, or begins one here; nobody goes on
# in it after a refusal, so nothing marks the place to go back to.
@transaction.atomic(savepoint=False)
def keep_checked(
    punch: NewPunch,
    verdict: Verdict,
    *,
    policy: EvidencePolicy,
    version_id: int,
    now: datetime,
    phone: Phone | None = None,
    number: int | None = None,
    claim_digest: str = "",
) -> KeptChecked:
    """Keep a punch with the verdict on its proof; what is held for good is told to the deciders.

    A repeat changes nothing. The caller has refused what the verdict refuses.
    """
    outcome = outcome_of(verdict)
    is_held = outcome != PunchCheck.Outcome.ACCEPTED
    punch = punch._replace(is_held=is_held)
    kept = record_punch(punch, now=now)
    if not kept.is_new:
        return KeptChecked(*kept)
    at = _at(punch)
    check = PunchCheck.objects.create(
        punch=punch.as_row(kept.punch_id, now),
        outcome=outcome,
        reasons=[one.as_dict() for one in verdict.reasons],
        rule_version_id=version_id or None,
        phone=phone,
        number=number,
        claim_digest=claim_digest,
        checked_at=now,
    )
    second = policy.second_check
    if outcome == PunchCheck.Outcome.AWAITED and second is not None:
        AwaitedCheck.objects.create(
            punch_id=kept.punch_id, employee_id=punch.employee_id, due_at=at + second.gap
        )
    elif is_held:
        _tell(Punch.objects.select_related("employee").get(pk=kept.punch_id), verdict, now)
    if second is not None:
        _settle_near(punch.employee_id, kept.punch_id, at, second.gap, now)
    return KeptChecked(*kept, check)


def _tell(punch: Punch, verdict: Verdict, now: datetime) -> None:
    anomalies = tuple(str(one) for one in verdict.anomalies)
    punch_was_held.send(sender=Punch, punch=punch, anomalies=anomalies, now=now)


# --- punches that others vouch for -----------------------------------------------------------


def record_vouched(punches: Sequence[NewPunch], *, now: datetime) -> list[Kept]:
    """Keep punches that a terminal or a program vouches for; return one answer a punch, in order.

    They count at once, but for people under a rule that wants two proofs. Where there is no such
    rule, that is found out by one query.
    """
    rules = _rules_with_two_proofs(punches)
    if not rules:
        return record_punches(punches, now=now)
    plain = [n for n, punch in enumerate(punches) if _key(punch) not in rules]
    answers: dict[int, Kept] = dict(
        zip(plain, record_punches([punches[n] for n in plain], now=now), strict=True)
    )
    rest = (n for n in range(len(punches)) if n not in answers)
    for n in sorted(rest, key=lambda n: (punches[n].employee_id, punches[n].second, n)):
        answers[n] = _record_vouched(punches[n], rules[_key(punches[n])], now)
    return [answers[n] for n in range(len(punches))]


@transaction.atomic
def _record_vouched(punch: NewPunch, rule: Rule, now: datetime) -> Kept:
    policy = rule.demands.policy()
    at, day = _at(punch), _day(punch)
    lock_person(punch.employee_id)
    history = History(punches=earlier_of(punch.employee_id, at, policy))
    claim = Claim(method=punch.method, is_from_terminal=True)
    verdict = verify(policy, claim, history, at=at, day=day, now=now)
    kept = keep_checked(punch, verdict, policy=policy, version_id=rule.version_id, now=now)
    return Kept(kept.punch_id, kept.is_new)


def _rules_with_two_proofs(punches: Sequence[NewPunch]) -> dict[tuple[int, date], Rule]:
    """Return the rule of each person and date of these punches that wants two proofs."""
    published = RuleVersion.objects.filter(published_at__isnull=False, demands__isnull=False)
    wanting = {
        row.pk: Rule(row.pk, demands)
        for row in published.only("pk", "demands")
        if (demands := demands_of(row)).second_check is not None
    }
    if not wanting:
        return {}
    people: defaultdict[date, set[int]] = defaultdict(set)
    for punch in punches:
        people[_day(punch)].add(punch.employee_id)
    return {
        (person, day): wanting[terms.version_id]
        for day, there in people.items()
        for person, terms in load_terms(sorted(there), day).items()
        if terms.version_id in wanting
    }


# --- the other proof -------------------------------------------------------------------------


def lock_person(employee_id: int) -> None:
    """Let the two proofs of one person go one after the other, and what is decided about them.

    Whoever locks a request about a punch as well, locks it after this.
    """
    # What only names the person is kept beside it: a terminal's punch has a row locked for which a
    # phone waits, the bell that holds a punch for good one for which a second proof does.
    people = Employee.objects.select_for_update(no_key=True)
    list(people.filter(pk=employee_id).values_list("pk"))


def earlier_of(
    employee_id: int, at: datetime, policy: EvidencePolicy, *, but: int | None = None
) -> tuple[Earlier, ...]:
    """Return the person's punches around a second check that prove something themselves.

    They count, or wait for nothing but each other: what is held for anything else proves nothing
    until somebody has accepted it.
    """
    if policy.second_check is None:
        return ()
    gap = policy.second_check.gap
    last = PunchDecision.objects.filter(punch=OuterRef("pk")).order_by("-pk")
    near = Punch.objects.filter(
        employee=employee_id, punched_at__gte=at - 2 * gap, punched_at__lte=at + 2 * gap
    )
    standing = near.annotate(said=Subquery(last.values("verdict")[:1])).filter(
        Q(said__isnull=True) | Q(said=PunchDecision.Verdict.ACCEPTED)
    )
    found = list(
        standing.exclude(pk=but).values_list("pk", "punched_at", "method", "is_held", "said")[
            :_CHUNK
        ]
    )
    held = [key for key, _at, _method, is_held, said in found if is_held and said is None]
    checks = latest_checks(held) if held else {}
    doubtful = {key for key in held if key not in checks or _is_held_otherwise(checks[key])}
    return tuple(
        Earlier(moment, method)
        for key, moment, method, _is_held, _said in found
        if key not in doubtful
    )


def _is_held_otherwise(check: PunchCheck) -> bool:
    """Say whether something other than a second check speaks against a punch."""
    reasons = map(read_reason, check.reasons)
    holding = {one.code for one in reasons if one.effect in (Effect.HOLD, Effect.REFUSE)}
    return not holding <= _OF_SECOND


def _settle_near(
    employee_id: int, punch_id: int, at: datetime, gap: timedelta, now: datetime
) -> None:
    """Look again at the punches for which this one may be the other proof."""
    for punch in _undecided_near(employee_id, punch_id, at, gap):
        look_again(punch, now=now)


def look_beside(punch: Punch, *, now: datetime) -> None:
    """Look again at the punches for which this one, now that it is decided, may be a proof.

    The caller has locked the person. A rule that nobody can read holds up no decision.
    """
    near = _undecided_near(punch.employee_id, punch.pk, punch.punched_at, _FARTHEST)
    for other in near:
        _look_again_safely(other, now)


def _undecided_near(
    employee_id: int, punch_id: int, at: datetime, gap: timedelta
) -> QuerySet[Punch]:
    near = Punch.objects.filter(
        employee=employee_id, is_held=True, punched_at__gte=at - gap, punched_at__lte=at + gap
    ).exclude(pk=punch_id)
    undecided = near.filter(~Exists(PunchDecision.objects.filter(punch=OuterRef("pk"))))
    return undecided.select_related("employee")[:_CHUNK]


def look_again(punch: Punch, *, now: datetime) -> None:
    """Judge the second check of a held punch anew; keep what came of it if it is otherwise."""
    last = punch.checks.select_related("rule_version").order_by("-pk").first()
    if last is None or last.rule_version is None:
        return
    policy = demands_of(last.rule_version).policy()
    before = [read_reason(one) for one in last.reasons]
    if policy.second_check is None or not any(one.code in _OF_SECOND for one in before):
        return
    at = punch.punched_at
    history = History(punches=earlier_of(punch.employee_id, at, policy, but=punch.pk))
    day = at.astimezone(ZoneInfo(punch.zone)).date()
    matter = Matter(policy, Claim(method=punch.method), history, at, day, now)
    after = in_order(
        [*(one for one in before if one.code not in _OF_SECOND), *check_second(matter)]
    )
    if after == tuple(before):
        return
    outcome = _outcome_of(after)
    PunchCheck.objects.create(
        punch=punch,
        outcome=outcome,
        reasons=[one.as_dict() for one in after],
        rule_version=last.rule_version,
        phone_id=last.phone_id,
        number=last.number,
        claim_digest=last.claim_digest,
        checked_at=now,
    )
    if outcome == PunchCheck.Outcome.AWAITED:
        return
    AwaitedCheck.objects.filter(punch=punch).delete()
    if outcome == PunchCheck.Outcome.ACCEPTED:
        _let_count(punch, now)
    elif last.outcome == PunchCheck.Outcome.AWAITED:
        _tell(punch, Verdict(Outcome.HELD, after), now)


def _let_count(punch: Punch, now: datetime) -> None:
    PunchDecision.objects.create(
        punch=punch, verdict=PunchDecision.Verdict.ACCEPTED, decided_by=None, decided_at=now
    )
    second = int(punch.punched_at.timestamp())
    wake_for_punches([(punch.employee_id, second, punch.zone)], now=now, cause="decision")
    punch_came_to_count.send(sender=Punch, punch=punch, now=now)


def settle_second_checks(*, now: datetime, at_most: int = 2_000) -> int:
    """Hold the punches for good whose second check did not come in time; return how many."""
    settled = 0
    while settled < at_most and (count := _settle_due(now)):
        settled += count
    return settled


@transaction.atomic
def _settle_due(now: datetime) -> int:
    can_skip = connection.features.has_select_for_update_skip_locked
    # A second later: the limit itself is in time.
    due = AwaitedCheck.objects.filter(due_at__lt=now - timedelta(seconds=1)).order_by("due_at")
    rows = due.select_for_update(of=("self",) if can_skip else (), skip_locked=can_skip)
    awaited = list(rows.select_related("punch__employee")[:_CHUNK])
    done = [row.pk for row in awaited if _look_again_safely(row.punch, now)]
    AwaitedCheck.objects.filter(pk__in=done).delete()
    return len(done)


def _look_again_safely(punch: Punch, now: datetime) -> bool:
    """Judge a second check anew; say whether it could be. A rule that nobody can read stops one."""
    try:
        with transaction.atomic():
            look_again(punch, now=now)
    except (ValueError, KeyError) as problem:
        _log.error("The second check of punch %s cannot be judged: %r.", punch.pk, problem)
        return False
    return True


def _key(punch: NewPunch) -> tuple[int, date]:
    return punch.employee_id, _day(punch)


def _at(punch: NewPunch) -> datetime:
    return datetime.fromtimestamp(punch.second, UTC)


def _day(punch: NewPunch) -> date:
    zone = ZoneInfo(punch.home_zone or punch.zone)
    return datetime.fromtimestamp(punch.second, zone).date()


def latest_checks(punch_ids: Iterable[int]) -> Mapping[int, Any]:
    """Return the latest check of each of these punches. One query."""
    rows = PunchCheck.objects.filter(punch__in=list(punch_ids)).order_by("pk")
    return {row.punch_id: row for row in rows}
