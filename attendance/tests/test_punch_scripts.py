"""What the punch page works out by itself, in node's own test runner."""

import subprocess
from pathlib import Path

import pytest
from django.conf import settings


@pytest.mark.needs_node
def test_the_scripts_of_the_punch_page_work_out_what_they_should() -> None:
    ran = subprocess.run(
        ["node", "--test", "frontend/tests/punch.test.mjs"],  # noqa: S607  (whichever there is)
        cwd=Path(settings.BASE_DIR),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
