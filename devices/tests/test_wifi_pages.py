"""Access points, controllers and addresses of phones, on their pages and in the database."""

from datetime import UTC, date, datetime
from typing import NamedTuple

import pytest
from cryptography.fernet import Fernet
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DataError, IntegrityError, transaction
from django.urls import reverse
from guardian.shortcuts import assign_perm

from devices import wifi
from devices.joins import speakers
from devices.models import AccessPoint, PhoneAddress, WifiController
from organization import key_rotation
from organization import services as people
from organization.models import AuditEntry, Department, Employee, User

NOW = datetime(2026, 9, 1, 4, tzinfo=UTC)
BSSID = "00:10:a4:23:19:c0"
POINTS = "/admin/devices/accesspoint/"

pytestmark = pytest.mark.django_db


class Company(NamedTuple):
    north: Department
    south: Department
    hr: User
    other: User
    viewer: User
    alice: Employee
    bob: Employee


def log_in(name, department, *actions):
    user = User.objects.create_user(name, password="a password of the test", is_staff=True)
    for action in actions:
        assign_perm(f"organization.{action}", user, department)
    return user


@pytest.fixture
def company():
    root = people.add_department(name="Group", code="G", parent=None, now=NOW)
    north, south = (
        people.add_department(name=name, code=name[0], parent=root, is_unit=True, now=NOW)
        for name in ("North", "South")
    )
    joined = date(2020, 1, 5)
    return Company(
        north, south,
        log_in("hr", north, "see", "rule", "export"),
        log_in("other", south, "see", "rule"),
        log_in("viewer", north, "see"),
        people.hire(number="7", name="Alice", department=north, joined_on=joined, now=NOW),
        people.hire(number="8", name="Bob", department=south, joined_on=joined, now=NOW),
    )  # fmt: skip


def point(department, bssid=BSSID, **more):
    return AccessPoint(department=department, name="Hall", bssid=bssid, **more)


def controller(department, **more):
    said = {"name": "Main", "network": "10.1.0.5", "secret": "a-secret-of-the-test"} | more
    return wifi.add_controller(department=department, actor=None, now=NOW, **said)


# Access points ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bssid",
    [
        "00:00:00:00:00:00",
        "02:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
        "01:10:a4:23:19:c0",
        "06:10:a4:23:19:c0",
        "00:10:A4:23:19:C0",
        "00-10-a4-23-19-c0",
        "0010.a423.19c0",
        "00:10:a4:23:19:c0\n",
        "00:10:a4:23:19",
        "",
    ],
)
def test_the_database_refuses_what_is_no_access_point(company, bssid):
    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        AccessPoint.objects.bulk_create([point(company.north, bssid)])


def test_the_database_keeps_one_access_point_for_an_address(company):
    point(company.north).save()

    with pytest.raises(IntegrityError), transaction.atomic():
        point(company.south).save()


@pytest.mark.parametrize(
    "place",
    [
        {"latitude": 31.2},
        {"latitude": 31.2, "longitude": 121.5},
        {"latitude": 91, "longitude": 121.5, "radius_metres": 100},
        {"latitude": 31.2, "longitude": 121.5, "radius_metres": 49},
        {"latitude": 31.2, "longitude": 121.5, "radius_metres": 5001},
    ],
)
def test_the_database_refuses_half_a_place(company, place):
    with pytest.raises(IntegrityError), transaction.atomic():
        point(company.north, **place).save()


@pytest.mark.parametrize(
    "text", ["00-10-A4-23-19-C0", "0010.A423.19C0", " 0:10:a4:23:19:c0 ", BSSID]
)
def test_every_spelling_is_kept_as_one(company, client, text):
    client.force_login(company.hr)

    client.post(f"{POINTS}add/", {"department": company.north.pk, "name": "Hall", "bssid": text,
                                  "ssid": "Office", "is_active": "on"})  # fmt: skip

    made = AccessPoint.objects.get()
    assert (made.bssid, made.ssid, made.department) == (BSSID, "Office", company.north)
    assert AuditEntry.objects.filter(verb="access_point.added", actor=company.hr).exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Hall", "This is no address"),
        ("02:00:00:00:00:00", "it is nobody"),
        ("01:10:a4:23:19:c0", "address to many"),
        ("0a:10:a4:23:19:c0", "Somebody has chosen this address"),
    ],
)
def test_what_is_no_access_point_is_refused_at_its_field(company, client, text, sentence):
    client.force_login(company.hr)

    page = client.post(f"{POINTS}add/", {"department": company.north.pk, "name": "Hall",
                                         "bssid": text, "is_active": "on"})  # fmt: skip

    assert sentence in page.content.decode()
    assert not AccessPoint.objects.exists()


def test_another_units_access_points_and_controllers_do_not_exist(company, client):
    point(company.north).save()
    made = controller(company.north)
    rows = [AccessPoint.objects.get(), made]
    client.force_login(company.other)

    for row in rows:
        name = f"admin:devices_{row._meta.model_name}"
        assert client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 404
        assert str(row) not in client.get(reverse(f"{name}_changelist")).content.decode()
    secret = f"/admin/devices/wificontroller/{made.pk}/secret/"
    assert client.get(secret).status_code == 404
    assert client.post(secret, {"secret": ""}).status_code == 404
    client.post(f"{POINTS}add/", {"department": company.north.pk, "name": "Mine", "is_active": "on",
                                  "bssid": "00:10:a4:00:00:01"})  # fmt: skip
    assert AccessPoint.objects.count() == 1


def test_access_points_serve_the_business_unit(company):
    inside = people.add_department(name="Line", code="L", parent=company.north, now=NOW)
    point(company.north).save()
    point(company.south, "00:10:a4:23:19:c4").save()
    point(company.north, "00:10:a4:23:19:c8", is_active=False).save()

    assert [one.bssid for one in wifi.access_points_for(inside.path)] == [BSSID]


def test_outside_of_all_units_the_access_points_of_the_whole_group_serve(company):
    staff = people.add_department(name="Staff", code="T", parent=company.north.parent, now=NOW)
    point(company.north).save()
    point(company.south, "00:10:a4:23:19:c4").save()
    point(staff, "00:10:a4:23:19:c8").save()

    assert len(wifi.access_points_for(staff.path)) == 3
    assert [one.bssid for one in wifi.access_points_for(company.north.path)] == [BSSID]


def test_the_units_of_all_controllers_are_read_at_once(company, django_assert_num_queries):
    staff = people.add_department(name="Staff", code="T", parent=company.north.parent, now=NOW)
    for n, place in enumerate((company.north, company.south, staff)):
        controller(place, name=f"C{n}", network=f"10.1.0.{n + 5}")

    with django_assert_num_queries(2):
        heard = speakers()

    assert {one.controller.department.code: one.unit for one in heard} == {
        "N": company.north.path,
        "S": company.south.path,
        "T": "/",
    }


def sheet(*lines):
    head = "bssid,name,department,ssid,latitude,longitude,radius_metres"
    return SimpleUploadedFile("aps.csv", "\n".join((head, *lines)).encode(), "text/csv")


def preview(client, *lines):
    return client.post(f"{POINTS}import/", {"format": "1", "import_file": sheet(*lines)})


def confirm(client, page):
    return client.post(f"{POINTS}process_import/", page.context["confirm_form"].initial)


def test_access_points_come_in_by_the_hundred(company, client, django_assert_max_num_queries):
    client.force_login(company.hr)
    lines = [f"00-10-A4-00-{n // 256:02X}-{n % 256:02X},AP {n},N,Office,,," for n in range(200)]

    page = preview(client, *lines)
    confirm(client, page)
    again = preview(client, *lines)

    assert AccessPoint.objects.filter(department=company.north, ssid="Office").count() == 200
    assert AccessPoint.objects.filter(bssid="00:10:a4:00:00:c7").exists()
    assert again.context["result"].totals["new"] == again.context["result"].totals["update"] == 0
    with django_assert_max_num_queries(20):
        assert client.get(POINTS).status_code == 200


def test_each_row_of_a_table_has_its_own_errors(company, client):
    point(company.south, "00:10:a4:99:99:98").save()
    client.force_login(company.hr)

    page = preview(
        client,
        "00:10:a4:23:19:c0,Good,N,,,,",
        "nonsense,Bad,N,,,,",
        "02:00:00:00:00:00,Bad,N,,,,",
        "00-10-A4-23-19-C0,Twice,N,,,,",
        "00:10:a4:23:19:c1,Theirs,S,,,,",
        "00:10:a4:99:99:98,Taken,N,,,,",
        "00:10:a4:23:19:c2,,N,,,,",
        "00:10:a4:23:19:c4,Half a place,N,,31.2,,",
        "00:10:a4:23:19:c5,No number,N,,north,121.5,100",
    )

    invalid = page.context["result"].invalid_rows
    assert [row.number for row in invalid] == [3, 4, 5, 6, 7, 8, 9, 10]
    text = page.content.decode()
    for sentence in ("This is no address", "it is nobody", "stands twice", "is not known here",
                     "There is no 00:10:a4:99:99:98 here", "must not be empty",
                     "Give latitude, longitude and radius", "is not a number"):  # fmt: skip
        assert sentence in text, sentence
    assert AccessPoint.objects.count() == 1


def test_a_table_leaves_and_comes_back_the_same(company, client):
    point(company.north, ssid="=Office", latitude=31.2, longitude=121.5, radius_metres=80).save()
    client.force_login(company.hr)

    file = client.post(f"{POINTS}export/", {"format": "1", "resource": "0"})

    lines = file.content.decode("utf-8-sig").split("\r\n")
    assert lines[1] == f"{BSSID},Hall,N,'=Office,31.2,121.5,80,1"
    page = client.post(f"{POINTS}import/", {
        "format": "1", "import_file": SimpleUploadedFile("a.csv", file.content)})  # fmt: skip
    assert page.context["result"].totals["skip"] == 1


# Controllers --------------------------------------------------------------------------------------


def add_controller(client, company, **more):
    said = {"name": "Main", "department": company.north.pk, "network": "10.1.0.0/24",
            "is_active": "on", "secret": "a-secret-of-the-test"}  # fmt: skip
    return client.post("/admin/devices/wificontroller/add/", said | more)


def test_a_secret_goes_in_and_never_comes_out(company, client):
    client.force_login(company.hr)

    add_controller(client, company)

    made = WifiController.objects.get()
    assert wifi.secret_of(made) == b"a-secret-of-the-test"
    assert b"a-secret" not in bytes(made.sealed_secret)
    for page in (POINTS, "/admin/devices/wificontroller/",
                 reverse("admin:devices_wificontroller_change", args=[made.pk]),
                 reverse("admin:devices_wificontroller_history", args=[made.pk]),
                 f"/admin/devices/wificontroller/{made.pk}/secret/"):  # fmt: skip
        assert "a-secret-of-the-test" not in client.get(page).content.decode()
    assert "a-secret-of-the-test" not in str(list(AuditEntry.objects.values_list("facts")))


def test_a_secret_that_nobody_gave_is_made_and_shown_once(company, client):
    client.force_login(company.hr)

    page = add_controller(client, company, secret="")

    made = WifiController.objects.get()
    secret = wifi.secret_of(made).decode()
    assert len(secret) == 32
    assert secret in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    change = client.post(f"/admin/devices/wificontroller/{made.pk}/secret/", {"secret": ""})
    made.refresh_from_db()
    assert wifi.secret_of(made).decode() != secret
    assert wifi.secret_of(made).decode() in change.content.decode()
    assert AuditEntry.objects.filter(verb="wifi_controller.secret_changed").exists()


@pytest.mark.parametrize("secret", ["fifteen-signs--", "a secret with blanks", 8 * "密码"])
def test_a_secret_that_keeps_nobody_out_is_refused(company, client, secret):
    client.force_login(company.hr)

    page = add_controller(client, company, secret=secret)

    assert "A shared secret has 16 to 128 signs" in page.content.decode()
    assert not WifiController.objects.exists()


@pytest.mark.parametrize(
    ("network", "sentence"),
    [("hall", "Write an address"), ("10.1.0.5/24", "Write an address"), ("0.0.0.0/0", "too large")],
)
def test_a_controller_sends_from_somewhere(company, client, network, sentence):
    client.force_login(company.hr)

    assert sentence in add_controller(client, company, network=network).content.decode()
    assert not WifiController.objects.exists()


def test_a_secret_copied_to_another_controller_does_not_open_there(company):
    one, other = controller(company.north), controller(company.north, name="Second")
    WifiController.objects.filter(pk=other.pk).update(sealed_secret=one.sealed_secret)
    other.refresh_from_db()

    with pytest.raises(Exception, match="belongs to another row"):
        wifi.secret_of(other)


# Addresses of phones ------------------------------------------------------------------------------


def add_address(employee, address="8C-A6-DF-C8-F7-4B"):
    return wifi.add_phone_address(employee=employee, address=address, actor=None, now=NOW)


def test_a_phone_belongs_to_one_person(company):
    row = add_address(company.alice)

    assert add_address(company.alice, "8c:a6:df:c8:f7:4b") == row
    with pytest.raises(wifi.AddressTaken):
        add_address(company.bob, "8ca6.dfc8.f74b")
    assert wifi.phones_by_address(["8c:a6:df:c8:f7:4b", "8c:a6:df:c8:f7:4c"]) == {
        "8c:a6:df:c8:f7:4b": wifi.KnownPhone(company.alice.pk, None)
    }


def test_an_address_that_a_phone_made_up_for_the_network_will_do(company):
    assert add_address(company.alice, "da:a1:19:00:00:01")


@pytest.mark.parametrize("address", ["phone", "02:00:00:00:00:00", "01:00:5e:00:00:01"])
def test_what_is_no_phone_is_refused(company, address):
    with pytest.raises(wifi.BadPhoneAddress):
        add_address(company.alice, address)


def test_nobody_carries_six_phones(company):
    for number in range(5):
        add_address(company.alice, f"8c:a6:df:c8:f7:0{number}")

    with pytest.raises(wifi.TooManyAddresses):
        add_address(company.alice, "8c:a6:df:c8:f7:09")


def test_hr_gives_and_takes_the_address_of_a_phone_of_their_own_people(company, client):
    client.force_login(company.hr)
    add = "/admin/devices/phoneaddress/add/"

    client.post(add, {"employee": company.bob.pk, "address": "8c:a6:df:c8:f7:4b"})
    assert not PhoneAddress.objects.exists()
    client.post(add, {"employee": company.alice.pk, "address": "8c:a6:df:c8:f7:4b"})
    row = PhoneAddress.objects.get()
    page = client.get(reverse("admin:devices_phoneaddress_changelist")).content.decode()
    client.post(reverse("admin:devices_phoneaddress_delete", args=[row.pk]), {"post": "yes"})

    assert "c8:f7:4b" in page
    assert "8c:a6:df" not in page
    assert not PhoneAddress.objects.exists()
    verbs = AuditEntry.objects.filter(actor=company.hr).values_list("verb", flat=True)
    assert {"phone_address.added", "phone_address.removed"} <= set(verbs)


def test_hr_sees_who_entered_an_address_and_confirms_it_by_entering_the_same(company, client):
    row = add_address(company.alice)
    PhoneAddress.objects.filter(pk=row.pk).update(is_unconfirmed=True)
    client.force_login(company.hr)
    every = reverse("admin:devices_phoneaddress_changelist")
    before = client.get(every).content.decode()

    client.post(
        "/admin/devices/phoneaddress/add/",
        {"employee": company.alice.pk, "address": "8C-A6-DF-C8-F7-4B"},
    )

    assert "the person" in before
    assert "the person" not in client.get(every).content.decode()
    assert PhoneAddress.objects.get() == row
    assert AuditEntry.objects.get(verb="phone_address.confirmed").actor == company.hr


def test_a_phone_is_found_while_keys_change_and_afterwards(company, settings):
    old, new = settings.FIELD_KEYS[0], Fernet.generate_key().decode()
    row = add_address(company.alice)
    found = {"8c:a6:df:c8:f7:4b": wifi.KnownPhone(company.alice.pk, None)}

    settings.FIELD_KEYS = [new, old]
    assert wifi.phones_by_address(found) == found
    assert add_address(company.alice) == row
    key_rotation.rotate(now=NOW)
    settings.FIELD_KEYS = [new]

    assert wifi.phones_by_address(found) == found
    settings.FIELD_KEYS = [old]
    assert wifi.phones_by_address(found) == {}
