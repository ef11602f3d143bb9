"""The pages of geofences: who sees and writes what, the form, files, the search for addresses."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from attendance.evidence.geometry import Area, Circle
from attendance.models import AttendanceRule, Geofence
from attendance.services import places
from attendance.services.places import Text
from attendance.services.rules import add_rule
from organization.models import AuditEntry
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("standing_cast")

LIST = reverse("admin:attendance_geofence_changelist")
ADD = reverse("admin:attendance_geofence_add")
PREVIEW = reverse("admin:attendance_geofence_preview")
SEARCH = reverse("admin:attendance_geofence_search")
IMPORT = reverse("admin:attendance_geofence_import")
EXPORT = reverse("admin:attendance_geofence_export")
OFFICE = Circle(31.2304, 121.4737, 200)
SAID = {
    "name": "Office", "kind": "circle", "datum": "wgs84", "latitude": "31.2304",
    "longitude": "121.4737", "radius_metres": "200", "corners": "",
}  # fmt: skip


@pytest.fixture
def desk(cast: Cast, client: Client) -> Client:
    client.force_login(cast.hr)
    return client


@pytest.fixture
def fence(cast: Cast) -> Geofence:
    return draw(cast)


@pytest.fixture
def rule(cast: Cast) -> AttendanceRule:
    return add_rule(name="Weaving rule", department=cast.department, now=NOW)


def draw(cast: Cast, name: str = "Office", **said: Any) -> Geofence:
    department = said.pop("department", cast.unit)
    text = Text(name=name, **{"shape": OFFICE, **said})
    return places.add_fence(department=department, text=text, now=NOW)


def page_of(fence: Geofence) -> str:
    return reverse("admin:attendance_geofence_change", args=[fence.pk])


def errors(answer: Any) -> dict[str, list[str]]:
    return {name: list(said) for name, said in answer.context["adminform"].errors.items()}


# The form -----------------------------------------------------------------------------------


def test_a_circle_that_is_typed_is_saved(cast: Cast, desk: Client, rule: AttendanceRule) -> None:
    said = {**SAID, "department": cast.unit.pk, "rules": [rule.pk], "people": [cast.alice.pk]}
    answer = desk.post(ADD, said)

    assert answer.status_code == 302
    fence = Geofence.objects.get()
    assert (fence.shape, fence.department) == (OFFICE, cast.unit)
    assert list(fence.rules.all()) == [rule]
    assert list(fence.people.all()) == [cast.alice]


def test_degrees_of_another_map_are_turned_into_ours(cast: Cast, desk: Client) -> None:
    said = {
        **SAID, "department": cast.unit.pk, "datum": "gcj02",
        "latitude": "31.2284577", "longitude": "121.4782231",
    }  # fmt: skip
    desk.post(ADD, said)

    fence = Geofence.objects.get()
    assert (fence.latitude, fence.longitude) == pytest.approx((31.2304, 121.4737), abs=1e-6)


def test_an_area_is_typed_corner_by_corner(cast: Cast, desk: Client) -> None:
    corners = "31, 121\r\n31, 121.01\r\n31.01，121.01\r\n31.01; 121\r\n\r\n31.002, 121.002\r\n"
    corners += "31.002, 121.004\r\n31.004, 121.004"
    said = {**SAID, "department": cast.unit.pk, "kind": "area", "corners": corners}
    desk.post(ADD, said)

    assert Geofence.objects.get().shape == Area(
        ((31, 121), (31, 121.01), (31.01, 121.01), (31.01, 121), (31, 121)),
        (((31.002, 121.002), (31.002, 121.004), (31.004, 121.004), (31.002, 121.002)),),
    )


@pytest.mark.parametrize(
    ("typed", "box", "said"),
    [
        ({"radius_metres": "49"}, "radius_metres", "The radius is 49"),
        ({"latitude": ""}, "latitude", "A circle needs it"),
        ({"latitude": "91"}, "latitude", "A latitude lies between"),
        ({"longitude": "nan"}, "longitude", "Enter a number"),
        ({"kind": "area"}, "corners", "An area needs corners"),
        ({"kind": "area", "corners": "31, 121\nhere"}, "corners", "Line 2: “here” is no corner"),
        ({"kind": "area", "corners": "1,1\n2,2"}, "corners", "at least 3 different corners"),
        ({"kind": "area", "corners": "0,0\n1,1\n0,1\n1,0"}, "corners", "crosses or touches"),
        ({"kind": "area", "corners": "nan,0\n1,1\n0,1"}, "corners", "A latitude lies between"),
        ({"kind": "area", "corners": "1,1\n" * 20_000}, "corners", "too many corners"),
        ({"kind": "star"}, "kind", "Select a valid choice"),
        ({"datum": "mars"}, "datum", "Select a valid choice"),
        ({"name": ""}, "name", "required"),
        ({"rules": ["x"]}, "rules", "Select a valid choice"),
        ({"rules": ["9" * 40]}, "rules", "Select a valid choice"),
        ({"people": ["-1"]}, "people", "Select a valid choice"),
    ],
)
def test_what_is_wrong_stands_at_its_box(
    cast: Cast, desk: Client, typed: dict[str, Any], box: str, said: str
) -> None:
    answer = desk.post(ADD, {**SAID, "department": cast.unit.pk, **typed})

    found = errors(answer)
    assert list(found) == [box]
    assert said in found[box][0]
    assert not Geofence.objects.exists()


def test_whoever_may_everything_names_the_department_that_keeps_it(
    cast: Cast, client: Client
) -> None:
    client.force_login(cast.superuser)

    answer = client.post(ADD, {**SAID, "department": ""})

    assert errors(answer) == {"department": ["This field is required."]}
    assert "The whole group" not in client.get(ADD).text
    assert not Geofence.objects.exists()


def test_a_name_that_is_taken_is_told(cast: Cast, desk: Client, fence: Geofence) -> None:
    answer = desk.post(ADD, {**SAID, "department": cast.unit.pk})

    assert "of that name already" in str(errors(answer))


def test_a_page_that_is_saved_untouched_changes_nothing(cast: Cast, desk: Client) -> None:
    ring = ((31, 121), (31, 121.0100001), (31.01, 121.01))
    fence = draw(cast, "Yard", shape=Area(ring), people=[cast.alice.pk])
    form = desk.get(page_of(fence)).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields}
    typed = {name: "" if value is None else value for name, value in typed.items()}

    answer = desk.post(page_of(fence), typed)

    assert answer.status_code == 302
    assert not AuditEntry.objects.filter(verb="fence.changed").exists()


def test_the_way_from_a_rule_begins_with_the_rule(
    cast: Cast, desk: Client, rule: AttendanceRule
) -> None:
    form = desk.get(ADD, {"rules": rule.pk}).context["adminform"].form

    assert form["rules"].value() == [rule.pk]
    assert form["department"].value() == cast.department.pk
    for odd in ("x", "9" * 40, "-1", "0"):
        assert desk.get(ADD, {"rules": odd}).status_code == 200


def test_a_rule_shows_where_its_people_may_punch(
    cast: Cast, desk: Client, rule: AttendanceRule, fence: Geofence
) -> None:
    fence.rules.add(rule)
    page = desk.get(reverse("admin:attendance_attendancerule_change", args=[rule.pk]))

    assert [one["fence"] for one in page.context["fences"]] == [fence]
    assert f"{ADD}?rules={rule.pk}" in page.content.decode()


def test_it_is_retired_and_taken_into_use_again(desk: Client, fence: Geofence) -> None:
    retire = reverse("admin:attendance_geofence_retire", args=[fence.pk])
    desk.post(retire)
    fence.refresh_from_db()
    assert fence.retired_at is not None

    desk.post(retire)
    fence.refresh_from_db()
    assert fence.retired_at is None


# Who ----------------------------------------------------------------------------------------


def test_the_fence_of_another_unit_is_not_there(
    cast: Cast, client: Client, fence: Geofence
) -> None:
    client.force_login(cast.other_hr)

    assert client.get(page_of(fence)).status_code == 404
    assert client.post(page_of(fence), SAID).status_code == 404
    retire = reverse("admin:attendance_geofence_retire", args=[fence.pk])
    assert client.post(retire).status_code == 404
    assert "Office" not in client.get(LIST).content.decode()
    assert json.loads(client.get(ADD).context["map"])["fences"] == []
    assert json.loads(client.post(EXPORT).content)["features"] == []


def test_no_form_takes_a_rule_a_person_or_a_department_of_another_unit(
    cast: Cast, desk: Client, fence: Geofence
) -> None:
    foreign = add_rule(name="Dyeing rule", department=cast.other_department, now=NOW)
    for typed in (
        {"rules": [foreign.pk]},
        {"people": [cast.carol.pk]},
        {"department": cast.other_unit.pk},
    ):
        answer = desk.post(ADD, {**SAID, "name": "New", "department": cast.unit.pk, **typed})
        assert list(errors(answer)) == list(typed)
        desk.post(page_of(fence), {**SAID, **typed})

    fence.refresh_from_db()
    assert Geofence.objects.count() == 1
    assert (fence.department, fence.rules.count(), fence.people.count()) == (cast.unit, 0, 0)


def test_what_is_lent_from_above_is_seen_and_not_written(cast: Cast, desk: Client) -> None:
    lent = draw(cast, "Head office", department=cast.group)
    lent.rules.add(add_rule(name="Dyeing rule", department=cast.other_department, now=NOW))
    lent.people.add(cast.carol)

    page = desk.get(page_of(lent))
    assert page.status_code == 200
    assert "data-fence-editor" not in page.content.decode()
    for hidden in ("Dyeing rule", "Carol"):
        assert hidden not in page.content.decode()
        assert hidden not in desk.get(LIST).content.decode()
    assert desk.post(page_of(lent), SAID).status_code in {403, 404}


def test_whoever_may_only_see_finds_no_tools(cast: Cast, client: Client, fence: Geofence) -> None:
    near = draw(cast, "Weaving hall", department=cast.department)
    assert cast.bob.user is not None
    client.force_login(cast.bob.user)

    assert client.get(page_of(near)).status_code == 200
    for answer in (
        client.post(PREVIEW, SAID),
        client.get(SEARCH, {"q": "31, 121"}),
        client.get(IMPORT),
        client.post(EXPORT),
    ):
        assert answer.status_code == 404


def test_the_list_asks_no_more_for_more_fences(
    cast: Cast, desk: Client, rule: AttendanceRule, django_assert_max_num_queries: Any
) -> None:
    for number in range(50):
        draw(cast, f"Fence {number}", rules=[rule.pk], people=[cast.alice.pk])

    desk.get(LIST)
    with django_assert_max_num_queries(14):
        page = desk.get(LIST)

    assert len(page.context["cl"].result_list) == 50


# What is half typed -------------------------------------------------------------------------


def test_a_preview_draws_and_warns(desk: Client, settings: Settings) -> None:
    told = desk.post(PREVIEW, {**SAID, "radius_metres": "60"}).json()

    assert told["shape"]["geometry"] == {"type": "Point", "coordinates": [121.4737, 31.2304]}
    assert "Circle of 60 m" in told["says"]
    assert "Below 100 m" in told["says"]
    assert "Below 100 m" not in desk.post(PREVIEW, SAID).json()["says"]


def test_a_preview_says_what_is_wrong(desk: Client) -> None:
    told = desk.post(PREVIEW, {**SAID, "radius_metres": "6"}).json()

    assert told["shape"] is None
    assert "write metres from 50 to 5000" in told["says"]


def test_shapes_are_shown_where_the_tiles_have_them(
    desk: Client, fence: Geofence, settings: Settings
) -> None:
    settings.MAP_TILES_DATUM = "gcj02"
    shown = json.loads(desk.get(page_of(fence)).context["map"])["shape"]["geometry"]["coordinates"]

    assert shown == pytest.approx([121.4782231, 31.2284577], abs=1e-6)
    assert desk.get(page_of(fence)).context["adminform"].form["latitude"].value() == 31.2304


def test_pictures_come_from_the_host_of_the_tiles_and_from_no_other(
    desk: Client, settings: Settings
) -> None:
    assert "img-src 'self' data:;" in desk.get(ADD)["Content-Security-Policy"] + ";"

    settings.MAP_TILES_URL = "https://tiles.example.com:8443/{z}/{x}/{y}.png?key=1"
    policy = desk.get(ADD)["Content-Security-Policy"]

    assert "img-src 'self' data: https://tiles.example.com:8443;" in policy + ";"
    assert "tiles.example.com" not in desk.get("/me/")["Content-Security-Policy"]


# Addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "datum", "latitude", "longitude"),
    [
        ("31.2304, 121.4737", "wgs84", 31.2304, 121.4737),
        ("31.2304，121.4737", "", 31.2304, 121.4737),
        ("121.4737 31.2304", "wgs84", 31.2304, 121.4737),
        ("31.2284577, 121.4782231", "gcj02", 31.2304, 121.4737),
    ],
)
def test_degrees_are_found_without_asking_anybody(
    desk: Client, asked: str, datum: str, latitude: float, longitude: float
) -> None:
    (found,) = desk.get(SEARCH, {"q": asked, "datum": datum}).json()["places"]

    assert found["latitude"] == pytest.approx(latitude, abs=1e-6)
    assert found["longitude"] == pytest.approx(longitude, abs=1e-6)


def test_without_a_service_an_address_is_not_found(desk: Client) -> None:
    told = desk.get(SEARCH, {"q": "People's Square"}).json()

    assert told["places"] == []
    assert "Write degrees" in told["message"]


@pytest.fixture
def service(settings: Settings) -> Iterator[dict[str, Any]]:
    """A service for addresses on this machine: what it answers, and what it was asked."""
    seen: dict[str, Any] = {"answer": [], "asked": []}

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen["asked"].append(self.path)
            content = seen["answer"]
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.GEOCODER, settings.GEOCODER_DATUM = "nominatim", "wgs84"
    settings.GEOCODER_RATE = "1000/min"
    settings.GEOCODER_DOMAIN = f"http://127.0.0.1:{server.server_port}"
    yield seen
    server.shutdown()
    server.server_close()


def test_an_address_is_found_by_the_service(desk: Client, service: dict[str, Any]) -> None:
    service["answer"] = [
        {"lat": "31.2304", "lon": "121.4737", "display_name": "人民广场, 上海"},
        {"lat": "1", "lon": "2", "display_name": "Elsewhere"},
    ]

    found = desk.get(SEARCH, {"q": "人民广场"}).json()["places"]

    assert [one["label"] for one in found] == ["人民广场, 上海", "Elsewhere"]
    assert (found[0]["latitude"], found[0]["longitude"]) == (31.2304, 121.4737)
    assert parse_qs(urlsplit(service["asked"][0]).query)["q"] == ["人民广场"]


def test_amap_answers_on_its_own_map(
    desk: Client, service: dict[str, Any], settings: Settings
) -> None:
    settings.GEOCODER, settings.GEOCODER_DATUM, settings.GEOCODER_KEY = "amap", "gcj02", "secret"
    place = {"formatted_address": "上海市人民广场", "location": "121.4782231,31.2284577"}
    service["answer"] = {"status": "1", "geocodes": [place]}

    (found,) = desk.get(SEARCH, {"q": "人民广场"}).json()["places"]

    assert found["latitude"] == pytest.approx(31.2304, abs=1e-6)
    assert parse_qs(urlsplit(service["asked"][0]).query)["key"] == ["secret"]


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", [], {}, [{"lat": "x", "lon": "1", "display_name": ""}], {"status": "0"},
     [{"lat": "91", "lon": "1", "display_name": ""}], [1], None],
)  # fmt: skip
@pytest.mark.parametrize("name", ["nominatim", "amap"])
def test_whatever_a_service_answers_the_page_goes_on(
    desk: Client, service: dict[str, Any], settings: Settings, name: str, answer: Any
) -> None:
    settings.GEOCODER, settings.GEOCODER_KEY = name, "secret"
    service["answer"] = answer

    told = desk.get(SEARCH, {"q": "anything"})

    assert told.status_code == 200
    assert told.json()["places"] == []
    assert told.json()["message"]


def test_a_service_is_asked_so_often_and_no_more(
    desk: Client, service: dict[str, Any], settings: Settings
) -> None:
    settings.GEOCODER_RATE = "2/h"
    asked = [desk.get(SEARCH, {"q": "anything"}).status_code for _ in range(3)]

    assert asked == [200, 200, 429]
    assert len(service["asked"]) == 2
    assert desk.get(SEARCH, {"q": "31, 121"}).status_code == 200


# Files --------------------------------------------------------------------------------------


def file_of(*names: str, radius: int = 200) -> str:
    features = [
        {
            "type": "Feature",
            "properties": {"name": name, "radius_metres": radius},
            "geometry": {"type": "Point", "coordinates": [121.4737, 31.2304]},
        }
        for name in names
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def test_a_file_is_looked_at_before_it_is_taken(cast: Cast, desk: Client) -> None:
    said = {"department": cast.unit.pk, "datum": "wgs84"}
    file = SimpleUploadedFile("fences.geojson", file_of("Office", "场地").encode())
    page = desk.post(IMPORT, {**said, "file": file})

    assert [one.name for one in page.context["preview"].drawn] == ["Office", "场地"]
    assert not Geofence.objects.exists()

    content = page.context["form"].cleaned_data["content"]
    desk.post(IMPORT, {**said, "content": content, "confirm": "1"})

    assert sorted(Geofence.objects.values_list("name", flat=True)) == ["Office", "场地"]


def test_a_file_with_a_fault_is_taken_by_no_button(cast: Cast, desk: Client) -> None:
    said = {"department": cast.unit.pk, "datum": "wgs84", "content": file_of("Office", radius=1)}
    page = desk.post(IMPORT, said)
    assert "Feature 1 “Office”, properties.radius_metres" in page.context["problems"][0]
    assert b'name="confirm"' not in page.content

    desk.post(IMPORT, {**said, "confirm": "1"})

    assert not Geofence.objects.exists()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"", b"[", b" " * 1_000_001])
def test_no_file_crashes_the_page(cast: Cast, desk: Client, content: bytes) -> None:
    file = SimpleUploadedFile("fences.geojson", content)
    page = desk.post(IMPORT, {"department": cast.unit.pk, "datum": "wgs84", "file": file})

    assert page.status_code == 200
    assert not Geofence.objects.exists()


def test_no_file_is_taken_into_another_unit(cast: Cast, desk: Client) -> None:
    said = {"datum": "wgs84", "content": file_of("Office"), "confirm": "1"}
    for department in (cast.other_unit.pk, 10**6, "x"):
        desk.post(IMPORT, {**said, "department": department})

    assert not Geofence.objects.exists()
