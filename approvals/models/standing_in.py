"""Who decides in somebody's place for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organization.access import Action, ScopedQuerySet
from organization.models import Department, User


class DelegationQuerySet(ScopedQuerySet):
    """Seen by who gave it and who holds it, and by whoever sees where the giver belongs."""

    def visible_to(self, user: User | AnonymousUser, action: Action = Action.SEE) -> Self:
        """Return the rows on which `user` may do `action`; one's own ones can be seen."""
        rows = super().visible_to(user, action)
        if action is not Action.SEE or user.pk is None or not user.is_active:
            return rows
        return rows | self.filter(Q(giver=user.pk) | Q(deputy=user.pk))

    def in_force(self, now: datetime) -> Self:
        """Return those that hold at a moment."""
        return self.filter(starts_at__lte=now, ends_at__gt=now, ended_at=None)


class Delegation(models.Model):
    """For a period somebody else decides what waits for this person. It ends; it is not deleted."""

    giver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("instead of")
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("decides")
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("department"),
        help_text=_("Where the giver belongs."),
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    given_at = models.DateTimeField(_("given"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # When the deputy was told of what waited as it began; empty until then.
    told_at = models.DateTimeField(_("deputy told"), null=True, blank=True, editable=False)

    objects = DelegationQuerySet.as_manager()

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        ordering = ["-starts_at"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="delegation_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("It ends before it starts."),
            ),
            models.CheckConstraint(
                name="nobody_stands_in_for_themselves",
                condition=~Q(giver=F("deputy")),
                violation_error_message=_("Nobody stands in for themselves."),
            ),
        ]
        indexes = [
            models.Index(fields=["deputy", "ends_at"], name="delegation_by_deputy"),
            # The bell: those that have begun since.
            models.Index(
                fields=["starts_at"], name="delegation_untold", condition=Q(told_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.giver} → {self.deputy}"
