"""Which day a punch belongs to (C9, C17, C20). No punch serves two days."""

from collections.abc import Iterable, Sequence
from operator import itemgetter

from attendance.engine.values import Mark, Minute, PlanKind, ShiftPlan


def assign(
    plans: Sequence[ShiftPlan], marks: Iterable[Mark]
) -> tuple[list[tuple[Mark, ...]], list[Mark]]:
    """Return the marks of each plan, in the order of `plans`, and the marks of none.

    `plans` are one employee's, in any order: shifts, and days off on which overtime can be
    earned. Give the neighbours too: a mark is told apart only by the windows that are known.
    Shifts take their punches first; days off share what is left.
    """
    taken: list[list[Mark]] = [[] for _ in plans]
    left = sorted(marks, key=itemgetter(0))
    shifts = [n for n, plan in enumerate(plans) if plan.kind is not PlanKind.OFF]
    left = _share(plans, shifts, left, taken)
    if left and len(shifts) < len(plans):
        days_off = [n for n, plan in enumerate(plans) if plan.kind is PlanKind.OFF]
        left = _share(plans, days_off, left, taken)
    return [tuple(own) for own in taken], left


def windows(plans: Sequence[ShiftPlan]) -> list[tuple[Minute, Minute]]:
    """Return the windows of plans in order of their start, narrowed so that none overlap.

    Where two overlap, the earlier keeps punches up to and including its end, then the later one
    gets them. First and last minute are both inclusive; an empty window ends before it begins.
    """
    narrowed: list[tuple[Minute, Minute]] = []
    ended = Minute(0)
    for plan in plans:
        opens = plan.opens
        if narrowed:
            before, closes = narrowed[-1]
            if closes >= opens:
                closes = max(ended, Minute(opens - 1))
                narrowed[-1] = (before, closes)
                opens = max(opens, Minute(closes + 1))
        narrowed.append((opens, plan.closes))
        ended = min(plan.ends, plan.closes)
    return narrowed


def _share(
    plans: Sequence[ShiftPlan],
    chosen: list[int],
    marks: list[Mark],
    taken: list[list[Mark]],
) -> list[Mark]:
    """Give the chosen plans the marks in their windows; return the marks in none."""
    chosen.sort(key=lambda n: (plans[n].work_date, plans[n].starts))
    bounds = windows([plans[n] for n in chosen])
    left: list[Mark] = []
    turn, turns = 0, len(chosen)
    for mark in marks:
        minute = mark[0] // 60
        while turn < turns and minute > bounds[turn][1]:
            turn += 1
        if turn < turns and minute >= bounds[turn][0]:
            taken[chosen[turn]].append(mark)
        else:
            left.append(mark)
    return left
