"""A phone's claim becomes a punch: accepted, held or refused, once, and never by mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image
from time_machine import travel

from attendance.evidence.claims import Position
from attendance.evidence.demands import Demands, TwoProofs
from attendance.evidence.geometry import Circle
from attendance.models import (
    AwaitedCheck,
    Notice,
    PositioningFailure,
    Punch,
    PunchCheck,
    PunchDecision,
    PunchEvidence,
    WaitingDay,
)
from attendance.services import checking, consents, evidence, places, rules
from attendance.services.keeping import NewPunch, record_punch
from attendance.signals import punch_was_held
from attendance.tests.phone import SHANGHAI, Phone
from organization.models import AuditEntry, Employee
from scheduling.pattern import ShiftPattern
from scheduling.services.assignments import assign_shift
from scheduling.services.shifts import add_shift
from tests.cast import NOW as HIRED
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("standing_cast")

# 08:58 in Shanghai, on a Tuesday.
NOW = datetime(2026, 9, 1, 0, 58, tzinfo=UTC)
FAR = {**SHANGHAI, "latitude": 31.26}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with travel(NOW, tick=False):
        yield


@pytest.fixture
def phone(cast: Cast) -> Phone:
    """Alice's phone; she has agreed, and her rule lets her punch by location near the office."""
    told()
    demand(cast, Demands(methods=frozenset({"location"})))
    draw_office(cast)
    agree(cast.alice)
    made = Phone()
    made.bind(cast.alice, now=NOW - timedelta(days=30))
    return made


@pytest.fixture
def client(cast: Cast) -> Client:
    """Alice's browser."""
    browser = Client()
    assert cast.alice.user is not None
    browser.force_login(cast.alice.user)
    return browser


def demand(cast: Cast, demands: Demands) -> None:
    rule = rules.add_rule(name="Weavers", department=cast.department, now=HIRED)
    version = rules.draft_rule(
        rule_id=rule.pk, valid_from=date(2026, 1, 1), text=rules.RuleText(demands=demands),
        now=HIRED,
    )  # fmt: skip
    rules.publish_rule(version_id=version.pk, now=HIRED)


def agree(employee: Employee) -> None:
    version = consents.version_in_force("location")
    assert version is not None
    assert employee.user is not None
    consents.give(
        employee=employee, purpose="location", version=version, language="en",
        actor=employee.user, now=NOW - timedelta(days=30),
    )  # fmt: skip


def draw_office(cast: Cast) -> None:
    places.add_fence(
        department=cast.unit,
        text=places.Text(
            name="Office", shape=Circle(31.2304, 121.4737, 200), people=[cast.alice.pk]
        ),
        now=HIRED,
    )


def come_back(client: Client, cast: Cast) -> Client:
    """Log in again: a session does not last for hours."""
    assert cast.alice.user is not None
    client.force_login(cast.alice.user)
    return client


def holds(response: Any) -> set[str]:
    """Return why a punch is held."""
    return {one["code"] for one in response.json()["reasons"] if one["effect"] == "hold"}


def photo(color: str = "navy") -> bytes:
    written = BytesIO()
    Image.new("RGB", (40, 30), color).save(written, "JPEG")
    return written.getvalue()


# What becomes of a claim --------------------------------------------------------------------------


def test_a_punch_inside_counts_and_says_what_it_means(phone: Phone, client: Client) -> None:
    answer = phone.post(client, phone.say())

    assert answer.status_code == 201
    assert answer.json()["outcome"] == "accepted"
    assert answer.json()["sentence"].startswith("08:58 · ")
    punch = Punch.objects.get()
    assert (punch.punched_at, punch.method, punch.source, punch.is_held) == (
        NOW, "location", "phone", False,
    )  # fmt: skip
    assert punch.checks.get().outcome == "accepted"
    assert WaitingDay.objects.filter(employee=punch.employee, work_date="2026-09-01").exists()


def test_whoever_leaves_before_the_end_reads_so_while_they_may_still_come_back(
    cast: Cast, phone: Phone, client: Client
) -> None:
    shift = add_shift(
        code="D", name="Day", pattern=ShiftPattern(segments=((540, 1080),)),
        valid_from=date(2026, 1, 1), now=HIRED,
    )  # fmt: skip
    assign_shift(
        department=cast.department, shift=shift, starts_on=date(2026, 1, 1), weekdays="1234567",
        now=HIRED,
    )  # fmt: skip

    said = []
    for hours, minutes in ((0, 0), (3, 41), (9, 3)):
        at = NOW + timedelta(hours=hours, minutes=minutes)
        with travel(at, tick=False):
            answer = phone.post(come_back(client, cast), phone.say())
        said.append(answer.json()["sentence"])

    assert said == [
        "08:58 · on time",
        "12:39 · 321 minutes before the end, so far",
        "18:01 · on time",
    ]


def test_a_punch_outside_is_held_and_told_to_the_deciders_in_the_same_breath(
    phone: Phone, client: Client
) -> None:
    heard: list[tuple[int, tuple[str, ...]]] = []

    def hear(punch: Punch, anomalies: tuple[str, ...], **_more: Any) -> None:
        heard.append((punch.pk, anomalies))

    punch_was_held.connect(hear)
    try:
        answer = phone.post(client, phone.say(position=FAR))
    finally:
        punch_was_held.disconnect(hear)

    assert (answer.status_code, answer.json()["outcome"]) == (201, "held")
    assert holds(answer) == {"outside_fence"}
    punch = Punch.objects.get()
    assert punch.is_held
    assert heard == [(punch.pk, ("out_of_fence",))]


def test_a_punch_that_nobody_can_be_told_of_is_not_kept(phone: Phone, client: Client) -> None:
    def fail(**_news: Any) -> None:
        raise RuntimeError("the queue is down")

    punch_was_held.connect(fail)
    client.raise_request_exception = False
    try:
        answer = phone.post(client, phone.say(position=FAR))
    finally:
        punch_was_held.disconnect(fail)

    assert answer.status_code == 500
    assert not Punch.objects.exists()


def test_a_method_that_the_rule_does_not_name_is_refused_and_nothing_is_kept(
    phone: Phone, client: Client
) -> None:
    answer = phone.post(client, phone.say(method="qr", code="kq1.x.1.aaaaaaaaaaaaaaaaaaaaaa"))

    assert (answer.status_code, answer.json()["code"]) == (422, "method_not_allowed")
    assert not Punch.objects.exists()


def test_a28_where_no_rule_speaks_nobody_punches_with_a_phone(cast: Cast, client: Client) -> None:
    """A-28: what is not configured lets nothing pass."""
    told()
    phone = Phone()
    phone.bind(cast.alice, now=NOW - timedelta(days=30))
    agree(cast.alice)

    answer = phone.post(client, phone.say())

    assert (answer.status_code, answer.json()["code"]) == (422, "method_not_allowed")


def test_s06_what_a_phone_thinks_of_its_place_is_not_read(phone: Phone, client: Client) -> None:
    """S-06: neither as a field of the claim nor of the position."""
    for said in ({"inside": True}, {"position": {**FAR, "distance": 3}}):
        answer = phone.post(client, phone.say(**said))
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")

    assert not Punch.objects.exists()


@pytest.mark.parametrize(
    "broken",
    [
        {"position": {**SHANGHAI, "latitude": 131.0}},
        {"position": {**SHANGHAI, "longitude": "121"}},
        {"position": {**SHANGHAI, "datum": "mars"}},
        {"position": {**SHANGHAI, "accuracy_metres": -1}},
        {"counter": 0},
        {"counter": True},
        {"at": "2026-09-01T08:58:00"},
        {"at": "0001-01-01T00:00:00+14:00", "offline": True},
        {"at": "9999-12-31T23:59:59-12:00", "offline": True},
        {"instead_of": 0},
        {"method": "face"},
        {"v": 2},
        {"address": "a\u202eb"},
        {"offline": "yes"},
        {"server_at": "2026-09-01T08:58:00"},
        {"since_server_ms": -1},
        {"since_server_ms": 1.5},
    ],
    ids=lambda said: next(iter(said)),
)
def test_a_claim_that_says_nothing_is_told_which_field_is_wrong(
    phone: Phone, client: Client, broken: dict[str, Any]
) -> None:
    answer = phone.post(client, phone.say(**broken))

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert next(iter(broken)) in answer.json()["facts"]["field"]
    assert not Punch.objects.exists()


def test_a_punch_that_somebody_accepted_later_does_not_look_as_if_it_had_counted_at_once(
    cast: Cast, phone: Phone, client: Client
) -> None:
    phone.post(client, phone.say(position=FAR))
    held = Punch.objects.get()
    with travel(NOW + timedelta(minutes=5), tick=False):
        phone.post(client, phone.say())
    before = client.get("/punch/state/").json()["done"]
    PunchDecision.objects.create(
        punch=held, verdict="accepted", decided_by=cast.bob.user, decided_at=NOW
    )

    first, second = client.get("/punch/state/").json()["done"]

    assert [one["is_later"] for one in before] == [False, False]
    assert (first["outcome"], first["is_later"]) == ("accepted", True)
    assert first["outcome_label"] == "held at first, accepted later by Bob"
    assert any("outside of Office" in one for one in first["reasons"])
    assert (second["is_later"], second["outcome_label"]) == (False, "Accepted")


# Whose phone --------------------------------------------------------------------------------------


def test_a_claim_that_was_changed_on_the_way_is_refused(phone: Phone, client: Client) -> None:
    said = phone.say()
    signature = phone.sign(said)
    changed = said.replace(b"20.0", b"10.0")
    answer = client.post(
        "/punch/make/",
        {"claim": changed.decode(), "signature": signature, "phone": phone.key},
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")
    assert not Punch.objects.exists()


def test_a_phone_that_is_bound_to_somebody_else_is_none_of_mine(cast: Cast, phone: Phone) -> None:
    browser = Client()
    assert cast.bob.user is not None
    browser.force_login(cast.bob.user)

    answer = phone.post(browser, phone.say())

    assert (answer.status_code, answer.json()["code"]) == (409, "phone_not_bound")
    assert not Punch.objects.exists()


def test_s16_one_phone_for_two_people_within_ten_minutes_is_held(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """S-16."""
    phone.bind(cast.bob, now=NOW - timedelta(days=30))
    agree(cast.bob)
    browser = Client()
    assert cast.bob.user is not None
    browser.force_login(cast.bob.user)
    phone.post(browser, phone.say())

    with travel(NOW + timedelta(minutes=9), tick=False):
        answer = phone.post(client, phone.say())

    assert "phone_shared" in holds(answer)


def test_s16_the_first_of_two_people_with_one_phone_is_flagged_too_and_nothing_else_changes(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """S-16: both are flagged; what counts counts."""
    phone.post(client, phone.say())
    first = Punch.objects.get()
    phone.bind(cast.bob, now=NOW - timedelta(days=30))
    agree(cast.bob)
    browser = Client()
    assert cast.bob.user is not None
    browser.force_login(cast.bob.user)
    days = list(WaitingDay.objects.values_list("employee", "work_date", "facts_version"))

    for minutes in (8, 9):
        with travel(NOW + timedelta(minutes=minutes), tick=False):
            answer = phone.post(browser, phone.say())

    assert "phone_shared" in holds(answer)
    earlier, later = first.checks.order_by("pk")
    assert (earlier.outcome, later.outcome) == ("accepted", "accepted")
    flags = {one["code"]: one["effect"] for one in later.reasons}
    assert flags["phone_shared"] == "flag"
    assert "phone_shared" not in {one["code"] for one in earlier.reasons}
    told = AuditEntry.objects.filter(verb="phone.shared").values_list("thing_name", flat=True)
    assert sorted({name.split()[-1] for name in told}) == ["Alice", "Bob"]
    assert len(told) == 2
    after = WaitingDay.objects.filter(employee=cast.alice)
    assert list(after.values_list("employee", "work_date", "facts_version")) == days
    again = client.get("/punch/state/").json()["done"]
    assert [one["outcome"] for one in again] == ["accepted"]


def test_s17_a_second_phone_is_held_until_it_has_cooled(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """S-17: the first phone warned nobody; a later one may be a thief's."""
    new = Phone()
    new.bind(cast.alice, now=NOW - timedelta(hours=23))

    assert holds(new.post(client, new.say())) == {"phone_cooling"}

    with travel(NOW + timedelta(hours=2), tick=False):
        assert new.post(come_back(client, cast), new.say()).json()["outcome"] == "accepted"


# Once, and never twice ----------------------------------------------------------------------------


def test_in23_a_repeat_hears_the_first_answer(phone: Phone, client: Client) -> None:
    """IN-23."""
    said = phone.say()
    first = phone.post(client, said)
    again = phone.post(client, said)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert Punch.objects.count() == PunchCheck.objects.count() == 1


def test_in24_one_number_of_a_phone_is_one_punch(phone: Phone, client: Client) -> None:
    """IN-24."""
    phone.post(client, phone.say())
    phone.counter -= 1

    answer = phone.post(client, phone.say(position=FAR))

    assert (answer.status_code, answer.json()["code"]) == (409, "counter_used")
    assert Punch.objects.count() == 1


def test_a_kept_punch_is_the_one_that_it_stands_in_for_and_no_other(
    phone: Phone, client: Client
) -> None:
    """Its answer was lost on the way: it may have arrived, whatever arrived after it."""
    first = phone.post(client, phone.say())
    said = {"offline": True, "sent_at": None}
    arrived = phone.post(client, phone.say(instead_of=1, **said), sent_at=NOW.isoformat())
    lost = phone.counter + 1
    phone.counter = lost
    phone.post(client, phone.say())

    kept = phone.post(client, phone.say(instead_of=lost, **said), sent_at=NOW.isoformat())

    assert (arrived.status_code, arrived.json()["id"]) == (200, first.json()["id"])
    assert kept.status_code == 201


def test_s20_what_was_sent_before_is_refused_ten_minutes_later(
    phone: Phone, client: Client
) -> None:
    """S-20."""
    said = phone.say()
    phone.post(client, said)

    with travel(NOW + timedelta(minutes=10), tick=False):
        assert phone.post(client, said).status_code == 200
    with travel(NOW + timedelta(minutes=10, seconds=1), tick=False):
        answer = phone.post(client, said)

    assert (answer.status_code, answer.json()["code"]) == (409, "replayed")
    assert Punch.objects.count() == 1


# Without a network --------------------------------------------------------------------------------


def test_in21_a_kept_punch_keeps_its_own_time_and_says_so(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """IN-21."""
    said = phone.say(at=NOW.isoformat(), offline=True)

    with travel(NOW + timedelta(hours=6), tick=False):
        sent = timezone.now().isoformat()
        answer = phone.post(come_back(client, cast), said, sent_at=sent)
        repeat = phone.post(client, said, sent_at=sent)

    assert (answer.status_code, repeat.status_code) == (201, 200)
    punch = Punch.objects.get()
    assert (punch.punched_at, punch.received_at) == (NOW, NOW + timedelta(hours=6))
    flags = {one["code"] for one in answer.json()["reasons"] if one["effect"] == "flag"}
    assert "offline" in flags
    assert not punch.is_held


def test_in22_a_kept_punch_of_a_phone_with_a_wrong_clock_is_held(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """IN-22, S-19: the phone says 09:08 while the server says 15:00."""
    said = phone.say(at=NOW.isoformat(), offline=True)

    with travel(NOW + timedelta(hours=6, minutes=2), tick=False):
        come_back(client, cast)
        answer = phone.post(client, said, sent_at="2026-09-01T09:08:00+08:00")

    assert holds(answer) == {"clock_mismatch"}


def test_a_punch_with_a_network_gets_the_servers_time_whatever_the_phone_says(
    phone: Phone, client: Client
) -> None:
    phone.post(client, phone.say(at="2026-09-01T08:00:00+08:00"))

    assert Punch.objects.get().punched_at == NOW


def kept(phone: Phone, client: Client, made: datetime, sent: datetime, **said: Any) -> Any:
    """Make a punch without a network, and send it when the clock is right again."""
    content = phone.say(at=made.isoformat(), sent_at=None, offline=True, **said)
    with travel(sent, tick=False):
        return phone.post(client, content, sent_at=sent.isoformat())


def test_s19_a_clock_that_was_set_back_and_put_right_again_is_seen_by_the_order_of_the_numbers(
    phone: Phone, client: Client
) -> None:
    """S-19: number 2 says 08:30, and number 1 came at 08:58."""
    assert phone.post(client, phone.say()).json()["outcome"] == "accepted"

    back = kept(phone, client, NOW - timedelta(minutes=28), NOW + timedelta(minutes=20))
    again = kept(phone, client, NOW - timedelta(minutes=27), NOW + timedelta(minutes=21))
    right = kept(phone, client, NOW + timedelta(minutes=22), NOW + timedelta(minutes=23))

    assert holds(back) == holds(again) == {"times_out_of_order"}
    assert right.json()["outcome"] == "accepted"


def test_s19_a_lower_number_that_comes_later_is_not_of_a_later_time(
    phone: Phone, client: Client
) -> None:
    """S-19: the clock was set ahead for number 1, and number 2 was sent at once."""
    ahead = phone.say(at=(NOW + timedelta(hours=1)).isoformat(), sent_at=None, offline=True)
    phone.post(client, phone.say())

    with travel(NOW + timedelta(hours=1, minutes=1), tick=False):
        answer = phone.post(client, ahead, sent_at=timezone.now().isoformat())

    assert holds(answer) == {"times_out_of_order"}


def test_punches_that_were_kept_for_days_come_in_any_order_and_count(
    cast: Cast, phone: Phone, client: Client
) -> None:
    days = [NOW + timedelta(days=day) for day in range(3)]
    said = [phone.say(at=day.isoformat(), sent_at=None, offline=True) for day in days]

    with travel(NOW + timedelta(days=3), tick=False):
        come_back(client, cast)
        sent = timezone.now().isoformat()
        answers = [phone.post(client, said[n], sent_at=sent) for n in (1, 0, 2)]

    assert [one.json()["outcome"] for one in answers] == ["accepted"] * 3


def test_what_is_signed_anew_keeps_the_place_of_the_number_it_stands_in_for(
    phone: Phone, client: Client
) -> None:
    """Number 1 was lost, 2 was kept after it, and 3 is number 1 once more."""
    phone.counter = 1
    kept(phone, client, NOW + timedelta(minutes=9), NOW + timedelta(minutes=20))

    answer = kept(phone, client, NOW, NOW + timedelta(minutes=20), instead_of=1)

    assert answer.json()["outcome"] == "accepted"


def test_s19_what_the_phone_heard_of_the_servers_clock_was_before_the_punch(
    phone: Phone, client: Client
) -> None:
    """S-19: it heard 08:50 and twenty minutes of its stopwatch later said 08:58."""
    heard = {"server_at": (NOW - timedelta(minutes=8)).isoformat()}
    late, minute = NOW + timedelta(minutes=30), 60_000

    back = kept(phone, client, NOW, late, since_server_ms=20 * minute, **heard)
    slept = kept(phone, client, NOW, late, since_server_ms=2 * minute, **heard)
    before = NOW - timedelta(minutes=11)
    anew = kept(phone, client, before, late, since_server_ms=None, **heard)

    assert holds(back) == {"clock_set_back"}
    assert slept.json()["outcome"] == "accepted"
    assert "clock_set_back" in holds(anew)


@pytest.mark.parametrize(
    "heard",
    [
        {"server_at": None, "since_server_ms": None},
        {"server_at": "2026-08-31T18:00:00+08:00", "since_server_ms": None},
        {"server_at": None, "since_server_ms": 60_000},
    ],
    ids=["nothing", "yesterday, before the page was opened", "a stopwatch of nothing"],
)
def test_s19_a_kept_punch_is_held_where_nothing_tells_that_the_phones_clock_was_right(
    phone: Phone, client: Client, heard: dict[str, Any]
) -> None:
    """S-19: flight mode, clock set back, page opened from the cache, clock put right again."""
    answer = kept(phone, client, NOW, NOW + timedelta(minutes=30), **heard)

    assert answer.status_code == 201
    assert holds(answer) == {"clock_unchecked"}
    told = [one["sentence"] for one in answer.json()["reasons"]]
    assert any("had no network since it was opened" in one for one in told)


def test_s20_a_claim_that_was_signed_for_later_is_held_with_a_network_too(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """S-20: signed yesterday beside the office, and sent from home."""
    hoarded = phone.say()

    with travel(NOW + timedelta(days=1), tick=False):
        answer = phone.post(come_back(client, cast), hoarded)

    assert holds(answer) == {"clock_mismatch"}


def test_a_kept_punch_of_the_future_is_refused_and_says_what_to_do(
    phone: Phone, client: Client
) -> None:
    content = phone.say(
        at=(NOW + timedelta(minutes=2, seconds=1)).isoformat(), sent_at=None, offline=True
    )
    answer = phone.post(client, content, sent_at=NOW.isoformat())

    assert (answer.status_code, answer.json()["code"]) == (409, "offline_refused")
    assert "clock right" in answer.json()["message"]
    assert not Punch.objects.exists()


def test_a_rule_may_refuse_kept_punches(cast: Cast, phone: Phone, client: Client) -> None:
    version = cast.department.rules.get().versions.get()
    version.demands = Demands(methods=frozenset({"location"}), allows_offline=False).to_json()
    version.save(update_fields=["demands"])

    answer = phone.post(client, phone.say(offline=True), sent_at=NOW.isoformat())

    assert (answer.status_code, answer.json()["code"]) == (409, "offline_refused")


# No more than a person can look at ---------------------------------------------------------------


def test_so_many_held_punches_an_hour_are_taken_and_no_more(
    phone: Phone, client: Client, settings: Any
) -> None:
    settings.HELD_PUNCHES_AN_HOUR = 3
    for minute in range(3):
        with travel(NOW + timedelta(minutes=minute), tick=False):
            assert phone.post(client, phone.say(position=FAR)).status_code == 201

    with travel(NOW + timedelta(minutes=10), tick=False):
        refused = phone.post(client, phone.say(position=FAR))
        offline = phone.say(position=FAR, offline=True, sent_at=None)
        waits = phone.post(client, offline, sent_at=timezone.now().isoformat())
        counts = phone.post(client, phone.say())
    with travel(NOW + timedelta(hours=1), tick=False):
        taken = phone.post(client, offline, sent_at=timezone.now().isoformat())

    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_held")
    assert "in 50 minutes" in refused.json()["message"]
    # The page keeps what it is told to send later.
    assert (waits.status_code, waits.headers["Retry-After"]) == (429, "3000")
    assert counts.json()["outcome"] == "accepted"
    assert taken.status_code == 201
    assert Punch.objects.filter(is_held=True).count() == 4


# Positions ----------------------------------------------------------------------------------------


def test_l03_no_position_is_taken_without_consent_and_a_new_notice_asks_again(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """L-03: withdrawn at once, and asked again by a newer version."""
    assert cast.alice.user is not None
    consents.withdraw(employee=cast.alice, purpose="location", actor=cast.alice.user, now=NOW)
    refused = phone.post(client, phone.say())
    agree(cast.alice)
    publish_notice(version=99)
    refused_again = phone.post(client, phone.say())
    consents.give(
        employee=cast.alice, purpose="location", version=99, language="en",
        actor=cast.alice.user, now=NOW,
    )  # fmt: skip

    assert refused.json()["code"] == refused_again.json()["code"] == "consent_missing"
    assert phone.post(client, phone.say()).status_code == 201


def told() -> None:
    """Let there be a notice to agree to."""
    if consents.version_in_force("location") is None:
        publish_notice(1)


def publish_notice(version: int) -> None:
    for language in ("en", "zh-hans"):
        Notice.objects.create(
            purpose="location", version=version, language=language, title="Positions",
            text="Why, and for how long.", published_at=NOW,
        )  # fmt: skip


def test_l08_what_proves_a_punch_stands_sealed_beside_it(phone: Phone, client: Client) -> None:
    """L-08: neither the punch nor its reasons name a place."""
    answer = phone.post(client, phone.say(is_mock=False))

    punch = Punch.objects.get()
    kinds = set(punch.evidence.values_list("kind", flat=True))
    assert kinds == {"position", "integrity"}
    assert "31.2304" not in answer.content.decode().split('"fences"')[0]
    for row in punch.evidence.all():
        assert b"31.2304" not in bytes(row.sealed)
    assert "31.2304" not in json.dumps(punch.checks.get().reasons)


def test_in38_nobody_flies_from_shanghai_to_peking_in_ten_minutes(
    phone: Phone, client: Client
) -> None:
    """IN-38, S-03: kept for a person to look at, never dropped."""
    phone.post(client, phone.say())

    with travel(NOW + timedelta(minutes=10), tick=False):
        peking = {**SHANGHAI, "latitude": 39.9042, "longitude": 116.4074}
        answer = phone.post(client, phone.say(position=peking))

    assert "impossible_speed" in holds(answer)
    assert Punch.objects.count() == 2


def test_s04_a_receiver_that_is_still_to_the_bit_for_ten_days_is_held(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """S-04."""
    outcomes = []
    for day in range(10):
        with travel(NOW + timedelta(days=day), tick=False):
            come_back(client, cast)
            outcomes.append(phone.post(client, phone.say()).json()["outcome"])

    assert outcomes == ["accepted"] * 9 + ["held"]


def test_s04_a_hundred_punches_a_day_hide_no_date_of_the_same_position(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """S-04: what is read is bounded by dates, not by positions."""
    for day in range(9):
        with travel(NOW + timedelta(days=day), tick=False):
            phone.post(come_back(client, cast), phone.say())
    copies = copy_positions(Punch.objects.order_by("-punched_at")[0], 100)

    with travel(NOW + timedelta(days=9), tick=False):
        answer = phone.post(come_back(client, cast), phone.say())

    assert copies == 100
    assert holds(answer) == {"identical_positions"}


def test_s03_a_kept_punch_is_held_against_the_positions_next_to_it_however_many_came_since(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """S-03: kept in Peking ten minutes after Shanghai, and sent with a hundred punches between."""
    phone.post(client, phone.say())
    peking = {**SHANGHAI, "latitude": 39.9042, "longitude": 116.4074}
    content = phone.say(
        at=(NOW + timedelta(minutes=10)).isoformat(), sent_at=None, offline=True, position=peking
    )
    with travel(NOW + timedelta(days=1), tick=False):
        phone.post(come_back(client, cast), phone.say())
        copy_positions(Punch.objects.order_by("-punched_at")[0], 100)

        answer = phone.post(client, content, sent_at=timezone.now().isoformat())

    assert "impossible_speed" in holds(answer)


def copy_positions(punch: Punch, count: int) -> int:
    """Let a punch be there many times, with the same position, a second apart."""
    row = punch.evidence.get(kind="position")
    for number in range(1, count + 1):
        kept = record_punch(
            NewPunch(
                punch.employee_id, punch.department_id, int(punch.punched_at.timestamp()) + number,
                punch.zone, "location", "phone", f"copy:{punch.pk}:{number}",
            ),
            now=timezone.now(),
        )  # fmt: skip
        again = Punch.objects.get(pk=kept.punch_id)
        evidence.keep_evidence(again, now=timezone.now(), position=read_position_of(row))
    return count


def read_position_of(row: PunchEvidence) -> Position:
    return Position(**evidence.read_piece(row).facts)


def test_s02_a_phone_that_says_its_position_is_made_up_is_believed(
    phone: Phone, client: Client
) -> None:
    """S-02."""
    assert holds(phone.post(client, phone.say(is_mock=True))) == {"mock_location"}


# Weak GPS -----------------------------------------------------------------------------------------


def test_in35_in36_a_typed_address_is_taken_after_15_minutes_of_failure_and_held(
    phone: Phone, client: Client
) -> None:
    """IN-35, IN-36: 14:59 is too early, 15:00 is in time, by the server's clock."""
    fails_for(client, timedelta(minutes=14, seconds=59))
    with travel(NOW + timedelta(minutes=14, seconds=59), tick=False):
        early = phone.post(client, phone.say(method="manual", position=None, address="Gate 3"))
    with travel(NOW + timedelta(minutes=15), tick=False):
        taken = phone.post(client, phone.say(method="manual", position=None, address="Gate 3"))

    assert (early.status_code, early.json()["code"]) == (422, "weak_gps_not_yet")
    assert (taken.status_code, taken.json()["outcome"]) == (201, "held")
    assert holds(taken) == {"address_typed"}
    assert PunchEvidence.objects.filter(kind="address").exists()


def test_whoever_has_not_agreed_to_be_located_has_the_fallback_at_once_and_it_is_held(
    cast: Cast, phone: Phone, client: Client
) -> None:
    typed = {"method": "manual", "position": None, "address": "Dock 3"}
    refused = phone.post(client, phone.say(**typed))
    assert (refused.status_code, refused.json()["code"]) == (422, "weak_gps_not_yet")
    assert cast.alice.user is not None
    consents.withdraw(employee=cast.alice, purpose="location", actor=cast.alice.user, now=NOW)

    answer = phone.post(client, phone.say(**typed))

    assert (answer.status_code, answer.json()["outcome"]) == (201, "held")
    assert "position_declined" in {one["code"] for one in answer.json()["reasons"]}
    elsewhere = phone.post(client, phone.say(method="qr", position=None, code="KQ1.x.y"))
    assert elsewhere.json()["code"] == "method_not_allowed"


def test_in37_a_fix_in_between_begins_the_15_minutes_anew(phone: Phone, client: Client) -> None:
    """IN-37."""
    fails_for(client, timedelta(minutes=10))
    with travel(NOW + timedelta(minutes=10), tick=False):
        client.post("/punch/positioning/", {"failed": False}, "application/json")
    with travel(NOW + timedelta(minutes=18), tick=False):
        client.post("/punch/positioning/", {"failed": True}, "application/json")
        answer = phone.post(client, phone.say(method="manual", position=None, address="Gate 3"))

    assert answer.json()["code"] == "weak_gps_not_yet"


def test_a_phone_that_said_it_once_in_the_morning_has_not_failed_all_day(
    cast: Cast, phone: Phone, client: Client
) -> None:
    client.post("/punch/positioning/", {"failed": True}, "application/json")

    with travel(NOW + timedelta(hours=8), tick=False):
        come_back(client, cast)
        answer = client.post("/punch/positioning/", {"failed": True}, "application/json")

    assert answer.json()["is_open"] is False
    assert PositioningFailure.objects.get().since == NOW + timedelta(hours=8)


def fails_for(client: Client, span: timedelta) -> None:
    """Say once a minute that no position is found."""
    for minute in range(int(span.total_seconds() // 60) + 1):
        with travel(NOW + timedelta(minutes=minute), tick=False):
            client.post("/punch/positioning/", {"failed": True}, "application/json")


# Photos -------------------------------------------------------------------------------------------


def demand_photo(cast: Cast) -> None:
    version = cast.department.rules.get().versions.get()
    version.demands = Demands(methods=frozenset({"location"}), is_photo_demanded=True).to_json()
    version.save(update_fields=["demands"])


def test_a_photo_that_the_rule_asks_for_is_kept_and_without_it_the_punch_is_held(
    cast: Cast, phone: Phone, client: Client
) -> None:
    demand_photo(cast)
    without = phone.post(client, phone.say())
    shot = photo()
    with travel(NOW + timedelta(minutes=1), tick=False):
        within = phone.post(client, phone.say(photo=shot), photo=SimpleUploadedFile("a", shot))

    assert holds(without) == {"photo_missing"}
    assert within.json()["outcome"] == "accepted"
    assert PunchEvidence.objects.filter(kind="photo").count() == 1


def test_s21_a_photo_that_another_person_has_shown_is_held(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """S-21."""
    demand_photo(cast)
    shot, other = photo(), Phone()
    other.bind(cast.bob, now=NOW - timedelta(days=30))
    agree(cast.bob)
    browser = Client()
    assert cast.bob.user is not None
    browser.force_login(cast.bob.user)
    other.post(browser, other.say(photo=shot), photo=SimpleUploadedFile("a", shot))

    answer = phone.post(client, phone.say(photo=shot), photo=SimpleUploadedFile("a", shot))

    assert holds(answer) == {"photo_seen_before"}


def test_s21_a_photo_proves_one_punch_whatever_else_its_file_carries(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """S-21: the same picture once more, with a comment in its file that was not there before."""
    demand_photo(cast)
    shot = photo()
    commented = shot[:2] + b"\xff\xfe\x00\x07today" + shot[2:]
    phone.post(client, phone.say(photo=shot), photo=SimpleUploadedFile("a", shot))

    with travel(NOW + timedelta(hours=1), tick=False):
        come_back(client, cast)
        again = phone.say(photo=commented)
        answer = phone.post(client, again, photo=SimpleUploadedFile("a", commented))
        fresh = photo("olive")
        other = phone.post(client, phone.say(photo=fresh), photo=SimpleUploadedFile("a", fresh))

    assert holds(answer) == {"photo_seen_before"}
    told = [one["sentence"] for one in answer.json()["reasons"] if one["effect"] == "hold"]
    assert told == ["The person has handed in this photo before, with another punch."]
    assert other.json()["outcome"] == "accepted"


def test_a_photo_is_written_anew_once_for_each_punch(
    cast: Cast, phone: Phone, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand_photo(cast)
    cleaned: list[int] = []
    clean = evidence.clean_photo
    monkeypatch.setattr(
        evidence, "clean_photo", lambda shot: (cleaned.append(len(shot)), clean(shot))[1]
    )
    shot = photo()

    said = phone.say(photo=shot)
    for _repeat in range(2):
        phone.post(client, said, photo=SimpleUploadedFile("a", shot))

    assert len(cleaned) == 1


def test_a_photo_that_was_not_signed_for_and_a_file_that_is_none_are_refused(
    phone: Phone, client: Client
) -> None:
    other = phone.post(
        client, phone.say(photo=photo()), photo=SimpleUploadedFile("a", photo("red"))
    )
    text = b"<svg onload=alert(1)>"
    none = phone.post(client, phone.say(photo=text), photo=SimpleUploadedFile("a.svg", text))

    assert (other.status_code, other.json()["code"]) == (409, "photo_differs")
    assert (none.status_code, none.json()["code"]) == (409, "photo_refused")
    assert not Punch.objects.exists()


# Two proofs ---------------------------------------------------------------------------------------


def demand_two(cast: Cast) -> None:
    version = cast.department.rules.get().versions.get()
    version.demands = Demands(
        methods=frozenset({"location"}), second_check=TwoProofs("location", "fingerprint", 15)
    ).to_json()
    version.save(update_fields=["demands"])


def touch(cast: Cast, at: datetime, *, now: datetime) -> None:
    """Let a terminal say that Alice put her finger on it."""
    second = int(at.timestamp())
    checking.record_vouched(
        [
            NewPunch(
                employee_id=cast.alice.pk, department_id=cast.department.pk, second=second,
                zone="Asia/Shanghai", method="fingerprint", source="terminal",
                natural_key=f"clock:{cast.alice.pk}:{second}",
            )
        ],
        now=now,
    )  # fmt: skip


def counts(punch: Punch) -> bool:
    last = punch.decisions.order_by("pk").last()
    return not punch.is_held or (last is not None and last.verdict == "accepted")


@pytest.mark.parametrize(
    ("gap", "is_fine"),
    [
        pytest.param(0, True, id="IN-11"),
        pytest.param(899, True, id="IN-12"),
        pytest.param(900, True, id="IN-13"),
        pytest.param(901, False, id="IN-14"),
        pytest.param(960, False, id="IN-15"),
        pytest.param(-180, True, id="IN-16"),
    ],
)
@pytest.mark.parametrize("is_late", [False, True], ids=["as it happens", "carried over later"])
def test_s18_two_proofs_count_if_they_are_at_most_15_minutes_apart(
    cast: Cast, phone: Phone, client: Client, gap: int, is_fine: bool, is_late: bool
) -> None:
    """S-18, IN-11 to IN-16: in either order, and whenever the terminal's log arrives."""
    demand_two(cast)
    at = NOW + timedelta(seconds=gap, microseconds=0)
    if gap < 0 and not is_late:
        touch(cast, at, now=at)
    assert phone.post(client, phone.say()).status_code == 201
    later = NOW + timedelta(hours=3)
    if is_late:
        checking.settle_second_checks(now=later)
        touch(cast, at, now=later)
    elif gap >= 0:
        if gap > 900:
            checking.settle_second_checks(now=at)
        touch(cast, at, now=at)
    checking.settle_second_checks(now=later)

    assert [counts(punch) for punch in Punch.objects.all()] == [is_fine, is_fine]
    assert not AwaitedCheck.objects.exists()
    if not is_fine:
        codes = {
            one["code"]
            for check in checking.latest_checks(Punch.objects.values_list("pk", flat=True)).values()
            for one in check.reasons
        }
        assert codes & {"dual_gap", "dual_missing"}


def test_s18_a_punch_from_home_is_no_second_proof_for_a_finger_at_the_door(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """A punch that is held for its place waits for a person, and so does what leans on it."""
    demand_two(cast)
    touch(cast, NOW, now=NOW)

    answer = phone.post(client, phone.say(position=FAR))
    checking.settle_second_checks(now=NOW + timedelta(hours=1))

    assert holds(answer) == {"outside_fence"}
    assert [counts(punch) for punch in Punch.objects.all()] == [False, False]


def test_s18_a_first_proof_that_somebody_has_accepted_is_one(
    cast: Cast, phone: Phone, client: Client
) -> None:
    demand_two(cast)
    phone.post(client, phone.say(position=FAR))
    PunchDecision.objects.create(
        punch=Punch.objects.get(), verdict="accepted", decided_by=cast.hr, decided_at=NOW
    )

    touch(cast, NOW + timedelta(minutes=5), now=NOW + timedelta(minutes=5))

    assert counts(Punch.objects.get(method="fingerprint"))


def test_in17_a_single_proof_is_held_when_its_time_is_over(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """IN-17: awaited at first, which is no news for anybody; then held, which is."""
    demand_two(cast)
    heard: list[tuple[str, ...]] = []

    def hear(anomalies: tuple[str, ...], **_more: Any) -> None:
        heard.append(anomalies)

    punch_was_held.connect(hear)
    try:
        answer = phone.post(client, phone.say())
        before = list(heard)
        assert checking.settle_second_checks(now=NOW + timedelta(minutes=15)) == 0
        assert checking.settle_second_checks(now=NOW + timedelta(minutes=16)) == 1
        assert checking.settle_second_checks(now=NOW + timedelta(minutes=17)) == 0
    finally:
        punch_was_held.disconnect(hear)

    assert answer.json()["outcome"] == "awaited"
    assert (before, heard) == ([], [("second_check",)])
    assert not PunchDecision.objects.exists()


# The page's other questions -----------------------------------------------------------------------


def test_the_state_shows_the_plan_and_what_a_punch_would_be(phone: Phone, client: Client) -> None:
    state = client.get("/punch/state/", {"phone": phone.key}).json()

    assert state["methods"] == ["location"]
    assert state["phone"]["is_known"] is True
    assert state["consent"]["is_given"] is True
    assert [fence["name"] for fence in state["fences"]] == ["Office"]
    assert state["done"] == []


def test_every_step_wants_the_token_against_forged_requests(cast: Cast) -> None:
    """A-09."""
    browser = Client(enforce_csrf_checks=True)
    assert cast.alice.user is not None
    browser.force_login(cast.alice.user)

    for step in (
        "make", "phone", "phone/release", "phone/address", "phone/address/remove", "positioning",
        "consent", "automatic",
    ):  # fmt: skip
        assert browser.post(f"/punch/{step}/").status_code == 403, step


def test_somebody_without_a_person_finds_nothing(cast: Cast) -> None:
    browser = Client()
    browser.force_login(cast.hr)

    assert browser.get("/punch/state/").status_code == 404
    assert Client().get("/punch/state/").status_code == 401


# What fails holds --------------------------------------------------------------------------------


def test_a28_what_cannot_be_read_of_the_past_holds_the_next_punch(
    phone: Phone, client: Client
) -> None:
    """A-28: a position that speaks against it may stand there."""
    phone.post(client, phone.say())
    PunchEvidence.objects.filter(kind="position").update(sealed=b"\x01broken")

    with travel(NOW + timedelta(minutes=1), tick=False):
        answer = phone.post(client, phone.say())

    assert (answer.status_code, answer.json()["outcome"]) == (201, "held")
    assert holds(answer) == {"check_failed"}


def test_a28_a_rule_that_nobody_can_read_lets_nothing_pass(
    cast: Cast, phone: Phone, client: Client
) -> None:
    """A-28."""
    version = cast.department.rules.get().versions.get()
    version.demands = {**version.demands, "lets_everything_pass": True}
    version.save(update_fields=["demands"])
    client.raise_request_exception = False

    assert phone.post(client, phone.say()).status_code == 500
    assert not Punch.objects.exists()


def test_p09_the_distance_that_a_client_claims_is_no_field(phone: Phone, client: Client) -> None:
    """P-09: the server measures, or nobody does."""
    answer = phone.post(client, phone.say(position={**FAR, "distance_metres": 3}))

    assert answer.status_code == 400
    assert not Punch.objects.exists()
