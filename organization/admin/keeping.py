"""Legal holds, and the proofs of what was deleted by date."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from organization import holds
from organization.access import Action
from organization.models import LegalHold, RetentionRun, RetentionTally
from organization.retention_periods import PERIODS
from organization.scoped_admin import ReadOnlyAdmin, ReadOnlyInline, ScopedAdmin, display, scoped


@admin.register(LegalHold)
class LegalHoldAdmin(ScopedAdmin):
    """Who must not be forgotten while somebody may sue. A hold is placed and lifted, not edited."""

    empty_text = _("Nobody's data is held: what is past its time goes each night.")
    see_action = Action.AUDIT
    list_display = ("on", "reason", "since", "placed_by", "in_force", "lifted_at", "lifted_by")
    list_select_related = ("employee", "department", "placed_by", "lifted_by")
    search_fields = ("employee__number", "employee__name", "reason")
    search_help_text = _("Number, name or reason")
    autocomplete_fields = ("employee",)
    fields = ("employee", "department", "reason")
    sortable_by = ()
    actions = ("lift",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer whom and what this person may hold."""
        rows = db_field.remote_field.model._default_manager.all()
        kwargs["queryset"] = scoped(rows, request.user, Action.RULE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @display(description=_("on"))
    def on(self, hold: LegalHold) -> str:
        """Return whom or what is held."""
        return str(hold.employee or hold.department)

    @display(description=_("in force"), boolean=True)
    def in_force(self, hold: LegalHold) -> bool:
        """Say whether it still holds."""
        return hold.lifted_at is None

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody; a hold is lifted, and a new one placed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody."""
        return False

    def save_model(self, request: HttpRequest, obj: LegalHold, form: Any, change: bool) -> None:
        """Place the hold."""
        placed = holds.place(
            employee=obj.employee,
            department=obj.department,
            reason=obj.reason,
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
        obj.pk, obj.since, obj.placed_by = placed.pk, placed.since, placed.placed_by

    def has_lift_permission(self, request: HttpRequest) -> bool:
        """Whoever may place holds somewhere; the rows are narrowed down in the action."""
        return self._may_somewhere(request, Action.RULE)

    @admin.action(description=_("Lift"), permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: QuerySet[LegalHold]) -> None:
        """Lift the chosen holds."""
        now = timezone.now()
        self.apply_each(
            request,
            self.rows_for(request, Action.RULE).filter(pk__in=queryset.values("pk")),
            lambda row: holds.lift(hold_id=row.pk, actor=request.user, now=now),  # type: ignore[arg-type]
        )


class TallyInline(ReadOnlyInline):
    """What a run did, class by class."""

    model = RetentionTally
    fields = ("name", "cutoff", "deleted", "held_back", "waiting", "oldest_left", "digest")
    readonly_fields = fields

    @display(description=_("class"))
    def name(self, tally: RetentionTally) -> str:
        """Return the class in words."""
        period = PERIODS.get(tally.kept_class)
        return str(period.name) if period else tally.kept_class


@admin.register(RetentionRun)
class RetentionRunAdmin(ReadOnlyAdmin):
    """Proofs that what was past its date went. They hold numbers of the whole group."""

    empty_text = _("Each night's run leaves its proof here; the next one is at 02:40.")
    list_display = ("began_at", "ended_at", "deleted")
    sortable_by = ()
    inlines = (TallyInline,)

    def _find_out(self, request: HttpRequest, act: Action, pk: Any | None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RetentionRun]:
        """Return the runs with their tallies."""
        return super().get_queryset(request).prefetch_related("tallies")

    @display(description=_("deleted"))
    def deleted(self, run: RetentionRun) -> int:
        """Return how many rows went."""
        return sum(tally.deleted for tally in run.tallies.all())
