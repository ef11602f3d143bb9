"""Robots of chat groups: set up, tried out, told, and switched off when nobody answers any more."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from approvals import notice_words, robots
from approvals.models import GroupMessage, GroupRobot, Request
from approvals.models.notifications import WAITING, Kind
from approvals.services.mailing import LEASE, pause_after, short
from approvals.services.notifying import News, tell
from organization import audit, outside
from organization.encryption import CannotUnseal
from organization.errors import DomainError
from organization.models import Department, User
from organization.sealed_fields import opened, sealed
from organization.services import told

_log: Final = logging.getLogger(__name__)
# About fifteen hours of silence, by the pauses between tries.
FAILURES_AT_MOST: Final = 20
# What nobody could tell a group for so long is no news any more.
NEWS_FOR: Final = timedelta(days=3)
LINES_AT_MOST: Final = 20
ROBOTS_AT_ONCE: Final = 100
# As for mails: a round ends before the next bells pile up, and long before a lease does.
ROUND_SECONDS: Final = 120.0
_LARGEST_ANSWER: Final = 64 * 1024
_FIELDS: Final = ("name", "department", "system", "kinds", "language", "is_active")
ADDRESS_AT_MOST: Final = 500


class RobotRefused(DomainError):
    """The address is none of a robot."""

    code = "robot_address_refused"
    message = _("This address is not taken: %(why)s")


class RobotSilent(DomainError):
    """The robot did not take a message."""

    code = "robot_silent"
    message = _("The robot did not take the message: %(why)s")


# --- setting up ------------------------------------------------------------------------------


@transaction.atomic
def add_robot(
    robot: GroupRobot, *, address: str, secret: str = "", actor: User | None, now: datetime
) -> GroupRobot:
    """Let a group be told. Raises RobotRefused and ValidationError."""
    robot.set_by = actor
    _seal(robot, address, secret)
    robot.full_clean()
    robot.save()
    _record("robot.added", robot, actor, now, after=told(robot, _FIELDS))
    return robot


@transaction.atomic
def edit_robot(robot: GroupRobot, *, actor: User | None, now: datetime) -> GroupRobot:
    """Write what differs, but for the address. In use again, it begins anew.

    Raises ValidationError.
    """
    before = GroupRobot.objects.select_for_update().get(pk=robot.pk)
    if robot.system != before.system:
        # An address of another system would be refused at the first message.
        _check(robot.system, opened(before, "sealed_address").decode())
    if robot.is_active and not before.is_active:
        robot.failures, robot.rests_until, robot.switched_off_at = 0, None, None
    robot.set_by = actor
    robot.full_clean()
    robot.save()
    _record(
        "robot.edited", robot, actor, now, before=told(before, _FIELDS), after=told(robot, _FIELDS)
    )
    return robot


@transaction.atomic
def change_address(
    robot: GroupRobot, *, address: str, secret: str = "", actor: User | None, now: datetime
) -> None:
    """Give a robot another address and secret. Raises RobotRefused."""
    _seal(robot, address, secret)
    robot.failures, robot.rests_until, robot.problem = 0, None, ""
    robot.save()
    _record("robot.address_changed", robot, actor, now)


def try_robot(robot: GroupRobot, *, actor: User | None, now: datetime) -> None:
    """Say a sentence in the group at once. Raises RobotRefused and RobotSilent."""
    with translation.override(robot.language):
        text = gettext("Kaoqin tells this group of requests in %(department)s.") % {
            "department": notice_words.one_line(robot.department.name)
        }
    _record("robot.tried", robot, actor, now)
    _post(robot, text, now)


def _seal(robot: GroupRobot, address: str, secret: str) -> None:
    address, secret = address.strip(), secret.strip()
    _check(robot.system, address)
    key = robot.key
    robot.sealed_address = sealed(GroupRobot, "sealed_address", address.encode(), key=key)
    robot.sealed_secret = (
        sealed(GroupRobot, "sealed_secret", secret.encode(), key=key) if secret else None
    )


def _check(system: str, address: str) -> None:
    """Refuse what no robot of the system listens at: names of people go to no other host."""
    if len(address) > ADDRESS_AT_MOST:
        raise RobotRefused(why=_("it is too long."))
    try:
        host, _port, _target = outside.parts_of(address)
    except outside.AddressRefused as refusal:
        raise RobotRefused(why=refusal.why) from refusal
    allowed = {*robots.HOSTS.get(system, ()), *settings.ROBOT_HOSTS}
    if host.lower() not in allowed:
        raise RobotRefused(why=_("write one of %(hosts)s.") % {"hosts": ", ".join(sorted(allowed))})


# --- telling ---------------------------------------------------------------------------------


def post_due(*, now: datetime, stopwatch: Callable[[], float] = time.monotonic) -> int:
    """Tell the groups what is due, each in one message; return how many lines went out.

    A robot that does not answer rests, with growing pauses, and switches itself off after
    FAILURES_AT_MOST of them; what it did not tell waits until it is in use again. No other waits:
    those that answered last time are told first. After ROUND_SECONDS the rest is for the next bell.
    `stopwatch` counts seconds.
    """
    open_ones = GroupMessage.objects.filter(closed_at=None)
    rows = (
        GroupRobot.objects.filter(is_active=True, pk__in=open_ones.values("robot"))
        .filter(_rested(now))
        .order_by("failures", F("told_at").asc(nulls_first=True), "pk")
    )
    count, began = 0, stopwatch()
    for key in list(rows.values_list("pk", flat=True)[:ROBOTS_AT_ONCE]):
        # Whole seconds: a pause of a minute is over when the bell of that minute rings.
        passed = int(stopwatch() - began)
        if passed > ROUND_SECONDS:
            break
        count += _tell_group(key, now + timedelta(seconds=passed))
    return count


def _rested(now: datetime) -> Q:
    return Q(rests_until=None) | Q(rests_until__lte=now)


def _tell_group(robot_id: int, now: datetime) -> int:
    # Whoever lets it rest is the one who tells; a bell beside it finds it resting.
    mine = GroupRobot.objects.filter(_rested(now), pk=robot_id, is_active=True)
    if not mine.update(rests_until=now + LEASE):
        return 0
    robot = GroupRobot.objects.select_related("department", "set_by").get(pk=robot_id)
    try:
        rows, text = _what(robot, now)
        if rows:
            _post(robot, text, now)
    except Exception as problem:
        _log.warning("Group robot %s was not heard (%s).", robot_id, type(problem).__name__)
        _fail(robot, problem, now)
        return 0
    _done(robot, rows, now)
    return len(rows)


def _what(robot: GroupRobot, now: datetime) -> tuple[list[GroupMessage], str]:
    """Return what to tell now, and the words; what is over is closed."""
    rows = list(
        robot.messages.filter(closed_at=None)
        .select_related("request__employee", "request__department")
        .order_by("pk")[: LINES_AT_MOST * 5]
    )
    over = [row for row in rows if _is_over(row, now)]
    GroupMessage.objects.filter(pk__in=[row.pk for row in over]).update(
        closed_at=now, problem="over"
    )
    taken: list[GroupMessage] = []
    lines: list[str] = []
    size = 0
    with translation.override(robot.language):
        for row in rows:
            if row in over:
                continue
            line = notice_words.request_sentence(Kind(row.kind), row.request)[:300]
            size += len(line.encode()) + 1
            if len(taken) == LINES_AT_MOST or (taken and size > robots.BYTES_AT_MOST):
                break
            taken.append(row)
            lines.append(line)
    return taken, "\n".join(lines)


def _is_over(row: GroupMessage, now: datetime) -> bool:
    is_decided = row.kind in WAITING and row.request.status != Request.Status.WAITING
    return is_decided or now - row.created_at > NEWS_FOR


def _post(robot: GroupRobot, text: str, now: datetime) -> None:
    try:
        address = opened(robot, "sealed_address").decode()
        secret = opened(robot, "sealed_secret").decode() if robot.sealed_secret else ""
    except CannotUnseal as refusal:
        raise RobotSilent(why=_("its address cannot be opened.")) from refusal
    _check(robot.system, address)
    post = robots.post(robot.system, address, secret, text, second=int(now.timestamp()))
    try:
        answer = outside.ask(
            post.address,
            method="POST",
            body=post.body,
            headers={"Content-Type": "application/json; charset=utf-8"},
            largest=_LARGEST_ANSWER,
        )
    except outside.AddressRefused as refused:
        raise RobotRefused(why=refused.why) from None
    except outside.AddressSilent as silent:
        raise RobotSilent(why=silent.why) from None
    # A redirect is a refusal: nothing is followed.
    if why := robots.refusal(answer.status, answer.content):
        raise RobotSilent(why=notice_words.one_line(why))


def _done(robot: GroupRobot, rows: list[GroupMessage], now: datetime) -> None:
    with transaction.atomic():
        GroupMessage.objects.filter(pk__in=[row.pk for row in rows]).update(
            sent_at=now, closed_at=now, tries=F("tries") + 1
        )
        values: dict[str, Any] = {"rests_until": None}
        if rows:
            values |= {"failures": 0, "problem": "", "told_at": now}
        GroupRobot.objects.filter(pk=robot.pk).update(**values)


@transaction.atomic
def _fail(robot: GroupRobot, problem: Exception, now: datetime) -> None:
    """Let a robot rest, or switch it off and say so to whoever set it up and to administrators."""
    row = GroupRobot.objects.select_for_update().get(pk=robot.pk)
    row.failures += 1
    row.problem = short(problem)
    row.rests_until = now + pause_after(row.failures)
    if row.failures >= FAILURES_AT_MOST:
        row.is_active, row.switched_off_at = False, now
        keys = set(User.objects.filter(is_superuser=True).values_list("pk", flat=True))
        keys |= {row.set_by_id} if row.set_by_id is not None else set()
        facts = {"name": row.name, "count": row.failures}
        subject = f"robot:{row.pk}:{int(now.timestamp())}"
        tell([News(key, Kind.ROBOT_OFF, subject, facts=facts) for key in sorted(keys)], now=now)
        _record("robot.switched_off", row, None, now, failures=row.failures)
    row.save(update_fields=["failures", "problem", "rests_until", "is_active", "switched_off_at"])


def _record(
    verb: str, robot: GroupRobot, actor: User | None, now: datetime, **facts: object
) -> None:
    department: Department = robot.department
    audit.record(actor=actor, verb=verb, thing=robot, department=department, now=now, **facts)
