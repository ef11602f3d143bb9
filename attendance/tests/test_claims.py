"""A punch that a flight stands for: moved by its delay, proven by the boarding pass in time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any, Final

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from PIL import Image
from time_machine import travel

from attendance import tasks
from attendance.evidence.demands import Demands
from attendance.evidence.flights import flight_number
from attendance.models import Flight, OfflineClaim, Punch, RuleVersion
from attendance.services import claims
from attendance.signals import punch_was_held
from attendance.tests.test_making import demand
from organization import outside
from organization.errors import NotFound
from organization.models import AuditEntry, User
from tests.cast import Cast

# 20:00 in Shanghai, on a Tuesday.
NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
# She passes security at 22:30, an hour before the departure at 23:30.
CLAIMED = NOW + timedelta(hours=2, minutes=30)
DEPARTS = NOW + timedelta(hours=3, minutes=30)
ARRIVES = DEPARTS + timedelta(hours=2)
LATE = timedelta(hours=1, minutes=50)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with travel(NOW, tick=False):
        yield


@pytest.fixture
def alice(cast: Cast) -> User:
    """Alice works at the airport; her rule takes punches by a flight."""
    demand(cast, Demands(takes_claims=True))
    assert cast.alice.user is not None
    return cast.alice.user


def declared(cast: Cast, **said: Any) -> OfflineClaim:
    assert cast.alice.user is not None
    whole = {
        "number": "MU 5101", "departs_on": date(2026, 9, 1), "leg": "departure",
        "claimed_at": CLAIMED, "actor": cast.alice.user, "now": NOW, **said,
    }  # fmt: skip
    return claims.declare(employee=cast.alice, **whole)


def fly(late: timedelta = LATE) -> None:
    """Let the flight go and come, late."""
    rows = (
        "number,departs_on,scheduled_departure_at,actual_departure_at,scheduled_arrival_at,"
        "actual_arrival_at\n"
        f"MU5101,2026-09-01,{DEPARTS.isoformat()},{(DEPARTS + late).isoformat()},"
        f"{ARRIVES.isoformat()},{(ARRIVES + late).isoformat()}\n"
    )
    claims.take_flights(rows.encode(), source="test", actor=None, now=NOW)


def boarding_pass(color: str = "white") -> bytes:
    written = BytesIO()
    Image.new("RGB", (60, 30), color).save(written, "JPEG")
    return written.getvalue()


@pytest.mark.parametrize(
    ("after", "state"),
    [
        pytest.param(timedelta(hours=3, minutes=59, seconds=59), "accepted", id="IN-18"),
        pytest.param(timedelta(hours=4), "accepted", id="IN-19"),
        pytest.param(timedelta(hours=4, seconds=1), "held", id="IN-20"),
    ],
)
def test_s21_a_night_flight_moves_the_punch_across_midnight_and_the_pass_is_due_in_4_hours(
    cast: Cast, alice: User, after: timedelta, state: str
) -> None:
    """S-21, IN-18 to IN-20: one second too late a person decides."""
    claim = declared(cast)
    fly()
    handed_in = ARRIVES + LATE + after
    heard: list[int] = []

    def hear(punch: Punch, **_more: Any) -> None:
        heard.append(punch.pk)

    punch_was_held.connect(hear)
    try:
        claims.prove(claim_id=claim.pk, photo=boarding_pass(), actor=alice, now=handed_in)
    finally:
        punch_was_held.disconnect(hear)

    claim.refresh_from_db()
    punch = claim.punch
    assert punch is not None
    assert (claim.state, punch.is_held) == ("punched", state == "held")
    # 22:30 on Tuesday became 00:20 on Wednesday.
    assert punch.punched_at == CLAIMED + LATE
    assert punch.checks.get().outcome == state
    assert heard == ([punch.pk] if state == "held" else [])
    assert claim.proof is None
    assert punch.evidence.get().kind == "photo"


def test_without_a_pass_the_punch_never_counts(cast: Cast, alice: User) -> None:
    claim = declared(cast)
    fly()

    assert claims.settle_claims(now=ARRIVES + LATE + timedelta(hours=4)) == 0
    assert claims.settle_claims(now=ARRIVES + LATE + timedelta(hours=4, seconds=1)) == 1
    assert claims.settle_claims(now=ARRIVES + LATE + timedelta(hours=9)) == 0

    claim.refresh_from_db()
    assert claim.state == "lapsed"
    assert not Punch.objects.exists()


def test_a_claim_of_somebody_who_left_lapses_and_holds_up_no_other(cast: Cast, alice: User) -> None:
    gone, other = declared(cast), declared(cast, claimed_at=CLAIMED + timedelta(minutes=1))
    OfflineClaim.objects.filter(pk=gone.pk).update(claimed_at=CLAIMED + timedelta(days=3))
    cast.alice.left_on = date(2026, 9, 2)
    cast.alice.save(update_fields=["left_on"])
    fly()

    assert claims.settle_claims(now=NOW + timedelta(days=4)) == 2
    assert [one.state for one in (gone, other) if one.refresh_from_db() is None] == ["lapsed"] * 2


def test_a_proof_that_cannot_be_opened_holds_up_no_other(cast: Cast, alice: User) -> None:
    broken, other = declared(cast), declared(cast, claimed_at=CLAIMED + timedelta(minutes=1))
    claims.prove(claim_id=broken.pk, photo=boarding_pass(), actor=alice, now=NOW)
    OfflineClaim.objects.filter(pk=broken.pk).update(proof=b"torn")
    fly()

    assert claims.settle_claims(now=ARRIVES + timedelta(days=1)) == 1
    other.refresh_from_db()
    assert other.state == "lapsed"


def test_a_claim_by_a_flight_that_nobody_knows_does_not_wait_for_ever(
    cast: Cast, alice: User
) -> None:
    """After 30 days no pass is taken, so there is nothing to wait for."""
    claim = declared(cast)

    assert claims.settle_claims(now=CLAIMED + timedelta(days=30)) == 0
    assert claims.settle_claims(now=CLAIMED + timedelta(days=30, seconds=1)) == 1
    claim.refresh_from_db()
    assert claim.state == "lapsed"


def test_a_pass_after_the_lapse_is_for_a_person_to_decide(cast: Cast, alice: User) -> None:
    claim = declared(cast)
    fly()
    claims.settle_claims(now=ARRIVES + timedelta(days=1))

    claims.prove(
        claim_id=claim.pk, photo=boarding_pass(), actor=alice, now=ARRIVES + timedelta(days=2)
    )

    assert Punch.objects.get().is_held


def test_a_pass_waits_for_the_flight_and_after_two_days_for_a_person(
    cast: Cast, alice: User
) -> None:
    claim = declared(cast)
    claims.prove(claim_id=claim.pk, photo=boarding_pass(), actor=alice, now=ARRIVES)
    claim.refresh_from_db()
    waiting = claim.state

    claims.settle_claims(now=CLAIMED + timedelta(hours=47))
    assert not Punch.objects.exists()
    claims.settle_claims(now=CLAIMED + timedelta(hours=48))

    assert waiting == "proven"
    punch = Punch.objects.get()
    assert (punch.is_held, punch.punched_at) == (True, CLAIMED)
    assert punch.checks.get().reasons[0]["code"] == "flight_unknown"


def test_a_flight_that_is_told_later_lets_a_pass_in_time_count(cast: Cast, alice: User) -> None:
    claim = declared(cast)
    claims.prove(claim_id=claim.pk, photo=boarding_pass(), actor=alice, now=ARRIVES + LATE)
    fly()

    assert claims.settle_claims(now=ARRIVES + timedelta(hours=10)) == 1
    assert claims.settle_claims(now=ARRIVES + timedelta(hours=11)) == 0

    punch = Punch.objects.get()
    assert (punch.is_held, punch.punched_at) == (False, CLAIMED + LATE)


def test_s21_a_boarding_pass_of_somebody_else_is_held(cast: Cast, alice: User) -> None:
    """S-21."""
    assert cast.bob.user is not None
    shot = boarding_pass()
    fly(timedelta())
    for employee, user in ((cast.bob, cast.bob.user), (cast.alice, alice)):
        claim = claims.declare(
            employee=employee, number="MU5101", departs_on=date(2026, 9, 1), leg="arrival",
            claimed_at=CLAIMED, actor=user, now=NOW,
        )  # fmt: skip
        claims.prove(claim_id=claim.pk, photo=shot, actor=user, now=ARRIVES)

    held = dict(Punch.objects.values_list("employee__name", "is_held"))
    assert held == {"Bob": False, "Alice": True}


def test_s21_a_boarding_pass_proves_both_ends_of_its_flight_and_no_other_flight(
    cast: Cast, alice: User
) -> None:
    """S-21."""
    shot = boarding_pass()
    fly(timedelta())
    claims.take_flights(
        "number,departs_on,scheduled_arrival_at,actual_arrival_at\n"
        f"CA1501,2026-09-01,{ARRIVES.isoformat()},{ARRIVES.isoformat()}\n".encode(),
        source="test", actor=None, now=NOW,
    )  # fmt: skip
    for minutes, number, leg in (
        (0, "MU5101", "departure"), (1, "MU5101", "arrival"), (2, "CA1501", "arrival"),
    ):  # fmt: skip
        claim = claims.declare(
            employee=cast.alice, number=number, departs_on=date(2026, 9, 1), leg=leg,
            claimed_at=CLAIMED + timedelta(minutes=minutes), actor=alice, now=NOW,
        )  # fmt: skip
        claims.prove(claim_id=claim.pk, photo=shot, actor=alice, now=ARRIVES)

    rows = OfflineClaim.objects.order_by("claimed_at")
    assert [one.punch.is_held for one in rows if one.punch] == [False, False, True]
    last = rows.last()
    assert last is not None
    assert last.punch is not None
    held = [one["code"] for one in last.punch.checks.get().reasons if one["effect"] == "hold"]
    assert held == ["photo_seen_before"]


def test_a_punch_is_declared_before_the_fact(cast: Cast, alice: User) -> None:
    for claimed_at in (NOW - timedelta(minutes=1), NOW + timedelta(days=15)):
        with pytest.raises(claims.DeclaredTooLate):
            declared(cast, claimed_at=claimed_at)


def test_only_a_rule_that_says_so_takes_claims(cast: Cast) -> None:
    with pytest.raises(claims.ClaimsNotTaken):
        declared(cast)


def test_one_moment_is_declared_once(cast: Cast, alice: User) -> None:
    first = declared(cast)
    with pytest.raises(ValidationError):
        declared(cast)

    claims.cancel(claim_id=first.pk, actor=alice, now=NOW)
    assert declared(cast).state == "declared"


def test_nobody_proves_or_takes_back_the_claim_of_another(cast: Cast, alice: User) -> None:
    claim = declared(cast)

    for user in (cast.bob.user, cast.carol.user, cast.hr, cast.superuser):
        assert user is not None
        with pytest.raises(NotFound):
            claims.prove(claim_id=claim.pk, photo=boarding_pass(), actor=user, now=NOW)
        with pytest.raises(NotFound):
            claims.cancel(claim_id=claim.pk, actor=user, now=NOW)


def test_what_is_over_stays_over(cast: Cast, alice: User) -> None:
    claim = declared(cast)
    fly()
    claims.prove(claim_id=claim.pk, photo=boarding_pass(), actor=alice, now=ARRIVES + LATE)

    with pytest.raises(claims.ClaimIsOver):
        claims.prove(claim_id=claim.pk, photo=boarding_pass(), actor=alice, now=ARRIVES + LATE)
    with pytest.raises(claims.ClaimIsOver):
        claims.cancel(claim_id=claim.pk, actor=alice, now=ARRIVES)
    assert Punch.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MU5101", "MU5101"), ("mu 0512", "MU512"), ("9C-8888", "9C8888"), ("CA981D", "CA981D"),
        ("5101", None), ("M51", "M51"), ("M5", None), ("MU", None), ("MU51011", None),
        ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_flight_number_has_one_spelling(text: object, expected: str | None) -> None:
    assert flight_number(text) == expected


def test_a_file_of_flights_is_taken_as_a_whole_or_not_at_all(db: None, tmp_path: Any) -> None:
    file = tmp_path / "flights.csv"
    file.write_text(
        "number,departs_on,actual_arrival_at\n"
        "MU5101,2026-09-01,2026-09-02T01:30:00+08:00\n"
        "MU5102,2026-09-01,2026-09-02 01:30\n"
        "nothing,2026-09-01,\n"
    )

    with pytest.raises(CommandError, match=r"2: actual_arrival_at.*3: number"):
        call_command("import_flights", file)
    assert not Flight.objects.exists()


# A cell longer than the reader takes, and an end of a line that stands within one.
NO_CSV: Final = (b"number\n" + b"x" * 140_000, b"number,departs_on\nMU5101,2026-09\r-01\n")


@pytest.mark.parametrize("content", NO_CSV, ids=["a-cell-too-long", "an-end-within-a-line"])
def test_a_file_that_is_no_csv_is_refused_by_the_command(
    db: None, tmp_path: Any, content: bytes
) -> None:
    file = tmp_path / "flights.csv"
    file.write_bytes(content)

    with pytest.raises(CommandError, match="no CSV"):
        call_command("import_flights", file)
    assert not Flight.objects.exists()


def test_a_source_that_answers_with_no_csv_stops_no_other_question(
    cast: Cast, alice: User, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    declared(cast, number="CA1")
    declared(cast, number="CA2", claimed_at=CLAIMED + timedelta(minutes=1))
    source.says = NO_CSV[0]

    assert claims.ask_for_flights(now=CLAIMED) == 0
    assert len(source.asked) == 2
    assert caplog.text.count("The file is no CSV.") == 2


def test_flights_come_as_json_and_keep_what_a_later_file_leaves_out(db: None) -> None:
    first = {"number": "CA981", "scheduled_arrival_at": "2026-09-01T18:00:00Z"}
    then = {"number": "CA 0981", "actual_arrival_at": "2026-09-01T19:00:00Z"}
    for said in (first, then):
        content = json.dumps([{**said, "departs_on": "2026-09-01"}]).encode()
        claims.take_flights(content, source="feed", actor=None, now=NOW)

    flight = Flight.objects.get()
    assert flight.scheduled_arrival_at == datetime(2026, 9, 1, 18, tzinfo=UTC)
    assert flight.actual_arrival_at == datetime(2026, 9, 1, 19, tzinfo=UTC)


def test_a_claim_that_nobody_can_open_stops_no_other(cast: Cast, alice: User) -> None:
    broken = declared(cast)
    claims.prove(claim_id=broken.pk, photo=boarding_pass(), actor=alice, now=ARRIVES + LATE)
    OfflineClaim.objects.filter(pk=broken.pk).update(proof=b"\x01broken")
    other = declared(cast, claimed_at=CLAIMED + timedelta(minutes=10))
    claims.prove(claim_id=other.pk, photo=boarding_pass(), actor=alice, now=ARRIVES + LATE)
    fly()

    assert claims.settle_claims(now=ARRIVES + timedelta(hours=3)) == 1

    other.refresh_from_db()
    broken.refresh_from_db()
    assert (broken.state, other.state) == ("proven", "punched")


def test_a_claim_under_a_rule_that_nobody_can_read_stops_no_other_and_comes_again(
    cast: Cast, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    """A newer release wrote a field that this one does not know."""
    assert cast.carol.user is not None
    demand(replace(cast, department=cast.other_department), Demands(takes_claims=True))
    fly()
    broken = declared(cast)
    other = claims.declare(
        employee=cast.carol, number="MU5101", departs_on=date(2026, 9, 1), leg="departure",
        claimed_at=CLAIMED, actor=cast.carol.user, now=NOW,
    )  # fmt: skip
    version = RuleVersion.objects.get(rule__department=cast.department)
    RuleVersion.objects.filter(pk=version.pk).update(
        demands={**Demands().to_json(), "from_a_newer_release": 1}
    )

    lapsed = [claims.settle_claims(now=ARRIVES + timedelta(days=day)) for day in (1, 2)]
    states = [one.state for one in (broken, other) if one.refresh_from_db() is None]
    RuleVersion.objects.filter(pk=version.pk).update(demands=version.demands)
    again = claims.settle_claims(now=ARRIVES + timedelta(days=3))

    assert (lapsed, states) == ([1, 0], ["declared", "lapsed"])
    assert f"Offline claim {broken.pk} cannot be settled" in caplog.text
    assert again == 1


def test_p13_nobody_is_asked_about_flights_unless_an_address_is_set(
    cast: Cast, alice: User
) -> None:
    """P-13."""
    declared(cast)

    assert claims.ask_for_flights(now=CLAIMED) == 0


class Source:
    """Whoever tells of flights: it notes what it was asked, and takes its time."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status, self.arrives = 200, ARRIVES + LATE
        self.seconds = self.passed = 0.0
        self.says: bytes | None = None

    def ask(self, url: str, **_more: Any) -> outside.Answer:
        self.asked.append(url)
        self.passed += self.seconds
        number = url.split("?")[0].split("/")[-2]
        told = {"number": number, "departs_on": "2026-09-01",
                "scheduled_departure_at": DEPARTS.isoformat(),
                "actual_departure_at": (DEPARTS + LATE).isoformat()}  # fmt: skip
        if self.arrives is not None:
            told["actual_arrival_at"] = self.arrives.isoformat()
        return outside.Answer(self.status, "", self.says or json.dumps(told).encode())

    def stopwatch(self) -> float:
        return self.passed


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Source:
    """An address with a key in it, as it is configured."""
    settings.FLIGHT_SOURCE_URL = "https://flights.example/{number}/{date}?key=SECRETWORD"
    asked = Source()
    monkeypatch.setattr(outside, "ask", asked.ask)
    return asked


def test_the_key_in_the_address_of_a_flight_source_is_written_nowhere(
    cast: Cast, alice: User, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    declared(cast)

    source.status = 500
    silent = claims.ask_for_flights(now=CLAIMED)
    source.status = 200
    told = claims.ask_for_flights(now=CLAIMED)

    assert (silent, told) == (0, 1)
    assert source.asked == ["https://flights.example/MU5101/2026-09-01?key=SECRETWORD"] * 2
    entries = AuditEntry.objects.filter(verb="flights.taken")
    assert [one.facts["source"] for one in entries] == ["flights.example"]
    assert Flight.objects.get().source == "flights.example"
    assert "Flight MU5101 of 2026-09-01: HTTP 500" in caplog.text
    assert "SECRETWORD" not in caplog.text
    assert "calendar" not in caplog.text


def test_what_a_source_or_a_file_says_again_is_written_once(
    cast: Cast, alice: User, source: Source
) -> None:
    declared(cast)
    source.arrives = None
    told = [claims.ask_for_flights(now=CLAIMED + timedelta(minutes=n)) for n in range(3)]
    source.arrives = ARRIVES + LATE
    told.append(claims.ask_for_flights(now=CLAIMED + timedelta(minutes=3)))

    assert told == [1, 0, 0, 1]
    assert len(source.asked) == 4
    moments = AuditEntry.objects.filter(verb="flights.taken").order_by("at").values_list("at")
    assert [at for (at,) in moments] == [CLAIMED, CLAIMED + timedelta(minutes=3)]


def test_a_flight_that_arrives_before_it_departs_by_two_tellings_is_refused_and_named(
    cast: Cast,
) -> None:
    fly()
    said = {"number": "MU5101", "departs_on": "2026-09-01"}
    content = json.dumps([{**said, "actual_arrival_at": DEPARTS.isoformat()}]).encode()

    with pytest.raises(claims.BadFlights, match="1: actual_arrival_at"):
        claims.take_flights(content, source="feed", actor=None, now=NOW)


def test_a_round_of_questions_ends_and_the_next_begins_with_another_flight(
    cast: Cast, alice: User, source: Source
) -> None:
    for minute, number in enumerate(("CA1", "CA2", "CA3", "CA4", "CA5", "CA6")):
        declared(cast, number=number, claimed_at=CLAIMED + timedelta(minutes=minute))
    source.status, source.seconds = 503, 10.0

    claims.ask_for_flights(now=CLAIMED, stopwatch=source.stopwatch)
    first = len(source.asked)
    for minute in range(1, 6):
        claims.ask_for_flights(now=CLAIMED + timedelta(minutes=minute), stopwatch=source.stopwatch)

    assert first == 3
    assert len(set(source.asked)) == 6


def test_claims_are_settled_before_a_slow_source_is_asked_and_again_when_it_told_something(
    cast: Cast, alice: User, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared(cast, number="CA981")
    arrived = f"number,departs_on,actual_arrival_at\nCA981,2026-09-01,{ARRIVES.isoformat()}\n"
    claims.take_flights(arrived.encode(), source="file", actor=None, now=NOW)
    declared(cast, claimed_at=CLAIMED + timedelta(minutes=1))
    answer, seen = source.ask, []

    def ask(url: str, **more: Any) -> outside.Answer:
        seen.append(set(OfflineClaim.objects.values_list("state", flat=True)))
        return answer(url, **more)

    monkeypatch.setattr(outside, "ask", ask)
    with travel(ARRIVES + LATE + timedelta(hours=5), tick=False):
        moved = tasks.settle_claims()

    assert seen == [{"lapsed", "declared"}]
    assert moved == 2


def test_somebody_declares_and_proves_on_their_own_page(cast: Cast, alice: User) -> None:
    client = Client()
    client.force_login(alice)
    said = client.post(
        "/me/claims/",
        {"act": "declare", "number": "MU5101", "departs_on": "2026-09-01", "leg": "departure",
         "claimed_at": "2026-09-01T22:30"},
        follow=True,
    )  # fmt: skip
    claim = OfflineClaim.objects.get()
    fly()
    with travel(ARRIVES + LATE, tick=False):
        client.force_login(alice)
        photo = SimpleUploadedFile("pass.jpg", boarding_pass(), "image/jpeg")
        proven = client.post(
            "/me/claims/", {"act": "prove", "claim": claim.pk, "photo": photo}, follow=True
        )

    assert (said.status_code, claim.claimed_at) == (200, CLAIMED)
    assert "MU5101" in proven.content.decode()
    assert "2026-09-02 00:20" in proven.content.decode()
    assert not Punch.objects.get().is_held


WAYS = ("/punch/", "/me/", "/me/2026-09-01/", "/me/requests/")


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.mark.parametrize("where", WAYS)
def test_whose_rule_takes_claims_finds_the_way_to_them(cast: Cast, alice: User, where: str) -> None:
    assert 'href="/me/claims/"' in browser(alice).get(where).content.decode()


@pytest.mark.parametrize("where", WAYS)
def test_whose_rule_takes_no_claims_is_led_to_none(cast: Cast, where: str) -> None:
    assert cast.alice.user is not None

    answer = browser(cast.alice.user).get(where)

    assert answer.status_code == 200
    assert 'href="/me/claims/"' not in answer.content.decode()


def test_whoever_still_has_to_prove_a_claim_finds_it_when_the_rule_takes_no_more(
    cast: Cast, alice: User
) -> None:
    declared(cast)
    version = cast.department.rules.get().versions.get()
    version.demands = Demands().to_json()
    version.save(update_fields=["demands"])

    assert 'href="/me/claims/"' in browser(alice).get("/me/").content.decode()


def test_a_day_on_which_nothing_can_be_declared_or_proven_offers_no_claim(
    cast: Cast, alice: User
) -> None:
    for day in ("2026-08-01", "2026-09-16"):
        assert 'href="/me/claims/"' not in browser(alice).get(f"/me/{day}/").content.decode()


def test_taking_a_claim_back_asks_first_without_a_script(cast: Cast, alice: User) -> None:
    declared(cast)

    page = browser(alice).get("/me/claims/").content.decode()

    asked = page[page.index("<details") : page.index("</details>")]
    assert 'value="cancel"' in asked
    assert page.count('value="cancel"') == 1
    assert "Yes, take it back" in asked


FLIGHTS = "/admin/attendance/flight/"


def upload(user: User, content: bytes, name: str = "flights.csv") -> Any:
    file = SimpleUploadedFile(name, content)
    return browser(user).post(f"{FLIGHTS}import/", {"file": file}, follow=True)


def test_whoever_administers_imports_a_file_of_flights_in_the_console(cast: Cast) -> None:
    assert f'href="{FLIGHTS}import/"' in browser(cast.superuser).get(FLIGHTS).content.decode()
    assert browser(cast.superuser).get(f"{FLIGHTS}import/").status_code == 200

    answer = upload(
        cast.superuser,
        b"number,departs_on,actual_arrival_at\nMU 5101,2026-09-01,2026-09-02T01:30:00+08:00\n",
    )

    assert "1 flight was taken" in answer.content.decode()
    flight = Flight.objects.get()
    assert (flight.number, flight.source) == ("MU5101", "flights.csv")
    entry = AuditEntry.objects.get(verb="flights.taken")
    assert (entry.actor, entry.facts["source"]) == (cast.superuser, "flights.csv")


def test_a_json_file_of_flights_is_imported_in_the_console(cast: Cast) -> None:
    said = json.dumps([{"number": "CA981", "departs_on": "2026-09-01"}]).encode()

    upload(cast.superuser, said, "flights.json")

    assert Flight.objects.get().number == "CA981"


def test_a_wrong_row_of_an_imported_file_is_named_and_nothing_is_taken(cast: Cast) -> None:
    answer = upload(
        cast.superuser,
        b"number,departs_on\nMU5101,2026-09-01\nnothing,2026-09-01\nCA981,yesterday\n",
    )

    said = answer.content.decode()
    assert "Row 2: number “nothing”" in said
    assert "Row 3: departs_on “yesterday”" in said
    assert not Flight.objects.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"number,departs_on\n", "holds no flight", id="no-row"),
        pytest.param(b"{", "is no JSON", id="torn"),
        pytest.param(b"a\n" + b"x" * 140_000, "is no CSV", id="a-cell-too-long"),
        pytest.param(b"x" * (4 * 1024 * 1024 + 1), "at most 4 MB", id="too-large"),
    ],
)
def test_what_is_no_file_of_flights_is_refused_with_a_reason(
    cast: Cast, content: bytes, said: str
) -> None:
    assert said in upload(cast.superuser, content).content.decode()
    assert not Flight.objects.exists()


def test_nobody_else_imports_flights(cast: Cast) -> None:
    for user in (cast.hr, cast.bob.user):
        assert user is not None
        assert upload(user, b"number,departs_on\nMU5101,2026-09-01\n").status_code == 404
    assert not Flight.objects.exists()
