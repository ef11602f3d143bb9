"""What can be asked for in an address: names of others find nothing, odd signs break nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from config.doorbook.rules import Who
from tests.cast import Cast
from tests.group import Actor, Group, Rows
from tests.walking import go, walkers

pytestmark = pytest.mark.usefixtures("standing_units")

LISTENING = (Who.UNIT_HR, Who.DEPARTMENT_SUPERVISOR, Who.AUDITOR)
DEPARTMENT = "organization.department"
# A quote that ends a string, a NUL, a number that is none, more than any field holds.
NASTY = ("'\"\\%_", "\0", "²", "9" * 40, "x" * 10_000, "[]{{7*7}}__class__")
PAGES = {
    "admin:attendance_month": ("month", "department", "q", "trouble", "page"),
    "admin:scheduling_rosterentry_template": ("month", "department"),
    "admin:devices_terminalupload_upload": ("terminal",),
    "admin:autocomplete": ("term", "app_label", "model_name", "field_name", "page"),
    "admin:index": ("department", "day"),
    "admin:approvals_inbox": ("kind", "q", "day", "after"),
    "approvals:inbox": ("kind", "after"),
    "attendance:my-month": ("month",),
    "totals": ("month", "department", "first", "last", "order", "period"),
}
API = {
    "/api/v1/employees/": ("number", "department", "cursor", "page_size", "ordering"),
    "/api/v1/departments/": ("cursor", "page_size"),
    "/api/v1/shifts/": ("code", "cursor"),
    "/api/v1/shift-assignments/": ("on", "cursor"),
    "/api/v1/punches/": ("employee", "from", "to", "cursor", "page_size"),
    "/api/v1/totals/": ("month", "department", "first", "last"),
}
ANSWERS = frozenset(("open", "moved", "hidden", "wrong", "refused"))


def lists() -> Iterator[tuple[Any, str]]:
    for model, page in admin.site._registry.items():
        yield page, reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")


def foreign_key(model: type[models.Model], actor: Actor) -> int | None:
    rows: tuple[Rows, ...] = actor.foreign
    label = model._meta.label_lower
    return next((part[label].pk for part in rows if label in part), None)


def asked_of(page: Any, shown: Any, actor: Actor) -> Iterator[str]:
    """Yield what can be asked of a list that names a row of another unit."""
    department = next(part[DEPARTMENT].pk for part in actor.foreign if DEPARTMENT in part)
    yield from (f"in={department}", f"department={department}", "_popup=1", "_to_field=id")
    for field in page.model._meta.get_fields():
        if isinstance(field, models.ForeignKey):
            key = foreign_key(field.related_model, actor)
            if key is not None:
                yield f"{field.name}__id__exact={key}"
                yield f"{field.name}={key}"
    for spec in shown.context["cl"].filter_specs:
        for name in spec.expected_parameters():
            if name not in ("in", "department"):
                yield f"{name}={department}"


def test_p04_p22_no_list_answers_for_a_row_of_others(five_units: Group):
    wrong, tried = [], 0
    for actor, client in walkers(five_units):
        if actor.who not in LISTENING:
            continue
        for page, where in lists():
            shown = client.get(where)
            if shown.status_code != 200:
                continue
            # All at once, and the department alone: one odd question sends one back to the list.
            every = sorted(asked_of(page, shown, actor))
            for asked in ("&".join(every), every[0]):
                tried += len(every)
                answer = go(client, "GET", f"{where}?{asked}", follow=True)
                said = f"{actor.name} GET {where}?{asked}: {answer.status}"
                if answer.happened not in ANSWERS:
                    wrong.append(f"{said}: {answer.text[:200]!r}")
                elif words := actor.words_read(answer.text):
                    wrong.append(f"{said} names {words}")

    assert not wrong, "\n".join(wrong)
    assert tried > 200


def test_p04_a_search_finds_nobody_elsewhere(five_units: Group):
    wrong = []
    for actor, client in walkers(five_units):
        if actor.who is not Who.DEPARTMENT_SUPERVISOR:
            continue
        # Without its first letter the word is searched for, and is not one of those looked for.
        for part in (actor.forbidden[0][1:6], actor.forbidden[-1][-4:-1]):
            for page, where in lists():
                if page.search_fields:
                    answer = go(client, "GET", f"{where}?q={part}")
                    if words := actor.words_read(answer.text):
                        wrong.append(f"{actor.name} {where}?q={part} names {words}")

    assert not wrong, "\n".join(wrong)


def test_p04_nothing_of_others_can_be_chosen(five_units: Group):
    wrong, tried = [], 0
    for actor, client in walkers(five_units):
        if actor.who not in LISTENING:
            continue
        for page, _where in lists():
            for field in page.model._meta.get_fields():
                if not isinstance(field, models.ForeignKey):
                    continue
                asked = (
                    f"app_label={page.model._meta.app_label}&model_name={page.model._meta.model_name}"
                    f"&field_name={field.name}"
                )
                for term in ("", actor.forbidden[0][1:6]):
                    tried += 1
                    where = f"{reverse('admin:autocomplete')}?{asked}&term={term}"
                    answer = go(client, "GET", where)
                    if answer.happened not in ("open", "refused", "hidden"):
                        wrong.append(f"{actor.name} {where}: {answer.text[:200]!r}")
                    elif words := actor.words_read(answer.text):
                        wrong.append(f"{actor.name} {where} names {words}")

    assert not wrong, "\n".join(wrong)
    assert tried > 50


def test_a01_p14_odd_signs_in_an_address_neither_break_nor_widen_a_list(five_units: Group):
    wrong = []
    actor, client = next(pair for pair in walkers(five_units) if pair[0].who is Who.UNIT_HR)
    turn = cycle(NASTY)
    for where, names in addresses(client):
        # Each name once alone, so that none is hidden behind the refusal of another.
        questions = [dict.fromkeys(names, nasty) for nasty in NASTY]
        questions += [{name: next(turn)} for name in names]
        for asked in questions:
            answer = go(client, "GET", where, asked)
            said = f"{where} {str(asked)[:80]}: {answer.status}"
            if answer.happened not in ANSWERS:
                wrong.append(f"{said}: {answer.text[:200]!r}")
            elif words := actor.words_read(answer.text):
                wrong.append(f"{said} names {words}")

    assert not wrong, "\n".join(wrong)


def addresses(client: Any) -> Iterator[tuple[str, list[str]]]:
    for _page, where in lists():
        shown = client.get(where)
        if shown.status_code == 200 and "cl" in (shown.context or {}):
            own = [name for spec in shown.context["cl"].filter_specs
                   for name in spec.expected_parameters()]  # fmt: skip
            yield where, [*own, "q", "o", "p", "_to_field", "nobody__knows", "all"]
    for name, parameters in PAGES.items():
        yield reverse(name), list(parameters)
    for where, parameters in API.items():
        yield where, list(parameters)


@pytest.mark.parametrize("value", ["x", "1 OR 1=1", "9" * 40, "-1"])
@pytest.mark.parametrize(
    ("form", "field"),
    [
        ("organization/employee/add/", "supervisor"),
        ("organization/department/add/", "head"),
        ("scheduling/rosterentry/add/", "employee"),
        ("attendance/absence/add/", "employee"),
    ],
)
def test_a01_a_choice_that_is_no_key_is_refused_beside_its_field(
    cast: Cast, form: str, field: str, value: str
) -> None:
    client = Client()
    client.force_login(cast.superuser)

    answer = client.post(f"/admin/{form}", {field: value})

    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
