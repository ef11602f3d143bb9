"""The pages about people: departments, positions, employees, log-ins, the audit log."""

from organization.admin.audit import AuditEntryAdmin
from organization.admin.departments import DepartmentAdmin
from organization.admin.employees import EmployeeAdmin
from organization.admin.keeping import LegalHoldAdmin, RetentionRunAdmin
from organization.admin.lockouts import FailedLogInAdmin
from organization.admin.log_ins import LogInAdmin
from organization.admin.others import PositionAdmin
from organization.admin.roles import RoleAdmin, RoleAssignmentAdmin
from organization.admin.seals import SealAdmin

__all__ = [
    "AuditEntryAdmin",
    "DepartmentAdmin",
    "EmployeeAdmin",
    "FailedLogInAdmin",
    "LegalHoldAdmin",
    "LogInAdmin",
    "PositionAdmin",
    "RetentionRunAdmin",
    "RoleAdmin",
    "RoleAssignmentAdmin",
    "SealAdmin",
]
