"""The pages of scheduling."""

from scheduling.admin import (  # noqa: F401  (importing registers the pages)
    assignments,
    calendar,
    rosters,
    rotations,
    shifts,
)
