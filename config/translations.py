"""Compile the translations, as gettext's msgfmt does, which is not everywhere.

python -m config.translations locale/zh_Hans/LC_MESSAGES/django.po ...
"""

import sys
from pathlib import Path

import polib


def compile_catalogue(source: Path) -> Path:
    """Write the `.mo` file beside a `.po` file and return it; unfinished entries stay English."""
    target = source.with_suffix(".mo")
    polib.pofile(str(source)).save_as_mofile(str(target))
    return target


if __name__ == "__main__":
    for name in sys.argv[1:]:
        compile_catalogue(Path(name))
