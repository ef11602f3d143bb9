"""The front page asks for its board itself: the admin's index view knows nothing of it."""

from typing import Any

from django import template
from django.utils import timezone
from django.utils.timezone import localdate

from attendance.console.first_steps import Step, first_steps
from attendance.console.today import Today, read_today

register = template.Library()


@register.simple_tag(takes_context=True)
def today_board(context: dict[str, Any]) -> Today:
    """Return what needs the person who asks, today."""
    return read_today(context["request"].user, localdate(), now=timezone.now())


@register.simple_tag(takes_context=True)
def steps_to_begin(context: dict[str, Any]) -> list[Step]:
    """Return what an empty installation needs first, to whoever may set it up."""
    return first_steps(context["request"].user)
