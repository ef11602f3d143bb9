"""Where a table that was uploaded waits for its confirmation: in a folder of ours, for a day."""

from __future__ import annotations

import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings
from import_export.tmp_storages import TempFolderStorage

KEPT_FOR: Final = timedelta(days=1)


class WaitingFile(TempFolderStorage):
    """A file that only the server reads. Whatever nobody confirmed in time goes with the next one.

    The folder of the machine's temporary files, which the library takes, is read by others and
    swept by nobody.
    """

    name: str | None

    def get_full_path(self) -> str:
        """Return where the file is, whatever folder its name claims."""
        return str(_folder() / Path(self.name or "").name)

    def _open(self, mode: str = "r") -> IO[Any]:
        if self.name:
            return super()._open(mode)
        folder = _folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sweep(folder)
        made = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115
        self.name = made.name
        return made


def _folder() -> Path:
    return Path(settings.VAR_DIR) / "imports"


def sweep(folder: Path) -> None:
    """Delete the files that have waited for longer than they are kept."""
    oldest = time.time() - KEPT_FOR.total_seconds()
    for file in folder.iterdir():
        if file.stat().st_mtime < oldest:
            file.unlink(missing_ok=True)
