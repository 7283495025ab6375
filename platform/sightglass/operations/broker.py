"""The embedded broker: kombu's filesystem transport, with messages that appear whole.

kombu opens a message's file where readers look for it and then writes. A reader that comes between
takes an empty message and its worker dies of it. Here the file is written under a hidden name
first. So is the table that says which queues an exchange leads to: who publishes while it is made
anew would find none, and the message would lead nowhere.
"""

from __future__ import annotations

import fcntl
import logging
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps

logger = logging.getLogger(__name__)
_binding = threading.Lock()
"""kombu notes that a queue is bound before it is: another thread would publish in between."""


class Channel(filesystem.Channel):
    def _put(  # type: ignore[override]  # kombu's own classes disagree on the second name
        self, queue: str, message: Any, **kwargs: Any
    ) -> None:
        folder = Path(self.data_folder_out)
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        hidden = folder / f".{name}"
        hidden.write_bytes(str_to_bytes(dumps(message)))
        hidden.rename(folder / name)

    def queue_bind(self, *args: Any, **kwargs: Any) -> None:
        with _binding:
            super().queue_bind(*args, **kwargs)

    def _queue_bind(
        self, exchange: str, routing_key: str | None, pattern: str | None, queue: str | None
    ) -> None:
        bound = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        table = self._exchange_file(exchange)  # type: ignore[attr-defined]
        self.control_folder.mkdir(exist_ok=True)
        with self.control_folder.joinpath(".binding").open("wb") as other_processes:
            fcntl.flock(other_processes, fcntl.LOCK_EX)
            queues = self.get_table(exchange)
            if bound not in queues:
                hidden = table.with_name(f".{table.name}")
                hidden.write_bytes(str_to_bytes(dumps([bound, *queues])))
                hidden.rename(table)

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
