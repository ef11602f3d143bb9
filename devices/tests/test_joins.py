"""From datagrams to rows that wait, over a real socket."""

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from conftest import database_url
from devices import joins, wifi
from devices.joins import Heard, hear, speakers, what_was_said
from devices.listening import Complaints, Listener
from devices.models import AccessPoint, WifiController, WifiJoin
from devices.protocols.radius import Name, answer, ask, read
from organization.services import add_department

SECRET = "a-secret-of-the-test"
NOW = datetime(2026, 3, 2, 0, 55, tzinfo=UTC)
BSSID = "00:10:a4:23:19:c0"
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.django_db


class Office:
    """A unit with an access point, and the controller that tells of it; and another unit."""

    def __init__(self):
        self.unit, self.other = (
            add_department(name=name, code=name[0], parent=None, is_unit=True, now=NOW)
            for name in ("North", "South")
        )
        self.point = AccessPoint.objects.create(department=self.unit, name="Hall", bssid=BSSID)
        self.controller = self.controller_of(self.unit, "Controller", SECRET)

    def controller_of(self, department, name, secret, network="127.0.0.1"):
        return wifi.add_controller(
            name=name, department=department, network=network, secret=secret, actor=None, now=NOW
        )


@pytest.fixture
def office():
    return Office()


def packet(
    secret=SECRET, *, status=1, session=b"5F-01", called=b"00-10-A4-23-19-C0:Office", more=()
):
    return ask(
        9,
        [
            (Name.STATUS, status.to_bytes(4)),
            (Name.SESSION, session),
            (Name.USER_NAME, b"10001"),
            (Name.CALLING_STATION, b"8C-A6-DF-C8-F7-4B"),
            (Name.CALLED_STATION, called),
            *more,
        ],
        secret.encode(),
    )


def heard(datagram, *, sender="127.0.0.1", now=NOW):
    return hear(datagram, sender=sender, speakers=speakers(), now=now)


def test_a_join_is_kept_and_answered(office):
    said, what = heard(packet())

    row = WifiJoin.objects.get()
    assert what is Heard.KEPT
    assert said == answer(read(packet(), SECRET.encode()), SECRET.encode())
    assert (row.controller, row.kind, row.state) == (office.controller, "start", "waiting")
    assert (row.happened_at, row.received_at) == (NOW, NOW)
    assert what_was_said(row) == ("10001", "8c:a6:df:c8:f7:4b", BSSID, "Office", "5F-01")
    office.controller.refresh_from_db()
    assert office.controller.last_seen_at == NOW


def test_nobody_reads_in_the_table_who_was_where(office):
    heard(packet())

    row = WifiJoin.objects.values().get()
    text = " ".join(map(str, row.values())).lower() + bytes(row["said"]).decode("latin-1").lower()
    for word in ("10001", "8c:a6", "8c-a6", BSSID, "00-10-a4", "office"):
        assert word not in text


def test_a_repeat_is_answered_again_and_kept_once(office):
    first, _what = heard(packet())
    later = NOW + timedelta(seconds=3)
    again, what = heard(packet(), now=later)

    assert (again, what) == (first, Heard.REPEATED)
    assert WifiJoin.objects.count() == 1


def test_a_delayed_repeat_is_the_same(office):
    stamp = (Name.EVENT_TIMESTAMP, int(NOW.timestamp()).to_bytes(4))
    heard(packet(more=[stamp]))
    later = NOW + timedelta(seconds=30)
    heard(packet(more=[stamp, (Name.DELAY, (30).to_bytes(4))]), now=later)

    assert WifiJoin.objects.get().happened_at == NOW


def test_the_end_of_a_session_is_kept_beside_its_beginning(office):
    heard(packet())
    heard(packet(status=2))

    assert sorted(WifiJoin.objects.values_list("kind", flat=True)) == ["start", "stop"]


@pytest.mark.parametrize("status", [3, 7, 8, 15])
def test_what_is_neither_joining_nor_leaving_is_answered_and_not_kept(office, status):
    said, what = heard(packet(status=status))

    assert said is not None
    assert what is Heard.NOTHING
    assert not WifiJoin.objects.exists()


def test_of_a_wrong_secret_nothing_is_kept_or_answered(office):
    assert heard(packet("a-secret-of-the-guest")) == (None, Heard.WRONG_SECRET)
    assert heard(b"\x04" * 25) == (None, Heard.MALFORMED)
    assert heard(packet(), sender="127.0.0.2") == (None, Heard.UNKNOWN_SENDER)
    office.controller.refresh_from_db()
    assert office.controller.last_seen_at is None
    assert not WifiJoin.objects.exists()


def test_a_controller_out_of_use_is_not_heard(office):
    WifiController.objects.update(is_active=False)

    assert heard(packet()) == (None, Heard.UNKNOWN_SENDER)


def test_of_an_unknown_access_point_only_its_address_is_remembered(office):
    said, what = heard(packet(called=b"00-10-A4-99-99-99:Home"))

    office.controller.refresh_from_db()
    assert said is not None
    assert what is Heard.UNKNOWN_BSSID
    assert (office.controller.unknown_bssid, office.controller.unknown_at) == (
        "00:10:a4:99:99:99", NOW,
    )  # fmt: skip
    assert not WifiJoin.objects.exists()


def test_a_controller_speaks_only_for_access_points_of_its_unit(office):
    office.controller_of(office.other, "Theirs", "a-secret-of-the-south")

    assert heard(packet("a-secret-of-the-south"))[1] is Heard.UNKNOWN_BSSID
    assert not WifiJoin.objects.exists()


def test_two_controllers_behind_one_address_are_told_apart_by_their_secrets(office):
    wide = office.controller_of(office.unit, "Wide", "a-secret-of-the-wide", "127.0.0.0/8")

    heard(packet("a-secret-of-the-wide"))
    heard(packet(session=b"5F-02"))

    assert set(WifiJoin.objects.values_list("controller", flat=True)) == {
        wide.pk, office.controller.pk,
    }  # fmt: skip


def test_a_controller_with_a_wrong_clock_is_answered_and_not_believed(office):
    old = int((NOW - timedelta(hours=8)).timestamp()).to_bytes(4)

    said, what = heard(packet(more=[(Name.EVENT_TIMESTAMP, old)]))

    assert said is not None
    assert what is Heard.CLOCK
    assert not WifiJoin.objects.exists()


def test_an_address_of_the_newer_kind_may_hold_one_of_the_older(office):
    assert heard(packet(), sender="::ffff:127.0.0.1")[1] is Heard.KEPT


def test_a_controller_whose_secret_cannot_be_opened_leaves_the_others_alone(office):
    WifiController.objects.filter(pk=office.controller.pk).update(sealed_secret=b"nonsense")
    office.controller_of(office.unit, "Whole", "a-secret-of-the-whole")

    assert heard(packet("a-secret-of-the-whole"))[1] is Heard.KEPT


# The server ---------------------------------------------------------------------------------------


class Phone:
    """A socket that asks like a controller."""

    def __init__(self, port):
        self._port = port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(3)

    def ask(self, datagram):
        self._socket.sendto(datagram, ("127.0.0.1", self._port))
        try:
            return self._socket.recv(4096)
        except TimeoutError:
            return None

    def close(self):
        self._socket.close()


@pytest.fixture
def server(transactional_db):
    listener = Listener("127.0.0.1", 0, clock=lambda: NOW)

    def serve():
        listener.run()
        connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    phone = Phone(listener.port)
    yield listener, phone
    phone.close()
    listener.stop()
    thread.join()
    listener.__exit__(None, None, None)


def test_a_datagram_is_answered_once_its_row_is_committed(server):
    office = Office()
    _listener, phone = server

    said = phone.ask(packet())

    assert said == answer(read(packet(), SECRET.encode()), SECRET.encode())
    assert WifiJoin.objects.get().controller == office.controller
    assert phone.ask(packet()) == said
    assert WifiJoin.objects.count() == 1


def test_noise_does_not_stop_the_server(server, caplog):
    Office()
    _listener, phone = server
    phone._socket.settimeout(0.3)
    with caplog.at_level(logging.WARNING, "devices.listening"):
        for noise in (b"", b"\x04", bytes(20), b"\xff" * 5000, packet("a-secret-of-the-guest")):
            assert phone.ask(noise) is None
    phone._socket.settimeout(3)

    assert phone.ask(packet()) is not None
    assert "wrong secret" in caplog.text
    assert WifiJoin.objects.count() == 1


def test_without_a_database_nothing_is_answered_until_it_is_back(server, monkeypatch):
    Office()
    _listener, phone = server
    phone.ask(packet())
    lost = []

    def lose(*args, **kwargs):
        lost.append(args)
        raise OperationalError("the server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(joins, "_mark_seen", lose)
        phone._socket.settimeout(0.5)
        assert phone.ask(packet(session=b"5F-02")) is None
    phone._socket.settimeout(3)

    assert lost
    assert phone.ask(packet(session=b"5F-02")) is not None
    assert WifiJoin.objects.count() == 2


def test_complaints_are_counted_instead_of_repeated(caplog):
    clock = [0.0]
    complaints = Complaints(lambda: clock[0])
    with caplog.at_level(logging.WARNING, "devices.listening"):
        for _time in range(500):
            complaints.add("wrong secret", "192.0.2.1")
        for number in range(5_000):
            complaints.add("unknown sender", f"10.0.{number // 250}.{number % 250}")
        complaints.tell()
        before = len(caplog.records)
        clock[0] = 61.0
        complaints.tell()

    said = [record.getMessage() for record in caplog.records[before:]]
    assert before <= 1_001
    assert "RADIUS: wrong secret, from 192.0.2.1, 500 times in a minute." in said
    assert len(said) == 2


def start(port, folder):
    return subprocess.Popen(
        [sys.executable, "manage.py", "radius", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings_test",
            "DATABASE_URL": database_url(),
            "VAR_DIR": str(folder),
            "SECRET_KEY": settings.SECRET_KEY,
            "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
            "SEAL_KEYS": ",".join(settings.SEAL_KEYS),
        },
    )


@pytest.mark.needs_radclient
def test_radclient_is_answered_and_the_command_ends_when_it_is_told(transactional_db, tmp_path):
    Office()
    said = (
        'User-Name = "10001@corp"\n'
        'Calling-Station-Id = "8C-A6-DF-C8-F7-4B"\n'
        'Called-Station-Id = "00-10-A4-23-19-C0:Office"\n'
        "Acct-Status-Type = Start\n"
        'Acct-Session-Id = "5F-77"\n'
        "Message-Authenticator = 0x00\n"
    )
    process = start(0, tmp_path)
    try:
        port = int(process.stdout.readline().rsplit(":", 1)[1].split("/")[0])

        def send(secret):
            return subprocess.run(
                [shutil.which("radclient"), "-t", "2", "-r", "1", f"127.0.0.1:{port}", "acct",
                 secret],
                input=said, capture_output=True, text=True, check=False,
            )  # fmt: skip

        good, bad = send(SECRET), send("a-secret-of-the-guest")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()

    assert good.returncode == 0, good.stderr
    assert "Accounting-Response" in good.stdout
    assert bad.returncode != 0
    assert what_was_said(WifiJoin.objects.get()).user_name == "10001@corp"
