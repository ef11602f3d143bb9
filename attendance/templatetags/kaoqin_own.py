"""The ways at the top of a person's own pages, which rooms above have named."""

from typing import Any

from django import template
from django.utils import timezone

from attendance.console.own_links import OwnLink, ways_of

register = template.Library()


@register.simple_tag(takes_context=True)
def own_ways(context: dict[str, Any]) -> list[OwnLink]:
    """Return the ways of the person who reads the page."""
    return ways_of(context["request"].user, timezone.now())
