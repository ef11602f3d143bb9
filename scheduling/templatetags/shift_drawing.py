"""Times for drawings of shifts."""

from django import template

from scheduling import shift_words
from scheduling.pattern import DAY

register = template.Library()


@register.filter
def clock(minute: int) -> str:
    """Return a wall minute as HH:MM; hours go on past 24."""
    return shift_words.clock(minute)


@register.filter
def hour_mark(minute: int) -> str:
    """Return what stands under a tick: the hour of its day; midnights say which."""
    if minute % DAY == 0 and minute:
        return f"0 +{minute // DAY}" if minute > 0 else f"0 −{-minute // DAY}"
    return str(minute % DAY // 60)
