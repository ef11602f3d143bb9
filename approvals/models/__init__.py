"""Requests, their steps and deciders; the matrix; who stands in for whom; who is told what."""

from approvals.models.matrix import ApprovalRule, ApprovalRuleStep
from approvals.models.notifications import Notification, NotificationSetting, Sending
from approvals.models.requests import Allowance, Decider, MakeUpPeriod, Request, RequestPhoto, Step
from approvals.models.robots import GroupMessage, GroupRobot
from approvals.models.standing_in import Delegation

__all__ = [
    "Allowance",
    "ApprovalRule",
    "ApprovalRuleStep",
    "Decider",
    "Delegation",
    "GroupMessage",
    "GroupRobot",
    "MakeUpPeriod",
    "Notification",
    "NotificationSetting",
    "Request",
    "RequestPhoto",
    "Sending",
    "Step",
]
