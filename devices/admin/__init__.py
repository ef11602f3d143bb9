"""The pages of what can see people."""

from devices.admin import (  # noqa: F401  (importing registers the pages)
    terminals,
    wifi,
)
