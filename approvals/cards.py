"""What a page shows of requests: what is asked, the day, what approving would change, who decides.

Twenty cards cost as many queries as one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext

from approvals.flow import Status
from approvals.held import HeldPunch, read_held
from approvals.models import Decider, Request, RequestPhoto, Step
from approvals.services.preview import Ahead, Outlook, look_ahead
from approvals.services.standing import (
    deciding_by,
    may_decide,
    maybe_deciding,
    names_of,
    rights_of,
    visible,
)
from approvals.services.submitting import dates_of
from approvals.wording import reason_text, what_of
from attendance import wording
from attendance.console.period import read_period
from attendance.console.status_style import STYLES, StatusStyle
from attendance.console.timeline import Drawing, Seen, draw
from attendance.engine import Minute
from attendance.models import RuleVersion
from attendance.planning import minute_of, moment_of
from attendance.services.periods import closed_among
from organization.errors import NotFound
from organization.models import Employee, User

SHOWN: Final = 20
# How far is counted what waits.
COUNTED_TO: Final = 100
_DAY: Final = timedelta(days=1)


class Change(NamedTuple):
    """A date as it is and as it would be, in signs and words."""

    day: date
    before: StatusStyle
    after: StatusStyle
    details: str
    is_changed: bool
    is_to_come: bool


class StepLine(NamedTuple):
    """A step: who is asked, why they, and what was said."""

    row: Step
    names: str
    reasons: list[str]
    votes: list[str]
    is_open: bool


class Card(NamedTuple):
    """A request as a page shows it.

    `turn` is the step at which the reader may speak now, None where they may not; `instead_of`
    names whose place they take; `closed_days` are those of its days that have been paid; `held` is
    what is said of the punch that it is about.
    """

    request: Request
    what: str
    changes: list[Change]
    drawing: Drawing
    zone: str
    times: str
    steps: list[StepLine]
    turn: int | None
    instead_of: str
    is_reminded: bool
    has_photo: bool
    held: HeldPunch | None
    closed_days: str
    may_withdraw: bool
    may_revoke: bool


def inbox(user: User, *, now: datetime) -> QuerySet[Request]:
    """Return the requests that wait for somebody, the longest waiting first.

    What somebody was asked is theirs for as long as they may decide there, and no moment longer.
    """
    asked = Request.objects.asking(deciding_by(rights_of(user, now)))
    return _by_others(asked, user).order_by("pk")


def _by_others(rows: QuerySet[Request], user: User) -> QuerySet[Request]:
    return rows.exclude(employee__user=user.pk).exclude(submitted_by=user.pk)


def waiting_for(user: User, *, now: datetime, at_most: int = COUNTED_TO) -> int:
    """Return how many requests wait for somebody, counted no further than it must be.

    One query beside the reader's rights, as every page asks; some more for whoever is a deputy and
    has something to decide.
    """
    if not user.is_active:
        return 0
    own, maybe = maybe_deciding(user, now)
    waiting = _by_others(Request.objects.asking(maybe), user)
    asks_them = Exists(Request.objects.asking(own).filter(pk=OuterRef("pk")))
    found = list(waiting.annotate(mine=asks_them).values_list("mine", flat=True)[:at_most])
    if all(found):
        return len(found)
    return inbox(user, now=now)[:at_most].count()


def place(said: Mapping[str, str]) -> dict[str, str]:
    """Return where in an inbox somebody is: its `kind`, `after` which key; odd words are none."""
    kind, after = said.get("kind", ""), said.get("after", "")
    here = {"kind": kind} if kind in Request.Kind.values else {}
    is_key = after.isascii() and after.isdecimal() and len(after) < 18
    return here | ({"after": after} if is_key else {})


def following(rows: QuerySet[Request], here: Mapping[str, str]) -> QuerySet[Request]:
    """Return the rows of an inbox behind the one that a place names; all where it names none."""
    return rows.filter(pk__gt=int(here["after"])) if "after" in here else rows


def last_if_more(rows: QuerySet[Request], cards: Sequence[Card]) -> int | None:
    """Return the key of the last of some cards if more rows of the inbox follow it."""
    if len(cards) < SHOWN:
        return None
    last = cards[-1].request.pk
    return last if rows.filter(pk__gt=last).exists() else None


def find(user: User, request_id: int, *, now: datetime) -> Request:
    """Return a request that somebody may read. Raises NotFound."""
    found = Request.objects.filter(visible(user, now), pk=request_id).first()
    if found is None:
        raise NotFound(what=Request._meta.verbose_name, key=request_id)
    return found


def read_cards(rows: QuerySet[Request], user: User, *, now: datetime) -> list[Card]:
    """Return the first rows as cards."""
    deciders = Decider.objects.select_related("user", "decided_by")
    steps = Step.objects.order_by("index").prefetch_related(Prefetch("deciders", deciders))
    requests = list(
        rows.select_related(
            "employee", "department", "punch", "submitted_by", "settled_by"
        ).prefetch_related(Prefetch("steps", steps))[:SHOWN]
    )
    outlooks = look_ahead(requests, now=now)
    users = {
        key
        for request in requests
        for step in request.steps.all()
        for row in step.deciders.all()
        for key in (row.user_id, row.decided_by_id)
        if key is not None
    } | {request.submitted_by_id for request in requests if request.submitted_by_id}
    names = dict(names_of(users))
    rights = rights_of(user, now)
    counts = _counts(requests, outlooks)
    closed = _closed_days(requests, outlooks)
    with_photo = _with_photo(requests)
    held = read_held(requests, user)
    return [
        _card(
            request,
            outlooks[request.pk],
            user,
            rights,
            names,
            counts,
            with_photo,
            held,
            closed,
            now,
        )
        for request in requests
    ]


def _card(
    request: Request,
    outlook: Outlook,
    user: User,
    rights: dict[int, tuple[str, ...] | None],
    names: dict[int, str],
    counts: dict[int, str],
    with_photo: set[int],
    held: dict[int, HeldPunch],
    closed: dict[int, str],
    now: datetime,
) -> Card:
    is_asker = user.pk in {request.employee.user_id, request.submitted_by_id}
    step = next(
        (row for row in request.steps.all() if row.opened_at and row.closed_at is None), None
    )
    turn = None
    if step is not None and not is_asker:
        turns = [
            row
            for row in step.deciders.all()
            if not row.verdict and _lies_within(request, rights.get(row.user_id, ()))
        ]
        turn = min(turns, key=lambda row: row.user_id != user.pk, default=None)
    waits = _is_waiting(request)
    return Card(
        request=request,
        what=what_of(request, outlook.zone),
        changes=[_change(one, request, outlook, now) for one in outlook.days] if waits else [],
        drawing=_draw(outlook, request, now),
        zone=outlook.zone.key,
        times=counts[request.pk],
        steps=[_line(row, names) for row in request.steps.all()],
        turn=step.index if step is not None and turn is not None else None,
        instead_of=names.get(turn.user_id, "") if turn and turn.user_id != user.pk else "",
        is_reminded=step is not None and step.reminded_at is not None,
        has_photo=request.pk in with_photo,
        held=held.get(request.pk),
        closed_days=closed.get(request.pk, ""),
        may_withdraw=waits and is_asker and request.submitted_by_id is not None,
        may_revoke=(
            request.status == Status.APPROVED
            and not is_asker
            and may_decide(user, request.department)
        ),
    )


def _lies_within(request: Request, paths: tuple[str, ...] | None) -> bool:
    return paths is None or request.department.path.startswith(paths or ("-",))


def _with_photo(requests: Sequence[Request]) -> set[int]:
    """Return which requests have a photo; what is in it is read when somebody looks."""
    said = [request.pk for request in requests if request.photo_digest]
    if not said:
        return set()
    return set(RequestPhoto.objects.filter(request__in=said).values_list("request", flat=True))


def _closed_days(requests: Sequence[Request], outlooks: dict[int, Outlook]) -> dict[int, str]:
    """Return the days of waiting requests that have been paid since.

    One query where none has, and as many for twenty requests as for one.
    """
    dates: dict[int, list[date]] = {}
    asked: defaultdict[Employee, set[date]] = defaultdict(set)
    for request in filter(_is_waiting, requests):
        outlook = outlooks[request.pk]
        taken_by = outlook.taken_by
        dates[request.pk] = dates_of(request, outlook.zone) if taken_by is None else [taken_by]
        asked[request.employee].update(dates[request.pk])
    closed = closed_among(asked)
    told = {}
    for request in requests:
        paid = closed.get(request.employee_id, {}).keys() & dates.get(request.pk, ())
        if paid:
            told[request.pk] = ", ".join(_as_runs(sorted(paid)))
    return told


def _as_runs(days: Sequence[date]) -> list[str]:
    """Return sorted dates in words, those that follow each other as one stretch."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == _DAY:
            runs[-1][1:] = [day]
        else:
            runs.append([day])
    return [" – ".join(date_format(day, "SHORT_DATE_FORMAT") for day in run) for run in runs]


def _is_waiting(request: Request) -> bool:
    """Say whether nobody has decided a request."""
    return request.status == Status.WAITING


def _change(ahead: Ahead, request: Request, outlook: Outlook, now: datetime) -> Change:
    before, after = ahead.before, ahead.after
    numbers = (
        (gettext("late"), before.late, after.late),
        (gettext("left early"), before.early, after.early),
        (gettext("worked"), before.worked, after.worked),
        (gettext("leave"), before.leave, after.leave),
        (gettext("outing"), before.outing, after.outing),
        (gettext("overtime"), before.overtime, after.overtime),
    )
    say = wording.duration_text
    details = [f"{label} {say(old)} → {say(new)}" for label, old, new in numbers if old != new]
    if request.punch_id is not None:
        details[:0] = _slots_moved(ahead, outlook)
    return Change(
        ahead.day,
        STYLES[before.status.value],
        STYLES[after.status.value],
        ", ".join(details),
        ahead.is_changed,
        ahead.day > now.astimezone(outlook.zone).date(),
    )


def _slots_moved(ahead: Ahead, outlook: Outlook) -> list[str]:
    """Return which slots would have another moment: in-punch – → 08:59."""
    before, after = ({slot.name: slot.at for slot in one.slots} for one in ahead[1:])

    def wall(minute: Minute | None) -> str:
        if minute is None:
            return "–"
        return wording.time_text(minute, work_date=ahead.day, zone=outlook.zone)

    return [
        f"{wording.slot_label(name)} {wall(before.get(name))} → {wall(after.get(name))}"
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]


def _draw(outlook: Outlook, request: Request, now: datetime) -> Drawing:
    """Return the drawing of the day; a punch that does not count yet is on it as well."""
    loaded, result, zone = outlook.loaded, outlook.result, outlook.zone
    used = {slot.punch for slot in result.slots}

    def wall(minute: Minute) -> str:
        return wording.time_text(minute, work_date=loaded.work_date, zone=zone)

    seen = [
        Seen(
            moment_of(Minute(mark.at // 60)),
            "used" if mark.id in used else "spare",
            wall(Minute(mark.at // 60)),
        )
        for mark in loaded.day.marks
    ]
    punch = request.punch
    if punch is not None and punch.pk not in {mark.id for mark in loaded.day.marks}:
        kind = "asked" if _is_waiting(request) else "ignored"
        seen.append(Seen(punch.punched_at, kind, wall(minute_of(punch.punched_at))))
    return draw(loaded, result, seen, zone, minute_of(now))


def _line(step: Step, names: dict[int, str]) -> StepLine:
    rows = list(step.deciders.all())
    votes = []
    for row in rows:
        if row.verdict and row.decided_by_id is not None:
            said = f"{names.get(row.decided_by_id, '?')}: {row.get_verdict_display()}"
            if row.decided_by_id != row.user_id:
                said += f" ({names.get(row.user_id, '?')})"
            votes.append(said)
    return StepLine(
        step,
        ", ".join(names.get(row.user_id, "?") for row in rows) or "–",
        [reason_text(reason) for reason in step.reasons],
        votes,
        step.opened_at is not None and step.closed_at is None,
    )


def _counts(requests: Sequence[Request], outlooks: dict[int, Outlook]) -> dict[int, str]:
    """Return how much each person has used up: make-ups of the period, or of a kind in the month.

    Nothing is said of none: only a request that is out of force stands where nobody has asked.
    """
    versions = RuleVersion.objects.in_bulk(
        {outlook.loaded.planned.terms.version_id for outlook in outlooks.values()}
    )
    spans: dict[int, tuple[date, date, int | None]] = {}
    for request in requests:
        version = versions.get(outlooks[request.pk].loaded.planned.terms.version_id)
        is_make_up = request.kind == Request.Kind.MAKE_UP
        starts = version.period_starts_on_day if version is not None and is_make_up else 1
        period = read_period("", request.work_date, starts)
        limit = (version.make_up_per_month if version is not None else 3) if is_make_up else None
        spans[request.pk] = (period.first, period.last, limit)
    if not spans:
        return {}
    rows: Counter[tuple[Any, ...]] = Counter(
        Request.objects.in_force()
        .filter(
            employee__in={request.employee_id for request in requests},
            work_date__gte=min(first for first, _last, _limit in spans.values()),
            work_date__lte=max(last for _first, last, _limit in spans.values()),
        )
        .values_list("employee", "kind", "work_date")
    )
    told = {}
    for request in requests:
        first, last, limit = spans[request.pk]
        number = sum(
            times
            for (person, kind, day), times in rows.items()
            if person == request.employee_id and kind == request.kind and first <= day <= last
        )
        facts = {"number": number, "limit": limit}
        if not number:
            told[request.pk] = ""
            continue
        told[request.pk] = (
            gettext("%(number)d of %(limit)d used in the period") % facts
            if limit is not None
            else gettext("%(number)d this month") % facts
        )
    return told
