"""Positions."""

from __future__ import annotations

from django.contrib import admin

from organization.models import Position
from organization.scoped_admin import ScopedAdmin


@admin.register(Position)
class PositionAdmin(ScopedAdmin):
    """Positions serve the whole group: everybody reads them, administrators write them."""

    is_common = True
    actions = ("delete_selected",)
    list_display = ("code", "name")
    search_fields = ("code", "name")
