"""The home folder: one supervisor at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HomeInUse(Exception):
    """Another supervisor holds this home; the message names it."""


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Hold the home while the block runs; the system lets go however we end. Raises HomeInUse."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise HomeInUse(
                f"Sightglass already runs on {home} (process {file.read().strip() or 'unknown'})"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def broker_folders(home: Path) -> dict[str, str]:
    """The folders of the embedded broker, made if missing, as Celery's transport options."""
    folders = {name: home / "broker" / name for name in ("messages", "control", "taken")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folders["messages"]),
        "data_folder_out": str(folders["messages"]),
        "control_folder": str(folders["control"]),
        "processed_folder": str(folders["taken"]),
    }


def drop_messages(home: Path) -> None:
    """Before the worker starts: a message cut short, by a full disk say, would end it each time."""
    for message in Path(broker_folders(home)["data_folder_in"]).iterdir():
        message.unlink(missing_ok=True)


def empty_broker(home: Path) -> None:
    """Start with an empty broker: it carries wake-ups only, and a kill may cut a file short."""
    shutil.rmtree(home / "broker", ignore_errors=True)
    broker_folders(home)
