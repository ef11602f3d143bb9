"""What people do to shifts and rosters."""

from scheduling.services.shifts import (
    add_shift,
    change_shift,
    rename_shift,
    retire_shift,
    revive_shift,
)

__all__ = ["add_shift", "change_shift", "rename_shift", "retire_shift", "revive_shift"]
