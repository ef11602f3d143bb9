"""What happened and what it means: punches, rules, days."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AttendanceConfig(AppConfig):
    name = "attendance"
    verbose_name = _("Attendance")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let punches, the verdicts on held ones, earlier results and closings be sealed.

        And let the audit log tell in sentences what a rule said and says.
        """
        from attendance.rule_words import tell_columns
        from attendance.services.notices import lay_first
        from organization.audit_telling import register_teller
        from organization.seals.tables import register

        for verb in ("rule.drafted", "rule.published", "rule.discarded"):
            register_teller(verb, tell_columns)

        # As the built-in roles: a flushed database has the first notices again.
        post_migrate.connect(lay_first, sender=self)
        register(
            "attendance.punch",
            moment="received_at",
            layouts=[
                (
                    "id", "employee_id", "department_id", "punched_at", "received_at", "zone",
                    "method", "source", "direction", "terminal_id", "is_held", "natural_key",
                ),
            ],
        )  # fmt: skip
        register(
            "attendance.punchdecision",
            moment="decided_at",
            layouts=[("id", "punch_id", "verdict", "reason", "decided_by_id", "decided_at")],
        )
        register(
            "attendance.punchcheck",
            moment="checked_at",
            layouts=[
                (
                    "id", "punch_id", "outcome", "reasons", "rule_version_id", "phone_id",
                    "claim_digest", "checked_at",
                ),
                (
                    "id", "punch_id", "outcome", "reasons", "rule_version_id", "phone_id",
                    "number", "claim_digest", "checked_at",
                ),
            ],
        )  # fmt: skip
        register(
            "attendance.dayhistory",
            moment="replaced_at",
            layouts=[("id", "day_id", "status", "facts", "judged_at", "replaced_at", "cause")],
        )
        register(
            "attendance.periodclosing",
            moment="closed_at",
            layouts=[
                (
                    "id", "period_id", "number", "previous_id", "department_id", "starts_on",
                    "ends_on", "closed_by_id", "closed_at", "layout", "people", "days",
                    "adjustments", "totals", "names", "confirmed", "checksum",
                ),
            ],
        )  # fmt: skip
        register(
            "attendance.closedday",
            moment="closed_at",
            layouts=[
                (
                    "id", "closing_id", "employee_id", "work_date", "department_id",
                    "closing_number", "number", "name", "status", "day_type", "late_minutes",
                    "early_minutes", "worked_minutes", "required_minutes", "shortage_minutes",
                    "leave_minutes", "outing_minutes", "overtime_workday_minutes",
                    "overtime_rest_minutes", "overtime_holiday_minutes", "absent_days", "missing",
                    "digest", "closed_at",
                ),
            ],
        )  # fmt: skip
        register(
            "attendance.adjustment",
            moment="found_at",
            layouts=[
                (
                    "id", "closing_id", "employee_id", "work_date", "department_id", "version",
                    "before", "after", "cause", "found_at",
                ),
            ],
        )  # fmt: skip
        register(
            "attendance.takenadjustment",
            moment="taken_at",
            layouts=[("id", "closing_id", "adjustment_id", "number", "name", "taken_at")],
        )
