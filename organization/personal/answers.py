"""A person's copy as an answer to a browser."""

from __future__ import annotations

import tempfile
from datetime import datetime

from django.http import FileResponse

from organization.models import User
from organization.personal.copies import write_copy


def copy_as_answer(employee_id: int, *, actor: User, now: datetime) -> FileResponse:
    """Return the copy as a file to keep. It is made on disk, not in memory.

    Raises NotFound for anybody whose copy `actor` may not take.
    """
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    try:
        name = write_copy(employee_id, target, actor=actor, now=now)
    except BaseException:
        target.close()
        raise
    target.seek(0)
    return FileResponse(target, as_attachment=True, filename=name, content_type="application/zip")
