"""What people do with requests: one function an intention, one transaction each."""

from approvals.services.deciding import approve, reject, revoke, withdraw
from approvals.services.delegating import delegate, end_delegation, tell_deputies
from approvals.services.submitting import (
    open_held,
    submit_appeal,
    submit_days,
    submit_hours,
    submit_make_up,
    submit_overtime,
)
from approvals.services.waiting import escalate, look_after

__all__ = [
    "approve",
    "delegate",
    "end_delegation",
    "escalate",
    "look_after",
    "open_held",
    "reject",
    "revoke",
    "submit_appeal",
    "submit_days",
    "submit_hours",
    "submit_make_up",
    "submit_overtime",
    "tell_deputies",
    "withdraw",
]
