"""What a browser would post of a form as it stands."""

from html.parser import HTMLParser

from django import forms
from django.http import QueryDict


class _Boxes(HTMLParser):
    """Collects names and values of boxes, leaving out what is only there to be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._templates = 0
        self._select: str | None = None
        self._chosen: str | None = None

    def handle_starttag(self, tag, attrs):
        said = {name: value or "" for name, value in attrs}
        if tag == "template":
            self._templates += 1
        elif self._templates:
            return
        elif tag == "input" and said.get("type") in ("checkbox", "radio"):
            if "checked" in said:
                self.found.append((said["name"], said.get("value", "on")))
        elif tag == "input" and "name" in said:
            self.found.append((said["name"], said.get("value", "")))
        elif tag == "select":
            self._select, self._chosen = said["name"], None
        elif tag == "option" and (self._chosen is None or "selected" in said):
            self._chosen = said.get("value", "")

    def handle_endtag(self, tag):
        if tag == "template":
            self._templates -= 1
        elif tag == "select" and not self._templates:
            self.found.append((str(self._select), self._chosen or ""))


def posted(form: forms.BaseForm, **instead: str | list[str]) -> QueryDict:
    """Return the form as it would be posted unchanged, but for what `instead` names."""
    boxes = _Boxes()
    for name in form.fields:
        boxes.feed(str(form[name]))
    data = QueryDict(mutable=True)
    for name, value in boxes.found:
        data.appendlist(name, value)
    for name, value in instead.items():
        data.setlist(name, [value] if isinstance(value, str) else value)
    return data


def boxes_of(page: str) -> dict[str, str | list[str]]:
    """Return what the form of a page would post unchanged; repeated names are lists."""
    boxes = _Boxes()
    boxes.feed(page)
    data: dict[str, list[str]] = {}
    for name, value in boxes.found:
        data.setdefault(name, []).append(value)
    return {name: found if len(found) > 1 else found[0] for name, found in data.items()}
