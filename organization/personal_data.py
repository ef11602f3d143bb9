"""Whose the rows of the floor are: people, log-ins, roles, the audit log, and what lies below."""

from __future__ import annotations

from typing import Any

from axes.models import AccessAttempt, AccessAttemptExpiration, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import models
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermission, UserObjectPermission

from organization import audit
from organization.models import (
    ApiToken,
    AuditEntry,
    Change,
    Department,
    Employee,
    FormerDepartment,
    HeldPerson,
    LegalHold,
    OpenSession,
    Position,
    RecoveryCode,
    RetentionRun,
    RetentionTally,
    Role,
    RoleAssignment,
    Seal,
    SealWatch,
    SecondFactor,
    Transfer,
    User,
)
from organization.personal.datamap import About, Erased, NotPersonal, Sort, register

KEY = "a number that only the database uses"
SECRET = "whoever reads the copy could come in by it"  # noqa: S105 - the reason, no secret
WHO = "the person whose copy this is"
OTHERS = "about other people or things than the person"


def _failures(employee: Employee) -> models.QuerySet[AccessAttempt]:
    name = employee.user.username if employee.user is not None else ""
    return AccessAttempt.objects.filter(username=name).exclude(username="")


def _written_down(employee: Employee) -> models.QuerySet[AuditEntry]:
    """Return what the log says about a person, but for legal holds: whoever is held is not told."""
    address = (
        models.Case(models.When(actor=employee.user_id, then="address"), default=None)
        if employee.user_id is not None
        else models.Value(None, output_field=models.CharField())
    )
    about = audit.entries_about(employee).exclude(verb__startswith="hold.")
    return about.annotate(own_address=address)


def _own_address(row: Any) -> Any:
    """Return where the person came from; where a colleague came from is the colleague's."""
    return row.own_address


register(
    About(
        Employee,
        Sort.IDENTITY,
        ("number", "name", "department", "position", "supervisor", "joined_on", "left_on"),
        {"id": KEY, "user": "the log-in, told below"},
        way="",
    ),
    About(
        Transfer,
        Sort.IDENTITY,
        ("effective_on", "department", "position"),
        {"id": KEY, "employee": WHO},
        way="employee",
    ),
    About(
        Department,
        Sort.IDENTITY,
        ("code", "name"),
        dict.fromkeys(("id", "parent", "path", "is_unit", "timezone"), "about the department")
        | {"head": WHO},
        way="head",
    ),
    About(
        User,
        Sort.LOG_IN,
        ("username", "first_name", "last_name", "email", "language", "is_active", "date_joined",
         "last_login", "is_staff", "is_superuser", "one_time_until"),
        {"id": KEY, "password": SECRET, "is_program": "people are no programs",
         "groups": "not used: roles take their place",
         "user_permissions": "not used: roles take their place"},
        way="employee",
    ),
    About(
        RoleAssignment,
        Sort.LOG_IN,
        ("role", "department", "since", "granted_by", "ended_at", "ended_by"),
        {"id": KEY, "user": WHO},
        way="user__employee",
    ),
    About(
        OpenSession,
        Sort.LOG_IN,
        ("began_at", "seen_at", "expire_date", "address", "browser"),
        {"session_key": SECRET, "session_data": SECRET, "user": WHO},
        way="user__employee",
        erased=Erased.LEAVERS,
        kept=_("until it has run out"),
    ),
    About(
        SecondFactor,
        Sort.LOG_IN,
        ("confirmed_at", "failed_count", "failed_at"),
        {"id": KEY, "user": WHO, "sealed_secret": SECRET, "last_step": SECRET},
        way="user__employee",
        erased=Erased.LEAVERS,
    ),
    About(
        RecoveryCode,
        Sort.LOG_IN,
        ("used_at",),
        {"id": KEY, "user": WHO, "digest": SECRET},
        way="user__employee",
        erased=Erased.LEAVERS,
    ),
    About(
        ApiToken,
        Sort.LOG_IN,
        ("name", "prefix", "created_at", "created_by", "expires_at", "revoked_at", "last_used_at"),
        {"id": KEY, "user": WHO, "digest": SECRET},
        way="user__employee",
        erased=Erased.LEAVERS,
    ),
    About(
        AccessAttempt,
        Sort.LOG_IN,
        ("attempt_time", "ip_address", "user_agent", "failures_since_start"),
        {"id": KEY, "username": WHO, "http_accept": "what every browser says",
         "path_info": "the page of the log-in", "get_data": SECRET, "post_data": SECRET},
        rows=_failures,
        erased=Erased.LEAVERS,
    ),
    About(
        AuditEntry,
        Sort.AUDIT,
        ("at", "actor", "verb", "thing_type", "department", "facts", "channel", "through",
         "address"),
        {"id": KEY, "thing_id": KEY, "thing_name": WHO, "request_id": KEY},
        rows=_written_down,
        reads={"address": _own_address},
    ),
    NotPersonal(LegalHold, "protects the evidence of a dispute; whoever is held is not told"),
    NotPersonal(HeldPerson, "protects the evidence of a dispute; whoever is held is not told"),
    NotPersonal(Change, "which days wait to be judged anew; goes after 90 days"),
    NotPersonal(FormerDepartment, OTHERS),
    NotPersonal(Position, OTHERS),
    NotPersonal(Role, OTHERS),
    NotPersonal(Seal, "digests of rows that are told themselves"),
    NotPersonal(SealWatch, OTHERS),
    NotPersonal(RetentionRun, "numbers of the whole group"),
    NotPersonal(RetentionTally, "numbers of the whole group"),
    NotPersonal(UserObjectPermission, "derived from the roles, which are told"),
    NotPersonal(GroupObjectPermission, "not used"),
    NotPersonal(Group, "not used"),
    NotPersonal(Permission, OTHERS),
    NotPersonal(ContentType, OTHERS),
    NotPersonal(Session, "not used: sessions are told from a table of ours"),
    NotPersonal(LogEntry, "who saved which page; the audit log, which is told, says the same"),
    NotPersonal(AccessAttemptExpiration, "when a failed log-in is forgotten"),
    NotPersonal(AccessFailureLog, "switched off"),
    NotPersonal(AccessLog, "switched off"),
)  # fmt: skip
