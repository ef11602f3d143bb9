"""The app that adds up."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    """Pictures, tables and exports."""

    name = "reports"
    verbose_name = _("Reports")
