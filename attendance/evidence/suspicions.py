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
    """A phone that says it lies is believed; one that says it does not proves nothing by it.

    Whichever way it punches: a rule that demands a phone that somebody vouches for demands it of a
    code and of the Wi-Fi as well. Where no rule does, only a position is worth the note.
    """
    claim, said = matter.claim, matter.claim.integrity
    is_demanded = matter.policy.is_attestation_demanded
    if claim.is_from_terminal:
        return
    if said is not None and said.is_mock is True:
        yield reason(Effect.HOLD, Code.MOCK_LOCATION, {"mock": True}, {"mock": False})
    elif said is None or said.is_mock is not False or said.is_attested is not True:
        if claim.position is None and not is_demanded:
            return
        effect = Effect.HOLD if is_demanded else Effect.FLAG
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
    """A photo is there where the rule asks for one, is nobody else's, and proves one punch."""
    digest = matter.claim.photo_digest
    if matter.policy.is_photo_demanded and not digest:
        yield reason(Effect.HOLD, Code.PHOTO_MISSING, {}, {"photo": "of the scene"})
    if digest:
        yield from seen_before(len(matter.history.photo_owners), matter.history.own_photos)


def seen_before(others: int, own: int) -> Iterator[Reason]:
    """A photo that others have shown, or the same person with another punch, is of another time."""
    if others:
        yield reason(Effect.HOLD, Code.PHOTO_SEEN_BEFORE, {"others": others}, {"others": 0})
    elif own:
        yield reason(Effect.HOLD, Code.PHOTO_SEEN_BEFORE, {"own": own}, {"own": 0})


def check_second(matter: Matter) -> Iterator[Reason]:
    """Where the rule wants two proofs, one alone holds until the other is there."""
    demanded, method = matter.policy.second_check, matter.claim.method
    if demanded is None:
        return
    wanted = demanded.wanted_beside(method)
    others = [one.at for one in matter.history.punches if one.method in wanted]
    state, gap = timing.check_second(matter.at, others, matter.now, demanded.gap)
    seen: dict[str, Scalar] = {"gap_seconds": gap}
    right: dict[str, Scalar]
    right = {"method": ", ".join(wanted), "within_seconds": _seconds(demanded.gap)}
    if not wanted:
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
        yield from _of_stale(matter)
        return
    late = (matter.now - matter.at).total_seconds()
    yield reason(Effect.FLAG, Code.OFFLINE, {"sent_after_seconds": late})
    if claim.phone_clock is None:
        yield reason(Effect.HOLD, Code.CLOCK_UNKNOWN, {}, {"phone_clock": "when it was sent"})
        return
    yield from _of_set_back(matter)
    error = timing.clock_error(claim.phone_clock, matter.now)
    if not error <= numbers.clock_error:
        right = {"most_seconds": _seconds(numbers.clock_error)}
        yield reason(Effect.HOLD, Code.CLOCK_MISMATCH, {"off_seconds": _seconds(error)}, right)


def check_order(matter: Matter) -> Iterator[Reason]:
    """A phone numbers its punches: whoever sets its clock back names an earlier time later on."""
    claim, most = matter.claim, matter.policy.numbers.clock_error
    if claim.number is None:
        return
    off = phones.disorder(claim.number, matter.at, matter.history.numbered)
    if not off <= most:
        facts = {"off_seconds": _seconds(off)}, {"most_seconds": _seconds(most)}
        yield reason(Effect.HOLD, Code.TIMES_OUT_OF_ORDER, *facts)


def _of_stale(matter: Matter) -> Iterator[Reason]:
    """With a network the server's time counts; what was signed at another one was kept for it."""
    pressed_at, most = matter.claim.pressed_at, matter.policy.numbers.clock_error
    if pressed_at is None:
        return
    error = timing.clock_error(pressed_at, matter.at)
    if not error <= most:
        facts = {"off_seconds": _seconds(error)}, {"most_seconds": _seconds(most)}
        yield reason(Effect.HOLD, Code.CLOCK_MISMATCH, *facts)


def _of_set_back(matter: Matter) -> Iterator[Reason]:
    """A stopwatch may stand still while the phone sleeps, but never runs ahead of the time."""
    not_before, most = matter.claim.not_before, matter.policy.numbers.clock_error
    if not_before is not None and not not_before - matter.at <= most:
        back = {"back_seconds": _seconds(not_before - matter.at)}
        yield reason(Effect.HOLD, Code.CLOCK_SET_BACK, back, {"most_seconds": _seconds(most)})
    elif not_before is None or matter.claim.is_clock_watched is not True:
        # Flight mode, the clock set back, the page opened from the phone: nothing would tell.
        right = {"page": "with a network since it was opened"}
        yield reason(Effect.HOLD, Code.CLOCK_UNCHECKED, {}, right)


def _seconds(span: timedelta) -> float:
    return span.total_seconds()
