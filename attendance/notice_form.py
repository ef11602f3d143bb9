"""The form of a notice: a title and a text in every language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django import forms
from django.utils.translation import gettext_lazy as _

from attendance.models import Notice
from attendance.services.notices import LANGUAGES, Words

_TITLE_AT_MOST = Notice._meta.get_field("title").max_length
_TEXT_AT_MOST = 10_000


class LanguageBoxes(NamedTuple):
    """The two boxes of a language, under its name."""

    language: str
    name: str
    title: forms.BoundField
    text: forms.BoundField


class NoticeForm(forms.Form):
    """What the next version of a notice says; a draft may lack a language."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        for language in LANGUAGES:
            self.fields[f"{language}-title"] = forms.CharField(
                label=_("Title"), max_length=_TITLE_AT_MOST, required=False
            )
            self.fields[f"{language}-text"] = forms.CharField(
                label=_("Text"),
                max_length=_TEXT_AT_MOST,
                required=False,
                widget=forms.Textarea(attrs={"rows": 22, "lang": language}),
            )

    @property
    def languages(self) -> list[LanguageBoxes]:
        """Return the boxes, for the page."""
        return [
            LanguageBoxes(language, str(name), self[f"{language}-title"], self[f"{language}-text"])
            for language, name in LANGUAGES.items()
        ]

    @property
    def words(self) -> dict[str, Words]:
        """Return what cleaned boxes say."""
        said = self.cleaned_data
        return {one: Words(said[f"{one}-title"], said[f"{one}-text"]) for one in LANGUAGES}


def notice_initial(rows: Iterable[Notice]) -> Mapping[str, str]:
    """Return what the boxes show for the rows of a version."""
    return {
        f"{row.language}-{name}": value
        for row in rows
        for name, value in (("title", row.title), ("text", row.text))
    }
