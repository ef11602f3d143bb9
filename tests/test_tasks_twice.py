"""Every task may run twice: the second time it finds nothing to do."""

from __future__ import annotations

from inspect import signature

import pytest
from django.utils import timezone

from attendance.models import WaitingDay
from attendance.services import days
from config.celery import app
from organization.models import Change, Employee
from tests.group import Group
from tests.walking import changed, snapshot

pytestmark = pytest.mark.usefixtures("standing_units")

app.loader.import_default_modules()
TASKS = sorted(name for name in app.tasks if not name.startswith("celery."))
# What a run tells about itself: each run of retention leaves its proof, each round of the watch
# where it stands.
PROOFS = {
    "organization.tasks.delete_what_is_past": {
        "organization.retentionrun", "organization.retentiontally"
    },
    # When a source was last asked.
    "scheduling.tasks.sync_calendars": {"scheduling.calendarsource", "scheduling.calendaryear"},
    "organization.tasks.check_seals": {"organization.sealwatch"},
}  # fmt: skip


def arguments(name: str) -> tuple[int, ...]:
    if not signature(app.tasks[name].run).parameters:
        return ()
    assert name == "attendance.tasks.judge_range_of_people", f"give {name} its arguments here"
    first, last = Employee.objects.order_by("pk").values_list("pk", flat=True)[:2]
    return first, last + 100


@pytest.mark.parametrize("name", TASKS)
def test_r5_a_task_that_runs_twice_ends_as_if_it_had_run_once(five_units: Group, name: str) -> None:
    """R-5, F-04: of all tasks there are, in a company with a row of everything."""
    del five_units
    given = arguments(name)
    # One ring takes in so much news and leaves the rest to the next: here the newest is enough.
    news = Change.objects.filter(handled_at=None).order_by("-pk")
    Change.objects.exclude(pk__in=list(news.values_list("pk", flat=True)[:5])).update(
        handled_at=timezone.now()
    )
    days.take_in_changes(now=timezone.now())
    assert WaitingDay.objects.exists()
    app.tasks[name].apply(given, throw=True)
    once = snapshot()

    app.tasks[name].apply(given, throw=True)

    assert set(changed(once, snapshot())) <= PROOFS.get(name, set())
