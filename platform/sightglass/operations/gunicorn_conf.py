"""Gunicorn's settings, for `sightglass up` and the container image alike (`-c python:…`)."""

from pathlib import Path

from django.conf import settings

bind = f"{settings.HOST}:{settings.PORT}"
workers = settings.WEB_WORKERS
worker_class = "gthread"
threads = settings.WEB_THREADS
preload_app = True
timeout = 120
graceful_timeout = 20
keepalive = 30
limit_request_line = 8190
limit_request_field_size = 16380
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - heartbeats
control_socket_disable = True
accesslog = None
loglevel = "warning"
