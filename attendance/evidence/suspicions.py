"""What speaks against a claim whatever its method: phones, movements, photos, clocks."""

from collections.abc import Iterator
from datetime import timedelta

from attendance.evidence import phones, timing
from attendance.evidence.checks import readable_point
from attendance.evidence.fences import accuracy_problem
from attendance.evidence.policy import Matter
from attendance.evidence.reasons import Code, Effect, Reason, Scalar, reason
from attendance.evidence.timing import CheckState


def check_phone(matter: Matter) -> Iterator[Reason]:
    """A phone belongs to one person, for a while already, and does not change every week."""
    policy, claim, numbers = matter.policy, matter.claim, matter.policy.numbers
    if claim.is_from_terminal or not policy.are_phones_checked:
        return
    effect, bindings = policy.phone_effect, matter.history.bindings
    if not claim.phone:
        yield reason(effect, Code.PHONE_UNKNOWN, {}, {"phone": "bound to the person"})
        return
    binding = phones.binding_at(claim.phone, bindings, matter.at)
    if binding is None:
        yield reason(effect, Code.PHONE_UNFAMILIAR, {}, {"phone": "bound to the person"})
    elif any(other.since < binding.since for other in bindings):
        # The first phone ever has nobody to warn; a later one may be a thief's.
        age = matter.at - binding.since
        if not age >= numbers.cooling:
            facts = {"seconds": age.total_seconds()}, {"from_seconds": _seconds(numbers.cooling)}
            yield reason(effect, Code.PHONE_COOLING, *facts)
    changes = phones.changes_within(bindings, matter.at, numbers.changes_within)
    if not changes <= numbers.most_changes:
        facts = {"changes": changes}, {"most": numbers.most_changes}
        yield reason(effect, Code.PHONE_CHANGED_OFTEN, *facts)
    others = phones.sharers(matter.history.phone_uses, matter.at, numbers.shared_within)
    if others:
        right = {"others": 0, "within_seconds": _seconds(numbers.shared_within)}
        yield reason(effect, Code.PHONE_SHARED, {"others": others}, right)


def check_integrity(matter: Matter) -> Iterator[Reason]:
    """A phone that says it lies is believed; one that says it does not proves nothing by it."""
    claim, said = matter.claim, matter.claim.integrity
    if claim.is_from_terminal or claim.position is None:
        return
    if said is not None and said.is_mock is True:
        yield reason(Effect.HOLD, Code.MOCK_LOCATION, {"mock": True}, {"mock": False})
    elif said is None or said.is_mock is not False or said.is_attested is not True:
        effect = Effect.HOLD if matter.policy.is_attestation_demanded else Effect.FLAG
        yield reason(effect, Code.PHONE_UNVERIFIED, {"attested": False}, {"attested": True})


def check_movement(matter: Matter) -> Iterator[Reason]:
    """Nobody flies faster than an airliner, and no receiver is still to the bit for days."""
    position, numbers = matter.claim.position, matter.policy.numbers
    if position is None:
        return
    point, accuracy = readable_point(position), position.accuracy_metres or 0
    if point is None or accuracy_problem(accuracy):
        yield reason(Effect.HOLD, Code.POSITION_INVALID, {}, {"position": "numbers on a datum"})
        return
    fixes, effect = matter.history.fixes, matter.policy.suspicion_effect
    journey = phones.fastest(point, accuracy, matter.at, fixes)
    if journey is not None and not journey.speed <= numbers.max_speed:
        seen = {"kmh": journey.speed, "metres": journey.metres, "seconds": journey.seconds}
        yield reason(effect, Code.IMPOSSIBLE_SPEED, seen, {"most_kmh": numbers.max_speed})
    run = phones.identical_days(point, matter.day, fixes)
    if not run < numbers.identical_days:
        facts = {"days": run}, {"below_days": numbers.identical_days}
        yield reason(effect, Code.IDENTICAL_POSITIONS, *facts)


def check_photo(matter: Matter) -> Iterator[Reason]:
    """A photo is there where the rule asks for one, and is nobody else's."""
    digest = matter.claim.photo_digest
    if matter.policy.is_photo_demanded and not digest:
        yield reason(Effect.HOLD, Code.PHOTO_MISSING, {}, {"photo": "of the scene"})
    if digest and matter.history.photo_owners:
        seen = {"others": len(matter.history.photo_owners)}
        yield reason(Effect.HOLD, Code.PHOTO_SEEN_BEFORE, seen, {"others": 0})


def check_second(matter: Matter) -> Iterator[Reason]:
    """Where the rule wants two proofs, one alone holds until the other is there."""
    demanded, method = matter.policy.second_check, matter.claim.method
    if demanded is None:
        return
    pair = {demanded.first: demanded.second, demanded.second: demanded.first}
    wanted = pair.get(method, demanded.first)
    others = [one.at for one in matter.history.punches if one.method == wanted]
    state, gap = timing.check_second(matter.at, others, matter.now, demanded.gap)
    seen: dict[str, Scalar] = {"gap_seconds": gap}
    right: dict[str, Scalar] = {"method": wanted, "within_seconds": _seconds(demanded.gap)}
    if method not in pair:
        right = {"methods": f"{demanded.first}, {demanded.second}"}
        yield reason(Effect.HOLD, Code.SECOND_CHECK_MISSING, {"method": method}, right)
    elif state is CheckState.DONE:
        yield reason(Effect.PROOF, Code.SECOND_CHECK_DONE, seen, right)
    elif state is CheckState.AWAITED:
        until = (matter.at + demanded.gap).isoformat()
        yield reason(Effect.HOLD, Code.SECOND_CHECK_AWAITED, {}, {**right, "until": until})
    elif state is CheckState.TOO_LATE:
        yield reason(Effect.HOLD, Code.SECOND_CHECK_LATE, seen, right)
    else:
        yield reason(Effect.HOLD, Code.SECOND_CHECK_MISSING, seen, right)


def check_clock(matter: Matter) -> Iterator[Reason]:
    """A punch is not of the future, and a kept one is as old as its phone's clock is right."""
    claim, numbers = matter.claim, matter.policy.numbers
    ahead = matter.at - matter.now
    if not ahead <= numbers.future:
        facts = {"ahead_seconds": ahead.total_seconds()}, {"most_seconds": _seconds(numbers.future)}
        yield reason(Effect.HOLD, Code.FUTURE_TIME, *facts)
    if not claim.is_offline:
        return
    late = (matter.now - matter.at).total_seconds()
    yield reason(Effect.FLAG, Code.OFFLINE, {"sent_after_seconds": late})
    if claim.phone_clock is None:
        yield reason(Effect.HOLD, Code.CLOCK_UNKNOWN, {}, {"phone_clock": "when it was sent"})
        return
    error = timing.clock_error(claim.phone_clock, matter.now)
    if not error <= numbers.clock_error:
        right = {"most_seconds": _seconds(numbers.clock_error)}
        yield reason(Effect.HOLD, Code.CLOCK_MISMATCH, {"off_seconds": _seconds(error)}, right)


def _seconds(span: timedelta) -> float:
    return span.total_seconds()
