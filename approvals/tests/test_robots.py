"""Robots of chat groups: what they are sent, where they may listen, and what silence does."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from django.test import Client

from approvals import robots
from approvals.models import GroupMessage, GroupRobot, Notification
from approvals.services import groups
from approvals.services.groups import RobotRefused, RobotSilent
from approvals.tests.office import NOW, approve, ask, punch
from attendance.models import Punch
from attendance.signals import punch_was_held
from organization import outside
from organization.models import AuditEntry, Employee
from organization.sealed_fields import opened
from tests.cast import Cast

pytestmark = pytest.mark.django_db
ADDRESS = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k1"


class Stub:
    """A robot that notes what it hears, and answers what it is told to."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.status, self.answer = 200, b'{"errcode": 0, "errmsg": "ok"}'
        self.headers: dict[str, str] = {}

    @property
    def texts(self) -> list[str]:
        return [
            said["text"]["content"] if "text" in said else said["content"]["text"]
            for _path, said in self.heard
        ]


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Every public host leads to a robot on this machine, without TLS."""
    heard = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.heard.append((self.path, json.loads(body)))
            self.send_response(heard.status)
            for name, value in heard.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(heard.answer)

        def log_message(self, *_args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    find = socket.getaddrinfo

    def look_up(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host in ("127.0.0.1", "localhost"):
            return find(host, port, *rest, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(
        outside,
        "PinnedConnection",
        lambda *_where: http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5),
    )
    yield heard
    server.shutdown()
    server.server_close()


def add(cast: Cast, **other: Any) -> GroupRobot:
    facts = {"name": "Weavers", "department": cast.department, "system": "wecom",
             "language": "en"} | other  # fmt: skip
    address = facts.pop("address", ADDRESS)
    secret = facts.pop("secret", "")
    return groups.add_robot(
        GroupRobot(**facts), address=address, secret=secret, actor=cast.hr, now=NOW
    )


def test_a_group_is_told_of_people_and_days_once(office: Cast, stub: Stub) -> None:
    add(office)
    ask(office.alice)

    first, second = groups.post_due(now=NOW), groups.post_due(now=NOW + timedelta(hours=1))

    assert (first, second) == (1, 0)
    assert stub.texts == ["Alice asks: Make-up punch, 2026-09-01"]


def test_what_waits_goes_out_as_one_message_that_every_system_takes(
    office: Cast, stub: Stub
) -> None:
    add(office)
    Employee.objects.filter(pk=office.alice.pk).update(name="织" * 99)
    request = ask(Employee.objects.select_related("user", "supervisor").get(pk=office.alice.pk))
    robot = GroupRobot.objects.get()
    GroupMessage.objects.bulk_create(
        GroupMessage(
            robot=robot, kind="reminded", subject=f"x:{n}", request=request, created_at=NOW,
            due_at=NOW,
        )
        for n in range(9)
    )  # fmt: skip

    told = [groups.post_due(now=NOW + timedelta(minutes=n)) for n in range(4)]

    assert sum(told) == 10
    assert all(len(text.encode()) <= robots.BYTES_AT_MOST for text in stub.texts)


def test_no_group_reads_a_place_or_a_reason(office: Cast, stub: Stub) -> None:
    add(office)
    held = punch(office.alice, "09:00", is_held=True)
    punch_was_held.send(Punch, punch=held, anomalies=["location"], now=NOW)
    ask(office.alice, reason="At the hospital")

    groups.post_due(now=NOW)

    assert stub.texts == ["Held punch of Alice, 2026-09-01\nAlice asks: Make-up punch, 2026-09-01"]


def test_other_departments_and_other_kinds_are_not_told(office: Cast, stub: Stub) -> None:
    add(office, department=office.other_department)
    add(office, name="Unit", department=office.unit, kinds=["decided"])

    approve(ask(office.alice), office.bob)

    assert groups.post_due(now=NOW) == 1
    assert stub.texts == ["Make-up punch of Alice, 2026-09-01: Approved"]


def test_what_was_decided_meanwhile_waits_for_no_group(office: Cast, stub: Stub) -> None:
    add(office)
    approve(ask(office.alice), office.bob)

    assert groups.post_due(now=NOW) == 0
    assert stub.heard == []


def test_a_robot_that_is_down_loses_nothing_and_rests_longer_and_longer(
    office: Cast, stub: Stub
) -> None:
    add(office)
    ask(office.alice)
    stub.status = 500

    for minutes in (0, 0.5, 1, 2, 3):
        groups.post_due(now=NOW + timedelta(minutes=minutes))

    robot = GroupRobot.objects.get()
    assert (len(stub.heard), robot.failures) == (3, 3)
    assert robot.problem.endswith("HTTP 500")
    stub.status = 200
    assert groups.post_due(now=NOW + timedelta(minutes=10)) == 1
    robot.refresh_from_db()
    assert robot.failures == 0


def test_a_robot_that_stays_silent_switches_itself_off_and_says_so(
    office: Cast, stub: Stub
) -> None:
    robot = add(office)
    ask(office.alice)
    stub.answer = b'{"errcode": 93000, "errmsg": "invalid webhook url"}'

    for hours in range(groups.FAILURES_AT_MOST + 5):
        groups.post_due(now=NOW + timedelta(hours=hours))

    robot.refresh_from_db()
    assert len(stub.heard) == groups.FAILURES_AT_MOST
    assert (robot.is_active, "93000" in robot.problem) == (False, True)
    told = Notification.objects.filter(kind="robot_off")
    assert set(told.values_list("recipient", flat=True)) == {office.hr.pk, office.superuser.pk}
    assert AuditEntry.objects.filter(verb="robot.switched_off").exists()


def slow(monkeypatch: pytest.MonkeyPatch, seconds: float) -> Callable[[], float]:
    """Let every robot take its time; return the stopwatch that counts it."""
    passed, say = [0.0], outside.ask

    def ask(*args: Any, **more: Any) -> outside.Answer:
        passed[0] += seconds
        return say(*args, **more)

    monkeypatch.setattr(outside, "ask", ask)
    return lambda: passed[0]


def test_a_round_of_telling_ends_and_the_next_one_tells_the_rest(
    office: Cast, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        add(office, name=f"Weavers {n}", address=f"{ADDRESS}{n}")
    ask(office.alice)
    stopwatch = slow(monkeypatch, 50)

    told = [groups.post_due(now=NOW + timedelta(minutes=n), stopwatch=stopwatch) for n in range(3)]

    assert told == [3, 2, 0]
    assert len({path for path, _said in stub.heard}) == len(stub.heard) == 5


def test_a_robot_that_is_told_late_in_a_round_rests_from_then_on(
    office: Cast, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bell beside it, sixteen minutes after the round began, finds it taken."""
    for n in range(2):
        add(office, name=f"Weavers {n}", address=f"{ADDRESS}{n}")
    ask(office.alice)
    monkeypatch.setattr(groups, "ROUND_SECONDS", 3_600)
    stopwatch, said, beside = slow(monkeypatch, 16 * 60), outside.ask, list[int]()

    def answer(*args: Any, **more: Any) -> outside.Answer:
        if len(stub.heard) == 1:
            monkeypatch.setattr(outside, "ask", said)
            beside.append(groups.post_due(now=NOW + timedelta(minutes=16)))
        return said(*args, **more)

    monkeypatch.setattr(outside, "ask", answer)

    assert groups.post_due(now=NOW, stopwatch=stopwatch) == 2
    assert (beside, len(stub.heard)) == ([0], 2)


def test_whoever_answers_is_told_before_whoever_does_not(
    office: Cast, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = [add(office, name=f"Silent {n}", address=f"{ADDRESS}{n}").pk for n in range(3)]
    GroupRobot.objects.filter(pk__in=silent).update(failures=3)
    add(office, address=f"{ADDRESS}-answers")
    ask(office.alice)

    groups.post_due(now=NOW, stopwatch=slow(monkeypatch, 200))

    assert [path.rpartition("=")[2] for path, _said in stub.heard] == ["k1-answers"]


def test_a_redirect_is_followed_nowhere(office: Cast, stub: Stub) -> None:
    """A-04."""
    add(office)
    ask(office.alice)
    stub.status, stub.headers = 302, {"Location": "http://127.0.0.1/"}

    assert groups.post_due(now=NOW) == 0
    assert len(stub.heard) == 1


@pytest.mark.parametrize(
    "address",
    ["http://qyapi.weixin.qq.com/x", "https://127.0.0.1/x", "https://localhost/", "nonsense",
     "https://169.254.169.254/latest", "https://u:p@qyapi.weixin.qq.com/", "https://evil.example/",
     "https://qyapi.weixin.qq.com.evil.example/", "https://qyapi.weixin.qq.com/a b",
     "https://qyapi.weixin.qq.com/\r\nHost: x", "file:///etc/passwd", "https://[::1]/"],
)  # fmt: skip
def test_a04_a_robot_listens_at_its_system_and_nowhere_else(office: Cast, address: str) -> None:
    with pytest.raises(RobotRefused):
        add(office, address=address)


def test_a04_a_host_of_ones_own_that_lies_inside_is_not_asked(office: Cast, settings: Any) -> None:
    settings.ROBOT_HOSTS = ["localhost"]
    robot = add(office, address="https://localhost/robot")

    with pytest.raises(RobotRefused):
        groups.try_robot(robot, actor=office.hr, now=NOW)


def test_the_address_and_the_secret_are_nowhere_to_be_read(office: Cast) -> None:
    add(office, address=f"{ADDRESS}secretword", secret="SECsecretword")
    client = Client()
    client.force_login(office.hr)

    robot = GroupRobot.objects.get()
    pages = [
        client.get(f"/admin/approvals/grouprobot/{rest}").content.decode()
        for rest in ("", f"{robot.pk}/change/", f"{robot.pk}/address/", f"{robot.pk}/try/")
    ]

    assert "Weavers" in pages[0]
    assert not any("secretword" in page for page in pages)
    assert "secretword" not in str([entry.facts for entry in AuditEntry.objects.all()])
    assert b"secretword" not in bytes(robot.sealed_address) + bytes(robot.sealed_secret or b"")
    assert opened(robot, "sealed_address").decode().endswith("secretword")


def test_the_button_says_a_sentence_without_names(office: Cast, stub: Stub) -> None:
    robot = add(office, language="zh-hans")
    client = Client()
    client.force_login(office.hr)

    client.post(f"/admin/approvals/grouprobot/{robot.pk}/try/")

    assert len(stub.texts) == 1
    assert "Weaving" in stub.texts[0]


def test_the_button_tells_what_the_robot_said(office: Cast, stub: Stub) -> None:
    stub.answer = b'{"errcode": 93000, "errmsg": "invalid\\nwebhook"}'

    with pytest.raises(RobotSilent, match="93000: invalid webhook"):
        groups.try_robot(add(office), actor=office.hr, now=NOW)


def test_whoever_configures_there_adds_robots_and_nobody_else(office: Cast) -> None:
    said = {"name": "W", "department": office.department.pk, "system": "wecom",
            "kinds": ["asked"], "language": "en", "is_active": "on",
            "address": ADDRESS}  # fmt: skip
    client = Client()
    for user in (office.bob.user, office.other_hr):
        client.force_login(user)
        client.post("/admin/approvals/grouprobot/add/", said)
    assert not GroupRobot.objects.exists()

    client.force_login(office.hr)
    client.post("/admin/approvals/grouprobot/add/", said)

    assert GroupRobot.objects.get().set_by == office.hr


def test_dingtalk_and_feishu_are_signed_as_they_say() -> None:
    ding = robots.post("dingtalk", "https://h/robot/send?access_token=t", "SECx", "Hi", second=1)
    feishu = robots.post("feishu", "https://h/hook/t", "s", "织", second=1599360473)

    assert ding.address.startswith("https://h/robot/send?access_token=t&timestamp=1000&sign=")
    assert json.loads(ding.body) == {"msgtype": "text", "text": {"content": "Hi"}}
    said = json.loads(feishu.body)
    assert (said["msg_type"], said["content"]) == ("text", {"text": "织"})
    assert said["timestamp"] == "1599360473"
    assert len(said["sign"]) == 44


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (200, b'{"errcode":0,"errmsg":"ok"}', ""),
        (200, b'{"StatusCode":0}', ""),
        (200, b'{"code":0,"msg":"success"}', ""),
        (200, b'{"code":19021,"msg":"sign match fail"}', "19021: sign match fail"),
        (200, b'{"errcode":45009}', "45009: "),
        (200, b"<html>", "no JSON"),
        (200, b"[]", "no JSON"),
        (200, b"{}", "None: "),
        (200, b'{"errcode":false}', "False: "),
        (302, b"", "HTTP 302"),
    ],
)
def test_what_a_robot_answers_is_read(status: int, content: bytes, expected: str) -> None:
    assert robots.refusal(status, content) == expected
