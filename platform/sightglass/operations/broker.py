"""The embedded broker: kombu's filesystem transport, with messages that appear whole.

kombu opens a message's file where readers look for it and then writes. A reader that comes between
takes an empty message and its worker dies of it. Here the file is written under a hidden name
first.
"""

from __future__ import annotations

import logging
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps

logger = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    def _put(  # type: ignore[override]  # kombu's own classes disagree on the second name
        self, queue: str, message: Any, **kwargs: Any
    ) -> None:
        folder = Path(self.data_folder_out)
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        hidden = folder / f".{name}"
        hidden.write_bytes(str_to_bytes(dumps(message)))
        hidden.rename(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        while True:
            try:
                return super()._get(queue)
            except ValueError:  # a message is a wake-up that comes again by the schedule
                logger.warning("A message of the queue %s could not be read and is dropped", queue)


class Transport(filesystem.Transport):
    Channel = Channel


def install() -> None:
    """Let `filesystem://` mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
