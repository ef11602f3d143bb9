"""Screens: who adds, pairs, changes and revokes them, and what of it can be read anywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from devices import pairings, screens
from devices.models import QrScreen
from organization.encryption import NotAuthentic
from organization.models import AuditEntry
from organization.sealed_fields import opened, sealed_columns
from tests.cast import NOW, Cast, play

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=3)


def added(cast: Cast, **said: Any) -> QrScreen:
    values = {"name": "Entrance", "department": cast.department, "actor": cast.hr, "now": NOW}
    return screens.add_screen(**values | said)


def begun(screen: QrScreen, now: datetime = NOW) -> str:
    return pairings.begin_pairing(screen_id=screen.pk, actor=None, now=now)[1]


def fresh(screen: QrScreen) -> QrScreen:
    return QrScreen.objects.get(pk=screen.pk)


def wrong(code: str) -> str:
    """Return a code that finds the same pairing and does not prove it."""
    return code[:-1] + next(sign for sign in pairings.SIGNS if sign != code[-1])


def verbs(screen: QrScreen) -> list[str]:
    rows = AuditEntry.objects.filter(thing_type="devices.qrscreen", thing_id=str(screen.pk))
    return [row.verb for row in rows.order_by("pk")]


# The secret -------------------------------------------------------------------------------------


def test_a19_each_screen_has_a_key_and_256_bits_of_its_own(cast: Cast) -> None:
    one, other = added(cast), added(cast)

    assert one.key != other.key
    assert screens.secret_of(one) != screens.secret_of(other)
    assert len(screens.secret_of(one)) == 32


def test_the_secret_is_sealed_for_its_row_and_found_by_a_rotation_of_keys(cast: Cast) -> None:
    one, other = added(cast), added(cast)
    secret = screens.secret_of(one)

    other.secret = one.secret

    assert secret not in bytes(fresh(one).secret)
    assert any(column.model is QrScreen for column in sealed_columns())
    with pytest.raises(NotAuthentic):
        opened(other, "secret")


def test_another_secret_leaves_the_browser_bound(cast: Cast) -> None:
    screen = added(cast)
    _screen, token = pairings.pair(code=begun(screen), now=NOW)
    before = screens.secret_of(fresh(screen))

    screens.rotate_secret(screen_id=screen.pk, actor=cast.hr, now=LATER)

    assert screens.secret_of(fresh(screen)) != before
    assert pairings.screen_of_browser(screen.key, token) == screen
    assert verbs(screen)[-1] == "screen.secret_rotated"


def test_no_entry_of_the_log_holds_a_secret_a_code_or_a_place(cast: Cast) -> None:
    screen = added(cast, latitude=31.2304, longitude=121.4737, radius_metres=120)
    code = begun(screen)
    _screen, token = pairings.pair(code=code, now=NOW)
    screens.edit_screen(screen_id=screen.pk, changes={"latitude": 31.5}, actor=cast.hr, now=LATER)
    screens.rotate_secret(screen_id=screen.pk, actor=cast.hr, now=LATER)
    screens.revoke(screen_id=screen.pk, actor=cast.hr, now=LATER)

    told = repr(list(AuditEntry.objects.filter(verb__startswith="screen.").values()))

    assert len(verbs(screen)) == 6
    for hidden in (token, code, code.replace("-", ""), screens.secret_of(screen).hex(),
                   fresh(screen).token_digest, "31.2", "31.5", "121.4"):  # fmt: skip
        assert hidden not in told


# Columns ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        {"step_seconds": 14},
        {"step_seconds": 31},
        {"latitude": 31.0},
        {"latitude": 31.0, "longitude": 121.0},
        {"latitude": 31.0, "longitude": 121.0, "radius_metres": 49},
        {"latitude": 31.0, "longitude": 121.0, "radius_metres": 5001},
        {"latitude": 91.0, "longitude": 121.0, "radius_metres": 100},
        {"latitude": 31.0, "longitude": 181.0, "radius_metres": 100},
        {"name": ""},
        {"kind": "painted"},
    ],
)
def test_a_screen_that_cannot_be_is_refused(cast: Cast, said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        added(cast, **said)
    assert not QrScreen.objects.exists()


@pytest.mark.parametrize(
    "said",
    [{"step_seconds": 14}, {"step_seconds": 31}, {"radius_metres": 100},
     {"latitude": 31.0, "longitude": 121.0, "radius_metres": 49},
     {"kind": "printed", "token_digest": "0" * 64}],
)  # fmt: skip
def test_the_database_refuses_it_too(cast: Cast, said: dict[str, Any]) -> None:
    screen = added(cast)

    with pytest.raises(IntegrityError), transaction.atomic():
        QrScreen.objects.filter(pk=screen.pk).update(**said)


def test_what_was_changed_is_told_and_the_kind_is_not_changed(cast: Cast) -> None:
    screen = added(cast)
    said = {"screen_id": screen.pk, "actor": cast.hr, "now": LATER}

    screens.edit_screen(changes={"name": "Gate", "step_seconds": 20}, **said)
    screens.edit_screen(changes={"name": "Gate"}, **said)

    entry = AuditEntry.objects.get(verb="screen.edited")
    assert entry.facts["before"] == {"name": "Entrance", "step_seconds": 15}
    assert entry.facts["after"] == {"name": "Gate", "step_seconds": 20}
    with pytest.raises(ValueError, match="kind"):
        screens.edit_screen(changes={"kind": "printed"}, **said)


# Pairing ----------------------------------------------------------------------------------------


def test_a_code_binds_one_browser_and_only_once(cast: Cast) -> None:
    screen = added(cast)
    code = begun(screen)

    bound, token = pairings.pair(code=code, now=NOW)

    assert bound == screen
    assert pairings.screen_of_browser(screen.key, token) == screen
    assert pairings.screen_shown_by(token) == screen
    with pytest.raises(pairings.WrongCode):
        pairings.pair(code=code, now=NOW)
    assert verbs(screen) == ["screen.added", "screen.pairing_begun", "screen.paired"]


def test_a_code_is_easy_to_read_and_typed_as_people_do(cast: Cast) -> None:
    screen = added(cast)
    code = begun(screen)

    assert len(code) == 9
    assert set(code) <= {*pairings.SIGNS, "-"}
    pairings.pair(code=f" {code.lower().replace('-', ' ')} ", now=NOW)
    assert fresh(screen).is_paired


def test_of_code_and_cookie_only_digests_are_kept(cast: Cast) -> None:
    screen = added(cast)
    code = begun(screen)
    kept = QrScreen.objects.filter(pk=screen.pk).values().get()
    _screen, token = pairings.pair(code=code, now=NOW)
    after = QrScreen.objects.filter(pk=screen.pk).values().get()

    assert code.replace("-", "") not in repr(kept)
    assert token not in repr(after)
    assert after["pairing_name"] == after["pairing_digest"] == ""


@pytest.mark.parametrize(("minutes", "is_bound"), [(0, True), (9, True), (10, False), (11, False)])
def test_a_code_lasts_ten_minutes(cast: Cast, minutes: int, is_bound: bool) -> None:
    screen = added(cast)
    code = begun(screen)

    try:
        pairings.pair(code=code, now=NOW + timedelta(minutes=minutes))
    except pairings.WrongCode:
        assert not is_bound
    assert fresh(screen).is_paired is is_bound


@pytest.mark.parametrize(("tries", "is_bound"), [(4, True), (5, False)])
def test_five_wrong_tries_make_a_code_void(cast: Cast, tries: int, is_bound: bool) -> None:
    screen, other = added(cast), added(cast)
    code, another = begun(screen), begun(other)

    for _try in range(tries):
        with pytest.raises(pairings.WrongCode):
            pairings.pair(code=wrong(code), now=NOW)

    if is_bound:
        pairings.pair(code=code, now=NOW)
    else:
        with pytest.raises(pairings.WrongCode):
            pairings.pair(code=code, now=NOW)
        assert verbs(screen)[-1] == "screen.pairing_void"
    assert fresh(screen).is_paired is is_bound
    # Whoever guesses at one screen does no harm to another.
    pairings.pair(code=another, now=NOW)


@pytest.mark.parametrize(
    "code", ["", "-", "4", "0000-0000", "ACDE-FGH", "ACDEFGHJK", "考勤考勤考勤考勤", "\x00" * 8]
)
def test_what_is_no_code_binds_nothing(cast: Cast, code: str) -> None:
    begun(added(cast))

    with pytest.raises(pairings.WrongCode):
        pairings.pair(code=code, now=NOW)


def test_a_code_of_earlier_is_void_and_the_old_browser_stays_until_the_next_one(cast: Cast) -> None:
    screen = added(cast)
    _screen, first = pairings.pair(code=begun(screen), now=NOW)
    void = begun(screen)
    code = begun(screen)

    with pytest.raises(pairings.WrongCode):
        pairings.pair(code=void, now=NOW)
    assert pairings.screen_shown_by(first) == screen
    _screen, second = pairings.pair(code=code, now=NOW)

    assert pairings.screen_shown_by(first) is None
    assert pairings.screen_shown_by(second) == screen


def test_a_token_opens_its_own_screen_only(cast: Cast) -> None:
    screen, other = added(cast), added(cast)
    _screen, token = pairings.pair(code=begun(screen), now=NOW)

    assert pairings.screen_of_browser(other.key, token) is None
    assert pairings.screen_of_browser(screen.key, "") is None
    assert pairings.screen_shown_by("") is None


def test_an_unpaired_browser_is_nobody(cast: Cast) -> None:
    screen = added(cast)
    _screen, token = pairings.pair(code=begun(screen), now=NOW)
    waiting = begun(screen)

    pairings.unpair(screen_id=screen.pk, actor=cast.hr, now=LATER)
    pairings.unpair(screen_id=screen.pk, actor=cast.hr, now=LATER)

    assert pairings.screen_shown_by(token) is None
    with pytest.raises(pairings.WrongCode):
        pairings.pair(code=waiting, now=LATER)
    assert verbs(screen).count("screen.unpaired") == 1


def test_a_sheet_has_no_browser(cast: Cast) -> None:
    with pytest.raises(pairings.ScreenPrinted):
        begun(added(cast, kind="printed"))


# Its end ----------------------------------------------------------------------------------------


def test_s_12_a_revoked_screen_stays_so(cast: Cast) -> None:
    screen = added(cast)
    _screen, token = pairings.pair(code=begun(screen), now=NOW)
    code = begun(screen)

    screens.revoke(screen_id=screen.pk, actor=cast.hr, now=LATER)
    screens.revoke(screen_id=screen.pk, actor=cast.hr, now=LATER + timedelta(minutes=1))

    assert fresh(screen).revoked_at == LATER
    assert verbs(screen).count("screen.revoked") == 1
    # Its browser is known still, to say so on the wall.
    assert pairings.screen_shown_by(token) == screen
    with pytest.raises(pairings.WrongCode):
        pairings.pair(code=code, now=LATER)
    for deed in (begun, lambda one: screens.rotate_secret(screen_id=one.pk, actor=None, now=NOW)):
        with pytest.raises(screens.ScreenRevoked):
            deed(screen)


@pytest.mark.parametrize(
    ("seen_ago", "state"),
    [
        (timedelta(minutes=2), "shown"),
        (timedelta(minutes=2, seconds=1), "silent"),
        (None, "silent"),
    ],
)
def test_a_screen_is_silent_after_two_minutes(
    cast: Cast, seen_ago: timedelta | None, state: str
) -> None:
    screen = added(cast)
    pairings.pair(code=begun(screen), now=NOW)
    seen = None if seen_ago is None else LATER - seen_ago
    QrScreen.objects.filter(pk=screen.pk).update(last_seen_at=seen)

    assert fresh(screen).state(LATER) == state


def test_to_be_seen_is_noted_to_within_half_a_minute(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    screen = added(cast)
    screens.note_seen(screen, now=NOW)
    screen = fresh(screen)

    with django_assert_num_queries(0):
        screens.note_seen(screen, now=NOW + timedelta(seconds=29))
    screens.note_seen(screen, now=NOW + timedelta(seconds=30))

    assert fresh(screen).last_seen_at == NOW + timedelta(seconds=30)


# At the same moment -----------------------------------------------------------------------------


def at_once(*works: Callable[[], object]) -> list[BaseException]:
    """Run each in a thread with a connection of its own; return what they raised."""
    barrier, raised = Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            work()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return raised


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_browsers_that_say_one_code_at_the_same_moment_one_is_bound() -> None:
    """A-26."""
    cast = play()
    for _turn in range(3):
        screen, tokens = added(cast), []

        def bind(code: str = begun(screen), tokens: list[str] = tokens) -> None:
            tokens.append(pairings.pair(code=code, now=NOW)[1])

        raised = at_once(*[bind] * 4)

        assert [type(error) for error in raised] == [pairings.WrongCode] * 3
        assert fresh(screen).token_digest == pairings.digest_of(tokens[0])
        assert verbs(screen).count("screen.paired") == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_wrong_tries_at_the_same_moment_are_each_counted() -> None:
    """A-26."""
    screen = added(play())
    code = begun(screen)

    raised = at_once(*[lambda: pairings.pair(code=wrong(code), now=NOW)] * 5)

    assert [type(error) for error in raised] == [pairings.WrongCode] * 5
    assert fresh(screen).pairing_digest == ""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_screen_that_is_revoked_while_it_is_paired_ends_revoked() -> None:
    screen = added(play())
    code = begun(screen)

    at_once(
        lambda: pairings.pair(code=code, now=NOW),
        lambda: screens.revoke(screen_id=screen.pk, actor=None, now=NOW),
        lambda: screens.rotate_secret(screen_id=screen.pk, actor=None, now=NOW),
    )

    assert fresh(screen).revoked_at == NOW.astimezone(UTC)
    assert fresh(screen).pairing_digest == ""
    assert len(screens.secret_of(fresh(screen))) == 32
