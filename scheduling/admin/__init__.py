"""The pages of scheduling."""

from scheduling.admin import shifts  # noqa: F401  (importing registers the pages)
