"""Every word a person reads is translated: ours, and those of the theme, which brings none."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import django
import polib
import pytest
import unfold
from django.test import Client

from config.translations import compile_catalogue

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE = "zh_Hans"
CATALOGUE = Path(LANGUAGE) / "LC_MESSAGES" / "django.po"
OURS = ROOT / "locale" / CATALOGUE
THEME = ROOT / "locale" / "theme" / CATALOGUE

ROOMS = "organization scheduling devices attendance approvals reports config".split()
NOT_WORDS = (
    ".git", ".venv", ".tools", "node_modules", "var", "static", "tests", "__pycache__", ".*cache",
    "locale", "docs", "bench", "frontend",
)  # fmt: skip


def words_of(source: Path, workshop: Path) -> polib.POFile:
    """Collect the words of a source tree as `makemessages` does, in a copy of it."""
    copy = workshop / "source"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns(*NOT_WORDS))
    (copy / "locale").mkdir()
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "--locale", LANGUAGE, "--verbosity", "0"],
        cwd=copy,
        env={"PATH": os.environ["PATH"]},
        check=True,
    )
    return polib.pofile(str(copy / "locale" / CATALOGUE))


def untranslated(words: polib.POFile, *catalogues: Path) -> list[str]:
    """Return the words that none of the catalogues translates for sure."""
    known = {
        (entry.msgctxt, entry.msgid)
        for catalogue in catalogues
        for entry in polib.pofile(str(catalogue)).translated_entries()
    }
    return [word.msgid for word in words if (word.msgctxt, word.msgid) not in known]


@pytest.mark.needs_gettext
def test_every_word_of_ours_is_translated(tmp_path: Path) -> None:
    assert untranslated(words_of(ROOT, tmp_path), OURS) == []


@pytest.mark.needs_gettext
def test_every_word_of_the_theme_is_translated(tmp_path: Path) -> None:
    # Many are Django's own words, which Django translates.
    djangos = Path(django.__path__[0]).glob(f"**/locale/{CATALOGUE}")

    missing = untranslated(words_of(Path(unfold.__path__[0]), tmp_path), THEME, *djangos)

    assert missing == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("page", "english", "chinese"),
    [
        ("/admin/organization/position/", "Type to search", "输入关键字搜索"),
        ("/admin/approvals/approvalrule/add/", "Select value", "选择值"),
        ("/admin/approvals/request/", "以 类型", "按类型"),
    ],
)
def test_the_console_says_the_words_of_the_theme_in_chinese(
    admin_client: Client, page: str, english: str, chinese: str
) -> None:
    """From our catalogue of the theme, compiled beside ours."""
    answer = admin_client.get(page, headers={"accept-language": "zh-hans"}).content.decode()

    assert chinese in answer
    assert english not in answer


@pytest.mark.parametrize("catalogue", [OURS, THEME], ids=["ours", "theme"])
def test_a_translation_takes_what_its_original_takes(catalogue: Path) -> None:
    # A %(name)s that is lost or invented is an error on the page of whoever reads Chinese.
    placeholder = re.compile(r"%\(\w+\)[sdf]|%[sd]|\{\w*\}")
    odd = [
        entry.msgid
        for entry in polib.pofile(str(catalogue)).translated_entries()
        for text in [entry.msgstr, *entry.msgstr_plural.values()]
        if text
        and not set(placeholder.findall(text))
        <= set(placeholder.findall(entry.msgid)) | set(placeholder.findall(entry.msgid_plural))
    ]

    assert odd == []


def test_compiling_says_what_the_catalogue_says(tmp_path: Path) -> None:
    source = tmp_path / "django.po"
    source.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "Punch"\nmsgstr "打卡"\n\n#, fuzzy\nmsgid "Shift"\nmsgstr "？"\n',
        encoding="utf-8",
    )

    compiled = polib.mofile(str(compile_catalogue(source)))

    assert [(entry.msgid, entry.msgstr) for entry in compiled] == [("Punch", "打卡")]


def test_no_word_hides_behind_another_name_of_gettext() -> None:
    """Whoever collects the words looks for `_`, `gettext`, `ngettext` and the like by name."""
    renamed = re.compile(r"import .*\bn?p?gettext(?:_lazy)? as (?!_\b)(\w+)")
    found = {
        str(file.relative_to(ROOT)): match[0]
        for room in ROOMS
        for file in sorted((ROOT / room).rglob("*.py"))
        if (match := renamed.search(file.read_text(encoding="utf-8")))
    }

    assert found == {}
