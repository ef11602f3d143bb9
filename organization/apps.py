"""The floor: people, the department tree, who may do what."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class OrganizationConfig(AppConfig):
    name = "organization"
    verbose_name = _("Organization")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the audit log be sealed, and hear who comes in."""
        from organization import log_in_audit, roles
        from organization.seals.tables import register

        # How long rows are kept, and whose they are: each app says it of its own.
        autodiscover_modules("retention_classes", "personal_data")
        log_in_audit.connect()
        # As Django lays its permissions: a flushed database has the built-in roles again.
        post_migrate.connect(roles.lay_built_in, sender=self)
        register(
            "organization.auditentry",
            moment="at",
            layouts=[
                (
                    "id", "at", "actor_id", "verb", "thing_type", "thing_id", "thing_name",
                    "department_id", "facts", "channel", "through", "address", "request_id",
                ),
            ],
        )  # fmt: skip
