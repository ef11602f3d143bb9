"""The chain, and how far it has been checked."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Seal(models.Model):
    """A link of the chain over rows that are never changed. Added, never changed; ids have no gap.

    A seal of rows covers the keys `low` < key <= `high` of one table: its `members` are the rows
    that were there, each with a digest, and no other row may ever be there. A removal names rows
    that the product itself took away, and why.
    """

    class Kind(models.TextChoices):
        ROWS = "rows", _("Rows sealed")
        REMOVAL = "removal", _("Rows removed")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    table = models.CharField(_("table"), max_length=60)
    layout = models.PositiveSmallIntegerField(_("layout"))
    low = models.BigIntegerField(_("after key"))
    high = models.BigIntegerField(_("up to key"))
    count = models.PositiveIntegerField(_("rows"))
    members = models.BinaryField(_("members"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    sealed_at = models.DateTimeField(_("sealed"))
    complete_at = models.DateTimeField(
        _("complete"),
        null=True,
        help_text=_("At this moment no row lay beyond it; empty: there was more to seal."),
    )
    key_id = models.CharField(_("key"), max_length=16)
    previous = models.CharField(_("previous"), max_length=64)
    digest = models.CharField(_("digest"), max_length=64, unique=True)

    class Meta:
        app_label = "organization"
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        ordering = ["pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="seal_covers_forward", condition=Q(high__gte=F("low"))),
        ]
        indexes = [
            # The last seal of a table, and the way through one table's seals.
            models.Index(fields=["table", "id"], name="seal_by_table"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} · {self.table} · {self.sealed_at:%Y-%m-%d %H:%M}"


class SealWatch(models.Model):
    """How far a table has been sealed and checked. A note for the bells, not a proof."""

    table = models.CharField(_("table"), max_length=60, unique=True)
    # Keys up to here were handed out to writers that may not have committed yet.
    mark = models.BigIntegerField(_("mark"), null=True)
    marked_at = models.DateTimeField(_("marked"), null=True)
    writers: models.JSONField[Any, Any] = models.JSONField(_("writers"), default=list)
    checked_up_to = models.BigIntegerField(_("checked up to seal"), default=0)
    round_began_at = models.DateTimeField(_("round began"), null=True)
    round_ended_at = models.DateTimeField(_("last full check"), null=True)
    problem: models.JSONField[Any, Any] = models.JSONField(_("problem"), null=True)
    problem_since = models.DateTimeField(_("problem since"), null=True)

    class Meta:
        app_label = "organization"
        verbose_name = _("watch over a sealed table")
        verbose_name_plural = _("watches over sealed tables")
        default_permissions = ()

    def __str__(self) -> str:
        return self.table
