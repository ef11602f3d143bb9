"""Geofences: what the database holds, what services do, and who may punch where."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from attendance.evidence.fences import Fence, Standing, find_best
from attendance.evidence.geometry import Area, Circle
from attendance.models import AttendanceRule, Geofence
from attendance.services import places, rules
from attendance.services.places import Text, fences_for
from organization.errors import NotAllowed, NotFound
from organization.models import AuditEntry, Employee
from organization.services import transfer
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("standing_cast")

OFFICE = Circle(31.2304, 121.4737, 200.0)
YARD = Area(((31.0, 121.0), (31.0, 121.01), (31.01, 121.01), (31.01, 121.0), (31.0, 121.0)))
RING = [[121.0, 31.0], [121.01, 31.0], [121.01, 31.01], [121.0, 31.0]]
DAY = date(2026, 3, 2)


@pytest.fixture
def rule(cast: Cast) -> AttendanceRule:
    return published("Weaving rule", cast)


def published(name: str, cast: Cast, **scope: Any) -> AttendanceRule:
    made = rules.add_rule(name=name, **(scope or {"department": cast.department}), now=NOW)
    version = rules.draft_rule(
        rule_id=made.pk, valid_from=date(2026, 1, 1), text=rules.RuleText(), now=NOW
    )
    rules.publish_rule(version_id=version.pk, now=NOW)
    return made


def draw(cast: Cast, name: str = "Office", **said: Any) -> Geofence:
    text = Text(name=name, shape=said.pop("shape", OFFICE), **said)
    return places.add_fence(department=cast.unit, text=text, actor=cast.hr, now=NOW)


def change(fence: Geofence, cast: Cast, **said: Any) -> Geofence:
    text = Text(name=fence.name, **{"shape": fence.shape, **said})
    return places.change_fence(fence_id=fence.pk, text=text, actor=cast.hr, now=NOW)


# What the database refuses ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"radius_metres": 49}, "fence_radius_from_50_to_5000_metres"),
        ({"radius_metres": 5001}, "fence_radius_from_50_to_5000_metres"),
        ({"latitude": 90.1}, "fence_latitude_on_the_globe"),
        ({"latitude": -90.1}, "fence_latitude_on_the_globe"),
        ({"longitude": 180.1}, "fence_longitude_on_the_globe"),
        ({"longitude": -180.1}, "fence_longitude_on_the_globe"),
        ({"latitude": None}, "fence_is_a_circle_or_an_area"),
        ({"longitude": None}, "fence_is_a_circle_or_an_area"),
        ({"radius_metres": None}, "fence_is_a_circle_or_an_area"),
        ({"rings": [RING]}, "fence_is_a_circle_or_an_area"),
        ({"kind": "area"}, "fence_is_a_circle_or_an_area"),
        ({"kind": "area", "rings": [RING]}, "fence_is_a_circle_or_an_area"),
        ({"kind": "square"}, "fence_is_a_circle_or_an_area"),
    ],
)
def test_the_database_refuses_what_is_no_fence(
    cast: Cast, columns: dict[str, Any], constraint: str
) -> None:
    sound = {"latitude": 31.0, "longitude": 121.0, "radius_metres": 100, "kind": "circle"}
    fence = Geofence(name="Office", department=cast.unit, **{**sound, **columns})

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        fence.save()
    with pytest.raises(ValidationError):
        fence.full_clean()


def test_an_area_has_corners(cast: Cast) -> None:
    fence = Geofence(name="Yard", department=cast.unit, kind="area")

    with pytest.raises(IntegrityError, match="circle_or_an_area"), transaction.atomic():
        fence.save()
    fence.rings = [RING]
    fence.save()


def test_the_database_takes_the_edges_of_what_is_allowed(cast: Cast) -> None:
    for radius, latitude, longitude in ((50, 90, 180), (5000, -90, -180)):
        Geofence.objects.create(
            name=f"{radius}", department=cast.unit, latitude=latitude, longitude=longitude,
            radius_metres=radius,
        )  # fmt: skip


def test_a_name_says_one_fence_in_use_of_a_department(cast: Cast) -> None:
    old = draw(cast)
    with pytest.raises(ValidationError, match="of that name already"):
        draw(cast)
    places.retire_fence(fence_id=old.pk, actor=cast.hr, now=NOW)

    new = draw(cast)

    with pytest.raises(ValidationError, match="of that name already"):
        places.revive_fence(fence_id=old.pk, actor=cast.hr, now=NOW)
    assert list(Geofence.objects.filter(retired_at=None)) == [new]


# What is wrong with a shape -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "field", "said"),
    [
        (Circle(31, 121, 49), "radius_metres", "The radius is 49; write metres from 50 to 5000."),
        (Circle(121.4, 31.2, 100), "latitude", "may have been written first"),
        (Circle(31.2, 181, 100), "longitude", "between -180 and 180"),
        (Area(((0, 0), (0, 1), (0, 0))), "rings", "at least 3 different corners"),
        (Area(((0, 0), (1, 1), (0, 1), (1, 0))), "rings", "crosses or touches itself"),
        (Area(YARD.ring, (((40, 0), (40, 1), (41, 1)),)), "rings", "does not lie within"),
        (Area(YARD.ring, (YARD.ring,)), "rings", "leave nothing of the area"),
        (Area(((86, 0), (86, 1), (87, 1))), "rings", "draw a circle instead"),
        (Area(tuple((n / 1000, n**2 / 1e6) for n in range(501))), "rings", "at most 500 corners"),
        (Area(YARD.ring, (((0, 0), (1, 1), (0, 1), (1, 0)),)), "rings", "Hole 1: The outline"),
    ],
)
def test_a_shape_that_is_none_is_refused_with_what_would_be_right(
    cast: Cast, shape: Circle | Area, field: str, said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        draw(cast, shape=shape)

    assert [field] == list(refused.value.message_dict)
    assert said in refused.value.message_dict[field][0]
    assert not Geofence.objects.exists()


# Drawing, changing, retiring ----------------------------------------------------------------


def test_a_fence_is_kept_to_a_centimetre(cast: Cast) -> None:
    fence = draw(cast, shape=Circle(31.230412345678, 121.473798765432, 200.4))

    fence.refresh_from_db()
    assert fence.shape == Circle(31.2304123, 121.4737988, 200)


def test_an_area_comes_back_with_its_holes(cast: Cast) -> None:
    hole = ((31.002, 121.002), (31.002, 121.004), (31.004, 121.004), (31.002, 121.002))
    fence = draw(cast, shape=Area(YARD.ring, (hole,)))

    fence.refresh_from_db()
    assert fence.shape == Area(YARD.ring, (hole,))
    assert fence.rings[0][1] == [121.01, 31.0]


def test_every_change_says_what_was_before_and_what_is_now(
    cast: Cast, rule: AttendanceRule
) -> None:
    fence = draw(cast)
    change(fence, cast, shape=Circle(31.2304, 121.4737, 300), rules=[rule.pk])

    entry = AuditEntry.objects.get(verb="fence.changed")
    assert entry.department == cast.unit
    assert entry.facts == {
        "before": {"radius_metres": 200, "rules": []},
        "after": {"radius_metres": 300, "rules": ["Weaving rule"]},
    }


def test_who_is_given_a_fence_finds_it_among_the_entries_about_them(cast: Cast) -> None:
    fence = draw(cast, people=[cast.alice.pk])
    change(fence, cast, people=[])

    said = AuditEntry.objects.filter(
        thing_type="organization.employee", thing_id=str(cast.alice.pk), verb__startswith="fence."
    ).order_by("pk")
    assert [(one.verb, one.facts) for one in said] == [
        ("fence.given", {"fence": "Office"}),
        ("fence.taken", {"fence": "Office"}),
    ]


def test_a_change_that_changes_nothing_is_not_written_down(cast: Cast) -> None:
    fence = draw(cast)
    change(fence, cast)
    places.retire_fence(fence_id=fence.pk, actor=cast.hr, now=NOW)
    places.retire_fence(fence_id=fence.pk, actor=cast.hr, now=NOW)

    verbs = AuditEntry.objects.filter(verb__startswith="fence.").values_list("verb", flat=True)
    assert sorted(verbs) == ["fence.added", "fence.retired"]


def test_a_fence_of_very_many_people_belongs_to_a_rule(cast: Cast) -> None:
    with pytest.raises(places.TooManyPeople):
        draw(cast, people=range(1, places.MOST_PEOPLE + 2))


# Who may ------------------------------------------------------------------------------------


def test_nobody_draws_for_another_unit(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        places.add_fence(
            department=cast.other_unit, text=Text(name="X", shape=OFFICE), actor=cast.hr, now=NOW
        )


def test_nobody_touches_the_fence_of_another_unit(cast: Cast) -> None:
    fence = draw(cast)
    asked: dict[str, Any] = {"fence_id": fence.pk, "actor": cast.other_hr, "now": NOW}

    for act in (
        lambda: places.change_fence(text=Text(name="Mine", shape=OFFICE), **asked),
        lambda: places.retire_fence(**asked),
        lambda: places.revive_fence(**asked),
    ):
        with pytest.raises(NotFound):
            act()


def test_nobody_lets_a_foreign_rule_or_person_use_their_fence(cast: Cast) -> None:
    foreign = published("Dyeing rule", cast, department=cast.other_department)
    group = published("Group rule", cast, department=None)
    fence = draw(cast)

    for said in (
        {"rules": [foreign.pk]}, {"rules": [group.pk]}, {"rules": [10**6]},
        {"people": [cast.carol.pk]}, {"people": [10**6]},
    ):  # fmt: skip
        with pytest.raises(NotFound):
            draw(cast, "Other", **said)
        with pytest.raises(NotFound):
            change(fence, cast, **said)

    assert Geofence.objects.count() == 1
    assert not fence.rules.exists()
    assert not fence.people.exists()


def test_what_one_may_not_configure_stays_as_it_is(cast: Cast) -> None:
    foreign = published("Dyeing rule", cast, department=cast.other_department)
    fence = draw(cast, people=[cast.alice.pk])
    fence.rules.add(foreign)
    fence.people.add(cast.carol)

    change(fence, cast)

    assert list(fence.rules.all()) == [foreign]
    assert list(fence.people.all()) == [cast.carol]


# Who may punch where ------------------------------------------------------------------------


def names(found: tuple[Fence, ...]) -> list[str]:
    return [fence.key for fence in found]


def test_people_have_the_fences_of_their_rule_and_their_own(
    cast: Cast, rule: AttendanceRule
) -> None:
    draw(cast, "Office", rules=[rule.pk])
    draw(cast, "Yard", shape=YARD, rules=[rule.pk], people=[cast.bob.pk])
    draw(cast, "Home", people=[cast.bob.pk])
    draw(cast, "Nobody's")

    found = fences_for([cast.alice.pk, cast.bob.pk, cast.carol.pk, 10**6], on=DAY)

    assert {key: names(fences) for key, fences in found.items()} == {
        cast.alice.pk: ["Office", "Yard"],
        cast.bob.pk: ["Home", "Office", "Yard"],
        cast.carol.pk: [],
        10**6: [],
    }
    assert found[cast.alice.pk][0].shape == OFFICE


def test_the_narrowest_rule_alone_says_where(cast: Cast, rule: AttendanceRule) -> None:
    wide = published("Unit rule", cast, department=cast.unit)
    draw(cast, "Office", rules=[wide.pk])
    draw(cast, "Yard", rules=[rule.pk])

    assert names(fences_for([cast.alice.pk], on=DAY)[cast.alice.pk]) == ["Yard"]


def test_a_rule_says_nothing_before_its_first_version(cast: Cast, rule: AttendanceRule) -> None:
    draw(cast, rules=[rule.pk])

    assert names(fences_for([cast.alice.pk], on=date(2025, 12, 31))[cast.alice.pk]) == []


def test_the_rule_is_that_of_where_somebody_belongs_on_the_date(
    cast: Cast, rule: AttendanceRule
) -> None:
    draw(cast, rules=[rule.pk])
    transfer(
        employee_id=cast.alice.pk, department=cast.other_department, position=cast.clerk,
        effective_on=date(2026, 3, 10), actor=None, now=NOW,
    )  # fmt: skip

    assert names(fences_for([cast.alice.pk], on=date(2026, 3, 9))[cast.alice.pk]) == ["Office"]
    assert names(fences_for([cast.alice.pk], on=date(2026, 3, 10))[cast.alice.pk]) == []


def test_a_retired_fence_holds_nobody_and_a_revived_one_does(
    cast: Cast, rule: AttendanceRule
) -> None:
    fence = draw(cast, rules=[rule.pk], people=[cast.bob.pk])
    places.retire_fence(fence_id=fence.pk, actor=cast.hr, now=NOW)
    found = fences_for([cast.alice.pk, cast.bob.pk], on=DAY)
    assert found == {cast.alice.pk: (), cast.bob.pk: ()}

    places.revive_fence(fence_id=fence.pk, actor=cast.hr, now=NOW)
    assert names(fences_for([cast.alice.pk], on=DAY)[cast.alice.pk]) == ["Office"]


def test_a_fence_drawn_otherwise_holds_at_once(cast: Cast, rule: AttendanceRule) -> None:
    fence = draw(cast, rules=[rule.pk])
    change(fence, cast, shape=YARD, rules=[rule.pk])

    (found,) = fences_for([cast.alice.pk], on=DAY)[cast.alice.pk]

    assert find_best((31.005, 121.005), 5, [found]).standing is Standing.INSIDE
    assert find_best(OFFICE[:2], 5, [found]).standing is Standing.OUTSIDE


def test_many_people_ask_no_more_than_one(
    cast: Cast, rule: AttendanceRule, django_assert_num_queries: Any
) -> None:
    draw(cast, rules=[rule.pk], people=[cast.bob.pk])
    draw(cast, "Yard", shape=YARD, rules=[rule.pk])
    people = Employee.objects.values_list("pk", flat=True)

    with django_assert_num_queries(4):
        fences_for([cast.alice.pk], on=DAY)
    everybody = list(people)
    with django_assert_num_queries(4):
        fences_for(everybody, on=DAY)


# Files --------------------------------------------------------------------------------------


def read(content: object, cast: Cast, **more: Any) -> places.Preview:
    text = content if isinstance(content, str) else json.dumps(content)
    return places.preview_geojson(
        content=text, **{"department": cast.unit, "datum": "wgs84", "actor": cast.hr, **more}
    )


def take(content: object, cast: Cast, **more: Any) -> list[Geofence]:
    text = content if isinstance(content, str) else json.dumps(content)
    said = {"department": cast.unit, "datum": "wgs84", "actor": cast.hr, "now": NOW, **more}
    return places.import_geojson(content=text, **said)


def point(name: object = "Office", radius: object = 200, at: object = (121.4737, 31.2304)) -> Any:
    return {
        "type": "Feature",
        "properties": {"name": name, "radius_metres": radius},
        "geometry": {"type": "Point", "coordinates": at},
    }


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def test_what_is_taken_away_comes_back_the_same(cast: Cast) -> None:
    draw(cast)
    draw(
        cast,
        "场地",
        shape=Area(YARD.ring, (tuple((a / 2 + 15.5, b / 2 + 60.5) for a, b in YARD.ring),)),
    )
    taken = places.export_fences(actor=cast.hr, now=NOW)

    back = take(taken, cast, department=cast.department)

    assert [(fence.name, fence.shape) for fence in back] == [
        (fence.name, fence.shape)
        for fence in Geofence.objects.filter(department=cast.unit).order_by("name")
    ]
    assert AuditEntry.objects.get(verb="rows.exported").facts["rows"] == 2


def test_nobody_takes_away_what_belongs_to_another_unit(cast: Cast) -> None:
    draw(cast)

    assert json.loads(places.export_fences(actor=cast.other_hr, now=NOW))["features"] == []


@pytest.mark.parametrize(
    ("feature", "said"),
    [
        ("nothing", ["Feature 1, type: This is no GeoJSON of the type Feature."]),
        (point(name=""), ["Feature 1, properties.name: A geofence needs a name."]),
        (point(name=7), ["Feature 1, properties.name: A geofence needs a name."]),
        (point(name="x" * 101), ["at most 100 letters"]),
        (point(radius=None), ["Feature 1 “Office”, properties.radius_metres: A point needs"]),
        (point(radius=True), ["properties.radius_metres: A point needs its radius"]),
        (point(radius=49.4), ["properties.radius_metres: The radius is 49.4; write metres from"]),
        (point(at=[31.2, 121.4]), ["geometry.coordinates: A latitude lies between -90 and 90"]),
        (point(at=[1e400, 31]), ["geometry.coordinates: A longitude lies"]),
        (point(at=[121]), ["geometry.coordinates: The coordinates cannot be read"]),
        (point(at="121,31"), ["geometry.coordinates: The coordinates cannot be read"]),
        (point(at=[True, False]), ["geometry.coordinates: The coordinates cannot be read"]),
        (point(name="", radius=1), ["properties.name", "properties.radius_metres"]),
        (
            {"type": "Feature", "properties": {"name": "Y"},
             "geometry": {"type": "MultiPolygon", "coordinates": []}},
            ["Feature 1 “Y”, geometry.type: “MultiPolygon” is neither a Point nor a Polygon"],
        ),
        (
            {"type": "Feature", "properties": {"name": "Y"},
             "geometry": {"type": "Polygon", "coordinates": []}},
            ["geometry.coordinates: The coordinates cannot be read"],
        ),
        (
            {"type": "Feature", "properties": {"name": "Y"},
             "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0]]]}},
            ["Feature 1 “Y”, geometry.coordinates: The outline crosses"],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_names_the_feature_and_the_field(
    cast: Cast, feature: Any, said: list[str]
) -> None:
    from attendance.fence_words import feature_sentence

    content = collection(feature, point("Sound"))
    text = json.dumps(content).replace("Infinity", "1e400")
    preview = read(text, cast)

    told = [feature_sentence(wrong) for wrong in preview.wrong]
    assert len(told) == len(said)
    assert all(part in whole for part, whole in zip(said, told, strict=True)), told
    assert [one.name for one in preview.drawn] == ["Sound"]
    with pytest.raises(places.NothingToImport):
        take(text, cast)
    assert not Geofence.objects.exists()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "not_json"),
        ("{", "not_json"),
        ("[" * 100_000, "not_json"),
        ('{"type": "FeatureCollection", "features": [NaN]}', "not_json"),
        ("[]", "not_a_collection"),
        ('{"type": "Feature"}', "not_a_collection"),
        ('{"type": "FeatureCollection", "features": {}}', "not_a_collection"),
        ('{"type": "FeatureCollection", "features": []}', "no_features"),
        (json.dumps(collection(*[point()] * 201)), "too_many_features"),
    ],
)
def test_a_file_that_is_none_says_so(cast: Cast, content: str, code: str) -> None:
    preview = read(content, cast)

    assert [found.problem.code for found in preview.wrong] == [code]
    assert not preview.drawn


def test_a_file_is_bounded(cast: Cast) -> None:
    with pytest.raises(places.TooMuchToRead):
        read(" " * 1_000_001, cast)


def test_a_name_is_taken_once(cast: Cast) -> None:
    draw(cast, "Gate")
    preview = read(collection(point("Gate"), point("Office"), point("Office")), cast)

    assert [(one.feature, one.problem.code) for one in preview.wrong] == [
        (1, "name_taken"),
        (3, "name_twice"),
    ]


def test_a_file_on_another_map_is_turned_into_ours(cast: Cast) -> None:
    (fence,) = take(collection(point(at=[121.4782231, 31.2284577])), cast, datum="gcj02")

    assert fence.latitude == pytest.approx(31.2304, abs=1e-6)
    assert fence.longitude == pytest.approx(121.4737, abs=1e-6)


def test_nobody_brings_fences_into_another_unit(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        read(collection(point()), cast, department=cast.other_unit)
