"""The project's settings with one view and nothing before it: what is measured beside intake."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "bench._bare"
MIDDLEWARE = []
