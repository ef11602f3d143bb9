"""Every page that a walk finds: no script, sheet or event stands in it, and nobody else is asked.

The browser would refuse what stands in a page; this finds it before (A-08), and what leaves the
house (P-13) whoever is at the other end.
"""

import re
import socket
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import Resolver404, resolve

from config.celery import BELLS, app
from tests.cast import Cast

pytestmark = pytest.mark.django_db

COLORS: Final = Path(__file__).resolve().parent.parent / "frontend" / "src" / "colors.css"
CONSOLE: Final = "/admin/"
STARTS: Final = ("/admin/", "/me/", "/api/docs/")
ADDRESSES: Final = frozenset(("href", "src", "action", "formaction", "data", "poster", "srcset"))


class Page(HTMLParser):
    """Reads a page: where it leads, what it loads, and what of it a strict browser refuses."""

    def __init__(self, address: str, text: str) -> None:
        super().__init__()
        self.address = address
        self.links: list[str] = []
        self.loads: list[str] = []
        self.refused: list[str] = []
        self._is_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        words = {name: value or "" for name, value in attrs}
        self._is_script = tag == "script" and "src" not in words
        self.refused += [f"{tag} {name}" for name in words if re.match(r"on[a-z]+$", name)]
        if tag == "style":
            self.refused.append("a sheet in the page")
        if "style" in words and not self.address.startswith(CONSOLE):
            self.refused.append(f"{tag} style")
        for name in ADDRESSES & words.keys():
            self._look(tag, name, words[name].strip())

    def _look(self, tag: str, name: str, value: str) -> None:
        if value.lower().startswith(("javascript:", "vbscript:", "data:text")):
            self.refused.append(f"{tag} {name}={value[:30]}")
        elif tag == "a":
            self.links.append(urljoin(self.address, value))
        elif value:
            self.loads.append(value)

    def handle_data(self, data: str) -> None:
        if self._is_script and data.strip():
            self.refused.append(f"a script in the page: {data.strip()[:40]}")


def kind_of(address: str) -> tuple[str, bool] | None:
    """Return what addresses of one kind have in common; nothing for what is no page of ours."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or parts.path.startswith(settings.STATIC_URL):
        return None
    try:
        return resolve(parts.path).route, bool(parts.query)
    except Resolver404:
        return None


def walk(client: Client) -> Iterator[Page]:
    """Open one page of each kind that links lead to."""
    todo, seen = [*STARTS], set()
    while todo:
        address = todo.pop()
        kind = kind_of(address)
        if kind is None or kind in seen:
            continue
        seen.add(kind)
        answer: Any = client.get(address, follow=True)
        assert answer.status_code < 500, address
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            page = Page(answer.request["PATH_INFO"], answer.content.decode())
            todo += page.links
            yield page


@pytest.fixture
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Refuse and note every connection that leaves this machine, and every name asked for."""
    asked: list[str] = []
    connect, find = socket.socket.connect, socket.getaddrinfo

    def only_here(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            asked.append(str(address[0]))
            raise OSError(f"refused to leave this machine for {address[0]}")
        connect(self, address)

    def only_own_name(host: Any, *rest: Any, **more: Any) -> Any:
        if host not in {None, "", "127.0.0.1", "::1", "localhost"}:
            asked.append(str(host))
            raise socket.gaierror(f"refused to look {host} up")
        return find(host, *rest, **more)

    monkeypatch.setattr(socket.socket, "connect", only_here)
    monkeypatch.setattr(socket, "getaddrinfo", only_own_name)
    return asked


def test_a08_no_page_carries_a_script_or_asks_anybody_else(
    admin_client: Client, cast: Cast, nobody_else: list[str]
) -> None:
    pages = list(walk(admin_client))

    assert len(pages) > 60
    assert [(page.address, page.refused) for page in pages if page.refused] == []
    assert [
        (page.address, load) for page in pages for load in page.loads if urlsplit(load).netloc
    ] == []
    assert nobody_else == []


def test_every_colour_that_the_theme_asks_for_has_a_value() -> None:
    file = finders.find("unfold/css/styles.css")
    assert isinstance(file, str)
    asked = re.findall(r"var\((--color-(?:base|primary|font)-[a-z0-9-]+)", Path(file).read_text())
    given = re.findall(
        r"^  (--color-[a-z0-9-]+):", COLORS.read_text(encoding="utf-8"), re.MULTILINE
    )

    assert asked
    assert set(asked) - set(given) == set()


@pytest.mark.parametrize("bell", [bell.task for bell in BELLS])
def test_p13_no_bell_asks_anybody_else_before_somebody_names_a_source(
    nobody_else: list[str], cast: Cast, bell: str
) -> None:
    app.loader.import_default_modules()

    app.tasks[bell].apply(throw=True)

    assert nobody_else == []


def test_the_walk_sees_what_a_browser_would_refuse() -> None:
    page = Page(
        "/me/",
        "<script>steal()</script><script src='/static/a.js'></script><style>b{}</style>"
        "<a href=' JavaScript:steal()'>x</a><p onclick='steal()' style='color:red'>y</p>",
    )

    assert page.refused == [
        "a script in the page: steal()",
        "a sheet in the page",
        "a href=JavaScript:steal()",
        "p onclick",
        "p style",
    ]
