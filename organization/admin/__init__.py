"""The pages about people: departments, positions, employees, log-ins, the audit log."""

from organization.admin.departments import DepartmentAdmin
from organization.admin.employees import EmployeeAdmin
from organization.admin.others import AuditEntryAdmin, LogInAdmin, PositionAdmin

__all__ = ["AuditEntryAdmin", "DepartmentAdmin", "EmployeeAdmin", "LogInAdmin", "PositionAdmin"]
