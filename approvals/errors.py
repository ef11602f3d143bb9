"""How requests are refused."""

from __future__ import annotations

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from organization.errors import DomainError, NotAllowed


class SelfDecision(NotAllowed):
    """Nobody decides what they asked for, for themselves or for somebody else."""

    code = "self_decision"
    message = _("You asked for this yourself; somebody else decides it.")


class NotYourDecision(NotAllowed):
    """The request can be seen, and its step asks others."""

    code = "not_your_decision"
    message = _("This step asks %(deciders)s.")


class IllegalMove(DomainError):
    """What is decided stays decided."""

    code = "illegal_move"
    message = _("The request is “%(old)s” already and cannot become “%(new)s”.")

    def __str__(self) -> str:
        from approvals.models import Request

        old = Request.Status(str(self.facts["old"]))
        if old in (Request.Status.APPROVED, Request.Status.REJECTED):
            return gettext("This has been decided already: %(old)s.") % {"old": old.label}
        return str(self.message) % {
            "old": old.label,
            "new": Request.Status(str(self.facts["new"])).label,
        }


class CountsAlready(IllegalMove):
    """A held punch whose other proof came waits for nobody."""

    message = _("Both proofs are there, so the punch counts; nobody decides about it.")

    def __str__(self) -> str:
        return str(self.message)


class CountsAgain(IllegalMove):
    """An appeal whose punch somebody let count again has what it asked for."""

    message = _("The punch counts again, so the appeal is settled; nobody decides about it.")

    def __str__(self) -> str:
        return str(self.message)


class AlreadySaid(DomainError):
    """A decider of a step speaks once."""

    code = "already_said"
    message = _("You have decided this step already; it waits for others.")


class QuotaSpent(DomainError):
    """So many make-ups a period, and no more: waiting and approved ones count."""

    code = "quota_spent"
    message = _("%(limit)s make-up requests are allowed from %(first)s to %(last)s; all are used.")


class InTheFuture(DomainError):
    """A make-up repairs the past."""

    code = "future"
    message = _("%(corrected_at)s has not come yet; a make-up is for what has passed.")


class BeforeItsShift(DomainError):
    """A moment at which no punch counts for the date."""

    code = "before_its_shift"
    message = _(
        "No punch counts for %(work_date)s as early as that; look at the date and the hour."
    )


class AfterItsShift(DomainError):
    """A moment at which no punch counts for the date any more."""

    code = "after_its_shift"
    message = _("No punch counts for %(work_date)s as late as that; look at the date and the hour.")


class TooLate(DomainError):
    """The rule says how far back a make-up reaches."""

    code = "too_late"
    message = _("Requests for %(work_date)s were taken until %(last_on)s.")


class KindRefused(DomainError):
    """The rule says what a make-up may repair."""

    code = "make_up_not_allowed"
    message = _("Your rule takes no make-up for %(kind)s; ask HR, or appeal.")
    _KINDS: ClassVar[dict[str, Promise]] = {
        "missing": _("a missing punch"),
        "late": _("coming late"),
        "early": _("leaving early"),
        "other": _("a punch that is there and in time"),
    }

    def __str__(self) -> str:
        return str(self.message) % {"kind": self._KINDS[str(self.facts["kind"])]}


class PhotoMissing(DomainError):
    """The rule wants to see something."""

    code = "photo_missing"
    message = _("Your rule wants a photo with a make-up request; take or choose one.")


class AskedAlready(DomainError):
    """One request in force for one slot, punch or stretch of time; `status` is the other one's."""

    code = "asked_already"
    message = _(
        "%(kind)s of %(work_date)s has been asked for already; withdraw it or wait for its "
        "decision."
    )
    _APPROVED: ClassVar[Promise] = _(
        "%(kind)s of %(work_date)s is approved already; whoever decides can take it back."
    )

    def __str__(self) -> str:
        from approvals.models import Request

        text = self._APPROVED if self.facts["status"] == Request.Status.APPROVED else self.message
        kind = Request.Kind(str(self.facts["kind"])).label
        return str(text) % {"kind": kind, "work_date": self.facts["work_date"]}


class NothingOwed(DomainError):
    """Leave is taken from working time."""

    code = "nothing_owed"
    message = _("No working time is planned between %(first)s and %(last)s.")


class NotPlannedYet(DomainError):
    """Which hours of a night or of several dates are work, only a roster says."""

    code = "not_planned_yet"
    message = _(
        "No roster says yet which of these hours are work. Ask for each date by itself, or for "
        "whole or half days."
    )


class NoSuchFinding(DomainError):
    """An appeal is against something that was found."""

    code = "no_such_finding"
    message = _("Nothing of that kind was found on %(work_date)s.")


class AllowanceSpent(DomainError):
    """So many days of that leave a year, and no more."""

    code = "allowance_spent"
    message = _("%(left)s days of %(leave)s are left in %(year)s; this asks for %(asked)s.")


class ReasonMissing(DomainError):
    """Whoever says no, or takes back, says why."""

    code = "reason_missing"
    message = _("Say why, in 1 to 200 signs.")


class OpenedByItself(DomainError):
    """What nobody asked for, nobody withdraws."""

    code = "opened_by_itself"
    message = _("This request opened by itself for a held punch; it waits for its decision.")


class ContentChanged(DomainError):
    """What is approved is what was submitted."""

    code = "content_changed"
    message = _("This request no longer says what was submitted; tell your administrator.")


class CannotStandIn(DomainError):
    """Whoever stands in has a log-in of their own, in the same business unit."""

    code = "cannot_stand_in"
    message = _("%(deputy)s cannot stand in: choose somebody else of the unit, with a log-in.")


class OwnDecider(NotAllowed):
    """Nobody chooses who decides about themselves in somebody else's place."""

    code = "own_decider"
    message = _("%(giver)s decides about you; somebody else names who stands in for them.")
