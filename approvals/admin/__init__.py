"""The console's pages: requests, the matrix, deputies, allowances, group robots."""

from approvals.admin.allowances import AllowanceAdmin
from approvals.admin.delegations import DelegationAdmin
from approvals.admin.matrix import ApprovalRuleAdmin
from approvals.admin.requests import RequestAdmin
from approvals.admin.robots import GroupRobotAdmin

__all__ = [
    "AllowanceAdmin",
    "ApprovalRuleAdmin",
    "DelegationAdmin",
    "GroupRobotAdmin",
    "RequestAdmin",
]
