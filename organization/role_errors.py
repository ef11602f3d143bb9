"""How the giving of roles says no."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from organization.errors import DomainError, NotAllowed


class BeyondOwnRights(NotAllowed):
    """Nobody gives, or takes away, what they do not hold themselves."""

    code = "beyond_own_rights"
    message = _("You may hand out only what you hold yourself, and %(role)s is more than that.")


class ToOneself(NotAllowed):
    """A role that one gives oneself would stay when the one that it was given by ends."""

    code = "to_oneself"
    message = _("Nobody gives a role to themselves; ask somebody else who assigns roles.")


class GainsByMove(NotAllowed):
    """Whoever moves something to where they may do more, would give that to themselves."""

    code = "gains_by_move"
    message = _(
        "By this move you could do more with %(department)s than before: %(actions)s. Somebody "
        "who may do that already has to move it."
    )


class GivesByMove(NotAllowed):
    """Those who hold roles where something goes get it; so it takes what assigning takes."""

    code = "gives_by_move"
    message = _(
        "By this move others could do more with %(department)s than you may assign there: "
        "%(actions)s. Ask a super administrator."
    )


class NotForThem(DomainError):
    """Programs hold roles for programs, people the others."""

    code = "not_for_them"
    message = _(
        "%(user)s cannot hold %(role)s: roles for programs go to programs only, "
        "and the others to people only."
    )


class WrongPlace(DomainError):
    """A role of the whole group was given on a department, or the reverse."""

    code = "wrong_place"
    message = _(
        "Department: %(role)s is held either for the whole group or on a department, "
        "and this is the other one."
    )


class AlreadyHeld(DomainError):
    """The same role, on the same department, is in force."""

    code = "already_held"
    message = _("%(user)s holds %(role)s there already.")


class LastAdministrator(DomainError):
    """Nobody could administer the group any more."""

    code = "last_administrator"
    message = _("%(user)s is the last super administrator; appoint another one first.")


class BuiltInRole(DomainError):
    """What every installation has, means the same in every installation."""

    code = "built_in_role"
    message = _("%(role)s is built in and cannot be changed; add a role of your own.")


class HasLogIn(DomainError):
    """A person has one log-in."""

    code = "has_log_in"
    message = _("%(employee)s has a log-in already.")


class HasLeft(DomainError):
    """Whoever has left comes in no more."""

    code = "has_left"
    message = _("%(employee)s left on %(left_on)s; only people who are employed get a log-in.")
