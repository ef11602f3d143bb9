"""What proves a punch: read strictly, kept sealed, looked at by few, and every look is told."""

import io
import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
from django.db import IntegrityError, transaction
from PIL import Image

from attendance.evidence.claims import Claim, Position, Problem, read_claim
from attendance.evidence.photos import BadPhoto, clean_photo
from attendance.models import IdempotentAnswer, Punch, PunchEvidence
from attendance.services import evidence
from organization.encryption import NotAuthentic
from organization.errors import NotFound
from organization.models import AuditEntry, User
from organization.sealed_fields import opened
from tests.cast import Cast, appoint

pytestmark = pytest.mark.usefixtures("standing_cast")

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
PLACE = Position(31.230416, 121.473701, 12.5, "wgs84")
BSSID = "3c:84:6a:12:34:56"


def punch(person, number=0):
    at = NOW + timedelta(minutes=number)
    return Punch.objects.create(
        employee=person, department=person.department, punched_at=at, received_at=at,
        zone="Asia/Shanghai", method="location", source="phone",
        natural_key=f"{person.pk} {number}",
    )  # fmt: skip


def picture(form="JPEG", size=(640, 480), **more):
    written = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(written, form, **more)
    return written.getvalue()


# Reading ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"position": {"latitude": "31.2", "longitude": 121, "datum": "wgs84"}}, "latitude"),
        ({"position": {"latitude": True, "longitude": 121, "datum": "wgs84"}}, "latitude"),
        ({"position": {"latitude": float("nan"), "longitude": 1, "datum": "wgs84"}}, "latitude"),
        ({"position": {"latitude": 1e309, "longitude": 121, "datum": "wgs84"}}, "latitude"),
        ({"position": {"latitude": [31], "longitude": 121, "datum": "wgs84"}}, "latitude"),
        ({"position": {"latitude": 31, "longitude": 181, "datum": "wgs84"}}, "longitude"),
        ({"position": {"latitude": 31, "longitude": 121}}, "datum"),
        ({"position": {"latitude": 31, "longitude": 121, "datum": "bd09"}}, "datum"),
        (
            {"position": {
                "latitude": 31, "longitude": 121, "datum": "wgs84", "accuracy_metres": -1
            }},
            "accuracy_metres",
        ),
        ({"position": {"latitude": 31, "longitude": 121, "datum": "wgs84", "x": 1}}, "x"),
        ({"position": [31, 121]}, "position"),
        ({"bssid": "02:00:00:00:00:00"}, "bssid"),
        ({"bssid": "3c846a123456"}, "bssid"),
        ({"bssid": None}, "bssid"),
        ({"photo": "…"}, "photo"),
        ("31.2,121.4", "evidence"),
    ],
)  # fmt: skip
def test_odd_evidence_is_refused_by_field_and_not_repeated(said, field):
    """A-25, A-22: an answer that quoted a place would be kept for retries."""
    problem = read_claim(said)

    assert isinstance(problem, Problem)
    assert problem.field.rpartition(".")[2] == field


def test_evidence_is_read_as_it_was_said():
    said = {"position": PLACE._asdict(), "bssid": "3C-84-6A-12-34-56"}

    assert read_claim(said) == Claim(PLACE, BSSID)


# Photos -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_written_anew_and_smaller(form):
    cleaned = clean_photo(picture(form, (3000, 1500)))

    with Image.open(io.BytesIO(cleaned)) as photo:
        assert (photo.format, photo.size) == ("JPEG", (1280, 640))


def test_nothing_that_a_phone_hides_in_a_photo_is_kept():
    """A-12, A-22: position, maker, comment and what is glued behind the picture."""
    exif = Image.Exif()
    exif[0x010F] = "Secretphone"
    exif.get_ifd(0x8825)[2] = (31.0, 13.0, 49.5)
    told = picture(exif=exif, comment=b"<script>alert(1)</script>") + b"PK\x03\x04payload.php"
    assert b"Secretphone" in told

    cleaned = clean_photo(told)

    for hidden in (b"Secretphone", b"Exif", b"<script>", b"payload"):
        assert hidden not in cleaned


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "not_a_photo"),
        (b"GIF89a" + b"\0" * 50, "not_a_photo"),
        (b"PK\x03\x04" + b"\0" * 50, "not_a_photo"),
        (b"", "not_a_photo"),
        (b"\xff\xd8\xff<html>", "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "damaged"),
        (b"\xff\xd8\xff" + b"\0" * (8 * 1024 * 1024), "too_large"),
    ],
)
def test_what_is_no_photo_is_refused_whatever_it_is_called(content, problem):
    """A-12, P-25: magic bytes, SVG, polyglots, size."""
    with pytest.raises(BadPhoto, match=problem):
        clean_photo(content)


def test_a_cut_photo_is_refused():
    with pytest.raises(BadPhoto, match="damaged"):
        clean_photo(picture(size=(2000, 2000))[:-2000])


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_flood_of_pixels_is_refused_before_it_is_unpacked(monkeypatch):
    """A-12: some kilobytes that unpack to 300 megabytes."""
    bomb = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(bomb, "PNG")
    monkeypatch.setattr(
        "PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("pixels were unpacked")
    )
    assert len(bomb.getvalue()) < 100_000

    with pytest.raises(BadPhoto, match="too_many_pixels"):
        clean_photo(bomb.getvalue())


# Keeping ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_each_kind_has_its_own_row_and_its_own_date(cast: Cast):
    """L-04: ninety days for places, and for the phone's state; a hundred and eighty for photos."""
    evidence.keep_evidence(
        punch(cast.alice), now=NOW, position=PLACE, bssid=BSSID,
        picture=evidence.take_picture(picture()),
        integrity={"emulator": False},
    )  # fmt: skip

    days = {row.kind: (row.keep_until - NOW.date()).days for row in PunchEvidence.objects.all()}
    assert days == {"position": 90, "network": 90, "photo": 180, "integrity": 90}


@pytest.mark.django_db
def test_what_is_told_again_changes_nothing(cast: Cast):
    made = punch(cast.alice)
    evidence.keep_evidence(made, now=NOW, position=PLACE)
    evidence.keep_evidence(made, now=NOW, position=PLACE._replace(latitude=0.0))

    (row,) = made.evidence.all()
    assert evidence.read_piece(row).facts["latitude"] == PLACE.latitude


@pytest.mark.django_db
def test_content_that_is_copied_to_another_row_does_not_open(cast: Cast):
    """A-22: whoever owns the database cannot give one person's place to another."""
    mine, theirs = punch(cast.alice), punch(cast.carol, 1)
    evidence.keep_evidence(mine, now=NOW, position=PLACE, bssid=BSSID)
    evidence.keep_evidence(theirs, now=NOW, position=PLACE._replace(latitude=30.5))
    other = theirs.evidence.get()
    for row in mine.evidence.all():
        PunchEvidence.objects.filter(pk=row.pk).update(sealed=other.sealed)
        row.refresh_from_db()
        with pytest.raises(NotAuthentic):
            opened(row, "sealed")
    with pytest.raises(evidence.Unreadable):
        evidence.view_evidence(mine.pk, actor=cast.hr, reason="Complaint", now=NOW)


@pytest.mark.django_db
def test_a_look_at_what_cannot_be_opened_is_written_down_too(cast: Cast):
    """A-27: whoever could break a row would otherwise look at the others unseen."""
    made = punch(cast.alice)
    evidence.keep_evidence(made, now=NOW, position=PLACE, bssid=BSSID)
    PunchEvidence.objects.filter(kind="network").update(sealed=made.evidence.first().sealed)

    with pytest.raises(evidence.Unreadable):
        evidence.view_evidence(made.pk, actor=cast.hr, reason="Complaint", now=NOW)

    assert AuditEntry.objects.get(verb="evidence.viewed").facts["kinds"] == ["position", "network"]


@pytest.mark.django_db
def test_a_kind_is_kept_once_in_the_database_too(cast: Cast):
    made = punch(cast.alice)
    evidence.keep_evidence(made, now=NOW, position=PLACE)
    row = made.evidence.get()
    row.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


@pytest.mark.django_db
def test_nobody_sends_photos_without_end(cast: Cast):
    """A-12: a quota per person."""
    small = picture(size=(8, 8))
    for number in range(evidence.PHOTOS_A_DAY):
        evidence.keep_evidence(
            punch(cast.alice, number), now=NOW, picture=evidence.take_picture(small)
        )

    with pytest.raises(evidence.TooManyPhotos):
        evidence.keep_evidence(punch(cast.alice, 99), now=NOW, picture=evidence.take_picture(small))
    evidence.keep_evidence(punch(cast.carol, 99), now=NOW, picture=evidence.take_picture(small))


# Looking ------------------------------------------------------------------------------------------


@pytest.fixture
def kept(cast: Cast) -> Punch:
    made = punch(cast.alice)
    evidence.keep_evidence(
        made, now=NOW, position=PLACE, bssid=BSSID, picture=evidence.take_picture(picture())
    )
    return made


def test_every_look_is_written_down_without_the_place(cast: Cast, kept: Punch):
    """L-08, A-27."""
    pieces = evidence.view_evidence(kept.pk, actor=cast.hr, reason="Complaint 7", now=NOW)

    assert [one.kind for one in pieces] == ["position", "network", "photo"]
    entry = AuditEntry.objects.get(verb="evidence.viewed")
    assert (entry.actor, entry.thing_id) == (cast.hr, str(cast.alice.pk))
    assert entry.facts["reason"] == "Complaint 7"
    told = json.dumps(entry.facts)
    assert not re.search(r"31\.2|121\.4|3c:84", told)


def test_who_may_look(cast: Cast, kept: Punch):
    """L-08: AUDIT or DECIDE where the punch was, and the person; nobody else finds it."""
    for reader in (cast.hr, cast.bob.user, cast.alice.user, cast.superuser):
        evidence.view_evidence(kept.pk, actor=reader, reason="Complaint", now=NOW)
    for stranger in (cast.other_hr, cast.carol.user):
        with pytest.raises(NotFound):
            evidence.view_evidence(kept.pk, actor=stranger, reason="Complaint", now=NOW)


def test_an_auditor_may_look_and_a_director_may_not(cast: Cast, kept: Punch):
    auditor, director = cast.other_hr, cast.carol.user
    appoint(auditor, "auditor", cast.unit)
    appoint(director, "group_hr_director", cast.group)
    auditor, director = (User.objects.get(pk=one.pk) for one in (auditor, director))

    assert evidence.view_evidence(kept.pk, actor=auditor, reason="Yearly audit", now=NOW)
    with pytest.raises(NotFound):
        evidence.view_evidence(kept.pk, actor=director, reason="Curious", now=NOW)


def test_others_say_why_they_look(cast: Cast, kept: Punch):
    with pytest.raises(evidence.ReasonMissing):
        evidence.view_evidence(kept.pk, actor=cast.hr, reason=" \n ", now=NOW)
    assert not AuditEntry.objects.filter(verb="evidence.viewed").exists()

    assert evidence.view_evidence(kept.pk, actor=cast.alice.user, reason="", now=NOW)


def test_a_page_shows_nothing_until_its_button_is_pressed(cast: Cast, kept: Punch, client):
    """A-09, L-08: to open the page is no look."""
    client.force_login(cast.hr)
    address = f"/admin/attendance/punch/{kept.pk}/evidence/"
    before = client.get(address)
    assert "31.230416" not in before.text
    assert not AuditEntry.objects.filter(verb="evidence.viewed").exists()

    after = client.post(address, {"reason": "Complaint"})

    assert "31.230416" in after.text
    assert BSSID in after.text
    assert "no-store" in after["Cache-Control"]
    assert AuditEntry.objects.filter(verb="evidence.viewed").count() == 1


def test_a_photo_leaves_as_a_file_that_no_browser_runs(cast: Cast, kept: Punch, client):
    """A-12."""
    client.force_login(cast.hr)
    answer = client.post(
        f"/admin/attendance/punch/{kept.pk}/evidence/", {"reason": "Complaint", "photo": ""}
    )

    assert answer.content.startswith(b"\xff\xd8\xff")
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]


def test_a_stranger_finds_no_page(cast: Cast, kept: Punch, client):
    client.force_login(cast.other_hr)
    address = f"/admin/attendance/punch/{kept.pk}/evidence/"

    assert client.get(address).status_code == 404
    assert client.post(address, {"reason": "Complaint"}).status_code == 404


def test_places_stand_in_no_address(cast: Cast, kept: Punch, client):
    """A-22."""
    client.force_login(cast.hr)
    page = client.get(f"/admin/attendance/punch/{kept.pk}/change/").text

    assert "/evidence/" in page
    assert "31.23" not in unquote(page)


# The way in ---------------------------------------------------------------------------------------


@pytest.fixture
def gate(cast: Cast):
    from rest_framework.test import APIClient

    from organization import tokens

    program = User.objects.create_user("gate", is_program=True)
    appoint(program, "punch_source", cast.unit)
    client = APIClient()
    _token, key = tokens.issue(program, name="gate", actor=None, now=NOW)
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


def told(cast: Cast, **more):
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    return {"employee": cast.alice.number, "at": at.isoformat(), "method": "location", **more}


def test_a_program_brings_evidence_along(cast: Cast, gate):
    said = {"position": PLACE._asdict(), "bssid": BSSID}
    seen = told(cast, evidence=said)
    answer = gate.post("/api/v1/punches", seen, format="json")

    assert answer.status_code == 201
    rows = PunchEvidence.objects.filter(punch=answer.data["id"]).order_by("pk")
    assert [row.kind for row in rows] == ["position", "network"]
    assert evidence.read_piece(rows[0]).facts == PLACE._asdict()
    again = gate.post("/api/v1/punches", seen, format="json")
    assert again.status_code == 200


def test_a_refusal_does_not_repeat_a_place_and_keeps_no_punch(cast: Cast, gate):
    """A-22: nothing of it is saved for a retry either."""
    said = {"position": {"latitude": 31.230416, "longitude": 999.125, "datum": "wgs84"}}
    answer = gate.post(
        "/api/v1/punches", told(cast, evidence=said), format="json", HTTP_IDEMPOTENCY_KEY="k1"
    )

    assert answer.status_code == 400
    assert answer.data["error"]["field"] == "evidence.position.longitude"
    assert "999.125" not in json.dumps(answer.data)
    assert not Punch.objects.exists()
    assert "31.23" not in str(list(IdempotentAnswer.objects.values()))
