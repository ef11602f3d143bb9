"""The pages of attendance."""

from attendance.admin import (  # noqa: F401  (importing registers the pages)
    absences,
    claims,
    days,
    fences,
    notices,
    periods,
    punches,
    reports,
    rules,
    screens,
)
