"""The front page asks for totals itself: the admin's index view knows nothing of them."""

from datetime import timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.timezone import localdate

from reports.overview import Overview, read_overview

register = template.Library()


@register.simple_tag(takes_context=True)
def totals_overview(context: dict[str, Any]) -> Overview | None:
    """Return the totals of the running period, for people who read totals beyond what they see."""
    # On the first day of a period the one before is what there is to read.
    return read_overview(
        context["request"].user, localdate() - timedelta(days=1), now=timezone.now()
    )
