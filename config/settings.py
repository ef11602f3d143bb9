"""One file of settings, in titled sections, without logic: config/env.py reads and refuses."""

from pathlib import Path

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent

# Where this runs -------------------------------------------------------------------------------

# "development" is a trial or a developer's machine: missing keys are made and kept in VAR_DIR.
PRODUCTION = env.choice("KAOQIN_ENV", ("development", "production")) == "production"
DEBUG = env.flag("DEBUG", default=False)
VAR_DIR = env.folder("VAR_DIR", BASE_DIR / "var", mode=0o700)

# Whoever watches from inside asks for localhost.
ALLOWED_HOSTS = [*env.words("ALLOWED_HOSTS", ("127.0.0.1", "[::1]")), "localhost"]
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# Keys ------------------------------------------------------------------------------------------

SECRET_KEY = env.key("SECRET_KEY", kept_in=VAR_DIR, may_be_made=not PRODUCTION)
# Fernet keys parted by commas: the first one encrypts, all of them decrypt.
FIELD_KEYS = env.key("FIELD_KEYS", kept_in=VAR_DIR, may_be_made=not PRODUCTION).split(",")

# Rooms -----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    # The theme stands before the admin, whose templates it replaces.
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "unfold.contrib.import_export",
    "unfold.contrib.guardian",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "guardian",
    "import_export",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "organization",
    "scheduling",
    "devices",
    "attendance",
    "approvals",
    "reports",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.languages.OwnLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Rows ------------------------------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL", embedded=VAR_DIR / "kaoqin.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Who may come in -------------------------------------------------------------------------------

AUTH_USER_MODEL = "organization.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# Nobody without a log-in holds a grant, so guardian needs no user who stands for nobody.
ANONYMOUS_USER_NAME = None
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"

# The way to the browser ------------------------------------------------------------------------

HTTPS = env.flag("HTTPS", default=PRODUCTION)
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", default=31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY", default=False) else None
)
# A liveness check comes from inside, over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
# To be preloaded is for whoever owns the whole domain to decide.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_SECURE = HTTPS
X_FRAME_OPTIONS = "DENY"
# The rooms of a large grid of shifts or grants are posted as one form.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# Words and clocks ------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
# The theme brings no translations. Ours of its words lie apart: collecting our own leaves them be.
FORMAT_MODULE_PATH = ["config.formats"]
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "theme"]
USE_I18N = True
USE_TZ = True
# What people without a department of their own read; departments have zones of their own.
TIME_ZONE = env.time_zone("TIME_ZONE", "Asia/Shanghai")

# Files -----------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = env.folder("STATIC_ROOT", VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
# A trial serves files from where they lie; production collects them under hashed names.
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(VAR_DIR / "files")},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}

# Bells (the table of them is in config/celery.py) ----------------------------------------------

_BROKER = env.broker("REDIS_URL", embedded=VAR_DIR / "broker")
CELERY_BROKER_URL = _BROKER["url"]
CELERY_BROKER_TRANSPORT_OPTIONS = _BROKER["options"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
# Two installations that share one Redis have queues of their own.
CELERY_TASK_DEFAULT_QUEUE = env.text("CELERY_QUEUE", "kaoqin")
# What a task did stands in the tables it wrote.
CELERY_TASK_IGNORE_RESULT = True
# A worker that is killed had not finished: its task comes back. A task that raised had: its rows
# still wait, and the next bell finds them.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_ACKS_ON_FAILURE_OR_TIMEOUT = True
CELERY_TASK_SOFT_TIME_LIMIT = 10 * 60
CELERY_TASK_TIME_LIMIT = 15 * 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat")
CELERY_TIMEZONE = TIME_ZONE

# The interface for programs --------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "config.api.ByCursor",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": env.text("API_RATE", "6000/min")},
    "EXCEPTION_HANDLER": "config.api.answer",
    "NUM_PROXIES": env.integer("PROXIES", default=0),
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Kaoqin",
    "VERSION": "1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Tables that come and go as files ---------------------------------------------------------------

IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_SKIP_ADMIN_LOG = False
# A cell that begins with = + - @ must stay text in the spreadsheet that opens it.
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True

# The console (its sidebar and its front page are in config/backoffice.py) -----------------------

UNFOLD = {
    "SITE_TITLE": _("Kaoqin"),
    "SITE_HEADER": _("Kaoqin"),
    "SITE_SUBHEADER": _("Time and attendance"),
    "SITE_SYMBOL": "schedule",
    # The console is the site: there is nowhere to return to.
    "SITE_URL": None,
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "SIDEBAR": {
        "show_search": False,
        "navigation": "config.backoffice.navigation",
    },
    "ACCOUNT": {
        "navigation": [{"title": _("My attendance"), "link": reverse_lazy("attendance:my-month")}],
    },
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "config.backoffice.favicon"},
    ],
    "COLORS": {
        "primary": {
            "50": "oklch(98.4% .014 180.72)",
            "100": "oklch(95.3% .051 180.8)",
            "200": "oklch(91% .096 180.43)",
            "300": "oklch(85.5% .138 181.07)",
            "400": "oklch(77.7% .152 181.91)",
            "500": "oklch(70.4% .14 182.5)",
            "600": "oklch(60% .118 184.7)",
            "700": "oklch(51.1% .096 186.39)",
            "800": "oklch(43.7% .078 188.22)",
            "900": "oklch(38.6% .063 188.42)",
            "950": "oklch(27.7% .046 192.52)",
        },
    },
    "STYLES": ["config.backoffice.own_style"],
}

# What is written down ---------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "line",
        },
    },
    "root": {
        "handlers": ["stdout"],
        "level": env.choice("LOG_LEVEL", ("INFO", "DEBUG", "WARNING")),
    },
    "loggers": {"django": {"level": "INFO", "handlers": [], "propagate": True}},
}
