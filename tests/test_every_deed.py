"""Everybody tries everything, on rows of theirs and of others (P-04, P-12, P-22, A-09, A-17)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django import forms
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attendance.tests.phone import Phone
from config.doorbook.inventory import Kind
from config.doorbook.matching import Listed
from config.doorbook.rules import Reach, Who
from organization.models import Employee
from scheduling.tests.posted import posted
from tests.group import Actor, Group, Rows, actors_of
from tests.walking import (
    NARROW,
    actions,
    changed,
    go,
    route_of,
    snapshot,
    targets,
    to_act_at,
    to_look_at,
    walkers,
)

pytestmark = pytest.mark.usefixtures("standing_units")

# They end the session with which the walk goes on.
# They end the session, or a phone that nobody here has bound.
ENDING = frozenset(
    ("/logout/", "/admin/logout/", "/account/sessions/end/", "/punch/phone/release/")
)
# What a page with several buttons, or a form of parts, hears.
SAID: dict[str, dict[str, str]] = {
    "/me/claims/": {"act": "declare"},
    "/admin/devices/qrscreen/<object_id>/pairing/": {"act": "begin"},
    "/punch/make/": {"claim": "{}"},
}
ALLOWED = frozenset((Reach.ALL, Reach.SCOPED, Reach.OWN, Reach.OPEN))
DONE = frozenset(("open", "moved", "wrong"))
# A page that is only looked at knows no other method.
UNHEARD = frozenset(("refused", "hidden", "method"))
PERSON = "organization.employee"
AT = "2026-03-02T09:00:00+08:00"
IN_THE_CONSOLE = frozenset(
    (Who.SUPER_ADMINISTRATOR, Who.UNIT_HR, Who.DEPARTMENT_SUPERVISOR, Who.AUDITOR)
)


def posted_to(listed: Listed, actor: Actor) -> dict[str, Any]:
    """Return what is posted: nothing, but where nothing would be no deed."""
    route = route_of(listed)
    if route in SAID:
        return {"data": SAID[route]}
    employee = next((part[PERSON] for part in actor.own if PERSON in part), None)
    if route == "/punch/phone/":
        phone = Phone()
        body = {"key": phone.jwk, "name": "x"}
        if isinstance(employee, Employee) and employee.user is not None:
            body |= phone.prove(employee, now=timezone.now())._asdict()
        return {"data": body, "content_type": "application/json"}
    if listed.door.kind is Kind.OPERATION:
        report = {"employee": str(employee and employee.number), "at": AT, "method": "card"}
        return {"data": report, "content_type": "application/json"}
    return {"data": {"act": "sessions"} if route_of(listed).endswith("/doors/") else {}}


def test_p04_p12_nobody_acts_where_the_book_says_no_or_on_rows_of_others(five_units: Group):
    walking = walkers(five_units)
    before, wrong = snapshot(), []
    for actor, client in walking:
        for listed in to_act_at():
            reach = listed.line.act.reach(actor.who)
            for whose, where in targets(listed, actor, listed.line.act):
                if reach in ALLOWED and whose != "foreign":
                    continue
                if reach is Reach.OPEN:
                    continue
                expected = {"log in"} if reach is Reach.LOG_IN else UNHEARD
                expected = {"hidden"} if reach in NARROW else expected
                answer = go(client, "POST", where, **posted_to(listed, actor), is_kept=True)
                said = f"{actor.name} POST {where} ({whose}, {reach}): {answer.status}"
                if answer.happened not in expected:
                    wrong.append(f"{said} instead of {sorted(expected)}: {answer.text[:200]!r}")
                elif words := actor.words_read(answer.text):
                    wrong.append(f"{said} names {words}")

    assert not wrong, "\n".join(wrong)
    assert changed(before, snapshot()) == []


def test_p12_whoever_may_act_is_heard(five_units: Group):
    wrong = []
    for actor, client in walkers(five_units):
        for listed in to_act_at():
            reach = listed.line.act.reach(actor.who)
            for whose, where in targets(listed, actor, listed.line.act):
                if reach not in ALLOWED or whose == "foreign" or route_of(listed) in ENDING:
                    continue
                answer = go(client, "POST", where, **posted_to(listed, actor))
                said = f"{actor.name} POST {where} ({whose}, {reach}): {answer.status}"
                if answer.happened not in (DONE | {"log in"} if reach is Reach.OPEN else DONE):
                    wrong.append(f"{said}: {answer.text[:300]!r}")
                elif words := actor.words_read(answer.text):
                    wrong.append(f"{said} names {words}")

    assert not wrong, "\n".join(wrong)


def chosen(label: str, rows: Iterable[Rows]) -> list[int]:
    return [part[label].pk for part in rows if label in part]


def list_of(label: str) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_changelist")


def test_p04_p22_an_action_on_rows_of_others_does_nothing(five_units: Group):
    walking = walkers(five_units)
    before, wrong = snapshot(), []
    for actor, client in walking:
        for label, name, _listed in actions():
            keys = chosen(label, actor.foreign)
            if not keys:
                continue
            data = {"action": name, "_selected_action": keys, "post": "yes"}
            answer = go(client, "POST", list_of(label), data, is_kept=True)
            # "All rows of the list" are one's own, whatever was chosen: that is undone.
            across = go(client, "POST", list_of(label), {**data, "select_across": "1"})
            for said in (answer, across):
                if said.happened == "crashed":
                    wrong.append(f"{actor.name} {label}: {name}: {said.text[:300]!r}")
                elif words := actor.words_read(said.text):
                    wrong.append(f"{actor.name} {label}: {name} names {words}")

    assert not wrong, "\n".join(wrong)
    assert changed(before, snapshot()) == []


def test_p12_an_action_is_done_by_whom_the_book_names_and_nobody_else(five_units: Group):
    wrong = []
    for actor, client in walkers(five_units):
        for label, name, listed in actions():
            may = listed.line.act.reach(actor.who) in ALLOWED
            keys = chosen(label, actor.own)
            if not keys:
                continue
            data = {"action": name, "_selected_action": keys, "post": "yes"}
            done = _is_done(client, list_of(label), data)
            if done is not may:
                wrong.append(f"{actor.name} {label}: {name}: done {done}, the book says {may}")

    assert not wrong, "\n".join(wrong)


def _is_done(client: Client, where: str, data: dict[str, Any]) -> bool:
    """Say whether an action changed a row or gave a file."""
    before = snapshot()
    with transaction.atomic():
        answer = go(client, "POST", where, data, is_kept=True)
        is_done = changed(before, snapshot()) != [] or (
            answer.response is not None and "attachment" in str(answer.response.headers)
        )
        transaction.set_rollback(True)
    return is_done


def forms_of(response: Any) -> Iterator[forms.BaseForm]:
    """Yield the forms of a page that can be posted to its own address."""
    for name in ("adminform", "form"):
        found = response.context.get(name) if response.context is not None else None
        found = getattr(found, "form", found)
        if isinstance(found, forms.BaseForm):
            yield found
            return


def test_p04_no_form_takes_anything_of_another_unit(five_units: Group):
    walking, tried = walkers(five_units), 0
    before, wrong = snapshot(), []
    for actor, client in walking:
        if actor.who not in IN_THE_CONSOLE or not actor.foreign:
            continue
        for listed in to_look_at():
            if listed.line.act is None:
                continue
            for whose, where in targets(listed, actor, listed.line.look):
                page = go(client, "GET", where) if whose != "foreign" else None
                if page is None or page.happened != "open":
                    continue
                for form in forms_of(page.response):
                    for name, key in _foreign_choices(form, actor):
                        tried += 1
                        data = posted(form, **{form.add_prefix(name): str(key)})
                        answer = go(client, "POST", where, data, is_kept=True)
                        said = f"{actor.name} POST {where} {name}={key}: {answer.status}"
                        refused = (
                            [name in again.errors for again in forms_of(answer.response)]
                            if answer.response is not None
                            else []
                        )
                        if answer.happened not in ("hidden", "refused") and refused != [True]:
                            wrong.append(f"{said}: {answer.text[:300]!r}")
                        elif words := actor.words_read(answer.text):
                            wrong.append(f"{said} names {words}")

    assert not wrong, "\n".join(wrong)
    assert changed(before, snapshot()) == []
    assert tried > 20


def _foreign_choices(form: forms.BaseForm, actor: Actor) -> Iterator[tuple[str, int]]:
    for name, field in form.fields.items():
        if isinstance(field, forms.ModelChoiceField):
            label = field.queryset.model._meta.label_lower
            row = next((part[label] for part in actor.foreign if label in part), None)
            if row is not None:
                yield name, row.pk


def test_a09_p17_whoever_acts_with_a_session_needs_the_mark_of_the_form(five_units: Group):
    client = Client(enforce_csrf_checks=True)
    client.force_login(five_units.super_administrator)
    actor = actors_of(five_units, five_units.units[0])[0]
    before, wrong = snapshot(), []
    for listed in to_act_at():
        for _whose, where in targets(listed, actor, listed.line.act):
            answer = go(client, "POST", where, **posted_to(listed, actor), is_kept=True)
            if answer.status != 403:
                wrong.append(f"POST {where}: {answer.status}")
    for label, name, _listed in actions():
        answer = go(client, "POST", list_of(label), {"action": name, "_selected_action": [1]})
        if answer.status != 403:
            wrong.append(f"POST {list_of(label)} {name}: {answer.status}")

    assert not wrong, "\n".join(wrong)
    assert changed(before, snapshot()) == []
