from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from approvals.content import Kind
from approvals.flow import Mode
from approvals.matrix import (
    DEFAULT,
    Asked,
    Holder,
    Office,
    Row,
    Standing,
    StepSpec,
    Way,
    above,
    chain,
    choose,
    codes,
    never_met,
    resolve,
)
from attendance.engine import Anomaly
from attendance.evidence.reasons import Code
from attendance.evidence.verdict import anomalies_of

ALICE, BOB, CARL, HUGH, HELEN, ADA = 1, 2, 3, 4, 5, 9
NAMES = {1: "Alice", 2: "Bob", 3: "Carl", 4: "Hugh", 5: "Helen", 9: "Ada"}
# Bob and Carl decide at the loom, Hugh is HR of the unit, Helen heads it; Ada administers.
LOOM = Office("Loom", BOB, (Holder(BOB, "department_supervisor"), Holder(CARL, "foreman")))
UNIT = Office("Unit", HELEN, (Holder(HUGH, "unit_hr"), Holder(HELEN, "manager")))
GROUP = Office("Group")
ASKED = Asked("make_up", "/1/2/3/")


def standing(
    *asking: int,
    supervisor: int | None = BOB,
    offices: tuple[Office, ...] = (LOOM, UNIT, GROUP),
    administrators: tuple[int, ...] = (ADA,),
) -> Standing:
    return Standing(frozenset(asking or (ALICE,)), supervisor, offices, administrators, NAMES)


def deciders(spec: StepSpec, where: Standing) -> tuple[int, ...]:
    return resolve(spec, where).deciders


def why(spec: StepSpec, where: Standing) -> list[str]:
    return [reason.code for reason in resolve(spec, where).reasons]


def test_the_direct_supervisor_decides():
    step = resolve(StepSpec(Way.SUPERVISOR), standing())

    assert step.deciders == (BOB,)
    assert [(reason.code, reason.name) for reason in step.reasons] == [("supervisor", "Bob")]


def test_without_a_supervisor_whoever_decides_nearest_above_does():
    assert deciders(StepSpec(Way.SUPERVISOR), standing(supervisor=None)) == (BOB, CARL)


def test_a_supervisor_who_may_not_decide_there_is_no_decider():
    spec, where = StepSpec(Way.SUPERVISOR), standing(supervisor=77)

    assert deciders(spec, where) == (BOB, CARL)
    assert why(spec, where)[0] == "may_not"


def test_nobody_decides_their_own():
    only_bob = Office("Loom", BOB, (Holder(BOB, "department_supervisor"),))
    where = standing(BOB, supervisor=None, offices=(only_bob, UNIT, GROUP))

    step = resolve(StepSpec(Way.SUPERVISOR), where)

    assert step.deciders == (HUGH, HELEN)
    assert [reason.code for reason in step.reasons] == [
        "no_supervisor", "own", "nearest", "nearest",
    ]  # fmt: skip


def test_whoever_asks_for_somebody_else_does_not_decide_it_either():
    assert deciders(StepSpec(Way.UNIT_HR), standing(ALICE, HUGH)) == (ADA,)


def test_the_head_so_many_levels_up_decides_and_a_missing_one_goes_up():
    assert deciders(StepSpec(Way.HEAD, levels=1), standing()) == (HELEN,)
    headless = LOOM._replace(head=None)
    assert deciders(StepSpec(Way.HEAD), standing(offices=(headless, UNIT, GROUP))) == (HELEN,)
    assert deciders(StepSpec(Way.HEAD, levels=2), standing()) == (ADA,)
    assert deciders(StepSpec(Way.HEAD, levels=9), standing()) == (ADA,)


def test_the_holder_of_a_role_is_looked_for_upwards():
    assert deciders(StepSpec(Way.ROLE, role="foreman"), standing()) == (CARL,)
    assert deciders(StepSpec(Way.ROLE, role="manager"), standing()) == (HELEN,)


def test_a_role_that_nobody_holds_goes_to_whoever_decides_nearest():
    spec = StepSpec(Way.ROLE, role="nurse")

    assert deciders(spec, standing()) == (BOB, CARL)
    assert why(spec, standing())[0] == "no_role"


def test_the_named_person_decides_unless_it_is_theirs_or_they_may_not():
    assert deciders(StepSpec(Way.PERSON, person=HELEN), standing()) == (HELEN,)
    assert deciders(StepSpec(Way.PERSON, person=77), standing()) == (BOB, CARL)
    assert deciders(StepSpec(Way.PERSON, person=HELEN), standing(HELEN)) == (BOB, CARL)


def test_a_missing_hr_is_replaced_by_administrators_and_by_nobody_below():
    where = standing(offices=(LOOM, GROUP))

    assert deciders(StepSpec(Way.UNIT_HR), where) == (ADA,)
    assert why(StepSpec(Way.UNIT_HR), where) == ["no_unit_hr", "administrator"]


def test_where_nobody_may_decide_the_step_stays_and_says_so():
    where = standing(supervisor=None, offices=(GROUP,), administrators=())

    (step,) = chain(Row(1, "", (StepSpec(Way.SUPERVISOR),)), where)

    assert step.deciders == ()
    assert step.reasons[-1].code == "nobody"


def test_one_person_is_asked_once_for_steps_that_follow_each_other():
    row = Row(1, "", (StepSpec(Way.SUPERVISOR), StepSpec(Way.HEAD), StepSpec(Way.UNIT_HR)))

    steps = chain(row, standing())

    assert [step.deciders for step in steps] == [(BOB,), (HUGH,)]
    assert [reason.code for reason in steps[0].reasons] == ["supervisor", "asked_once"]


def test_of_two_who_both_must_agree_none_is_left_out():
    both = Office("Loom", None, (Holder(BOB, "foreman"), Holder(CARL, "foreman")))
    spec = StepSpec(Way.ROLE, role="foreman", mode=Mode.ALL)

    steps = chain(Row(1, "", (spec, spec)), standing(offices=(both, UNIT)))

    assert [step.deciders for step in steps] == [(BOB, CARL), (BOB, CARL)]


def test_the_nearer_department_wins_then_the_narrower_condition_then_the_older_row():
    steps = (StepSpec(Way.SUPERVISOR),)
    group = Row(1, "group", steps)
    late = Row(2, "of the kind", steps, kind="make_up")
    third = Row(3, "from the third on", steps, kind="make_up", from_count=3)
    loom = Row(4, "loom", steps, path="/1/2/3/")
    twin = Row(5, "twin", steps, path="/1/2/3/")
    other = Row(6, "elsewhere", steps, path="/1/4/")
    rows = [twin, other, group, late, third]

    assert choose([group, late, third, other], ASKED) is late
    assert choose([group, late, third, other], ASKED._replace(nth=3)) is third
    assert choose([*rows, loom], ASKED._replace(nth=3)) is loom


def test_a_row_may_ask_for_days_minutes_or_the_kind_of_trouble():
    steps = (StepSpec(Way.UNIT_HR),)
    rows = [
        Row(1, "days", steps, from_days=2.5),
        Row(2, "minutes", steps, from_minutes=240),
        Row(3, "fence", steps, anomaly="out_of_fence"),
    ]

    assert choose(rows, ASKED._replace(days=2.5)).key == 1
    assert choose(rows, ASKED._replace(days=2)).key == 0
    assert choose(rows, ASKED._replace(minutes=240)).key == 2
    assert choose(rows, ASKED._replace(anomaly="out_of_fence")).key == 3


def test_a_row_without_steps_is_none():
    assert choose([Row(1, "empty", ())], ASKED) is DEFAULT[0]


def test_where_no_row_speaks_the_supervisor_decides_and_of_long_leave_hr_too():
    def ways(kind: str, days: float) -> list[Way]:
        row = choose([], Asked(kind, "/1/", days=days))
        return [step.way for step in row.steps]

    assert ways("make_up", 0) == ways("leave", 2.5) == ways("overtime", 9) == [Way.SUPERVISOR]
    assert ways("leave", 3) == ways("trip", 5) == [Way.SUPERVISOR, Way.UNIT_HR]


def test_whoever_stays_silent_is_overtaken_by_the_next_above():
    assert above(standing(), {BOB})[0] == (HUGH, HELEN)
    assert above(standing(), {HUGH, HELEN})[0] == (ADA,)
    assert above(standing(ADA), {HUGH, HELEN}) == ((), None)


people = st.sampled_from([*NAMES, 77])
offices = st.lists(
    st.builds(
        Office,
        st.sampled_from(["Loom", "Unit", "Group"]),
        st.none() | people,
        st.lists(
            st.builds(Holder, people, st.sampled_from(["unit_hr", "foreman"])), max_size=3
        ).map(tuple),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
specs = st.builds(
    StepSpec, st.sampled_from(Way), st.integers(0, 5), st.sampled_from(["foreman", "nurse"]), people
)
standings = st.builds(
    Standing,
    st.frozensets(people, min_size=1, max_size=2),
    st.none() | people,
    offices,
    st.lists(people, max_size=2, unique=True).map(tuple),
    st.just(NAMES),
)


@given(st.lists(specs, min_size=1, max_size=4).map(tuple), standings)
def test_nobody_who_asks_or_may_not_decides_and_no_step_is_left_out_for_want_of_people(
    given_steps: tuple[StepSpec, ...], where: Standing
):
    steps = chain(Row(1, "", given_steps), where)

    assert steps
    for step in steps:
        assert not set(step.deciders) & where.askers
        assert set(step.deciders) <= where.able
        assert len(set(step.deciders)) == len(step.deciders)
        assert {reason.code for reason in step.reasons} <= set(codes())
        assert step.deciders or step.reasons[-1].code == "nobody"
    assert len(steps) == len(given_steps) or any(
        reason.code == "asked_once" for step in steps for reason in step.reasons
    )


@given(specs, standings)
def test_whenever_somebody_may_decide_a_supervisors_step_somebody_does(
    spec: StepSpec, where: Standing
):
    step = resolve(spec._replace(way=Way.SUPERVISOR), where)

    assert bool(step.deciders) == bool(where.able - where.askers)


def test_a_row_for_held_punches_holds_for_what_a_check_can_find_and_for_nothing_else():
    def holds(anomaly: Anomaly) -> bool:
        return not never_met(Row(1, "", (), Kind.HELD_PUNCH, anomaly=anomaly.value))

    assert {one for one in Anomaly if holds(one)} == set(anomalies_of(Code))


def test_every_kind_has_a_row_that_is_built_in():
    assert all(choose([], Asked(kind, "/1/")).steps for kind in Kind)
