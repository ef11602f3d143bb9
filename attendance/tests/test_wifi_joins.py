"""From what a Wi-Fi controller says to the punches of those who have switched that on."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from attendance.evidence.demands import Demands
from attendance.models import Punch, PunchEvidence, WaitingDay
from attendance.services import consents, making, rules
from attendance.services.absences import add_absence
from attendance.services.evidence import read_piece
from attendance.services.keeping import NewPunch, record_punch
from attendance.services.phone_addresses import forget_own_address, say_own_address
from attendance.services.wifi_joins import TakenIn, take_in_joins, user_names
from devices import wifi
from devices.joins import hear, speakers
from devices.listening import Listener
from devices.models import AccessPoint, PhoneAddress, WifiJoin
from devices.protocols.radius import Name, ask
from organization import retention
from organization.models import Department, Employee
from scheduling.pattern import ShiftPattern
from scheduling.services import add_shift, assignments
from tests.cast import NOW as HIRED
from tests.cast import Cast, play

SECRET = "a-secret-of-the-test"
BSSID = "00:10:a4:23:19:c0"
STATION = "8c:a6:df:c8:f7:4b"
WIFI = Demands(methods=frozenset({"wifi"}))


def clock(text: str, day: int = 1) -> datetime:
    """Return a moment of September 2026 in Shanghai; the 1st is a Tuesday."""
    hours, minutes = map(int, text.split(":"))
    return datetime(2026, 9, day, tzinfo=UTC) + timedelta(hours=hours - 8, minutes=minutes)


class Site:
    """Alice weaves from nine to six, punches by Wi-Fi, and has switched that on."""

    def __init__(self, cast: Cast, demands: Demands = WIFI) -> None:
        self.cast = cast
        shift = add_shift(
            code="D", name="Day", department=cast.group,
            pattern=ShiftPattern(segments=((540, 1080),)), valid_from=date(2026, 1, 1), now=HIRED,
        )  # fmt: skip
        for unit in (cast.unit, cast.other_unit):
            assignments.assign_shift(
                department=unit, shift=shift, starts_on=date(2026, 1, 1), now=HIRED
            )
            rule = rules.add_rule(name=f"Wi-Fi {unit}", department=unit, now=HIRED)
            text = rules.RuleText(demands=demands)
            version = rules.draft_rule(
                rule_id=rule.pk, valid_from=date(2026, 1, 1), text=text, now=HIRED
            )
            rules.publish_rule(version_id=version.pk, now=HIRED)
        AccessPoint.objects.create(department=cast.unit, name="Hall", bssid=BSSID, ssid="Office")
        self.add_controller(cast.unit, "Main", SECRET)
        self.switch(cast.alice)

    def add_controller(self, department: Department, name: str, secret: str) -> None:
        wifi.add_controller(
            name=name, department=department, network="127.0.0.1", secret=secret, actor=None,
            now=HIRED,
        )  # fmt: skip

    def switch(self, person: Employee, *, is_on: bool = True) -> None:
        assert person.user is not None
        consents.switch_automatic(employee=person, is_on=is_on, actor=person.user, now=HIRED)


@pytest.fixture
def site(cast: Cast) -> Site:
    return Site(cast)


def packet(
    session: str = "1", *, status: int = 1, user: str = "00101", station: str = STATION,
    called: str = "00-10-A4-23-19-C0:Office", secret: str = SECRET,
    happened: datetime | None = None,
) -> bytes:  # fmt: skip
    return ask(
        1,
        [
            (Name.STATUS, status.to_bytes(4)),
            (Name.SESSION, session.encode()),
            (Name.USER_NAME, user.encode()),
            (Name.CALLING_STATION, station.encode()),
            (Name.CALLED_STATION, called.encode()),
            *(
                [(Name.EVENT_TIMESTAMP, int(happened.timestamp()).to_bytes(4))]
                if happened is not None
                else []
            ),
        ],
        secret.encode(),
    )


def say(at: datetime, session: str = "1", **said: object) -> None:
    """Let the controller say something at a moment."""
    hear(packet(session, **said), sender="127.0.0.1", speakers=speakers(), now=at)  # type: ignore[arg-type]


def punches() -> list[tuple[str, datetime]]:
    found = Punch.objects.order_by("punched_at").values_list("employee__number", "punched_at")
    return list(found)


def reasons() -> list[str]:
    return list(WifiJoin.objects.order_by("pk").values_list("reason", flat=True))


def test_joining_the_wifi_is_the_arrival(site: Site) -> None:
    say(clock("8:55"))

    done = take_in_joins(now=clock("8:56"))

    assert done == TakenIn(1, 1, 0)
    punch = Punch.objects.get()
    assert (punch.employee, punch.punched_at) == (site.cast.alice, clock("8:55"))
    assert (punch.method, punch.source, punch.is_held) == ("wifi", "wifi", False)
    assert read_piece(PunchEvidence.objects.get()).facts == {"bssid": BSSID}
    assert WaitingDay.objects.filter(employee=site.cast.alice, work_date="2026-09-01").exists()
    join = WifiJoin.objects.get()
    assert (join.state, join.employee) == ("taken", site.cast.alice)


def test_with_the_switch_off_nothing_is_made_and_nothing_kept(site: Site) -> None:
    site.switch(site.cast.alice, is_on=False)
    say(clock("8:55"))

    take_in_joins(now=clock("8:56"))

    assert not punches()
    join = WifiJoin.objects.get()
    assert (join.state, join.reason, join.said, join.employee) == (
        "ignored", "switched_off", None, None,
    )  # fmt: skip


def test_an_unknown_secret_or_access_point_makes_no_punch(site: Site) -> None:
    say(clock("8:55"), secret="a-secret-of-a-guest")
    say(clock("8:55"), called="00-10-A4-99-99-99:Office")

    take_in_joins(now=clock("8:56"))

    assert not punches()
    assert not WifiJoin.objects.exists()


def test_the_same_packet_twice_makes_one_punch(site: Site) -> None:
    say(clock("8:55"))
    take_in_joins(now=clock("8:56"))
    say(clock("8:56"))
    take_in_joins(now=clock("8:57"))

    assert punches() == [("00101", clock("8:55"))]


def test_roaming_and_reconnecting_all_day_makes_one_arrival(site: Site) -> None:
    for number, at in enumerate(("8:55", "8:56", "9:40", "11:10", "13:29", "14:00", "17:50")):
        say(clock(at), f"s{number}")
        if number:
            say(clock(at), f"s{number - 1}", status=2)
        take_in_joins(now=clock(at) + timedelta(seconds=10))
    take_in_joins(now=clock("17:59"))

    assert punches() == [("00101", clock("8:55"))]


def test_many_joins_at_once_make_one_arrival(site: Site) -> None:
    for number in range(6):
        say(clock("8:55") + timedelta(seconds=number), f"s{number}")

    take_in_joins(now=clock("9:00"))

    assert punches() == [("00101", clock("8:55"))]
    assert reasons() == ["", *["already_there"] * 5]


def test_who_has_punched_at_a_terminal_does_not_arrive_again(site: Site) -> None:
    alice = site.cast.alice
    record_punch(
        NewPunch(
            alice.pk, alice.department_id, int(clock("8:50").timestamp()), "Asia/Shanghai", "card",
            "terminal", "clock:1",
        ),
        now=clock("8:50"),
    )  # fmt: skip
    say(clock("8:55"))

    take_in_joins(now=clock("8:56"))

    assert punches() == [("00101", clock("8:50"))]


def test_a_held_punch_is_no_arrival_yet(site: Site) -> None:
    alice = site.cast.alice
    record_punch(
        NewPunch(
            alice.pk, alice.department_id, int(clock("8:50").timestamp()), "Asia/Shanghai",
            "location", "phone", "phone:1", is_held=True,
        ),
        now=clock("8:50"),
    )  # fmt: skip
    say(clock("8:55"))

    take_in_joins(now=clock("8:56"))

    assert punches() == [("00101", clock("8:50")), ("00101", clock("8:55"))]


def test_leaving_after_the_end_is_the_departure_once_it_is_certain(site: Site) -> None:
    say(clock("18:05"), status=2)

    assert take_in_joins(now=clock("18:06")) == TakenIn(1, 0, 0)
    assert take_in_joins(now=clock("18:20")) == TakenIn(1, 1, 0)
    assert take_in_joins(now=clock("18:21")) == TakenIn()

    assert punches() == [("00101", clock("18:05"))]


def test_who_is_soon_back_has_not_left_and_the_last_leaving_counts(site: Site) -> None:
    for begins, ends in (("17:00", "18:05"), ("18:10", "18:30"), ("19:30", "21:10")):
        say(clock(begins), begins)
        take_in_joins(now=clock(begins) + timedelta(seconds=10))
        say(clock(ends), begins, status=2)
        take_in_joins(now=clock(ends) + timedelta(seconds=10))
    take_in_joins(now=clock("21:30"))

    assert punches() == [("00101", clock("18:30")), ("00101", clock("21:10"))]


def test_leaving_before_the_end_says_nothing(site: Site) -> None:
    say(clock("12:02"), status=2)

    take_in_joins(now=clock("12:03"))

    assert not punches()
    assert reasons() == ["before_end"]


def test_on_a_day_off_and_in_the_night_nobody_punches_by_itself(site: Site) -> None:
    say(clock("8:55", day=5), "saturday")
    say(clock("3:00", day=2), "night")

    take_in_joins(now=clock("8:56", day=5))

    assert not punches()
    assert set(reasons()) == {"outside_window"}


def test_after_leave_in_the_morning_the_afternoon_is_an_arrival(site: Site) -> None:
    add_absence(
        employee=site.cast.alice, kind="leave", starts_at=clock("9:00"), ends_at=clock("13:00"),
        reason="", actor=None, now=HIRED,
    )  # fmt: skip
    say(clock("14:00"))

    take_in_joins(now=clock("14:01"))

    assert punches() == [("00101", clock("14:00"))]


@pytest.mark.parametrize(
    "user", ["00101", "00101@corp.example", "CORP\\00101", "Alice", "ALICE@Corp.example"]
)
def test_a_user_name_is_a_number_or_a_log_in(site: Site, user: str, settings: Any) -> None:
    settings.WIFI_REALMS = ["corp.example", "CORP"]
    say(clock("8:55"), user=user)

    take_in_joins(now=clock("8:56"))

    assert punches() == [("00101", clock("8:55"))]


@pytest.mark.parametrize("user", ["00101@x", "EVIL\\00101", "EVIL\\00101@corp.example", "alice@x"])
def test_a_name_in_a_realm_that_is_not_ours_is_nobodys(
    site: Site, user: str, settings: Any
) -> None:
    settings.WIFI_REALMS = ["corp.example"]
    say(clock("8:55"), user=user)

    take_in_joins(now=clock("8:56"))

    assert not punches()
    assert reasons() == ["nobody"]


def test_a_join_that_nobody_can_judge_waits_and_stops_no_other(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is demanded of Alice cannot be read for a while."""

    def situation_of(employee: Employee, at: datetime) -> making.Situation:
        if employee == site.cast.alice:
            list(Employee.objects.raw("SELECT nothing FROM nowhere"))
        return known(employee, at)

    known = making.situation_of
    site.switch(site.cast.bob)
    for number in range(3):
        say(clock("8:55"), f"a{number}")
    say(clock("8:55"), "b", user="00102")

    with monkeypatch.context() as broken:
        broken.setattr(making, "situation_of", situation_of)
        first = take_in_joins(now=clock("8:56"), chunk=1)
    second = take_in_joins(now=clock("8:57"))

    assert (first.punches, first.stuck) == (1, 3)
    assert "cannot be judged" in caplog.text
    assert second.punches == 1
    assert len(punches()) == 2


def test_a_recording_of_a_join_without_a_time_makes_no_punch_on_another_day(site: Site) -> None:
    """Neither one that became a punch, nor one that became none."""
    say(clock("8:55"), "s1")
    say(clock("14:00"), "s2")
    take_in_joins(now=clock("14:01"))
    retention.run(now=clock("7:00", day=3))

    say(clock("8:55", day=3), "s1")
    say(clock("8:56", day=3), "s2")
    take_in_joins(now=clock("8:57", day=3))

    assert punches() == [("00101", clock("8:55"))]


def test_a_phone_is_known_by_its_address(site: Site) -> None:
    wifi.add_phone_address(employee=site.cast.alice, address=STATION, actor=None, now=HIRED)
    say(clock("8:55"), user="8ca6dfc8f74b", station="8CA6.DFC8.F74B")

    take_in_joins(now=clock("8:56"))

    assert punches() == [("00101", clock("8:55"))]


def test_a_name_and_an_address_of_two_people_are_nobody(site: Site) -> None:
    site.switch(site.cast.bob)
    wifi.add_phone_address(employee=site.cast.bob, address=STATION, actor=None, now=HIRED)
    say(clock("8:55"), user="00101")

    take_in_joins(now=clock("8:56"))

    assert not punches()
    assert reasons() == ["nobody"]


def enter_own(person: Employee, at: datetime, address: str = STATION) -> PhoneAddress:
    """Let somebody enter the address on the punch page."""
    assert person.user is not None
    return say_own_address(
        employee=person, address=address, instead_of=None, demands=WIFI, actor=person.user, now=at
    )


def test_s17_a_colleagues_address_that_somebody_enters_ends_no_punches_of_the_colleague(
    site: Site,
) -> None:
    """S-17: against the user name of somebody else it says nothing, however old it is."""
    site.switch(site.cast.bob)
    enter_own(site.cast.bob, HIRED)
    say(clock("8:55"), user="00101")

    take_in_joins(now=clock("8:56"))

    assert punches() == [("00101", clock("8:55"))]


def test_an_address_that_hr_has_confirmed_stands_against_the_name_of_somebody_else(
    site: Site,
) -> None:
    site.switch(site.cast.bob)
    enter_own(site.cast.bob, HIRED)
    wifi.add_phone_address(
        employee=site.cast.bob, address=STATION, actor=site.cast.hr, now=clock("8:00")
    )
    say(clock("8:55"), user="00101")

    take_in_joins(now=clock("8:56"))

    assert not punches()
    assert reasons() == ["nobody"]


def test_an_address_that_somebody_entered_yields_to_the_name_of_a_visitor_of_another_unit(
    site: Site,
) -> None:
    site.switch(site.cast.bob)
    enter_own(site.cast.bob, HIRED)
    say(clock("8:55"), user="00201")

    take_in_joins(now=clock("8:56"))

    assert reasons() == ["nobody"]


@pytest.mark.parametrize(
    ("entered", "hours", "is_punched"),
    [
        pytest.param(clock("8:56"), 24, False, id="a minute less than a day before"),
        pytest.param(clock("8:55"), 24, True, id="a day before"),
        pytest.param(clock("8:50", day=2), 0, True, id="where the rule lets nothing cool"),
        pytest.param(clock("2:56", day=2), 6, False, id="in the hours of the rule"),
    ],
)
def test_s17_an_address_that_people_enter_themselves_cools_before_it_punches(
    cast: Cast, entered: datetime, hours: int, is_punched: bool
) -> None:
    """S-17: as a newly bound phone; the network knows no names, so it could be anybody's."""
    site = Site(cast, replace(WIFI, cooling_hours=hours))
    site.switch(cast.bob)
    enter_own(cast.bob, entered)
    say(clock("8:55", day=2), user="")

    take_in_joins(now=clock("8:56", day=2))

    assert punches() == ([("00102", clock("8:55", day=2))] if is_punched else [])
    assert reasons() == ([""] if is_punched else ["address_cooling"])
    assert WifiJoin.objects.filter(said=None).exists() != is_punched


def test_who_is_known_by_name_waits_for_no_address(site: Site) -> None:
    enter_own(site.cast.alice, clock("8:50"))
    say(clock("8:55"), user="00101")

    take_in_joins(now=clock("8:56"))

    assert punches() == [("00101", clock("8:55"))]


def test_what_hr_enters_or_confirms_punches_at_once(site: Site) -> None:
    site.switch(site.cast.bob)
    enter_own(site.cast.alice, clock("8:50"))
    for person, address in ((site.cast.alice, STATION), (site.cast.bob, "8c:a6:df:c8:f7:50")):
        wifi.add_phone_address(
            employee=person, address=address, actor=site.cast.hr, now=clock("8:51")
        )
    say(clock("8:55"), "1", user="")
    say(clock("8:56"), "2", user="", station="8c:a6:df:c8:f7:50")

    take_in_joins(now=clock("8:57"))

    assert punches() == [("00101", clock("8:55")), ("00102", clock("8:56"))]


def test_entering_an_address_anew_lets_it_cool_anew(site: Site) -> None:
    alice = site.cast.alice
    row = enter_own(alice, HIRED)
    assert enter_own(alice, clock("8:00")) == row
    assert alice.user is not None
    forget_own_address(employee=alice, address_id=row.pk, actor=alice.user, now=clock("8:10"))
    enter_own(alice, clock("8:11"))
    say(clock("8:55"), user="")

    take_in_joins(now=clock("8:56"))

    assert reasons() == ["address_cooling"]


def test_guests_and_people_of_another_unit_are_nobody(site: Site) -> None:
    site.switch(site.cast.carol)
    wifi.add_phone_address(employee=site.cast.carol, address=STATION, actor=None, now=HIRED)
    for number, user in enumerate(("guest", "", "00201", "carol")):
        say(clock("8:55"), f"s{number}", user=user)

    take_in_joins(now=clock("8:56"))

    assert not punches()
    assert reasons() == ["nobody"] * 4
    assert not WifiJoin.objects.exclude(said=None).exists()


@pytest.mark.parametrize(
    "demands",
    [
        Demands(),
        Demands(methods=frozenset({"location"})),
        Demands(methods=frozenset({"wifi"}), allows_automatic_wifi=False),
    ],
)
def test_a_rule_without_automatic_wifi_makes_no_punch(cast: Cast, demands: Demands) -> None:
    Site(cast, demands)
    say(clock("8:55"))

    take_in_joins(now=clock("8:56"))

    assert not punches()
    assert reasons() == ["not_allowed"]


def test_the_network_has_to_be_the_one_of_the_access_point(site: Site) -> None:
    say(clock("8:55"), called="00-10-A4-23-19-C0:Guests")

    take_in_joins(now=clock("8:56"))

    assert not punches()


def test_a_thousand_guests_cost_few_queries(
    site: Site, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for number in range(200):
        say(clock("8:55"), f"s{number}", user=f"guest{number}")

    with django_assert_max_num_queries(20):
        assert take_in_joins(now=clock("8:56")).ignored == 200


def test_what_became_no_punch_goes_the_next_day_and_the_rest_after_its_term(site: Site) -> None:
    say(clock("8:55"))
    say(clock("8:56"), "2", user="guest", happened=clock("8:56"))
    take_in_joins(now=clock("8:57"))

    retention.run(now=clock("9:00", day=2))
    assert WifiJoin.objects.get().state == "taken"
    retention.run(now=clock("9:00") + timedelta(days=91))
    assert not WifiJoin.objects.exists()


def test_what_a_user_name_may_be() -> None:
    assert user_names(" CORP\\Alice ") == {"corp\\alice"}
    assert user_names("Alice") == {"alice"}
    assert user_names("") == frozenset()


# The whole way, with FreeRADIUS's client ----------------------------------------------------------


@contextmanager
def listening(now: datetime) -> Iterator[int]:
    """Serve on a port of its own; say which."""
    listener = Listener("127.0.0.1", 0, clock=lambda: now)

    def serve() -> None:
        listener.run()
        connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.port
    finally:
        listener.stop()
        thread.join()
        listener.__exit__(None, None, None)


def radclient(port: int, secret: str = SECRET, **said: str) -> bool:
    words = {
        "User-Name": "00101@corp.example",
        "Calling-Station-Id": "8C-A6-DF-C8-F7-4B",
        "Called-Station-Id": "00-10-A4-23-19-C0:Office",
        "Acct-Status-Type": "Start",
        "Acct-Session-Id": "5F-01",
        **said,
    }
    client = shutil.which("radclient")
    assert client is not None
    text = "\n".join(f'{name} = "{value}"' for name, value in words.items())
    done = subprocess.run(
        [client, "-t", "2", "-r", "1", f"127.0.0.1:{port}", "acct", secret],
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode == 0 and "Accounting-Response" in done.stdout


@pytest.mark.needs_radclient
def test_radclient_makes_one_punch_of_whoever_wants_it(
    transactional_db: None, settings: Any
) -> None:
    del transactional_db
    settings.WIFI_REALMS = ["corp.example"]
    site = Site(play())
    now = clock("8:55")
    with listening(now) as port:
        assert not radclient(port, "a-secret-of-a-guest")
        assert radclient(port, **{"Called-Station-Id": "00-10-A4-99-99-99:Office"})
        assert radclient(port, **{"User-Name": "00102", "Acct-Session-Id": "5F-02"})
        assert radclient(port)
        assert radclient(port)

    done = take_in_joins(now=now + timedelta(seconds=10))

    assert done == TakenIn(2, 1, 1)
    assert punches() == [("00101", now)]
    assert site.cast.bob.punches.count() == 0
    assert timezone.is_aware(Punch.objects.get().received_at)
