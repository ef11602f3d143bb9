from datetime import timedelta
from inspect import signature

import pytest
from celery.schedules import crontab

from config.celery import BELLS, Bell, app

names = [bell.task for bell in BELLS]


@pytest.mark.parametrize("bell", BELLS, ids=names)
def test_every_bell_has_a_door(bell: Bell) -> None:
    app.loader.import_default_modules()

    assert bell.task in app.tasks


def test_every_door_that_needs_nothing_has_a_bell() -> None:
    app.loader.import_default_modules()
    doors = {
        name
        for name, task in app.tasks.items()
        if not name.startswith("celery.") and not signature(task.run).parameters
    }

    assert doors == set(names)


def test_every_bell_is_rung() -> None:
    rung = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}

    assert rung == {bell.task: bell.rings for bell in BELLS}


@pytest.mark.parametrize("bell", BELLS, ids=names)
def test_rings_never_pile_up(bell: Bell) -> None:
    between = timedelta(days=1) if isinstance(bell.rings, crontab) else bell.rings

    assert bell.forgotten_after <= between


@pytest.mark.parametrize("bell", BELLS, ids=names)
def test_a_bell_carries_nothing(bell: Bell) -> None:
    entry = app.conf.beat_schedule[bell.task]

    assert "args" not in entry
    assert "kwargs" not in entry
