"""The demo company's screen: one at the entrance of headquarters."""

from __future__ import annotations

from datetime import datetime

from config.demo.company import COMPANY
from config.demo.people import People
from devices.screens import add_screen


def write_screens(people: People, *, now: datetime) -> None:
    """Write a screen whose codes count for headquarters; whoever tries it out pairs a browser."""
    unit = people.departments[COMPANY[0].code]
    add_screen(name="总部一楼大堂", department=unit, actor=None, now=now)
