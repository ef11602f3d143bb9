"""How a test walks through doors: fill in an address, go there, say in one word what happened."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from django.apps import apps
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.utils.timezone import localdate

from config.doorbook.inventory import Kind
from config.doorbook.matching import Listed, check
from config.doorbook.rules import Reach, Rule
from tests.group import Actor, Group, Rows, actors_of

_SLOT: Final = re.compile(r"<(\w+)>")
_ROOM: Final = re.compile(r"/admin/(\w+)/(\w+)/")
# Whose key an address holds, where the address does not say it.
KEYS: Final = {
    "shift_id": "scheduling.shift",
    "rotation_id": "scheduling.rotation",
    "assignment_id": "scheduling.shiftassignment",
    "batch_id": "scheduling.rosterbatch",
    "fence_id": "attendance.geofence",
    "rule_id": "attendance.attendancerule",
    "period_id": "attendance.attendanceperiod",
    "closing_id": "attendance.periodclosing",
    "reopening_id": "attendance.reopening",
    "version_id": "attendance.ruleversion",
    "employee_id": "organization.employee",
    "source_id": "scheduling.calendarsource",
    "screen_id": "devices.qrscreen",
    "request_id": "approvals.request",
}
ROOMS_OF_API: Final = {
    "departments": "organization.department",
    "employees": "organization.employee",
    "shifts": "scheduling.shift",
    "shift-assignments": "scheduling.shiftassignment",
}
# What stands in an address and is nobody's key.
FIXED: Final = {
    "app_label": "attendance",
    "url": "nowhere",
    "content_type_id": "1",
    "key": "a-screen-of-nobody",
    "purpose": "location",
    "work_date": str(localdate() - timedelta(days=1)),
}
# What a page must be asked for, to have something to say.
QUERIES: Final = {
    "/admin/autocomplete/": "?app_label=attendance&model_name=absence&field_name=employee",
}


def walkers(group: Group, number: int = 0) -> list[tuple[Actor, Client]]:
    """Return everybody around a unit, come in already: what that writes is written."""
    found = [(actor, actor.client()) for actor in actors_of(group, group.units[number])]
    for actor, client in found:
        if actor.key:
            client.get("/api/v1/")
    return found


@cache
def _book() -> tuple[Listed, ...]:
    return tuple(check().listed)


def to_look_at() -> list[Listed]:
    """Return the doors that have an address to look at."""
    return [
        row for row in _book() if row.door.kind is Kind.PAGE or row.door.name.startswith("GET ")
    ]


def to_act_at() -> list[Listed]:
    """Return the doors that have an address to act at."""
    return [
        row
        for row in _book()
        if row.line.act
        and (
            row.door.kind is Kind.PAGE
            or (row.door.kind is Kind.OPERATION and not row.door.name.startswith("GET "))
        )
    ]


def actions() -> Iterator[tuple[str, str, Listed]]:
    """Yield the actions on chosen rows: model label, name, line."""
    for row in _book():
        if row.door.kind is Kind.ACTION:
            label, _, name = row.door.name.partition(": ")
            yield label, name, row


def route_of(listed: Listed) -> str:
    """Return the address of a door, with its slots."""
    return listed.door.name.split(" ")[-1]


def slots_of(listed: Listed) -> list[str]:
    """Return the names of what varies in the address."""
    return _SLOT.findall(route_of(listed))


def label_of(listed: Listed, slot: str) -> str:
    """Return the label of the model whose key stands in a slot."""
    if slot in KEYS:
        return KEYS[slot]
    route = route_of(listed)
    if slot == "upload_id":
        return "devices.terminalupload" if "/devices/" in route else "scheduling.rosterupload"
    if route.startswith("/account/tokens/"):
        return "organization.apitoken"
    if route.startswith("/admin/r/"):
        return "attendance.punch"
    if route.startswith("/api/v1/"):
        return ROOMS_OF_API[route.split("/")[3]]
    found = _ROOM.match(route)
    return ".".join(found.groups()) if found else ""


def address(listed: Listed, rows: Iterable[Rows], key: object = None) -> str | None:
    """Return the address with the keys of these rows, or with `key`; None: there is no such row."""
    filled = route_of(listed)
    for slot in slots_of(listed):
        if slot in FIXED:
            value: object = FIXED[slot]
        elif key is not None:
            value = key
        else:
            label = label_of(listed, slot)
            row = next((part[label] for part in rows if label in part), None)
            if row is None:
                return None
            value = row.pk
        filled = filled.replace(f"<{slot}>", str(value))
    return filled + QUERIES.get(filled, "")


class Answer(NamedTuple):
    """What came back: a word for what happened, the status, and everything that can be read."""

    happened: str
    status: int
    text: str
    response: Any


def go(
    client: Client, method: str, where: str, data: Any = None, *, is_kept: bool = False, **more: Any
) -> Answer:
    """Ask; what it did to the rows is undone, unless it `is_kept`."""
    ask = getattr(client, method.lower())
    try:
        with transaction.atomic():
            response = ask(where, data, **more)
            text = read(response)
            if not is_kept:
                transaction.set_rollback(True)
    except Exception as error:
        # Any crash is what the walk is there to name.
        return Answer("crashed", 500, f"{type(error).__name__}: {error}", None)
    return Answer(_word(response), response.status_code, text, response)


def read(response: Any) -> str:
    """Return what can be read in an answer: pages, JSON, tables, workbooks, and where it leads."""
    content = response.getvalue() if response.streaming else response.content
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = b"\n".join(book.read(name) for name in book.namelist())
    text: str = content.decode("utf-8", "replace")
    return f"{text}\n{response.headers}"


def _word(response: Any) -> str:
    status = response.status_code
    if status in (301, 302, 303):
        where = response["Location"].partition("?")[0]
        return "log in" if where.endswith("/login/") else "moved"
    return {401: "log in", 403: "refused", 404: "hidden", 405: "method", 400: "wrong"}.get(
        status, "open" if status < 300 else "crashed"
    )


# What each reach may answer to somebody who looks.
LOOKING: Final = {
    Reach.ALL: {"open", "moved"},
    Reach.SCOPED: {"open", "moved"},
    Reach.OWN: {"open", "moved"},
    Reach.EMPTY: {"open"},
    Reach.OPEN: {"open", "moved", "log in"},
    Reach.REFUSED: {"refused", "hidden"},
    Reach.LOG_IN: {"log in"},
}
# A door through which one acts only.
SHUT: Final = frozenset(("refused", "hidden", "log in", "method", "moved"))
# Reaches for which a row of others does not exist.
NARROW: Final = frozenset((Reach.SCOPED, Reach.OWN, Reach.EMPTY))


# What grows by itself with every request, whoever asks and whatever is answered.
GROWING: Final = frozenset(
    ("organization.auditentry", "organization.opensession", "sessions.session",
     "axes.accesslog")
)  # fmt: skip
# What a long walk writes anew, by the clock and not by what was asked.
NOTED_AGAIN: Final = frozenset(("organization.apitoken.last_used_at",))


def snapshot() -> dict[str, int]:
    """Return a number for the content of each table, to see what has changed."""
    return {
        model._meta.label_lower: hash(
            tuple(map(repr, model._base_manager.order_by("pk").values_list(*_columns(model))))
        )
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and model._meta.label_lower not in GROWING
    }


def _columns(model: type[Model]) -> list[str]:
    return [
        field.attname
        for field in model._meta.concrete_fields
        if f"{model._meta.label_lower}.{field.name}" not in NOTED_AGAIN
    ]


def changed(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """Return the tables that differ."""
    return sorted(label for label in before if before[label] != after[label])


def targets(listed: Listed, actor: Actor, rule: Rule | None) -> Iterator[tuple[str, str]]:
    """Yield ("own" | "foreign" | "none", address) of a door for an actor."""
    if not set(slots_of(listed)) - FIXED.keys():
        yield "none", address(listed, ()) or ""
        return
    reach = rule.reach(actor.who) if rule else None
    # One's own rows are those about the person, which come first.
    own = address(listed, actor.own[:1] if reach is Reach.OWN else actor.own)
    if own is not None:
        yield ("foreign" if reach is Reach.EMPTY else "own"), own
    foreign = address(listed, actor.foreign)
    if foreign is not None:
        yield "foreign", foreign
