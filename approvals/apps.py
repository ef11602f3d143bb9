"""The app that decides."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    """Requests and who decides them."""

    name = "approvals"
    verbose_name = _("Approvals")

    def ready(self) -> None:
        """Listen for held punches, and add to one's own pages and to what hinders a closing."""
        from approvals import receivers
        from approvals.closing import WAITING_REQUESTS
        from approvals.own_pages import offers, offers_for, ways
        from attendance.console.own_links import register
        from attendance.services.closing_checks import register_check

        del receivers
        register(ways=ways, offers=offers, offers_for=offers_for)
        register_check(WAITING_REQUESTS)
