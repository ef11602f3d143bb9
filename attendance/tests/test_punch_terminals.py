"""What terminals say becomes punches, once, of the right people, at the right moments."""

from collections import namedtuple
from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attendance.models import Punch, WaitingDay
from attendance.services.punching import instant, release_known_people, take_in_lines
from attendance.tasks import take_in_lines as take_in_lines_bell
from devices.models import Terminal, TerminalLine
from devices.services import NotALog, PinTaken, keep_log, link_pin, register_terminal
from devices.tests.samples import SAMPLES, attlog
from organization import services as people
from organization.models import Change

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
Company = namedtuple("Company", "root north south alice bob gate")


@pytest.fixture
def company():
    root = people.add_department(
        name="Group", code="G", parent=None, timezone="Asia/Shanghai", now=NOW
    )
    north, south = (
        people.add_department(name=name, code=name[0], parent=root, is_unit=True, now=NOW)
        for name in ("North", "South")
    )
    joined = date(2026, 1, 5)
    alice = people.hire(number="7", name="Alice", department=north, joined_on=joined, now=NOW)
    bob = people.hire(number="0008", name="Bob", department=north, joined_on=joined, now=NOW)
    gate = register_terminal(name="Gate", department=north, actor=None, now=NOW)
    Change.objects.update(handled_at=NOW)
    return Company(root, north, south, alice, bob, gate)


def said(pin, moment="2026-09-01 08:58:03", status=0, verify=1):
    return f"{pin:>9}\t{moment}\t1\t{status}\t{verify}\t0\n"


def bring(terminal, *lines, now=NOW):
    upload = keep_log(
        terminal=terminal,
        file_name="1_attlog.dat",
        content="".join(lines).encode(),
        actor=None,
        now=now,
    )
    return upload, take_in_lines(now=now)


def states():
    return list(TerminalLine.objects.order_by("pk").values_list("state", "problem"))


def test_in_01_a_log_that_comes_again_adds_nothing_and_wakes_nothing(company):
    """P-28."""
    bring(company.gate, said(7), said(8))
    WaitingDay.objects.all().delete()

    again, done = bring(company.gate, said(7), said(8))

    assert (again.new_count, again.repeated_count) == (0, 2)
    assert done.lines == 0
    assert Punch.objects.count() == 2
    assert not WaitingDay.objects.exists()


def test_in_02_two_people_in_the_same_second_are_two_punches(company):
    _upload, done = bring(company.gate, said(7), said(8))

    assert done.new == 2


def test_in_03_a_log_in_any_order_is_the_same_facts(company):
    bring(company.gate, said(7, "2026-08-31 18:00:00"), said(7, "2026-08-31 08:58:00"))

    found = Punch.objects.order_by("punched_at").values_list("punched_at", flat=True)
    assert [f"{at:%H:%M}" for at in found] == ["00:58", "10:00"]


@pytest.mark.parametrize(
    ("moment", "problem"),
    [
        pytest.param("2000-01-01 00:03:11", "implausible_time", id="IN-04"),
        pytest.param("2026-09-02 09:00:00", "future_time", id="IN-05"),
        pytest.param("2026-13-45 99:99:99", "impossible_time", id="IN-10"),
    ],
)
def test_a_line_with_an_odd_time_is_kept_but_touches_no_day(company, moment, problem):
    """P-20: clocks that are wrong."""
    upload, done = bring(company.gate, said(7, moment), said(8))

    assert (done.new, upload.quarantined_count) == (1, 1)
    assert states() == [("quarantined", problem), ("taken", "")]
    assert not WaitingDay.objects.filter(employee=company.alice).exists()


def test_in_06_four_minutes_ahead_are_ordinary_drift(company):
    _upload, done = bring(company.gate, said(7, "2026-09-01 09:04:00"))

    assert done.new == 1


def test_in_07_and_08_somebody_unknown_waits_until_the_pin_is_known(company):
    _upload, done = bring(company.gate, said(999))
    assert (done.unknown, Punch.objects.count()) == (1, 0)

    link_pin(pin="999", terminal=company.gate, employee=company.alice, actor=None, now=NOW)
    done = take_in_lines(now=NOW)

    assert done.new == 1
    assert Punch.objects.get().employee == company.alice
    assert WaitingDay.objects.filter(employee=company.alice, work_date=date(2026, 9, 1)).exists()
    assert states() == [("taken", "")]


def test_the_bell_finds_out_that_somebody_was_hired_meanwhile(company):
    bring(company.gate, said(12))
    carol = people.hire(
        number="12", name="Carol", department=company.north, joined_on=date(2026, 9, 1), now=NOW
    )

    assert release_known_people() == 1
    assert release_known_people() == 0
    assert take_in_lines_bell() == 1

    assert Punch.objects.get().employee == carol


def test_in_39_a_leavers_badge_is_quarantined(company):
    people.leave(employee_id=company.alice.pk, left_on=date(2026, 8, 31), actor=None, now=NOW)

    bring(company.gate, said(7))

    assert states() == [("quarantined", "not_employed")]
    assert not Punch.objects.exists()


def test_in_41_the_wall_time_is_the_terminals_and_not_the_servers(company):
    dubai = register_terminal(
        name="Dubai", department=company.north, timezone="Asia/Dubai", actor=None, now=NOW
    )

    bring(company.gate, said(7, "2026-09-01 08:00:00"))
    bring(dubai, said(8, "2026-09-01 04:00:00"))

    assert set(Punch.objects.values_list("punched_at", "zone")) == {
        (datetime(2026, 9, 1, 0, 0, tzinfo=UTC), "Asia/Shanghai"),
        (datetime(2026, 9, 1, 0, 0, tzinfo=UTC), "Asia/Dubai"),
    }


def test_a_log_that_was_copied_from_another_terminal_adds_no_punch(company):
    copy = register_terminal(name="Back door", department=company.north, actor=None, now=NOW)
    bring(company.gate, said(7))

    _upload, done = bring(copy, said(7))

    assert (done.taken, done.new) == (1, 0)
    assert Punch.objects.get().terminal == company.gate


@pytest.mark.parametrize(
    ("setting", "status", "direction"),
    [
        ("none", 1, ""),
        ("stated", 0, "in"),
        ("stated", 1, "out"),
        ("stated", 2, "out"),
        ("stated", 3, "in"),
        ("stated", 4, "in"),
        ("stated", 5, "out"),
        ("stated", 255, ""),
        ("in", 1, "in"),
        ("out", 0, "out"),
    ],
)
def test_the_setting_of_the_terminal_decides_what_its_keys_mean(
    company, setting, status, direction
):
    Terminal.objects.filter(pk=company.gate.pk).update(direction=setting)

    bring(company.gate, said(7, status=status))

    assert Punch.objects.get().direction == direction


@pytest.mark.parametrize(
    ("verify", "method"),
    [(0, "terminal"), (1, "fingerprint"), (2, "terminal"), (3, "password"), (4, "card"),
     (15, "face"), (21, "terminal")],
)  # fmt: skip
def test_the_way_of_verifying_is_the_method(company, verify, method):
    bring(company.gate, said(7, verify=verify))

    assert Punch.objects.get().method == method


def test_the_terminals_own_credential_comes_before_the_general_one_and_the_number(company):
    link_pin(pin="7", terminal=None, employee=company.bob, actor=None, now=NOW)
    side = register_terminal(name="Side", department=company.north, actor=None, now=NOW)
    link_pin(pin="7", terminal=side, employee=company.alice, actor=None, now=NOW)

    bring(company.gate, said(7, "2026-09-01 08:00:00"))
    bring(side, said(7, "2026-09-01 08:30:00"))

    found = Punch.objects.order_by("punched_at").values_list("employee__name", flat=True)
    assert list(found) == ["Bob", "Alice"]


def test_a_pin_means_the_number_with_or_without_zeros_if_it_is_one_person(company):
    bring(company.gate, said("8"), said("007", "2026-09-01 08:00:00"))
    assert Punch.objects.count() == 2

    people.hire(
        number="08", name="Dora", department=company.north, joined_on=date(2026, 1, 5), now=NOW
    )
    bring(company.gate, said("8", "2026-09-01 08:30:00"), said("08", "2026-09-01 08:31:00"))

    assert states()[2:] == [("unknown_person", ""), ("taken", "")]


def test_a_units_terminal_says_nothing_about_the_number_of_somebody_elsewhere(company):
    """P-20, P-28: no line reaches a person of another unit."""
    elsewhere = register_terminal(name="South", department=company.south, actor=None, now=NOW)

    bring(elsewhere, said(7))
    assert states() == [("unknown_person", "")]

    link_pin(pin="7", terminal=elsewhere, employee=company.alice, actor=None, now=NOW)
    assert take_in_lines(now=NOW).new == 1


def test_a_pin_names_one_person(company):
    link_pin(pin="5", terminal=company.gate, employee=company.alice, actor=None, now=NOW)

    link_pin(pin="5", terminal=company.gate, employee=company.alice, actor=None, now=NOW)
    with pytest.raises(PinTaken, match="Alice"):
        link_pin(pin="5", terminal=company.gate, employee=company.bob, actor=None, now=NOW)


@pytest.mark.parametrize(
    ("wall_time", "expected"),
    [
        ("2026-03-29 01:59:59", datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)),
        ("2026-03-29 02:30:00", None),
        ("2026-03-29 03:00:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("2026-10-25 02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_wall_time_twice_is_the_first_and_a_left_out_one_is_none(wall_time, expected):
    second = instant(wall_time, "Europe/Berlin")

    assert second == (int(expected.timestamp()) if expected else None)


def test_a_time_that_clocks_left_out_is_quarantined(company):
    berlin = register_terminal(
        name="Berlin", department=company.north, timezone="Europe/Berlin", actor=None, now=NOW
    )

    bring(berlin, said(7, "2026-03-29 02:30:00"))

    assert states() == [("quarantined", "no_such_time")]


def test_a_file_that_is_no_log_leaves_nothing_behind(company):
    with pytest.raises(NotALog, match=r"holiday\.jpg"):
        keep_log(
            terminal=company.gate, file_name="holiday.jpg", content=b"\xff\xd8\xff", actor=None,
            now=NOW,
        )  # fmt: skip

    assert not company.gate.uploads.exists()


def test_a_chunk_costs_the_same_queries_however_many_lines(company):
    def cost(month, days):
        lines = [
            said(7, f"2026-{month:02}-{day:02} 08:{minute:02}:00")
            for day in range(1, days + 1)
            for minute in range(60)
        ]
        content = "".join(lines).encode()
        keep_log(terminal=company.gate, file_name="a", content=content, actor=None, now=NOW)
        with CaptureQueriesContext(connection) as queries:
            assert take_in_lines(now=NOW).new == len(lines)
        # SQLite counts every row of an executemany.
        return len([q for q in queries if "INTO attendance_waitingday" not in q["sql"]])

    assert cost(7, 1) == cost(8, 30)


# --- the command -----------------------------------------------------------------------------


def command(*arguments):
    out = StringIO()
    call_command("import_attlog", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "new", "damaged"),
    [("school_clean_1_attlog.dat", 1200, 0), ("school_corrupt_region_1_attlog.dat", 720, 180)],
)
def test_a_recorded_log_goes_in_by_command_once(company, name, new, damaged):
    attlog(name)
    file = str(SAMPLES / "attlog" / name)

    first = command(file, "--terminal", "School", "--department", "N").split()
    again = command(file, "--terminal", "School")

    assert first[first.index("new") + 1] == str(new)
    assert first[first.index("damaged") + 1] == str(damaged)
    assert ("61-240" in first) is bool(damaged)
    assert "Nothing new" in again
    assert TerminalLine.objects.filter(state="unknown_person").count() == new


def test_the_command_says_what_is_missing(company, tmp_path):
    file = tmp_path / "1_attlog.dat"
    file.write_text(said(7))

    with pytest.raises(CommandError, match="--department"):
        command(str(file), "--terminal", "New")
    with pytest.raises(CommandError, match="code X"):
        command(str(file), "--terminal", "New", "--department", "X")
    with pytest.raises(CommandError, match="No such file"):
        command(str(tmp_path / "none"), "--terminal", "Gate")
    assert not TerminalLine.objects.exists()


def test_a_terminal_abroad_wakes_the_day_that_is_planned_at_home(company):
    """09:00 in Shanghai is 20:00 of the date before in New York."""
    abroad = people.add_department(
        name="Abroad", code="US", parent=company.north, timezone="America/New_York", now=NOW
    )
    gate = register_terminal(name="Fifth Avenue", department=abroad, actor=None, now=NOW)
    Change.objects.update(handled_at=NOW)

    bring(gate, said(7, "2026-08-31 21:00:00"))

    (punch,) = Punch.objects.all()
    assert punch.department == company.north
    assert date(2026, 9, 1) in WaitingDay.objects.values_list("work_date", flat=True)
