"""How scheduling says no."""

from django.utils.translation import gettext_lazy as _

from organization.errors import DomainError


class ShiftInUse(DomainError):
    """A shift that somebody still works cannot be retired."""

    code = "shift_in_use"
    message = _("%(shift)s is still planned after %(day)s (%(where)s). End that first.")


class AssignmentsOverlap(DomainError):
    """The same people would have two assignments on one date."""

    code = "assignments_overlap"
    message = _(
        "%(who)s: %(what)s is assigned already, %(dates)s. "
        "End that before %(day)s, or choose other dates."
    )


class ShiftOutOfReach(DomainError):
    """A shift of one department cannot be worked in another."""

    code = "shift_out_of_reach"
    message = _("%(what)s belongs to %(owner)s and cannot be worked in %(department)s.")
