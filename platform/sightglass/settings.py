"""One settings file: everything the environment can change is read here and nowhere else."""

from pathlib import Path
from typing import Any

from sightglass import email, oidc
from sightglass.environment import Environment

BASE_DIR = Path(__file__).resolve().parents[2]
env = Environment()

DEBUG = env.boolean("SIGHTGLASS_DEBUG", default=False)
HOME = env.path("SIGHTGLASS_HOME", default=Path.cwd() / ".sightglass")
SECRET_KEY = env.secret_key()
ALLOWED_HOSTS = env.list("SIGHTGLASS_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("SIGHTGLASS_TRUSTED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/v1/scores$"  # for pages that hold a public key: sightglass.accounts.cors
CORS_ALLOW_METHODS = ("POST",)
CORS_ALLOW_HEADERS = ("authorization", "content-type")
CORS_PREFLIGHT_MAX_AGE = 600
HTTPS = env.boolean("SIGHTGLASS_HTTPS", default=False)
HOST = env.text("SIGHTGLASS_HOST", default="127.0.0.1")
PORT = env.integer("SIGHTGLASS_PORT", default=8000, low=1, high=65535)
PUBLIC_URL = env.text("SIGHTGLASS_URL", default=f"http://{HOST}:{PORT}").rstrip("/")
WEB_WORKERS = env.integer("SIGHTGLASS_WEB_WORKERS", default=2, low=1, high=64)
WEB_THREADS = env.integer("SIGHTGLASS_WEB_THREADS", default=8, low=1, high=64)
METRICS_TOKEN = env.text("SIGHTGLASS_METRICS_TOKEN", default="")
TRUSTED_PROXIES = env.integer("SIGHTGLASS_TRUSTED_PROXIES", default=0, low=0, high=9)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "sightglass.accounts",
    "sightglass.operations",
    "traces",
    "evals",
    "evals.review",
    "evals.truth",
    "evals.erasures",
    "evals.vectors",
    "evals.datasets",
    "evals.replays",
    "evals.probes",
    "evals.drift",
    "evals.topics",
    "dashboards",
    "dashboards.channels",
    "dashboards.alerts",
    "dashboards.budgets",
    "dashboards.boards",
    "dashboards.digest",
    "dashboards.queues",
]

MIDDLEWARE = [
    "sightglass.operations.middleware.Probes",
    "sightglass.operations.middleware.ClientAddress",
    "sightglass.middleware.IngestShortcut",
    "django.middleware.security.SecurityMiddleware",
    "sightglass.middleware.ContentSecurityPolicy",
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboards.middleware.UnseenShown",
    "dashboards.middleware.OneReading",
    "sightglass.middleware.Refusals",
]

ROOT_URLCONF = "sightglass.urls"
WSGI_APPLICATION = "sightglass.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboards.context.shell",
            ],
        },
    }
]

DATABASES = {"default": env.database(default_home=HOME)}
EMBEDDED_DATABASE = not env.text("DATABASE_URL", default="")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "sightglass.accounts.adapters.AccountAdapter"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key"}
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Sightglass"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Sightglass] "
ACCOUNT_EMAIL_NOTIFICATIONS = True

SOCIALACCOUNT_ADAPTER = "sightglass.accounts.adapters.SocialAccountAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_LOGIN_ON_GET = False
OIDC_ISSUER = env.text("SIGHTGLASS_OIDC_ISSUER", default="")
OIDC_NAME = env.text("SIGHTGLASS_OIDC_NAME", default="single sign-on")
OIDC_CREATES_USERS = env.boolean("SIGHTGLASS_OIDC_CREATE_USERS", default=False)
SOCIALACCOUNT_PROVIDERS = oidc.providers(
    issuer=OIDC_ISSUER,
    name=OIDC_NAME,
    client_id=env.text("SIGHTGLASS_OIDC_CLIENT_ID", default=""),
    secret=env.text("SIGHTGLASS_OIDC_CLIENT_SECRET", default=""),
)
# Shared by all web processes: what is counted against a limit must be counted once.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "sightglass_cache",
        # Above it, entries are dropped at random: nobody should be able to make theirs forgotten.
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = env.path("SIGHTGLASS_STATIC_ROOT", default=HOME / "static")
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "dashboards.bundles.PlotlyFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "dashboards.bundles.PackingStorage"},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["sightglass.accounts.authentication.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["sightglass.accounts.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["sightglass.parsers.StorableJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "sightglass.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sightglass",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {  # where several fields of one name hold different values
        "ChannelKindEnum": "dashboards.channels.models.Channel.Kind",
        "ChartKindEnum": "dashboards.boards.models.Kind",
        "DatasetPersonalDataEnum": ["refuse", "redact", "drop", "keep"],
        "DriftWindowStateEnum": "evals.drift.models.Window.State",
        "EvaluatorKindEnum": "evals.models.Kind",
        "EvaluatorTargetEnum": "evals.models.Target",
        "IntervalEnum": ["hour", "day", "week"],
        "ReplayStateEnum": ["waiting", "running", "done", "stopped", "failed"],
        "RuleGroupByEnum": "dashboards.alerts.documents.GROUPINGS",
        "RunStateEnum": ["running", "done", "stopped"],
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "traces.api.schema.add_ingest",
    ],
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

MAX_BODY_BYTES = env.integer("SIGHTGLASS_MAX_BODY_MB", default=16, low=1, high=1024) * 2**20
MAX_INFLATED_BYTES = 4 * MAX_BODY_BYTES
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES

EMBEDDED_BROKER = not env.text("CELERY_BROKER_URL", default="")
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", default="filesystem://localhost")
ALLOW_PRIVATE_PROVIDERS = env.boolean("SIGHTGLASS_ALLOW_PRIVATE_PROVIDERS", default=False)
ALLOW_PRIVATE_WEBHOOKS = env.boolean("SIGHTGLASS_ALLOW_PRIVATE_WEBHOOKS", default=False)
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 3
CELERY_BEAT_SCHEDULE_FILENAME = str(HOME / "beat-schedule")
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_CONCURRENCY = env.integer("SIGHTGLASS_WORKERS", default=2, low=1, high=64)
CELERY_TASK_ROUTES = {  # what waits for other machines: models, webhooks, mail servers
    "evals.tasks.judge": {"queue": "judges"},
    "evals.tasks.run_ragas": {"queue": "judges"},
    "evals.truth.tasks.ask": {"queue": "judges"},
    "evals.topics.tasks.name": {"queue": "judges"},
    "evals.replays.tasks.ask": {"queue": "judges"},
    "evals.probes.tasks.ask": {"queue": "judges"},
    "evals.vectors.tasks.embed_elsewhere": {"queue": "judges"},
    "evals.vectors.tasks.fill": {"queue": "judges"},
    "dashboards.channels.tasks.deliver": {"queue": "judges"},
    "dashboards.digest.tasks.send_due": {"queue": "judges"},
    "dashboards.queues.tasks.tell": {"queue": "judges"},
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "sightglass.kernel.logs.LineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["console"],
        "level": env.text("SIGHTGLASS_LOG_LEVEL", default="INFO").upper(),
    },
    "loggers": {name: {"level": "WARNING"} for name in ("apprise", "celery", "httpx", "kombu")},
}
ADMIN_EMAIL = env.text("SIGHTGLASS_ADMIN_EMAIL", default="")
ADMIN_PASSWORD = env.text("SIGHTGLASS_ADMIN_PASSWORD", default="")
FIRST_API_KEY = env.text("SIGHTGLASS_API_KEY", default="")
EMAIL_URL = env.text("SIGHTGLASS_EMAIL_URL", default="")
globals().update(email.settings_of(EMAIL_URL))
