"""How the tree stood on days that are over."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class FormerDepartment(models.Model):
    """Where a department hung, and its own zone, on the days before a date.

    Moving a department, or changing its zone, says nothing about days that are over: they are
    judged by the tree of their date.
    """

    department = models.ForeignKey(
        "organization.Department",
        models.CASCADE,
        related_name="former",
        verbose_name=_("department"),
    )
    valid_until = models.DateField(_("until"), help_text=_("The first day that is otherwise."))
    parent = models.ForeignKey(
        "organization.Department",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("belonged to"),
    )
    timezone = models.CharField(_("time zone"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("former place of a department")
        verbose_name_plural = _("former places of departments")
        ordering = ["department", "valid_until"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["department", "valid_until"], name="one_former_place_until_a_date"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.department} < {self.valid_until}"
