"""Which line of the security notes is shown by which test, and which waits for what.

`python -m tests.security_register` prints it. What shows a line is never written down here: it is
found in the sources, by the id in a test's name (`_a01_`, `_r3_`) or docstring ("A-01").
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
ROOMS: Final = "organization scheduling devices attendance approvals reports config tests".split()
_IN_A_NAME: Final = re.compile(r"_([aprs])(\d{1,2})(?=_|$)")
_IN_A_SENTENCE: Final = re.compile(r"\b([APRS])-(\d{1,2})\b")

# What is not built yet. A line waits for one of these, never for "later".
APPROVALS: Final = "approvals"
TERMINALS: Final = "terminals that push"
WECOM: Final = "WeCom"
ERP: Final = "ERP feed"
ALARMS: Final = "alarms about bells"
LARGE_EXPORTS: Final = "exports in the background"
RELEASE: Final = "first release"
FEATURES: Final = frozenset(
    (APPROVALS, TERMINALS, WECOM, ERP, ALARMS, LARGE_EXPORTS, RELEASE)
)  # fmt: skip


class Wait(NamedTuple):
    """What a line, or a part of it, waits for, and why nothing can be shown before."""

    features: tuple[str, ...]
    why: str


# What each line is about.
LINES: Final[dict[str, str]] = {
    "R-1": "parallel requests with one key make one row",
    "R-2": "a key with another body is refused",
    "R-3": "a server killed before it answered: the retry hears what was stored",
    "R-4": "what is pushed to the ERP takes effect once",
    "R-5": "every task may run twice",
    "R-6": "whatever the order of two sessions, a day ends as if judged anew",
    "R-7": "a change of an old fact wakes the days it concerns and no others",
    "R-8": "a change in a locked month changes nothing and becomes an adjustment",
    "R-9": "a second export to payroll holds what changed, the first can be repeated",
    "R-10": "a terminal that was silent for 36 hours turns absences into results",
    "R-11": "10 000 people for a month: within the budget, in chunks, after a kill",
    "R-12": "backup, wipe, restore and recompute give the same days",
    "R-13": "a bell that is not rung, or never ends, raises an alarm",
    "A-01": "odd signs in any parameter of a list or an export",
    "A-02": "no exported cell is a formula",
    "A-03": "text becomes no program and no object",
    "A-04": "addresses inside the network are never asked",
    "A-05": "rules across fields, by every door",
    "A-06": "steps of approvals, quotas, two people for a lock",
    "A-07": "throttles per log-in and per address",
    "A-08": "headers and cookies",
    "A-09": "no change without the mark of the form, none by looking",
    "A-10": "no claim of a sender is believed",
    "A-11": "messages signed over body, time and nonce",
    "A-12": "uploads",
    "A-13": "no default account, strong passwords, every door alike",
    "A-14": "known and unknown names are answered alike",
    "A-15": "second factors: once, for thirty seconds, by the server's clock",
    "A-16": "sessions and tokens die",
    "A-17": "who may do what, field by field, at once",
    "A-18": "JSON web tokens",
    "A-19": "secrets are random",
    "A-20": "TLS to the services, roles of the database, no default secret",
    "A-21": "errors and descriptions tell nothing to strangers",
    "A-22": "personal data: classified, kept out of addresses, logs and caches",
    "A-23": "a list of what it is made of, and its advisories",
    "A-24": "what one may ask is bounded",
    "A-25": "exact fields in, exact fields out, odd values refused",
    "A-26": "checks that race",
    "A-27": "what is written down, and that nobody forges it",
    "A-28": "what fails is never taken for valid",
    "P-01": "evaluated request values",
    "P-02": "files and drafts without a log-in",
    "P-03": "markup that was stored through another door",
    "P-04": "rows of others by their keys",
    "P-05": "the second step of the log-in left out",
    "P-06": "deciding about oneself",
    "P-07": "inbound messages without a signature",
    "P-08": "an approval that rewrites what it approves",
    "P-09": "checks that fail open, and trust in what a client says",
    "P-10": "mail that becomes a command",
    "P-11": "sessions that outlive their log-in, files without a check",
    "P-12": "every door is listed with who may use it",
    "P-13": "nothing is sent to anybody",
    "P-14": "injection by order, filter and fields",
    "P-15": "templates that users write",
    "P-16": "paths that climb",
    "P-17": "changes in bulk by a link",
    "P-18": "rights by fields of one's own, log-ins of a demonstration",
    "P-19": "files that run, passwords that everybody has",
    "P-20": "terminals that are hostile",
    "P-21": "formulas in cells that are put together",
    "P-22": "supervisors of other departments",
    "P-23": "names found by the time of an answer",
    "P-24": "no token, an empty or an expired one",
    "P-25": "files that run and injection, in attendance",
    "P-26": "libraries escape formulas too",
    "P-27": "an export holds the rows of its list",
    "P-28": "an import adds evidence and changes none",
    "P-29": "rights on everything, rights that revive",
    "P-30": "no pages drawn by the API",
    "P-31": "packages that were mended, nothing spread into a query",
    "S-01": "a phone that says it is honest and proves it by nothing",
    "S-02": "a phone that says its position is made up",
    "S-03": "faster than anybody travels",
    "S-04": "the same position to the bit for days",
    "S-05": "accuracies that are none",
    "S-06": "a distance or a verdict that the phone claims",
    "S-07": "positions on another map",
    "S-08": "a picture of a code that is passed on",
    "S-09": "a code of another screen or unit",
    "S-10": "a code that one person uses twice",
    "S-11": "only the server's clock makes and checks a code",
    "S-12": "a revoked screen, and a secret that is in no answer",
    "S-13": "an access point's address, copied far away",
    "S-14": "addresses that can be no access point",
    "S-15": "spellings of an address",
    "S-16": "one phone for several people",
    "S-17": "a new phone",
    "S-18": "two proofs, at most so far apart",
    "S-19": "a phone's clock that was set",
    "S-20": "a request that was recorded and is sent again",
    "S-21": "evidence of another person, or too late",
    "S-22": "one serial number from two addresses",
    "S-23": "an insider who edits punches",
}

DOES_NOT_APPLY: Final[dict[str, str]] = {
    "A-18": "Programs come in by random keys that are looked up (A-19, P-24). Nothing here reads "
    "or writes a JSON web token.",
}

WAITS: Final[dict[str, Wait]] = {
    "R-4": Wait((ERP,), "Nothing is pushed to anybody yet."),
    "R-13": Wait((ALARMS,), "Bells are rung and logged; nobody is told when one stays silent."),
    "A-11": Wait((TERMINALS, WECOM), "No sender signs messages yet; programs come in by token "
                 "over TLS (P-24), and their keys keep a repeat from counting (R-1, R-2)."),
    "P-07": Wait((TERMINALS, WECOM, ERP), "Punches of programs are the only inbound door; they "
                 "come in by token (P-24)."),
    "S-22": Wait((TERMINALS,), "No terminal has an address of its own to be seen from yet."),
}  # fmt: skip

# Lines that tests show for what exists, and the part for which there is nothing yet.
PARTS_THAT_WAIT: Final[dict[str, Wait]] = {
    "R-6": Wait((APPROVALS,), "approvals among the steps that interleave"),
    "R-12": Wait((RELEASE,), "migration of a copy from each released schema"),
    "A-02": Wait((LARGE_EXPORTS,), "files made by a worker; mails hold lines of text, no tables"),
    "A-04": Wait((ERP,), "addresses of the feed; where a source of calendars redirects, each "
                 "address on the way is checked anew, and robots of groups are followed nowhere"),
    "A-07": Wait((TERMINALS,), "their own throttles"),
    "A-13": Wait((TERMINALS, WECOM), "doors of terminals and of WeCom's log-in"),
    "A-17": Wait((APPROVALS, LARGE_EXPORTS), "fields of an approval, files made by a worker"),
    "A-20": Wait((ERP,), "TLS to the ERP"),
    "A-24": Wait((LARGE_EXPORTS,), "a month of 10 000 people as one job per log-in; until then "
                 "exports are answered at once and throttled (A-07)"),
    "A-27": Wait((APPROVALS, TERMINALS), "approvals, and the enrolment of terminals that push"),
    "P-06": Wait((APPROVALS,), "delegates, second log-ins, a requester who is exchanged"),
    "P-16": Wait((TERMINALS,), "addresses of terminals (/iclock/)"),
    "P-19": Wait((TERMINALS,), "backups that a terminal sends"),
    "P-20": Wait((TERMINALS,), "enrolment, secrets, networks and alarms of volume"),
}  # fmt: skip

# What the tests of a line leave to something else, and what a line means here.
NOTES: Final[dict[str, str]] = {
    "R-11": "How long 10 000 people take is measured (`python -m bench judging`), not tested.",
    "A-23": "Advisories are asked by `make audit`, not by a test.",
    "P-11": "There is no reset by mail whose token could be confused.",
    "P-15": "Users write no templates; what looks like one stays text.",
    "P-20": "Of files from a terminal; a line is digits and a date, or damage.",
}


@cache
def shown(root: Path = ROOT) -> dict[str, list[str]]:
    """Return by id the tests that carry it, as `file::test`, in alphabetical order."""
    found: dict[str, list[str]] = {}
    for place, name, sentence in _tests(root):
        ids = {(letter.upper(), number) for letter, number in _IN_A_NAME.findall(name)}
        ids |= set(_IN_A_SENTENCE.findall(sentence))
        for letter, number in ids:
            found.setdefault(_spelt(letter, int(number)), []).append(f"{place}::{name}")
    return {key: sorted(tests) for key, tests in sorted(found.items())}


def _tests(root: Path) -> Iterator[tuple[str, str, str]]:
    for room in ROOMS:
        for path in sorted((root / room).rglob("test_*.py")):
            place = path.relative_to(root).as_posix()
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield place, node.name, ast.get_docstring(node) or ""


def _spelt(letter: str, number: int) -> str:
    return f"{letter}-{number}" if letter == "R" else f"{letter}-{number:02}"


def lines() -> Iterator[str]:
    """Yield the register as lines of text."""
    tests = shown()
    for key, about in LINES.items():
        yield f"{key}  {about}"
        if key in DOES_NOT_APPLY:
            yield f"      does not apply: {DOES_NOT_APPLY[key]}"
        if key in WAITS:
            yield f"      waits for {', '.join(WAITS[key].features)}: {WAITS[key].why}"
        yield from (f"      {test}" for test in tests.get(key, ()))
        if key in NOTES:
            yield f"      note: {NOTES[key]}"
        if key in PARTS_THAT_WAIT:
            part = PARTS_THAT_WAIT[key]
            yield f"      a part waits for {', '.join(part.features)}: {part.why}"


if __name__ == "__main__":
    print("\n".join(lines()))  # noqa: T201
