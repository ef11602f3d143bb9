"""Phones: whose they are, and the keys with which they sign."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organization.access import ScopedQuerySet
from organization.models import Employee


class PhoneQuerySet(ScopedQuerySet):
    """Phones are seen by whoever sees the person."""

    department_lookup = "employee__department"
    person_lookup = "employee"


class Phone(models.Model):
    """A phone that somebody registered as theirs, by a key that never leaves it.

    `key` is the thumbprint of the public key (RFC 7638, SHA-256). One phone in the hands of two
    people is two rows with one key. A phone given up and taken again is a new row: how often
    somebody changes phones is part of the evidence.
    """

    employee = models.ForeignKey(
        Employee, models.PROTECT, related_name="phones", verbose_name=_("employee")
    )
    key = models.CharField(_("key"), max_length=43, db_index=True)
    public_key = models.JSONField(_("public key"))
    name = models.CharField(_("name"), max_length=100, blank=True)
    bound_at = models.DateTimeField(_("bound"))
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    counter = models.PositiveBigIntegerField(
        _("counter"), default=0, help_text=_("The highest number of a punch that it has sent.")
    )

    objects = PhoneQuerySet.as_manager()

    class Meta:
        verbose_name = _("phone")
        verbose_name_plural = _("phones")
        ordering = ["-bound_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "key"],
                condition=Q(released_at__isnull=True),
                name="one_binding_per_person_and_phone",
            ),
            models.CheckConstraint(
                name="phone_is_released_after_it_was_bound",
                condition=Q(released_at__isnull=True) | Q(released_at__gte=F("bound_at")),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.key[:8]
