"""Passwords: how they are kept, which are too easy, and whom a password lets in."""

from __future__ import annotations

import re
from typing import Any, Final

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from organization import tokens
from organization.models import Department, User


class Argon2(Argon2PasswordHasher):
    """Argon2id with the second recommended option of RFC 9106: three passes over 64 MiB.

    Django's own 100 MiB for each log-in would let a queue of log-ins take a small server's memory.
    """

    time_cost = 3
    memory_cost = 64 * 1024
    parallelism = 4


class PasswordBackend(ModelBackend):
    """Lets in whoever knows the password of a log-in that is switched on.

    A one-time password lets nobody in once its time has passed, and ends the session that was
    opened with it and never replaced it. A program comes in by token, whatever password it knows.
    """

    def user_can_authenticate(self, user: Any) -> bool:
        """Say whether the log-in may be used now; asked with every request of a session as well."""
        until = user.one_time_until
        is_on = user.is_active and not user.is_program
        return bool(is_on) and (until is None or timezone.now() < until)


class LongEnough(MinimumLengthValidator):
    """Django's own, in words that are translated: its catalogues lack this sentence."""

    def get_error_message(self) -> str:
        """Return what is asked."""
        return _("This password is too short: it needs %(count)d characters or more.") % {
            "count": self.min_length
        }


class EndsTokens:
    """Lets tokens end with the password, whichever way it is changed: the command line's, too.

    Sessions end by themselves, for each carries a mark of the password it was opened with.
    """

    def validate(self, password: str, user: User | None = None) -> None:
        """Refuse nothing."""

    def get_help_text(self) -> str:
        """Say nothing: this asks for nothing."""
        return ""

    def password_changed(self, password: str, user: User | None = None) -> None:
        """Revoke what is left; Django calls this when a changed password has been saved."""
        if user is not None and user.pk:
            tokens.revoke_all(user, actor=None, now=timezone.now())


class WithoutContextWords:
    """Refuses passwords that are little more than words everybody here would try first.

    These are the product's and the departments' names, and the person's own name and number. They
    may be in a password, if enough is left when they are taken out.
    """

    WORDS: Final = ("kaoqin", "attendance", "password", "welcome", "考勤", "密码")
    AT_LEAST: Final = 8

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError where too little is left."""
        left = password.casefold()
        for word in self._words(user):
            left = left.replace(word, "")
        if len(left) < min(self.AT_LEAST, len(password)):
            raise ValidationError(str(self.get_help_text()), code="password_of_context_words")

    def get_help_text(self) -> str | Promise:
        """Say what is asked for."""
        return _(
            "Besides names that everybody here knows (the company’s, this program’s, your own), "
            "the password needs %(count)d more characters."
        ) % {"count": self.AT_LEAST}

    def _words(self, user: User | None) -> list[str]:
        words = [*self.WORDS]
        for name, code in Department.objects.filter(is_unit=True).values_list("name", "code")[:100]:
            words += [name, code]
        words += Department.objects.filter(parent=None).values_list("name", flat=True)[:10]
        employee = getattr(user, "employee", None) if user is not None and user.pk else None
        if employee is not None:
            words += [employee.number, employee.name]
        if user is not None:
            words.append(user.get_username())
        parts = {part for word in words for part in re.split(r"\s+", word.casefold())}
        # The longest first: a short word must not tear a long one to pieces.
        return sorted((part for part in parts if len(part) >= 2), key=len, reverse=True)
