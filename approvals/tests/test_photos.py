"""A photo that is handed in with a make-up request: who sees it, how long, and when it is asked."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from approvals.errors import KindRefused, PhotoMissing
from approvals.models import Request, RequestPhoto
from approvals.services.limits import KINDS
from approvals.services.photos import digest_of_photo
from approvals.tests.office import DAY, NOW, approve, ask, at, publish, punch, reject
from attendance.evidence.photos import BYTES_AT_MOST
from attendance.services.evidence import PHOTOS_A_DAY, PhotoRefused, TooManyPhotos
from organization import retention, tokens
from organization.models import AuditEntry
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages ask a clock that stands on the day after."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def picture(color: str = "red") -> bytes:
    written = BytesIO()
    Image.new("RGB", (80, 60), color).save(written, "JPEG")
    return written.getvalue()


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def photo_of(request: Request) -> str:
    return reverse("approvals:request-photo", args=[request.pk])


def posted(**other) -> dict:
    return {
        "work_date": str(DAY), "slot": "out", "corrected_at": "2026-09-01T18:00",
        "reason": "Forgot",
    } | other  # fmt: skip


def test_a_photo_goes_from_the_form_to_whoever_decides_and_each_look_is_told(office: Cast):
    punch(office.alice, "8:58")
    photo = SimpleUploadedFile("desk.jpg", picture(), "image/jpeg")
    browser(office.alice.user).post("/me/requests/make-up/", posted(photo=photo))
    request = Request.objects.get()
    bob = browser(office.bob.user)

    assert photo_of(request) in bob.get("/me/inbox/").content.decode()
    answer = bob.get(photo_of(request))

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer["X-Content-Type-Options"] == "nosniff"
    with Image.open(BytesIO(answer.content)) as shown:
        assert shown.size == (80, 60)
    (line,) = AuditEntry.objects.filter(verb="request.photo_viewed")
    assert (line.actor, line.facts["request"]) == (office.bob.user, request.pk)
    looked = browser(office.alice.user).get("/me/data/").content.decode()
    assert "looked at the photo of a request" in looked


def test_the_persons_own_look_is_told_nobody(office: Cast):
    request = ask(office.alice, photo=picture())

    assert browser(office.alice.user).get(photo_of(request)).status_code == 200
    assert not AuditEntry.objects.filter(verb="request.photo_viewed").exists()


@pytest.mark.parametrize("stranger", ["carol", "other_hr"])
def test_p_04_nobody_elsewhere_sees_it(office: Cast, stranger: str):
    request = ask(office.alice, photo=picture())
    found = getattr(office, stranger)

    answer = browser(getattr(found, "user", found)).get(photo_of(request))

    assert answer.status_code == 404
    assert not AuditEntry.objects.filter(verb="request.photo_viewed").exists()


def test_a_request_without_a_photo_has_none(office: Cast):
    request = ask(office.alice)

    assert browser(office.bob.user).get(photo_of(request)).status_code == 404
    assert "ap-photo" not in browser(office.bob.user).get("/me/inbox/").content.decode()


def test_what_is_no_photo_is_refused_and_nothing_is_kept(office: Cast):
    script = SimpleUploadedFile("desk.jpg", b"<script>alert(1)</script>", "image/jpeg")

    answer = browser(office.alice.user).post("/me/requests/make-up/", posted(photo=script))

    assert "JPEG, PNG or WebP" in answer.content.decode()
    assert not Request.objects.exists()
    with pytest.raises(PhotoRefused):
        ask(office.alice, photo=b"")


def test_the_photo_is_part_of_what_was_submitted(office: Cast):
    """Whoever puts another picture there shows nothing, though the key fits."""
    one, other = (
        ask(office.alice, photo=picture()),
        ask(office.alice, slot="in", corrected_at=at("9:00"), photo=picture("blue")),
    )
    RequestPhoto.objects.filter(request=one).update(
        content=RequestPhoto.objects.get(request=other).content
    )

    assert browser(office.bob.user).get(photo_of(one)).status_code == 404
    assert browser(office.bob.user).get(photo_of(other)).status_code == 200


def test_pictures_do_not_come_without_end(office: Cast):
    request = ask(office.alice, photo=picture())
    content = RequestPhoto.objects.get().content
    RequestPhoto.objects.all().delete()
    for _ in range(PHOTOS_A_DAY):
        copy = Request.objects.get(pk=request.pk)
        copy.pk, copy.status, copy.settled_at = None, "withdrawn", NOW
        copy.save(force_insert=True)
        RequestPhoto.objects.create(request=copy, content=content, kept_at=NOW)

    with pytest.raises(TooManyPhotos):
        ask(office.alice, slot="in", corrected_at=at("9:00"), photo=picture())


def test_l_04_a_photo_goes_with_its_time_but_not_before_the_decision(office: Cast):
    waiting = ask(office.alice, photo=picture())
    decided = reject(
        ask(office.alice, slot="in", corrected_at=at("9:00"), photo=picture()), office.bob
    )

    retention.run(now=NOW + timedelta(days=400))

    assert RequestPhoto.objects.get().request == waiting
    decided.refresh_from_db()
    assert decided.photo_digest
    said = browser(office.alice.user).get(reverse("approvals:request", args=[decided.pk]))
    assert "past its time" in said.content.decode()


# --- what the rule takes -------------------------------------------------------------------------


def test_a_rule_that_wants_a_photo_gets_one(office: Cast):
    publish(office, make_up_needs_photo=True)

    with pytest.raises(PhotoMissing):
        ask(office.alice)
    answer = browser(office.alice.user).post("/me/requests/make-up/", posted())
    assert "This field is required" in answer.content.decode()
    assert not Request.objects.exists()

    assert ask(office.alice, photo=picture()).status == "waiting"


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_says_what_a_make_up_may_repair(office: Cast, kind: str):
    came, left = {"late": ("9:30", "18:01"), "early": ("8:58", "17:00")}.get(
        kind, ("8:58", "18:01")
    )
    punch(office.alice, came)
    if kind != "missing":
        punch(office.alice, left)
    slot = "in" if kind == "late" else "out"
    moment = at("9:00") if slot == "in" else at("18:00")
    publish(office, **{f"make_up_for_{kind}": False})

    with pytest.raises(KindRefused) as refusal:
        ask(office.alice, slot=slot, corrected_at=moment)

    assert refusal.value.facts["kind"] == kind
    assert not Request.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_rule_does_not_refuse_is_asked(office: Cast, kind: str):
    punch(office.alice, "8:58")
    publish(office, **{f"make_up_for_{other}": False for other in KINDS if other != "missing"})

    assert approve(ask(office.alice), office.bob).status == "approved"


# --- from a program ------------------------------------------------------------------------------

FLOW = "/api/v1/approval/flow/"


def send(user, **other):
    _token, key = tokens.issue(user, name="test", actor=user, now=NOW)
    form = {"kind": "make_up", "work_date": str(DAY), "slot": "out", "reason": "Gate",
            "at": "2026-09-01T18:00:00+08:00"} | other  # fmt: skip
    as_form = {} if "photo" in form and not isinstance(form["photo"], str) else {
        "content_type": "application/json"
    }  # fmt: skip
    answer = Client(headers={"authorization": f"Token {key}"}).post(FLOW, form, **as_form)
    return answer.status_code, answer.json()


def test_a_program_hands_in_the_photo_that_the_rule_wants(office: Cast):
    publish(office, make_up_needs_photo=True)
    status, refused = send(office.alice.user)
    assert (status, refused["code"]) == (409, "photo_missing")

    photo = SimpleUploadedFile("desk.jpg", with_a_place(), "image/jpeg")
    status, made = send(office.alice.user, photo=photo)

    assert (status, made["employee"], made["status"]) == (201, "00101", "waiting")
    seen = browser(office.bob.user).get(photo_of(Request.objects.get())).content
    assert Request.objects.get().photo_digest == digest_of_photo(seen)
    with Image.open(BytesIO(seen)) as shown:
        # Written anew: what lay beside the pixels is gone.
        assert (shown.format, shown.size, len(shown.getexif())) == ("JPEG", (80, 60), 0)


def with_a_place() -> bytes:
    written, exif = BytesIO(), Image.Exif()
    exif[0x010E] = "31.2304 N"
    Image.new("RGB", (80, 60), "red").save(written, "JPEG", exif=exif)
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"<script>alert(1)</script>", 409, "photo_refused"),
        (b"", 409, "photo_refused"),
        (b"\xff\xd8\xff" + bytes(BYTES_AT_MOST), 400, "invalid"),
    ],
)
def test_what_is_no_photo_is_refused_from_a_program_as_well(
    office: Cast, content: bytes, status: int, code: str
):
    photo = SimpleUploadedFile("desk.jpg", content, "image/jpeg")

    answer = send(office.alice.user, photo=photo)

    assert (answer[0], answer[1]["code"]) == (status, code)
    assert not Request.objects.exists()


def test_a_photo_that_would_be_lost_is_refused(office: Cast):
    """As text, or with something that takes none."""
    day = {"kind": "leave", "leave_type": "annual", "first": str(DAY), "last": str(DAY)}
    photo = SimpleUploadedFile("desk.jpg", picture(), "image/jpeg")
    for odd in ({"photo": "aGVsbG8="}, {**day, "photo": photo}):
        status, refused = send(office.alice.user, **odd)
        assert (status, list(refused["facts"]["fields"])) == (400, ["photo"])
    assert not Request.objects.exists()
    assert send(office.alice.user, **day)[0] == 201


def test_p_04_nobody_hands_in_a_photo_for_somebody_elsewhere(office: Cast):
    photo = SimpleUploadedFile("desk.jpg", picture(), "image/jpeg")

    status, _ = send(office.other_hr, employee="00101", photo=photo)

    assert status == 404
    assert not RequestPhoto.objects.exists()
