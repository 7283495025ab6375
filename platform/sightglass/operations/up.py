"""`sightglass up`: everything in one process tree, in the order in which parts need each other."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from django.conf import settings

from sightglass.operations import embedded_postgres, home, preparation
from sightglass.operations.processes import Program, end_orphans, nothing
from sightglass.operations.supervisor import Supervisor

READY_SECONDS = 90.0
BACKLOG = 1024
logger = logging.getLogger(__name__)


class CannotStart(Exception):
    """The installation cannot start; the message says why and what helps."""


Say = Callable[[str], None]


def run(say: Say) -> None:
    """Run until a signal asks to stop. Raises CannotStart, PostgresError, HomeInUse."""
    supervisor = Supervisor(settings.HOME)
    supervisor.catch_signals()
    with home.held(settings.HOME):
        if count := end_orphans(settings.HOME):
            logger.warning("Ended %d processes that a killed run had left", count)
        with listen(settings.HOST, settings.PORT) as listener:
            try:
                start(supervisor, listener, say)
                supervisor.keep()
            finally:
                listener.close()
                supervisor.stop()
    say("Sightglass has stopped.")


def start(supervisor: Supervisor, listener: socket.socket, say: Say) -> None:
    if settings.EMBEDDED_DATABASE:
        embedded_postgres.initialise(settings.HOME)
        [server] = supervisor.start(embedded_postgres.program(settings.HOME))
        embedded_postgres.wait_ready(settings.HOME, lambda: server.alive)
    if settings.EMBEDDED_BROKER:
        home.empty_broker(settings.HOME)
    steps = preparation.steps(say)
    while not supervisor.stopping.is_set():
        step = next(steps, None)
        if step is None:
            supervisor.start(worker(), judges())
            supervisor.start(web(listener), beat())
            return wait_ready(supervisor, say)


def listen(host: str, port: int) -> socket.socket:
    """The web server's socket, ours so that it outlives the web server. Raises CannotStart."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CannotStart(
            f"Cannot listen on {host}:{port} ({error.strerror}): is something else running there?"
            " Choose another with SIGHTGLASS_HOST and SIGHTGLASS_PORT."
        ) from error
    listener.listen(BACKLOG)
    return listener


def variables() -> dict[str, str]:
    """What a child needs to be the same installation, wherever we were started from."""
    return {
        "SIGHTGLASS_HOME": str(settings.HOME),
        "DJANGO_SETTINGS_MODULE": "sightglass.settings",
        "PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry),
    }


def web(listener: socket.socket) -> Program:
    number = listener.fileno()
    config = ["-c", "python:sightglass.operations.gunicorn_conf", "--bind", f"fd://{number}"]
    return Program(
        name="web",
        command=[sys.executable, "-m", "gunicorn", *config, "sightglass.wsgi"],
        patience=30.0,
        pass_fds=(number,),
        variables=variables(),
    )


QUIET = ("--pool=threads", "--without-gossip", "--without-mingle", "--without-heartbeat")


def worker() -> Program:
    """One process of threads: it shares a machine with the web server, and has to end quickly."""
    return Program(
        name="worker",
        command=[*celery("worker"), *QUIET],
        patience=10.0,
        nice=10,
        variables=variables(),
        before=(lambda: home.drop_messages(settings.HOME)) if settings.EMBEDDED_BROKER else nothing,
    )


def judges() -> Program:
    """Judges wait for providers, hundreds of calls at once: detectors must not hold them up."""
    return Program(
        name="judges",
        command=[*celery("worker"), *QUIET, "-Q", "judges", "-c", "12", "-n", "judges@%h"],
        patience=10.0,
        nice=10,
        variables=variables(),
    )


def beat() -> Program:
    return Program(
        name="beat", command=[*celery("beat"), "--pidfile="], patience=5.0, variables=variables()
    )


def celery(role: str) -> list[str]:
    command = [sys.executable, "-m", "celery", "-A", "sightglass.celery", "--quiet", role]
    return [*command, "--loglevel", "WARNING"]


def address() -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)  # noqa: S104
    return f"http://[{host}]:{settings.PORT}" if ":" in host else f"http://{host}:{settings.PORT}"


def wait_ready(supervisor: Supervisor, say: Say) -> None:
    """Say the address once it answers; after READY_SECONDS say that it does not, and go on."""
    deadline = time.monotonic() + READY_SECONDS
    detail = ""
    while not supervisor.stopping.is_set() and time.monotonic() < deadline:
        supervisor.tend()
        try:
            answer = httpx.get(f"{address()}/readyz", timeout=5.0, trust_env=False)
        except httpx.HTTPError as error:
            detail = str(error)
        else:
            detail = answer.text
            if answer.status_code == httpx.codes.OK:
                return say(f"Sightglass is ready: {address()}")
        time.sleep(0.1)
    if not supervisor.stopping.is_set():
        logger.error("Not ready after %.0f s: %s", READY_SECONDS, detail)
