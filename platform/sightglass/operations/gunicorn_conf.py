"""Gunicorn's settings, for `sightglass up` and the container image alike (`-c python:…`)."""

import gc
import socket
import struct
from pathlib import Path
from typing import Any

from django.conf import settings

STALL_SECONDS = 30

bind = f"{settings.HOST}:{settings.PORT}"
workers = settings.WEB_WORKERS
worker_class = "sightglass.operations.web_worker.SharingWorker"
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


def when_ready(server: Any) -> None:
    """Gunicorn's hook, before the workers are started."""
    for listener in server.LISTENERS:
        limit_stalls(listener.sock, STALL_SECONDS)


def limit_stalls(listener: socket.socket, seconds: int) -> None:
    """End connections that send or take nothing for so long: each would hold a thread for good.

    Connections inherit the limit from the socket that accepts them. It bounds one pause, not the
    whole request: a client that trickles bytes is for the reverse proxy to bear.
    """
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        listener.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", seconds, 0))


def post_fork(server: object, worker: object) -> None:
    """Leave what was loaded before the fork out of every garbage collection: it stays for good.

    Ingest makes tens of thousands of short-lived objects a request; with Python's usual thresholds
    a third of its time went into looking through the others.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
