"""Everybody walks through every door, in a company of five units (P-02, P-04, P-12, P-22,
A-09, A-17).

What somebody finds must be what the book of doors says, and nobody reads a word of another unit.
"""

from __future__ import annotations

import re

import pytest

from config.doorbook.rules import Reach, Who
from tests.group import WORDS, Group
from tests.walking import (
    LOOKING,
    NARROW,
    SHUT,
    changed,
    go,
    snapshot,
    targets,
    to_look_at,
    walkers,
)

pytestmark = pytest.mark.usefixtures("standing_units")

# People are told who looked at what is theirs, by name, and this walk has looked at their photos.
WHO_LOOKED = re.compile(r'<ul class="kq-looks">.*?</ul>', re.DOTALL)
# What these find does not hang on a unit: they walk once.
ABOVE = frozenset((Who.SUPER_ADMINISTRATOR, Who.GROUP_HR_DIRECTOR, Who.NOBODY))


# Units differ by their word and by who comes next: the last one looks back at the first.
@pytest.mark.parametrize("number", [0, len(WORDS) - 1], ids=(WORDS[0], WORDS[-1]))
def test_p12_p04_everybody_who_looks_finds_what_the_book_says(five_units: Group, number: int):
    """P-02, P-22, A-09, A-17: "nobody" walks as well, and photos have doors like all else."""
    walking = walkers(five_units, number)
    before, wrong = snapshot(), []
    for actor, client in walking:
        if number and actor.who in ABOVE:
            continue
        for listed in to_look_at():
            reach = listed.line.look.reach(actor.who) if listed.line.look else None
            for whose, where in targets(listed, actor, listed.line.look):
                if number and (whose == "own" or reach is Reach.LOG_IN):
                    continue
                expected = LOOKING[reach] if reach else SHUT
                if whose == "foreign" and reach in NARROW:
                    expected = {"hidden"}
                answer = go(client, "GET", where, is_kept=True)
                said = f"{actor.name} GET {where} ({whose}, {reach}): {answer.status}"
                if answer.happened not in expected:
                    wrong.append(f"{said} instead of {sorted(expected)}: {answer.text[:200]!r}")
                elif words := actor.words_read(WHO_LOOKED.sub("", answer.text)):
                    wrong.append(f"{said} names {words}")

    assert not wrong, "\n".join(wrong)
    # A-09, P-17: and nothing changed by being looked at.
    assert changed(before, snapshot()) == []
