"""One file of settings, in titled sections, without logic.

config/env.py reads and refuses; config/production.py refuses what is unsafe for real data.
"""

from datetime import timedelta
from pathlib import Path

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from config import env, production
from config.geocoders import SERVICES
from config.headers import POLICY
from organization import retention_periods

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
# Keys of the seals, parted by commas: the first one seals, all of them verify.
SEAL_KEYS = env.key("SEAL_KEYS", kept_in=VAR_DIR, may_be_made=not PRODUCTION).split(",")

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
    "axes",
    "guardian",
    "import_export",
    "rest_framework",
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
    "config.headers.Headers",
    "config.headers.ContentPolicy",
    "django.middleware.security.SecurityMiddleware",
    "config.headers.KnownMethods",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Outside of everything that may refuse, so that refusals are written down.
    "config.trail.Trail",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.gate.Gate",
    "config.floods.Exports",
    "config.languages.OwnLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
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

# Hosts that are reached over a network nobody else is on, so that TLS may be left out.
PRIVATE_HOSTS = env.words("PRIVATE_HOSTS")
DATABASES = {"default": env.database("DATABASE_URL", embedded=VAR_DIR / "kaoqin.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Who may come in -------------------------------------------------------------------------------

AUTH_USER_MODEL = "organization.User"
AUTHENTICATION_BACKENDS = [
    # Turns away who failed too often, before a password is looked at.
    "axes.backends.AxesStandaloneBackend",
    "organization.passwords.PasswordBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "organization.passwords.LongEnough",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "organization.passwords.WithoutContextWords"},
    {"NAME": "organization.passwords.EndsTokens"},
]
PASSWORD_HASHERS = [
    "organization.passwords.Argon2",
    # Passwords of earlier releases; each is kept anew by the first one when it is next used.
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# Whether whoever may see or change other people's rows must have a second factor to log in.
SECOND_FACTOR = env.choice(
    "SECOND_FACTOR", ("required", "offered") if PRODUCTION else ("offered", "required")
)
# A session ends this long after its last use, and so long after the log-in however busy it is.
SESSION_ENGINE = "organization.sessions"
SESSION_COOKIE_AGE = 60 * env.integer("SESSION_IDLE_MINUTES", default=120, least=10)
SESSION_AT_MOST = timedelta(hours=env.integer("SESSION_HOURS", default=12, least=1))
# Too many wrong log-ins: organization/lockout.py says how many, and who is counted apart.
AXES_HANDLER = "organization.lockout.Handler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address", "username"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "organization.lockout.address_for_axes"
AXES_LOCKOUT_CALLABLE = "config.doors.locked_out"
# The audit log tells who came in, and has a page of its own.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# Nobody without a log-in holds a grant, so guardian needs no user who stands for nobody.
ANONYMOUS_USER_NAME = None
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"

# How long things are kept -----------------------------------------------------------------------

# Days by class; organization/retention_periods.py holds the table and the bounds.
RETENTION_DAYS = retention_periods.read(env.text("RETENTION_DAYS"))

# The way to the browser ------------------------------------------------------------------------

HTTPS = env.flag("HTTPS", default=PRODUCTION)
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", default=31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
# Without a proxy, the web server ends TLS itself.
TLS_CERT = env.text("TLS_CERT")
TLS_KEY = env.text("TLS_KEY")
# How many proxies of our own stand before it. Without one, no header says who or how anybody came.
PROXIES = env.integer("PROXIES", default=0)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXIES else None
# A liveness check comes from inside, over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
# To be preloaded is for whoever owns the whole domain to decide.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
# The prefix makes browsers refuse the cookie from another host, without TLS or for part of the
# site. It needs TLS, which a trial on one machine has not.
_HOST = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_HOST}sessionid"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = f"{_HOST}csrftoken"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.error_pages.csrf_failure"
LANGUAGE_COOKIE_NAME = f"{_HOST}language"
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
# By what a browser on a wall is known; it opens the code of one screen.
SCREEN_COOKIE_NAME = f"{_HOST}screen"
# How often one address may try codes that pair a browser with a screen.
# How many punches of one person may be held within an hour: each wants a person to decide.
HELD_PUNCHES_AN_HOUR = env.integer("HELD_PUNCHES_AN_HOUR", default=20, least=1)
PAIRING_RATE = env.rate("PAIRING_RATE", "10/min")
CONTENT_SECURITY_POLICY = {"DIRECTIVES": POLICY}
X_FRAME_OPTIONS = "DENY"
# The rooms of a large grid of shifts or grants are posted as one form.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# Counts -----------------------------------------------------------------------------------------

# Each process counts for itself (organization/throttles.py); nothing of record is kept here.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "counts": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "counts",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    },
}

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

# Telling people ---------------------------------------------------------------------------------

# Without a mail server nothing leaves the house; the app's own list is always there.
_MAIL = env.mail("EMAIL_URL")
SENDS_MAIL = not _MAIL["EMAIL_BACKEND"].endswith("dummy.EmailBackend")
EMAIL_BACKEND = _MAIL["EMAIL_BACKEND"]
EMAIL_HOST = _MAIL.get("EMAIL_HOST", "localhost")
EMAIL_PORT = _MAIL.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _MAIL.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _MAIL.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _MAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _MAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", "kaoqin@localhost")
# What links in mails begin with; without it they hold none.
SITE_URL = env.origin("SITE_URL")
# In which realms and domains the user names of the Wi-Fi are ours: corp.example, CORP.
WIFI_REALMS = env.words("WIFI_REALMS")
# Where robots of chat groups listen besides WeCom's, DingTalk's and Feishu's hosts.
ROBOT_HOSTS = env.words("ROBOT_HOSTS")

# The interface for programs --------------------------------------------------------------------

# How often one log-in and one address may ask, and how many wrong keys an address may send.
API_RATE = env.rate("API_RATE", "6000/min")
API_ADDRESS_RATE = env.rate("API_ADDRESS_RATE", "12000/min")
TOKEN_RATE = env.rate("TOKEN_RATE", "30/min")
# How often one log-in and one address may take tables away as files.
EXPORT_RATE = env.rate("EXPORT_RATE", "20/min")
EXPORT_ADDRESS_RATE = env.rate("EXPORT_ADDRESS_RATE", "100/min")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "organization.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.parsing.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "config.api.ByCursor",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "organization.throttles.ByLogIn",
        "organization.throttles.ByAddress",
    ],
    "EXCEPTION_HANDLER": "config.api.answer",
    "NUM_PROXIES": PROXIES,
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
    # Two shapes hold it, sent as JSON or as a form; the name is of neither.
    "ENUM_NAME_OVERRIDES": {"StartKindEnum": "approvals.api.StartSerializer.KINDS"},
}

# Maps ------------------------------------------------------------------------------------------

# Without tiles a map is a grid of degrees, and no host is asked.
MAP_TILES_URL = env.tiles("MAP_TILES_URL")
MAP_TILES_DATUM = env.choice("MAP_TILES_DATUM", ("wgs84", "gcj02"))
MAP_TILES_ATTRIBUTION = env.text("MAP_TILES_ATTRIBUTION")
# Who finds addresses, asked by the server. Degrees are understood without.
GEOCODER = env.choice("GEOCODER", ("none", *SERVICES))
GEOCODER_DATUM = SERVICES.get(GEOCODER, "wgs84")
GEOCODER_KEY = env.secret("GEOCODER_KEY")
GEOCODER_DOMAIN = env.text("GEOCODER_DOMAIN")
GEOCODER_RATE = env.rate("GEOCODER_RATE", "20/min")

# Tables that come and go as files ---------------------------------------------------------------

IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_SKIP_ADMIN_LOG = False
IMPORT_EXPORT_TMP_STORAGE_CLASS = "organization.import_files.WaitingFile"
# A cell that begins with = + - @ must stay text in the spreadsheet that opens it.
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True

# Flights, for punches that are declared by one ---------------------------------------------------

# An https address with {number} and {date}; empty asks nobody.
FLIGHT_SOURCE_URL = env.text("FLIGHT_SOURCE_URL")

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
    "ENVIRONMENT": "config.backoffice.alarm",
    "SIDEBAR": {
        "show_search": False,
        "navigation": "config.backoffice.navigation",
    },
    "ACCOUNT": {
        "navigation": [
            {"title": _("My attendance"), "link": reverse_lazy("attendance:my-month")},
            {"title": _("My log-in"), "link": reverse_lazy("account")},
        ],
    },
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "config.backoffice.favicon"},
    ],
    # They stand in frontend/src/colors.css: the theme would write them into each page.
    "COLORS": "config.backoffice.no_colors",
    "STYLES": ["config.backoffice.own_style"],
    "SCRIPTS": ["config.backoffice.own_script"],
}

# The app around the punch page -------------------------------------------------------------------

# A corporation of WeCom's, whose app then tells the punch page which Wi-Fi a phone is in.
WECOM_CORP_ID = env.text("WECOM_CORP_ID")
WECOM_AGENT_ID = env.text("WECOM_AGENT_ID")
WECOM_SECRET = env.secret("WECOM_SECRET")
WECOM_API_URL = env.text("WECOM_API_URL", "https://qyapi.weixin.qq.com")

# What is written down ---------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "config.logs.OneLine",
            "format": "{asctime} {levelname} {name}{reference}: {message}",
            "style": "{",
        },
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
    "loggers": {
        "django": {"level": "INFO", "handlers": [], "propagate": True},
        # What it would say stands in the audit log.
        "axes": {"level": "ERROR"},
    },
}

if PRODUCTION:
    production.refuse_what_is_unsafe(globals())
