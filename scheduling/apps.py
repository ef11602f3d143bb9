"""What is expected: shifts, assignments, rotations, rosters, calendars."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = _("Scheduling")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the audit log tell in sentences what a shift said and says."""
        from organization.audit_telling import register_teller
        from scheduling.shift_words import tell_stored

        for verb in ("shift.added", "shift.changed"):
            register_teller(verb, tell_stored)
