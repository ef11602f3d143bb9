"""What happened and what it means: punches, rules, days."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AttendanceConfig(AppConfig):
    name = "attendance"
    verbose_name = _("Attendance")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let punches, the verdicts on held ones and earlier results be sealed.

        And let the audit log tell in sentences what a rule said and says.
        """
        from attendance.rule_words import tell_columns
        from organization.audit_telling import register_teller
        from organization.seals.tables import register

        for verb in ("rule.drafted", "rule.published", "rule.discarded"):
            register_teller(verb, tell_columns)

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
            "attendance.dayhistory",
            moment="replaced_at",
            layouts=[("id", "day_id", "status", "facts", "judged_at", "replaced_at", "cause")],
        )
