"""Every door there is, found by asking the product itself."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from django.contrib import admin
from django.core.management import get_commands
from django.urls import URLPattern, URLResolver, get_resolver

from config.celery import app as celery_app
from config.routes import readable


class Kind(StrEnum):
    """What one goes through."""

    PAGE = "page"
    OPERATION = "api"
    ACTION = "action"
    TASK = "task"
    COMMAND = "command"


class Door(NamedTuple):
    """A way in: a page's address, `GET /api/…`, `app.model: action`, a task, `app: command`."""

    kind: Kind
    name: str


def find_doors() -> list[Door]:
    """Return every door of the product, in the order of kind and name."""
    found = {*_addresses(), *_actions(), *_tasks(), *_commands()}
    return sorted(found, key=lambda door: (list(Kind).index(door.kind), door.name))


def routes() -> Iterator[tuple[str, URLPattern]]:
    """Yield every address with its pattern; what varies in it stands in angle brackets."""
    yield from _walk(get_resolver(), "")


def _walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry, route)
        else:
            yield readable(route), entry


def _addresses() -> Iterator[Door]:
    for route, pattern in routes():
        view: Any = getattr(pattern.callback, "cls", None)
        if view is None:
            yield Door(Kind.PAGE, route)
            continue
        methods = getattr(pattern.callback, "actions", None) or {
            name for name in view.http_method_names if hasattr(view, name)
        }
        for method in {*methods} - {"head", "options"}:
            yield Door(Kind.OPERATION, f"{method.upper()} {route}")


def _actions() -> Iterator[Door]:
    """Yield what can be done to chosen rows, and to one row with its form."""
    for model, page in admin.site._registry.items():
        label = model._meta.label_lower
        if page.actions is not None:
            for _function, name, _words in page._get_base_actions():  # type: ignore[attr-defined]
                yield Door(Kind.ACTION, f"{label}: {name}")
        for name in getattr(page, "actions_submit_line", ()):
            yield Door(Kind.ACTION, f"{label}: {name}")


def _tasks() -> Iterator[Door]:
    celery_app.loader.import_default_modules()
    for name in celery_app.tasks:
        yield Door(Kind.TASK, name)


def _commands() -> Iterator[Door]:
    for name, owner in get_commands().items():
        yield Door(Kind.COMMAND, f"{owner}: {name}")
