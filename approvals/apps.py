"""The app that decides."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    """Requests and who decides them."""

    name = "approvals"
    verbose_name = _("Approvals")
