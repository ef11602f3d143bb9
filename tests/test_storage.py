"""What somebody reads who has the bytes and not the keys; and what becomes of it when keys rotate.

L-08, A-22: the database as it lies on the disk, its dump, logs, caches, sessions, saved answers.
"""

from __future__ import annotations

import base64
import io
import logging
import os
import pickle
import shutil
import struct
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.cache import caches
from django.core.management import CommandError, call_command
from django.db import connection, models
from PIL import Image
from rest_framework.test import APIClient

from attendance.models import IdempotentAnswer, Punch, PunchEvidence
from attendance.services import evidence
from organization import encryption, key_rotation, second_factor, tokens
from organization.encryption import NotAuthentic, UnknownKey, seal, unseal
from organization.models import OpenSession, SecondFactor, User
from organization.sealed_fields import SealedField, opened, sealed, sealed_columns
from organization.sessions import SessionStore
from tests.cast import Cast, appoint

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
LATITUDE, LONGITUDE, ACCURACY = 31.2304169, 121.4737013, 17.375
BSSID = "3c:84:6a:9e:71:d5"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
# Bytes that say nothing about anybody, each with its reason.
NOT_SEALED = {
    ("organization.Seal", "members"): "keys and digests of sealed rows",
    ("scheduling.RosterUpload", "content"): "a sheet of shifts, gone by date; no place, no secret",
}


def photo() -> bytes:
    """Return a picture that no other picture resembles."""
    noise = Random(7).randbytes(64 * 64 * 3)  # noqa: S311 - any picture will do
    written = io.BytesIO()
    Image.frombytes("RGB", (64, 64), noise).save(written, "JPEG", quality=95)
    return written.getvalue()


def traces(cleaned: bytes) -> list[bytes]:
    """Return how the evidence would look, had it been kept in any plain way."""
    told = [str(number).encode() for number in (LATITUDE, LONGITUDE, ACCURACY)]
    for number in (LATITUDE, LONGITUDE):
        told += [struct.pack("<d", number), struct.pack(">d", number)]
        told.append(str(int(number * 1_000_000)).encode())
    bare = BSSID.replace(":", "")
    for text in (BSSID, bare, BSSID.replace(":", "-")):
        told += [text.encode(), text.upper().encode()]
    told.append(bytes.fromhex(bare))
    for picture in (photo(), cleaned):
        middle = picture[len(picture) // 2 :][:30]
        told += [middle, base64.b64encode(middle), middle.hex().encode()]
    return told


def image_of_the_database() -> bytes:
    """Return the bytes of the database: the file itself, or a dump of every table."""
    if connection.vendor == "sqlite":
        with connection.cursor():
            return bytes(connection.connection.serialize())
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            with cursor.copy(f'COPY "{table}" TO STDOUT (FORMAT binary)') as rows:
                found += [bytes(part) for part in rows]
    return b"".join(found)


@pytest.fixture
def gate(cast: Cast) -> APIClient:
    program = User.objects.create_user("gate", is_program=True)
    appoint(program, "punch_source", cast.unit)
    _token, key = tokens.issue(program, name="gate", actor=None, now=NOW)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


def bring_in(cast: Cast, gate: APIClient, **position: Any) -> Any:
    place = {"latitude": LATITUDE, "longitude": LONGITUDE, "accuracy_metres": ACCURACY,
             "datum": "wgs84"}  # fmt: skip
    told = {
        "employee": cast.alice.number,
        "at": NOW.isoformat(),
        "method": "location",
        "evidence": {"position": {**place, **position}, "bssid": BSSID},
    }
    return gate.post("/api/v1/punches", told, format="json", HTTP_IDEMPOTENCY_KEY="one")


@pytest.mark.django_db
def test_no_place_network_or_photo_can_be_read_from_the_bytes(
    cast: Cast, gate: APIClient, client: Any, caplog: pytest.LogCaptureFixture,
    settings: Any, tmp_path: Path,
) -> None:  # fmt: skip
    """L-08: written through the API, looked at in the console, then looked for everywhere."""
    caplog.set_level(logging.DEBUG)
    # A refusal quotes nothing; it comes first, so that the key is free again.
    assert bring_in(cast, gate, datum=f"{LATITUDE},{LONGITUDE}").status_code == 400
    answer = bring_in(cast, gate)
    assert answer.status_code == 201
    assert bring_in(cast, gate).data == answer.data
    punch = Punch.objects.get(pk=answer.data["id"])
    evidence.keep_evidence(punch, now=NOW, picture=evidence.take_picture(photo()))
    client.force_login(cast.hr)
    address = f"/admin/attendance/punch/{punch.pk}/evidence/"
    shown = client.post(address, {"reason": "Complaint"})
    assert str(LATITUDE) in shown.text
    cleaned = client.post(address, {"reason": "Complaint", "photo": ""}).content
    client.get(f"/admin/attendance/punch/{punch.pk}/change/")
    client.get("/admin/organization/auditentry/")

    places = {
        "the database": image_of_the_database(),
        "the log": caplog.text.encode(),
        "the cache": b"".join(pickle.dumps(cache._cache) for cache in caches.all()),  # type: ignore[attr-defined]
        "saved answers": str(list(IdempotentAnswer.objects.values())).encode(),
        "sessions": b"".join(
            str(SessionStore().decode(one.session_data)).encode()
            for one in OpenSession.objects.all()
        ),
        "files": b"".join(
            file.read_bytes()
            for folder in (settings.VAR_DIR / "files", settings.VAR_DIR / "broker")
            for file in folder.rglob("*")
            if file.is_file()
        ),
    }

    assert b"attendance_punchevidence" in places["the database"] or connection.vendor != "sqlite"
    for name, content in places.items():
        for trace in traces(cleaned):
            assert trace not in content, f"{trace!r} in {name}"


@pytest.mark.needs_postgres
@pytest.mark.skipif(shutil.which("pg_dump") is None, reason="pg_dump is not installed")
@pytest.mark.django_db(transaction=True)
def test_a_dump_of_the_database_tells_no_place(cast: Cast, gate: APIClient) -> None:
    """L-08: a stolen backup."""
    assert bring_in(cast, gate).status_code == 201
    told = connection.settings_dict
    dump = subprocess.run(
        [shutil.which("pg_dump") or "", "-h", told["HOST"], "-U", told["USER"],
         "-p", str(told["PORT"] or 5432), told["NAME"]],
        capture_output=True, check=True, env={**os.environ, "PGPASSWORD": told["PASSWORD"]},
    ).stdout  # fmt: skip

    assert b"punchevidence" in dump
    for trace in traces(photo()):
        assert trace not in dump


# Sealing ------------------------------------------------------------------------------------------


def test_what_is_sealed_opens_in_its_place_only() -> None:
    token = seal(b"here", "punch 1")

    assert unseal(token, "punch 1") == b"here"
    assert seal(b"here", "punch 1") != token
    with pytest.raises(NotAuthentic):
        unseal(token, "punch 2")
    with pytest.raises(NotAuthentic):
        unseal(token[:-1] + bytes([token[-1] ^ 1]), "punch 1")
    for odd in (b"", b"\x01", token[:9], b"plain"):
        with pytest.raises(encryption.CannotUnseal):
            unseal(odd, "punch 1")


def test_a_key_that_is_none_stops_the_work(settings: Any) -> None:
    settings.FIELD_KEYS = ["short"]
    from django.core.exceptions import ImproperlyConfigured

    with pytest.raises(ImproperlyConfigured):
        seal(b"x", "y")


def test_every_column_of_bytes_is_sealed_or_says_why_not() -> None:
    """A-22: a rotation walks the sealed columns, and none may be left out of them."""
    ours = [
        (model._meta.label, field)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.BinaryField)
    ]
    plain = {(label, f.name) for label, f in ours if not isinstance(f, SealedField)}

    assert plain == set(NOT_SEALED)
    purposes = [column.field.purpose for column in sealed_columns()]
    assert len(purposes) >= 2
    assert all(purposes)
    assert len(purposes) == len(set(purposes))


# Rotation -----------------------------------------------------------------------------------------


@pytest.fixture
def kept(cast: Cast, settings: Any) -> list[PunchEvidence]:
    """Evidence of five punches and a second factor, under the old key."""
    settings.FIELD_KEYS = [OLD]
    for number in range(5):
        punch = Punch.objects.create(
            employee=cast.alice, department=cast.department, punched_at=NOW, received_at=NOW,
            zone="Asia/Shanghai", method="location", source="phone", natural_key=f"k{number}",
        )  # fmt: skip
        evidence.keep_evidence(punch, now=NOW, bssid=BSSID)
    second_factor.begin(cast.hr)
    return list(PunchEvidence.objects.all())


def open_all() -> list[bytes]:
    return [opened(row, "sealed") for row in PunchEvidence.objects.all()] + [
        opened(row, "sealed_secret") for row in SecondFactor.objects.all()
    ]


@pytest.mark.django_db
def test_after_rotation_all_opens_with_the_new_key_and_nothing_with_the_old(
    kept: list[PunchEvidence], settings: Any
) -> None:
    before = open_all()
    settings.FIELD_KEYS = [NEW, OLD]
    assert open_all() == before
    with pytest.raises(CommandError, match="6 values"):
        call_command("rotate_keys", check=True, stdout=io.StringIO())

    call_command("rotate_keys", stdout=io.StringIO())

    settings.FIELD_KEYS = [NEW]
    assert open_all() == before
    call_command("rotate_keys", check=True, stdout=io.StringIO())
    settings.FIELD_KEYS = [OLD]
    for row in [*PunchEvidence.objects.all()]:
        with pytest.raises(UnknownKey):
            opened(row, "sealed")
    with pytest.raises(UnknownKey):
        second_factor.secret_of(SecondFactor.objects.get())


@pytest.mark.django_db
def test_a_rotation_that_was_killed_goes_on_where_it_was(
    kept: list[PunchEvidence], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FIELD_KEYS = [NEW, OLD]
    reseal, count = key_rotation._reseal, []

    def killed_at_the_third(*args: Any) -> None:
        count.append(1)
        if len(count) == 3:
            raise KeyboardInterrupt
        reseal(*args)

    monkeypatch.setattr(key_rotation, "_reseal", killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        key_rotation.rotate(now=NOW, chunk=2)
    monkeypatch.undo()

    resealed = sum(tally.resealed for tally in key_rotation.rotate(now=NOW, chunk=2))

    assert resealed == 4
    assert sum(tally.resealed for tally in key_rotation.rotate(now=NOW)) == 0


@pytest.mark.django_db
def test_a_row_under_an_unknown_key_is_named_and_stays_as_it_is(
    kept: list[PunchEvidence], settings: Any
) -> None:
    lost = kept[2]
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    foreign = sealed(PunchEvidence, "sealed", b"{}", punch_id=lost.punch_id, kind=lost.kind)
    PunchEvidence.objects.filter(pk=lost.pk).update(sealed=foreign)
    settings.FIELD_KEYS = [NEW, OLD]
    said, wrong = io.StringIO(), io.StringIO()

    with pytest.raises(CommandError, match="1 values"):
        call_command("rotate_keys", stdout=said, stderr=wrong)

    assert f"row {lost.pk}: none of FIELD_KEYS" in wrong.getvalue()
    assert bytes(PunchEvidence.objects.get(pk=lost.pk).sealed) == foreign


@pytest.mark.django_db
def test_what_a_writer_changes_meanwhile_is_not_overwritten(
    kept: list[PunchEvidence], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FIELD_KEYS = [NEW, OLD]
    first = kept[0]
    fresh = sealed(PunchEvidence, "sealed", b"{}", punch_id=first.punch_id, kind=first.kind)
    reseal = key_rotation._reseal

    def beside_a_writer(column: Any, row: Any, tally: Any) -> None:
        if column.model is PunchEvidence and row["pk"] == first.pk:
            PunchEvidence.objects.filter(pk=first.pk).update(sealed=fresh)
        reseal(column, row, tally)

    monkeypatch.setattr(key_rotation, "_reseal", beside_a_writer)
    tallies = key_rotation.rotate(now=NOW)

    assert sum(tally.overtaken for tally in tallies) == 1
    assert bytes(PunchEvidence.objects.get(pk=first.pk).sealed) == fresh


@pytest.mark.django_db
def test_tokens_of_an_earlier_release_open_and_are_sealed_anew(cast: Cast, settings: Any) -> None:
    settings.FIELD_KEYS = [OLD]
    factor = second_factor.begin(cast.hr)
    earlier = Fernet(OLD).encrypt(b'"JBSWY3DPEHPK3PXP"')
    SecondFactor.objects.filter(pk=factor.pk).update(sealed_secret=earlier)
    factor.refresh_from_db()
    assert second_factor.secret_of(factor) == "JBSWY3DPEHPK3PXP"

    key_rotation.rotate(now=NOW)

    factor.refresh_from_db()
    assert bytes(factor.sealed_secret).startswith(encryption.current_mark())
    assert second_factor.secret_of(factor) == "JBSWY3DPEHPK3PXP"
