"""Every setting, each from the environment.

SOGOC_HOME        folder of the archive's own state (default `.sogoc`)
SOGOC_DATABASE    `postgresql://user@host/name` (or `postgresql:///name?host=/socket/folder`); default SQLite in SOGOC_HOME
SOGOC_SECRET_KEY  secret of web sessions; default the one in SOGOC_HOME, else a new one each time
SOGOC_HOSTS       host names the web pages answer to, separated by commas (default: this machine only)
SOGOC_ADDRESS_HEADER  header in which the proxy in front says who asks, such as X-Forwarded-For, whose last address counts; unset,
                  it is whoever connects, and those on this machine are not told apart
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

HOME = Path(os.environ.get("SOGOC_HOME", ".sogoc")).resolve()


# What a host held that lost its power or its line, the server gives to others after half a minute and not after hours.
_LET_GO = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4 -c tcp_user_timeout=30000"
    " -c idle_in_transaction_session_timeout=10min"
)


def _database() -> dict[str, Any]:
    url = os.environ.get("SOGOC_DATABASE")
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HOME / "register.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                # NORMAL in WAL mode loses acknowledged commits at a power cut; FULL does not.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON;"
                # What was erased does not stay behind in free pages.
                " PRAGMA secure_delete=ON",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ImproperlyConfigured(
            f"SOGOC_DATABASE is a {parts.scheme or 'path'}; it must be postgresql://…, or unset for SQLite"
        )
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or query.pop("user", "")),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or query.pop("host", ""),
        "PORT": parts.port or query.pop("port", ""),
        # Not for Django's own cursors, which never prepare: for the questions of `register.planned`.
        "OPTIONS": {"options": _LET_GO, "prepare_threshold": 5} | query,
    }


def _secret_key() -> str:
    given = os.environ.get("SOGOC_SECRET_KEY")
    if given:
        return given
    kept = HOME / "keys" / "web-secret"
    # Without one, sessions end with the process: better than a secret that everybody knows.
    return kept.read_text() if kept.is_file() else secrets.token_urlsafe(48)


# A connection is kept from one request to the next: to open one takes longer than to verify a diploma.
DATABASES = {"default": _database() | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
SECRET_KEY = _secret_key()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("SOGOC_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
ADDRESS_HEADER = os.environ.get("SOGOC_ADDRESS_HEADER", "")
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "sogoc.register",
    "sogoc.web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "sogoc.web.content_policy.ContentPolicy",
    "django.middleware.csrf.CsrfViewMiddleware",
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "style-src": ["'self'"],
        "script-src": ["'self'"],
        "font-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
ROOT_URLCONF = "sogoc.server.urls"
WSGI_APPLICATION = "sogoc.server.wsgi.application"
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {}},
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "vi"
FORMAT_MODULE_PATH = ["sogoc.server.formats"]
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # straight from the package: nothing to collect before a start
WHITENOISE_MAX_AGE = 3600
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Of a web worker. Threads that compute take the interpreter from one another, and each time costs more than the wait that it saves.
WEB_THREADS = 3
# What people bring to be verified stays in memory: no upload ever touches the disk.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
MAX_PRESENTED_BYTES = 8 * 2**20
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = MAX_PRESENTED_BYTES + 2**16
DATA_UPLOAD_MAX_NUMBER_FILES = 4
SECURE_REFERRER_POLICY = "no-referrer"
# Django by itself tells nobody of an error outside DEBUG. No message holds personal data: see sogoc.errors.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        "sogoc": {"handlers": ["stderr"], "level": "WARNING"},
    },
}
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008"]  # TLS ends at the proxy in front
