"""A punch from a phone over HTTP: logged in, signed, its evidence checked, beside a bare INSERT.

The claims are written and signed before the clock runs. Both servers run under gunicorn as they
are served, and are asked by the same eight connections.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import statistics
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import count, islice
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from attendance.evidence.demands import Demands
from attendance.evidence.geometry import Circle
from attendance.models import Purpose
from attendance.services import consents, places, rules
from bench._bare import TABLE
from bench._company import hire_crowd, scratch_database
from bench.intake import CONNECTIONS, ROUNDS, _server, fill_history
from devices.phones import CHALLENGE_SAYS, Proof, bind_phone, give_challenge, thumbprint
from organization.models import Employee, User

# Each line is made by a half of the people, so that nothing but the history differs.
PEOPLE: Final = 24
A_PERSON: Final = 16
SECONDS: Final = 2.0
# Two thousand a person: two years of four a day. How many others there are does not matter here,
# and bench.intake asks it of a million.
HISTORY: Final = 2_000 * PEOPLE
_OURS: Final = "/punch/make/"
_BARE: Final = "/api/v1/punches"
_HERE: Final = {
    "latitude": 31.2304, "longitude": 121.4737, "accuracy_metres": 20.0, "datum": "wgs84",
}  # fmt: skip


class Post(NamedTuple):
    """A request, ready to be sent."""

    body: bytes
    headers: dict[str, str]


def measure() -> Iterator[Mapping[str, Any]]:
    """Yield requests per second of a phone's punch, without history and with that of two years."""
    connection.settings_dict["TEST"]["MIGRATE"] = False
    with scratch_database():
        keys = hire_crowd(PEOPLE)
        with connection.cursor() as cursor:
            is_postgresql = connection.vendor == "postgresql"
            key = "bigserial PRIMARY KEY" if is_postgresql else "integer PRIMARY KEY"
            cursor.execute(TABLE.format(key=key))
        posts = list(_prepare(keys))
        halves = posts[::2], posts[1::2]
        with _server("config.settings") as ours, _server("bench._bare_settings") as bare:
            for history, own in zip((0, HISTORY), halves, strict=True):
                if history:
                    fill_history(history, PEOPLE)
                yield _compare(history, own, ours, bare)


def _compare(history: int, posts: list[Post], ours: int, bare: int) -> dict[str, Any]:
    """Return one line; the two servers take turns, and the median round counts."""
    own, other = iter(posts), _bare_posts()
    # A part is for warming up; a machine that is faster than all the others finishes its share.
    share = len(posts) * 2 // (2 * ROUNDS + 1)
    _ask(ours, _OURS, islice(own, share // 2), seconds=0.5)
    _ask(bare, _BARE, other, seconds=0.5)
    mine, limit, middles = [], [], []
    for _round in range(ROUNDS):
        limit.append(_ask(bare, _BARE, other)[0])
        rate, middle = _ask(ours, _OURS, islice(own, share))
        mine.append(rate)
        middles.append(middle)
    rate, bound = statistics.median(mine), statistics.median(limit)
    return {
        "what": "one punch of a phone, evidence checked, and the page's state in the answer",
        "database": connection.vendor,
        "history": history,
        "requests_per_second": round(rate, 1),
        "median_ms": round(statistics.median(middles) * 1000, 1),
        "limit": round(bound, 1),
        "ratio": round(rate / bound, 2),
    }


def _prepare(keys: list[int]) -> Iterator[Post]:
    """Give everybody a phone and a log-in; yield what they send, signed, each person in turn.

    One person's punches wait for each other: a crowd at the door does not.
    """
    now = timezone.now()
    rule = rules.add_rule(name="All", now=now)
    # What is signed beforehand is sent minutes later, and not in the order of its numbers.
    demands = Demands(methods=frozenset({"location"}), identical_days=60, clock_error_minutes=60)
    text = rules.RuleText(demands=demands)
    version = rules.draft_rule(rule_id=rule.pk, valid_from=date(2026, 1, 1), text=text, now=now)
    rules.publish_rule(version_id=version.pk, now=now)
    people = list(Employee.objects.filter(pk__in=keys).select_related("department"))
    home = people[0].department
    area = places.Text(name="Office", shape=Circle(31.2304, 121.4737, 200), rules=[rule.pk])
    places.add_fence(department=home, text=area, now=now)
    notice = consents.version_in_force(Purpose.LOCATION)
    assert notice is not None
    own: list[list[Post]] = []
    for person in people:
        user = User.objects.create_user(f"bench-{person.number}")
        Employee.objects.filter(pk=person.pk).update(user=user)
        person.user = user
        consents.give(employee=person, purpose=Purpose.LOCATION, version=notice, language="en",
                      actor=user, now=now)  # fmt: skip
        own.append(list(_posts_of(person, user, now)))
    for turn in zip(*own, strict=True):
        yield from turn


def _posts_of(person: Employee, user: User, now: datetime) -> Iterator[Post]:
    private = ec.generate_private_key(ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": _b64(numbers.x), "y": _b64(numbers.y)}
    then = now - timedelta(days=30)
    challenge = give_challenge(employee=person, key=thumbprint(jwk), actor=user, now=then)
    proof = Proof(challenge, _signed(private, f"{CHALLENGE_SAYS}{challenge}"))
    bind_phone(employee=person, key=jwk, proof=proof, name="bench", actor=user, now=then)
    client = Client()
    client.force_login(user)
    token = "a" * 32
    session = client.session.session_key
    cookies = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={token}"
    for counter in range(1, A_PERSON + 1):
        said = {"v": 1, "phone": thumbprint(jwk), "counter": counter, "at": now.isoformat(),
                "method": "location", "position": _HERE, "offline": False}  # fmt: skip
        content = json.dumps(said)
        signature = _signed(private, content)
        fields = {"claim": content, "signature": signature, "phone": said["phone"]}
        mark = hashlib.sha256(content.encode()).hexdigest()
        parts = "".join(
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        yield Post(
            f"{parts}--{mark}--\r\n".encode(),
            {"Content-Type": f"multipart/form-data; boundary={mark}", "Cookie": cookies,
             "X-CSRFToken": token},
        )  # fmt: skip


def _bare_posts() -> Iterator[Post]:
    for n in count(time.time_ns()):
        row = {"employee": f"{n:06}", "at": f"{n}", "method": "location"}
        yield Post(json.dumps(row).encode(), {"Content-Type": "application/json"})


def _signed(private: ec.EllipticCurvePrivateKey, text: str) -> str:
    r, s = decode_dss_signature(private.sign(text.encode(), ec.ECDSA(SHA256())))
    return urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()


def _b64(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")


def _ask(
    port: int, path: str, posts: Iterator[Post], *, seconds: float = SECONDS
) -> tuple[float, float]:
    """Send over eight connections for some seconds, or as long as there is something to send.

    Return requests per second and the median time.
    """
    times: list[list[float]] = [[] for _ in range(CONNECTIONS)]
    lock = threading.Lock()
    until = time.perf_counter() + seconds
    threads = [
        threading.Thread(target=_send, args=(port, path, posts, lock, until, took))
        for took in times
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = [one for own in times for one in own]
    assert took, "nothing was answered"
    return len(took) / (time.perf_counter() - began), statistics.median(took)


def _send(
    port: int,
    path: str,
    posts: Iterator[Post],
    lock: threading.Lock,
    until: float,
    times: list[float],
) -> None:
    to = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    while (began := time.perf_counter()) < until:
        with lock:
            post = next(posts, None)
        if post is None:
            break
        to.request("POST", path, post.body, post.headers)
        answer = to.getresponse()
        said = answer.read()
        assert answer.status == 201, said[:300]
        times.append(time.perf_counter() - began)
    to.close()
