"""The demo company: a group of five business units that everybody can log in to.

`load` fills an empty database, `remove` takes all of it away again. A seeded generator makes the
people and their punches, so the same day always gives the same company.
"""

from config.demo.company import COMPANY, LOGINS, Login
from config.demo.loading import load, why_not
from config.demo.removal import NothingToRemove, RealPeople, remove

__all__ = [
    "COMPANY",
    "LOGINS",
    "Login",
    "NothingToRemove",
    "RealPeople",
    "load",
    "remove",
    "why_not",
]
