"""The second step (A-15): a code lives thirty seconds, opens once, and cannot be guessed."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from organization import second_factor
from organization.models import AuditEntry, OpenSession, RecoveryCode, SecondFactor, User
from organization.pictures import picture_of
from organization.sealed_fields import opened
from organization.second_factor import Verdict
from tests.codes import code_at, enrol, phone_of

# The first second of a step.
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
STEP = timedelta(seconds=30)


@pytest.fixture
def alice(cast) -> User:
    return cast.alice.user


def verbs(user):
    rows = AuditEntry.objects.filter(thing_type="organization.user", thing_id=str(user.pk))
    return [row.verb for row in rows.order_by("pk")]


def test_a_code_opens_once(alice):
    """A-15, A-26."""
    enrol(alice, NOW)
    code = code_at(phone_of(alice), NOW)

    assert second_factor.check(alice, code, now=NOW) is Verdict.RIGHT
    assert second_factor.check(alice, code, now=NOW) is Verdict.RUN_OUT


def test_the_code_that_set_it_up_opens_nothing_more(alice):
    factor = second_factor.begin(alice)
    code = code_at(second_factor.secret_of(factor), NOW)
    second_factor.confirm(alice, code, but=None, now=NOW)

    assert second_factor.check(alice, code, now=NOW) is Verdict.RUN_OUT


def test_a_code_lives_for_the_thirty_seconds_of_its_step(alice):
    """A-15: by the server's clock, and not a second longer."""
    enrol(alice, NOW)
    code = code_at(phone_of(alice), NOW)

    early = second_factor.check(alice, code, now=NOW - timedelta(seconds=1))
    late = second_factor.check(alice, code, now=NOW + STEP)
    in_time = second_factor.check(alice, code, now=NOW + STEP - timedelta(seconds=1))

    assert (early, late, in_time) == (Verdict.WRONG, Verdict.RUN_OUT, Verdict.RIGHT)


def test_a_code_that_ran_out_does_not_count_as_wrong(alice):
    enrol(alice, NOW)
    code = code_at(phone_of(alice), NOW)

    for _again in range(20):
        assert second_factor.check(alice, code, now=NOW + STEP) is Verdict.RUN_OUT

    assert SecondFactor.objects.get(user=alice).failed_count == 0


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "\x00" * 6, " "]
)
def test_what_is_no_code_is_wrong(alice, typed):
    enrol(alice, NOW)

    assert second_factor.check(alice, typed, now=NOW) is Verdict.WRONG


def test_a_code_may_be_typed_with_a_space(alice):
    enrol(alice, NOW)
    code = code_at(phone_of(alice), NOW)

    assert second_factor.check(alice, f"{code[:3]} {code[3:]} ", now=NOW) is Verdict.RIGHT


def test_after_ten_wrong_codes_in_a_row_the_factor_rests(alice):
    enrol(alice, NOW)
    right = code_at(phone_of(alice), NOW)
    wrong = str((int(right) + 1) % 1_000_000).zfill(6)
    for _again in range(10):
        second_factor.check(alice, wrong, now=NOW)

    assert second_factor.check(alice, right, now=NOW) is Verdict.RESTING

    later = NOW + timedelta(minutes=15)
    right = code_at(phone_of(alice), later)
    assert second_factor.check(alice, right, now=later) is Verdict.RIGHT
    assert SecondFactor.objects.get(user=alice).failed_count == 0


def test_nobody_else_s_code_opens(cast):
    enrol(cast.alice.user, NOW)
    enrol(cast.carol.user, NOW)

    hers = code_at(phone_of(cast.carol.user), NOW)

    assert second_factor.check(cast.alice.user, hers, now=NOW) is Verdict.WRONG


def test_a_recovery_code_opens_once_and_however_it_is_typed(alice):
    first, second, *_others = enrol(alice, NOW)

    assert second_factor.check(alice, first.upper().replace("-", " "), now=NOW) is Verdict.RIGHT
    assert second_factor.check(alice, first, now=NOW) is Verdict.WRONG
    assert second_factor.check(alice, second, now=NOW) is Verdict.RIGHT
    assert second_factor.codes_left(alice) == 8
    assert verbs(alice).count("second_factor.code_spent") == 2


def test_new_recovery_codes_replace_the_old_ones(alice):
    old, *_others = enrol(alice, NOW)

    new = second_factor.renew_recovery_codes(alice, now=NOW)

    assert second_factor.check(alice, old, now=NOW) is Verdict.WRONG
    assert second_factor.check(alice, new[0], now=NOW) is Verdict.RIGHT


def test_secrets_and_recovery_codes_are_random_and_the_tables_tell_neither(alice, cast):
    """A-19: at least 128 bits of each; a reader of the database makes no code."""
    codes = enrol(alice, NOW) + enrol(cast.carol.user, NOW)
    secret = phone_of(alice)

    assert len(set(codes)) == 20
    assert all(len(code.replace("-", "")) * 5 >= 128 for code in codes)
    assert len(secret) * 5 >= 128
    assert secret != phone_of(cast.carol.user)
    kept = SecondFactor.objects.get(user=alice)
    assert secret.encode() not in bytes(kept.sealed_secret)
    assert opened(kept, "sealed_secret").decode() == secret
    digests = " ".join(RecoveryCode.objects.values_list("digest", flat=True))
    assert not any(code.replace("-", "") in digests for code in codes)


def test_setting_it_up_asks_for_the_first_code(alice):
    factor = second_factor.begin(alice)
    right = code_at(second_factor.secret_of(factor), NOW)

    assert second_factor.confirm(alice, "000000", but=None, now=NOW) == []
    assert not second_factor.is_enrolled(alice)

    assert len(second_factor.confirm(alice, right, but=None, now=NOW)) == 10
    assert second_factor.is_enrolled(alice)


def test_a_factor_in_use_is_not_replaced_behind_its_owner(alice):
    enrol(alice, NOW)
    secret = phone_of(alice)

    with pytest.raises(second_factor.AlreadyEnrolled):
        second_factor.begin(alice)

    assert phone_of(alice) == secret


def test_a_reset_takes_everything_along(alice, cast):
    codes = enrol(alice, NOW)
    OpenSession.objects.create(
        session_key="x", user=alice, expire_date=NOW + STEP, seen_at=NOW, session_data=""
    )

    assert second_factor.reset(alice, actor=cast.superuser, now=NOW)

    assert not second_factor.is_enrolled(alice)
    assert second_factor.check(alice, codes[0], now=NOW) is Verdict.WRONG
    assert not OpenSession.objects.exists()
    assert verbs(alice) == ["second_factor.enrolled", "second_factor.reset"]
    assert not second_factor.reset(alice, actor=cast.superuser, now=NOW)


def test_the_command_helps_the_last_administrator(cast, capsys):
    enrol(cast.superuser, NOW)

    call_command("reset_second_factor", "boss")

    assert "was taken off" in capsys.readouterr().out
    assert not second_factor.is_enrolled(cast.superuser)
    with pytest.raises(CommandError, match="nobody"):
        call_command("reset_second_factor", "nobody")


def test_whoever_reaches_other_peoples_rows_is_administrative(cast):
    users = {name: getattr(cast, name) for name in ("hr", "other_hr", "superuser")}
    users |= {name: getattr(cast, name).user for name in ("alice", "bob")}

    found = {name for name, user in users.items() if second_factor.is_administrative(user)}

    assert found == {"bob", "hr", "other_hr", "superuser"}


def test_the_picture_is_drawn_here(alice):
    factor = second_factor.begin(alice)

    address = second_factor.address_of(factor)
    side, path = picture_of(address)

    assert address.startswith("otpauth://totp/")
    assert second_factor.secret_of(factor) in address
    assert side > 20
    assert path.startswith("M2 2h7v1h-7z")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_type_one_code_at_the_same_moment_one_comes_in():
    """A-15, A-26: on two connections, with a barrier."""
    user = User.objects.create_user("alice")
    for turn in range(5):
        now = NOW + turn * STEP
        if turn == 0:
            enrol(user, now)
        code = code_at(phone_of(user), now)
        start, verdicts = threading.Barrier(2), []

        def ask(code=code, now=now, start=start, verdicts=verdicts):
            start.wait()
            try:
                verdicts.append(second_factor.check(user, code, now=now))
            finally:
                connections.close_all()

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(verdict.name for verdict in verdicts) == ["RIGHT", "RUN_OUT"], (
            connection.vendor
        )


@pytest.mark.needs_postgres
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_however_many_codes_come_at_one_moment_ten_of_them_are_tried():
    """A-15: each request had read the count before any of them wrote it."""
    user = User.objects.create_user("alice")
    enrol(user, NOW)
    barrier, said = threading.Barrier(24), []

    def guess(number: int) -> None:
        barrier.wait()
        said.append(second_factor.check(user, f"guess {number}", now=NOW))
        connections.close_all()

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert (said.count(Verdict.WRONG), said.count(Verdict.RESTING)) == (10, 14)
    assert SecondFactor.objects.get().failed_count == 10


def test_a_code_that_ran_out_while_the_factor_may_be_tried_again_takes_nothing_away(alice):
    enrol(alice, NOW)
    for number in range(10):
        second_factor.check(alice, f"wrong {number}", now=NOW)
    later = NOW + timedelta(minutes=15)

    old = code_at(phone_of(alice), later - STEP)
    assert second_factor.check(alice, old, now=later) is Verdict.RUN_OUT
    assert second_factor.check(alice, code_at(phone_of(alice), later), now=later) is Verdict.RIGHT
