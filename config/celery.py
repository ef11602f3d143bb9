"""The Celery application and the one table of bells.

Work is a row; a bell only says that somebody should look. So a bell may ring twice, late or not at
all, and one that has waited until the next is due is thrown away.
"""

import os
from datetime import timedelta
from typing import Any, Final, NamedTuple

from celery import Celery
from celery.schedules import crontab
from celery.signals import task_postrun, task_prerun
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Bell(NamedTuple):
    """A task, when it is rung, and after how long an unheard ring is forgotten."""

    task: str
    rings: timedelta | crontab
    forgotten_after: timedelta


BELLS: Final = (
    Bell("attendance.tasks.judge_waiting_days", timedelta(seconds=10), timedelta(seconds=10)),
    Bell("attendance.tasks.take_in_lines", timedelta(seconds=10), timedelta(seconds=10)),
    Bell("attendance.tasks.take_in_joins", timedelta(seconds=10), timedelta(seconds=10)),
    Bell("attendance.tasks.open_days", timedelta(minutes=1), timedelta(minutes=1)),
    Bell("attendance.tasks.settle_second_checks", timedelta(seconds=30), timedelta(seconds=30)),
    Bell("approvals.tasks.look_after_requests", timedelta(minutes=5), timedelta(minutes=5)),
    Bell("attendance.tasks.settle_claims", timedelta(minutes=1), timedelta(minutes=1)),
    # Ordered closings ring for themselves; this hears those whose ring was lost.
    Bell("attendance.tasks.close_ordered_periods", timedelta(minutes=1), timedelta(minutes=1)),
    Bell("approvals.tasks.deliver_notifications", timedelta(seconds=30), timedelta(seconds=30)),
    Bell("approvals.tasks.remind_people", timedelta(minutes=1), timedelta(minutes=1)),
    # Confirmed sheets ring for themselves; this hears those whose ring was lost.
    Bell("scheduling.tasks.write_ordered_rosters", timedelta(minutes=1), timedelta(minutes=1)),
    Bell("organization.tasks.seal_new_rows", timedelta(minutes=1), timedelta(minutes=1)),
    Bell("organization.tasks.check_seals", timedelta(minutes=10), timedelta(minutes=10)),
    Bell(
        "organization.tasks.delete_what_is_past",
        crontab(hour="2", minute="40"),
        timedelta(hours=12),
    ),
    Bell("organization.tasks.shut_what_ended", timedelta(hours=1), timedelta(hours=1)),
    Bell("scheduling.tasks.sync_calendars", crontab(hour="3", minute="30"), timedelta(hours=12)),
)


def schedule(bells: tuple[Bell, ...] = BELLS) -> dict[str, dict[str, Any]]:
    """Return the bells as Celery's beat wants them."""
    return {
        bell.task: {
            "task": bell.task,
            "schedule": bell.rings,
            "options": {"expires": bell.forgotten_after.total_seconds()},
        }
        for bell in bells
    }


# A dotted path is refused in the broker's URL, so the embedded one gets a name.
TRANSPORT_ALIASES["embedded"] = "config.broker:Transport"

app = Celery("kaoqin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = schedule()
app.autodiscover_tasks()


def _begin_circumstances(task_id: str, task: Any, **kwargs: Any) -> None:
    """Let what a task writes into the audit log say which task it was."""
    from organization.circumstances import begin, of_task

    task.request.kaoqin_circumstances = begin(of_task(task.name, task_id))


def _end_circumstances(task: Any, **kwargs: Any) -> None:
    from organization.circumstances import end

    if (token := getattr(task.request, "kaoqin_circumstances", None)) is not None:
        end(token)


task_prerun.connect(_begin_circumstances, weak=False)
task_postrun.connect(_end_circumstances, weak=False)
