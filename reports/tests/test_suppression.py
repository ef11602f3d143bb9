"""No small group can be worked out from totals (security.md §7.4).

A shown total is a row of zeros and ones over all (department, day) there are; whatever can be
worked out by adding and subtracting is what those rows span. The laws below ask it of the rows
themselves, and not of the rule that made them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from reports.suppression import AT_LEAST, Cover, Part, Tree, cover

Day = Mapping[int, int]
Row = tuple[int, ...]
Group = set[tuple[int, int]]  # (day, department)


def cover_of(tree: Tree, days: Sequence[Day], period: range) -> Cover[int]:
    return cover(tree, {day: days[day] for day in period})


def shown(tree: Tree, days: Sequence[Day], period: range) -> list[Group]:
    """Return what each total on the pages of a period is the sum of."""
    found = cover_of(tree, days, period)

    def cells(keys: Iterable[int]) -> Group:
        return {
            (day, key)
            for key in keys
            for day in period
            if days[day][key] and day not in found.left_out.get(key, ())
        }

    groups = []
    for key in found.opened:
        merged = found.merged.get(key, frozenset())
        groups.append(cells(tree.below[key]))
        groups.append(cells(k for part in merged for k in tree.departments_in(part)))
        if Part(key, is_direct=True) not in merged:
            groups.append(cells({key}))
    return groups


def rows_of(tree: Tree, days: Sequence[Day], periods: Iterable[range]) -> list[Row]:
    """Return what is shown of all periods, as rows over (day, department)."""
    return [
        tuple(int((day, key) in group) for day in range(len(days)) for key in tree.parents)
        for period in periods
        for group in shown(tree, days, period)
    ]


def reduced(rows: Iterable[Row]) -> list[list[Fraction]]:
    """Return a basis of what the rows span, in echelon form."""
    basis: list[list[Fraction]] = []
    for row in rows:
        rest = remainder([Fraction(x) for x in row], basis)
        if any(rest):
            lead = next(x for x in rest if x)
            basis.append([x / lead for x in rest])
    return basis


def remainder(row: list[Fraction], basis: list[list[Fraction]]) -> list[Fraction]:
    for one in basis:
        at = next(i for i, x in enumerate(one) if x)
        if row[at]:
            row = [x - row[at] * y for x, y in zip(row, one, strict=True)]
    return row


@st.composite
def companies(draw: st.DrawFn, most: int = 6, days: int = 3) -> tuple[Tree, list[Day]]:
    """Draw a tree of a few departments, and the people of each on a few days."""
    parents: dict[int, int | None] = {1: None}
    for key in range(2, draw(st.integers(1, most)) + 1):
        parents[key] = draw(st.sampled_from([None, *parents]))
    size = st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 7, 9, 20])
    first = draw(st.fixed_dictionaries(dict.fromkeys(parents, size)))
    drawn = [first]
    for _ in range(draw(st.integers(0, days - 1))):
        moved = draw(st.dictionaries(st.sampled_from(list(parents)), size, max_size=2))
        drawn.append({**drawn[-1], **moved})
    # Parents come before their children, as the tree reads them.
    return Tree(parents), drawn


def all_periods(days: int) -> list[range]:
    return [range(a, b) for a in range(days) for b in range(a + 1, days + 1)]


@given(companies(days=3))
@settings(max_examples=150)
def test_nothing_of_fewer_than_five_people_follows_from_all_pages_of_all_periods(
    company: tuple[Tree, list[Day]],
) -> None:
    tree, days = company
    keys = list(tree.parents)
    basis = reduced(rows_of(tree, days, all_periods(len(days))))

    for on, people in enumerate(days):
        # Departments without anybody that day add nothing to whatever is worked out.
        there = [key for key in keys if people[key]]
        for size in range(1, len(there) + 1):
            for group in combinations(there, size):
                if sum(people[key] for key in group) < AT_LEAST:
                    wanted = row_of(tree, days, {(on, key) for key in group})
                    assert any(remainder(wanted, basis)), (on, group)


@given(companies(days=2))
@settings(max_examples=100)
def test_no_sum_over_days_follows_that_has_fewer_than_five_people_on_one_of_them(
    company: tuple[Tree, list[Day]],
) -> None:
    tree, days = company
    basis = reduced(rows_of(tree, days, all_periods(len(days))))
    cells = [(day, key) for day in range(len(days)) for key in tree.parents if days[day][key]]

    for size in range(1, 4):
        for group in combinations(cells, size):
            of_a_day = [sum(days[d][k] for d, k in group if d == day) for day in range(len(days))]
            if any(0 < number < AT_LEAST for number in of_a_day):
                assert any(remainder(row_of(tree, days, set(group)), basis)), group


def row_of(tree: Tree, days: Sequence[Day], group: Group) -> list[Fraction]:
    return [Fraction(int((day, key) in group)) for day in range(len(days)) for key in tree.parents]


@given(companies(days=3))
def test_every_total_has_nobody_or_five_people_on_each_day(
    company: tuple[Tree, list[Day]],
) -> None:
    tree, days = company

    for group in shown(tree, days, range(len(days))):
        for on in range(len(days)):
            people = sum(days[day][key] for day, key in group if day == on)
            assert people == 0 or people >= AT_LEAST


@given(companies(days=3))
def test_the_lines_of_a_page_add_up_to_its_total(company: tuple[Tree, list[Day]]) -> None:
    tree, days = company
    found = cover_of(tree, days, range(len(days)))

    for key in found.opened:
        merged = found.merged.get(key, frozenset())
        lines = [tree.departments_in(part) for part in tree.parts_of(key) if part not in merged]
        lines += [tree.departments_in(part) for part in merged]
        assert sorted(k for line in lines for k in line) == sorted(tree.below[key])


@given(companies(days=3))
def test_a_total_lacks_nobody_who_stands_in_a_group_of_five(
    company: tuple[Tree, list[Day]],
) -> None:
    """What is left out of a day is fewer than five people of each department."""
    tree, days = company
    found = cover_of(tree, days, range(len(days)))

    for on, people in enumerate(days):
        left_out = {key for key, out in found.left_out.items() if on in out}
        for key in tree.parents:
            lacks = [
                sum(people[k] for k in tree.departments_in(part))
                for part in tree.parts_of(key)
                if tree.departments_in(part) <= left_out
            ]
            whole = sum(people[k] for k in tree.below[key])
            if whole >= AT_LEAST:
                assert sum(lacks) < AT_LEAST


@given(companies(days=3))
def test_a_day_is_left_out_of_every_period_or_of_none(company: tuple[Tree, list[Day]]) -> None:
    tree, days = company
    all_days = cover_of(tree, days, range(len(days)))

    for on in range(len(days)):
        one = cover_of(tree, days, range(on, on + 1))
        assert set(one.left_out) == {k for k, out in all_days.left_out.items() if on in out}


def page(parents: dict[int, int | None], *days: Day) -> Cover[int]:
    return cover(Tree(parents), dict(enumerate(days)))


COMPANY = {1: None, 2: 1, 3: 1, 4: 1}


def test_departments_of_five_are_shown() -> None:
    assert page(COMPANY, {2: 5, 3: 5, 4: 5}) == (frozenset((1, 2, 3, 4)), {}, {})


def test_small_departments_with_five_people_are_shown_together() -> None:
    found = page(COMPANY, {2: 20, 3: 4, 4: 1})

    assert found == (frozenset((1, 2)), {1: frozenset((Part(3), Part(4)))}, {})


def test_small_departments_without_five_people_are_in_no_total() -> None:
    found = page(COMPANY, {2: 20, 3: 3, 4: 1})

    assert (found.merged, set(found.left_out)) == ({}, {3, 4})


def test_two_people_directly_in_a_department_are_in_no_total() -> None:
    found = page({1: None, 2: 1, 3: 1}, {1: 2, 2: 8, 3: 30})

    assert (found.merged, set(found.left_out)) == ({}, {1})
    assert found.opened == {1, 2, 3}


def test_of_a_small_company_everything_is_left_out() -> None:
    assert set(page(COMPANY, {2: 2, 3: 2}).left_out) == {1, 2, 3, 4}


def test_only_the_days_of_few_are_left_out() -> None:
    found = page(COMPANY, {2: 20, 3: 5, 4: 9}, {2: 20, 3: 4, 4: 9})

    assert found.left_out == {3: frozenset((1,))}
    assert found.opened == {1, 2, 3, 4}


def test_nothing_below_what_is_shown_together_opens() -> None:
    found = page({1: None, 2: 1, 3: 1, 4: 3}, {2: 4, 3: 2, 4: 2})

    assert found.opened == {1}


def test_a_department_without_anybody_hides_nobody() -> None:
    assert page(COMPANY, {2: 20, 3: 0, 4: 9}).opened == {1, 2, 3, 4}
