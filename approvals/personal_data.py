"""Whose requests are, and what a copy of one's data tells of them."""

from __future__ import annotations

from approvals.models import (
    Allowance,
    ApprovalRule,
    ApprovalRuleStep,
    Decider,
    Delegation,
    GroupMessage,
    GroupRobot,
    MakeUpPeriod,
    Notification,
    NotificationSetting,
    Request,
    RequestPhoto,
    Sending,
    Step,
)
from organization.personal.datamap import About, Erased, NotPersonal, Sort, register
from organization.personal_data import KEY, OTHERS, WHO
from organization.sealed_fields import opened

_SENT = "how it was sent, which says nothing of anybody"
_TERMS = "how the step was found, which its reasons tell"

register(
    About(
        Request,
        Sort.DECISIONS,
        ("kind", "work_date", "department", "slot", "corrected_at", "punch", "anomaly",
         "starts_at", "ends_at", "unit", "leave_type", "amount_days", "days_next_year",
         "reason", "submitted_by", "submitted_at", "rule_name", "status", "settled_at",
         "settled_by", "settled_reason"),
        {"id": KEY, "employee": WHO, "photo_digest": "proves that the photo was not changed",
         "digest": "proves that the request was not changed",
         "period_starts_on": "made of the work date",
         "correction": "told as a correction", "absence": "told as an absence",
         "overtime": "told as approved overtime", "decision": "told as a verdict"},
        way="employee",
    ),
    About(
        RequestPhoto,
        Sort.EVIDENCE,
        ("request", "content", "kept_at"),
        {"id": KEY},
        way="request__employee",
        reads={"content": lambda row: opened(row, "content")},
        erased=Erased.ALWAYS,
    ),
    About(
        Step,
        Sort.DECISIONS,
        ("request", "index", "way", "mode", "reasons", "opened_at", "reminded_at", "escalated_at",
         "closed_at", "verdict"),
        {"id": KEY, **dict.fromkeys(
            ("levels", "role_key", "person", "remind_hours", "escalate_hours"), _TERMS)},
        way="request__employee",
    ),
    About(
        Decider,
        Sort.DECISIONS,
        ("step", "user", "is_above", "verdict", "decided_by", "decided_at"),
        {"id": KEY},
        way="step__request__employee",
    ),
    About(
        Allowance,
        Sort.DECISIONS,
        ("leave_type", "year", "days"),
        {"id": KEY, "employee": WHO},
        way="employee",
    ),
    About(
        Delegation,
        Sort.DECISIONS,
        ("giver", "deputy", "department", "starts_at", "ends_at", "given_at", "ended_at",
         "told_at"),
        {"id": KEY},
        way="giver__employee",
    ),
    About(
        Notification,
        Sort.LOG_IN,
        ("kind", "subject", "request", "facts", "created_at", "read_at"),
        {"id": KEY, "recipient": WHO},
        way="recipient__employee",
    ),
    About(
        Sending,
        Sort.LOG_IN,
        ("notification", "channel", "due_at", "tries", "sent_at", "closed_at", "problem"),
        {"id": KEY},
        way="notification__recipient__employee",
    ),
    About(
        NotificationSetting,
        Sort.LOG_IN,
        ("mail", "mail_hour", "punch_minutes"),
        {"id": KEY, "user": WHO},
        way="user__employee",
    ),
    About(
        GroupMessage,
        Sort.DECISIONS,
        ("robot", "kind", "request", "created_at", "sent_at", "closed_at"),
        {"id": KEY, **dict.fromkeys(
            ("subject", "due_at", "tries", "problem"), _SENT)},
        way="request__employee",
    ),
    NotPersonal(GroupRobot, OTHERS),
    NotPersonal(MakeUpPeriod, "a row to wait at; the requests themselves are told"),
    NotPersonal(ApprovalRule, OTHERS),
    NotPersonal(ApprovalRuleStep, OTHERS),
)  # fmt: skip
