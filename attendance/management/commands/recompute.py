"""manage.py recompute --from DATE --to DATE [--department CODE]: judge days again."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from attendance.models import WaitingDay
from attendance.services import days
from organization import audit
from organization.models import Department, Employee


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-09-01") from error


class Command(BaseCommand):
    """Make days wait and judge them, whether or not their facts have moved."""

    help = "Judge the days between two dates again."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Name the dates, and what to limit them to."""
        parser.add_argument("--from", dest="starts_on", type=_date, required=True, metavar="DATE")
        parser.add_argument("--to", dest="ends_on", type=_date, required=True, metavar="DATE")
        parser.add_argument(
            "--department", metavar="CODE", help="only this department, with all below"
        )
        parser.add_argument(
            "--employee", metavar="NUMBER", action="append", help="only this person; repeatable"
        )
        parser.add_argument(
            "--later",
            action="store_true",
            help="only make the days wait; the Celery worker judges them",
        )

    def handle(self, **options: Any) -> None:
        """Make the days wait, then judge them here unless told to leave it to the worker."""
        starts_on, ends_on = options["starts_on"], options["ends_on"]
        if ends_on < starts_on:
            raise CommandError(f"--to {ends_on} lies before --from {starts_on}.")
        now = timezone.now()
        department = self._department(options["department"])
        numbers = options["employee"]
        count = days.wake_range(
            starts_on=starts_on,
            ends_on=ends_on,
            cause="ordered",
            now=now,
            department=department,
            employee_ids=self._employees(numbers, department) if numbers else None,
            is_forced=True,
        )
        audit.record(
            actor=None,
            verb="days.recomputed",
            thing=department or Department(),
            department=department,
            now=now,
            starts_on=str(starts_on),
            ends_on=str(ends_on),
            numbers=numbers or [],
            days=count,
        )
        self.stdout.write(f"{count} employee-days wait to be judged.")
        if options["later"]:
            return
        done = 0
        for first, last in days.waiting_ranges():
            done += days.judge_range(first_employee=first, last_employee=last, now=timezone.now())
            self.stdout.write(f"  {done} judged")
        left = WaitingDay.objects.filter(failed_count__gt=0).count()
        if left:
            raise CommandError(f"{left} days could not be judged; see the page of waiting work.")
        self.stdout.write(self.style.SUCCESS(f"{done} employee-days judged."))

    def _department(self, code: str | None) -> Department | None:
        if code is None:
            return None
        try:
            return Department.objects.get(code=code)
        except Department.DoesNotExist:
            raise CommandError(f"--department: there is no department {code!r}.") from None

    def _employees(self, numbers: list[str], department: Department | None) -> list[int]:
        people = Employee.objects.filter(number__in=numbers)
        if department is not None:
            people = people.filter(transfers__department__path__startswith=department.path)
        found = dict(people.values_list("number", "pk"))
        missing = sorted(set(numbers) - set(found))
        if missing:
            there = f" in {department.code}" if department else ""
            raise CommandError(
                f"--employee: there is nobody{there} with number {', '.join(missing)}."
            )
        return list(found.values())
