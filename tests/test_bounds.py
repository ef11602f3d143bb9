"""What one may ask for at once is bounded: rows of a page, and the time of a statement."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from datetime import date

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from conftest import ROOT, database_url
from organization.models import Employee, Transfer
from tests.cast import Cast

PAGE_AT_MOST = 1000


@pytest.fixture
def crowd(cast: Cast) -> Cast:
    joined = date(2025, 1, 1)
    staff = Employee.objects.bulk_create(
        Employee(number=f"9{n:04}", name=f"No. {n}", department=cast.department, joined_on=joined)
        for n in range(PAGE_AT_MOST + 50)
    )
    Transfer.objects.bulk_create(
        Transfer(employee=one, department=cast.department, effective_on=joined) for one in staff
    )
    return cast


@pytest.mark.parametrize("asked", ["1000", "1001", "1000000", "9" * 40])
def test_a24_a_page_of_the_interface_has_a_thousand_rows_at_most(
    crowd: Cast, client: Client, asked: str
) -> None:
    """A-24."""
    client.force_login(crowd.hr)

    rows = client.get("/api/v1/employees/", {"page_size": asked}).json()["results"]

    assert 0 < len(rows) <= PAGE_AT_MOST


def test_a24_no_list_of_the_console_shows_everything(crowd: Cast, client: Client) -> None:
    """A-24: not with `all`, not with a page beyond the last."""
    client.force_login(crowd.hr)
    for asked in ({}, {"all": ""}, {"all": "1", "p": "1"}):
        answer = client.get(reverse("admin:organization_employee_changelist"), asked, follow=True)

        assert 0 < len(answer.context["cl"].result_list) <= 100
    for model, page in admin.site._registry.items():
        assert (page.list_max_show_all, page.list_per_page <= PAGE_AT_MOST) == (0, True), model


@pytest.mark.needs_postgres
@pytest.mark.django_db(transaction=True)
def test_a24_a_statement_of_the_web_server_ends_before_its_request() -> None:
    """A-24: a worker may take its time, and an operator may say otherwise."""
    config = runpy.run_path(str(ROOT / "config" / "gunicorn.py"))
    told = dict(word.split("=", 1) for word in config["raw_env"])
    show = (
        "from django.db import connection as c; k = c.cursor(); k.execute('SHOW statement_timeout')"
    )

    said = subprocess.run(
        [sys.executable, "manage.py", "shell", "--command", f"{show}; print('TOLD', k.fetchone())"],
        cwd=ROOT, check=True, capture_output=True, text=True,
        env={**os.environ, **told, "DATABASE_URL": database_url()},
    ).stdout  # fmt: skip

    assert "TOLD ('50s',)" in said
    assert config["timeout"] > 50
