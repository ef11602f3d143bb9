"""Who comes to a door, and what they find behind it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Who(StrEnum):
    """Who comes. The first seven are the roles of `organization.roles`; nobody has no log-in."""

    SUPER_ADMINISTRATOR = "super administrator"
    GROUP_HR_DIRECTOR = "group HR director"
    UNIT_HR = "unit HR"
    DEPARTMENT_SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    EMPLOYEE = "employee"
    INTEGRATION_CLIENT = "integration client"
    PUNCH_SOURCE = "punch source"
    NOBODY = "nobody"


class Reach(StrEnum):
    """What somebody finds behind a door."""

    ALL = "all"
    SCOPED = "scoped"
    OWN = "own"
    # The door opens, and there is nothing behind it.
    EMPTY = "empty"
    # Answered 404 or 403, whatever stands in the address.
    REFUSED = "refused"
    # Led to the log-in; a program hears 401.
    LOG_IN = "log in"
    # The same for everybody, and no row of anybody.
    OPEN = "open"


class Rule(NamedTuple):
    """A row of the table: what each of `Who`, in that order, finds."""

    name: str
    reaches: tuple[Reach, ...]

    def reach(self, who: Who) -> Reach:
        """Return what `who` finds."""
        return self.reaches[list(Who).index(who)]


_LETTERS: Final = {
    "a": Reach.ALL,
    "s": Reach.SCOPED,
    "o": Reach.OWN,
    "e": Reach.EMPTY,
    "-": Reach.REFUSED,
    "?": Reach.LOG_IN,
    "+": Reach.OPEN,
}


def _rule(name: str, letters: str) -> Rule:
    reaches = tuple(_LETTERS[letter] for letter in letters.split())
    if len(reaches) != len(Who):
        raise ValueError(f"{name!r} must say what each of {len(Who)} finds; it says {letters!r}.")
    return Rule(name, reaches)


# The columns: super administrator, director, unit HR, supervisor, auditor, employee, integration
# client, punch source, nobody. The console knows no programs: to it they are nobody.
OPEN: Final = _rule("open to the world", "+ + + + + + + + +")
FRONT: Final = _rule("whoever works in the console", "a o s s s ? ? ? ?")
THINGS: Final = _rule("see details", "a - s s s ? ? ? ?")
PEOPLE: Final = _rule("see details, and one's own", "a o s s s ? ? ? ?")
# To see somebody's days is not enough for what their phone told of them.
EVIDENCE: Final = _rule("read the log or decide, and one's own", "a o s s s ? ? ? ?")
CONFIGURE: Final = _rule("configure", "a - s - - ? ? ? ?")
DECIDE: Final = _rule("decide", "a - s s - ? ? ? ?")
EXPORT: Final = _rule("export", "a - s - - ? ? ? ?")
AUDIT: Final = _rule("read the log", "a - s - s ? ? ? ?")
SUMMARISE: Final = _rule("see totals", "a s s s s ? ? ? ?")
GRANT: Final = _rule("grant", "a - s - - ? ? ? ?")
ADMINISTER: Final = _rule("administer", "a - - - - ? ? ? ?")
NEVER: Final = _rule("nobody", "- - - - - ? ? ? ?")
CONSOLE: Final = _rule("everybody in the console, no rows", "+ + + + + ? ? ? ?")
OWN_PAGES: Final = _rule("one's own days", "o o o o o o ? ? ?")
API_OWN: Final = _rule("API: one's own position", "o o o o o o - - ?")
# A log-in's own page: whoever may read or decide a row finds it, in the console or not.
REQUESTS: Final = _rule("see details, and what one asks or decides", "a o s s s o ? ? ?")
ANSWERS: Final = _rule("decide, and answer for what one asks", "a o s s - o ? ? ?")
CONSOLE_ANSWERS: Final = _rule("console: decide, and answer for what one asks", "a o s s - ? ? ? ?")
API_ASK: Final = _rule("API: ask, for oneself or whom one configures", "a o s o o o - - ?")
API_ANSWERS: Final = _rule("API: decide, and answer for what one asks", "a o s s - o - - ?")
API_PEOPLE: Final = _rule("API: see details, and one's own", "a o s s s o s e ?")
API_THINGS: Final = _rule("API: see details", "a e s s s e s e ?")
API_TOTALS: Final = _rule("API: see totals", "a s s s s - - - ?")
API_RECORD: Final = _rule("API: bring in punches", "- - - - - - - s ?")
API_WORDS: Final = _rule("API: how to ask", "+ + + + + + + + ?")
PAIRED: Final = _rule("the browser that is bound, whoever uses it", "- - - - - - - - -")
INSIDE: Final = _rule("no door for anybody", "- - - - - - - - -")
