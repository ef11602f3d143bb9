"""The settings of the test run: a fast hasher, mail and bells in memory, no throttling."""

from config.settings import *  # noqa: F403
from config.settings import REST_FRAMEWORK

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.1}
TOKEN_RATE = "100000/min"  # noqa: S105 - no password
EXPORT_RATE = EXPORT_ADDRESS_RATE = PAIRING_RATE = TOKEN_RATE
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}
# Each client begins with a handler of its own, which would list all static files anew.
WHITENOISE_AUTOREFRESH = True
