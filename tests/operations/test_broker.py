"""Messages of the embedded broker appear whole; a broken one costs nobody their worker."""

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from kombu import Connection, Exchange, Queue
from kombu.simple import SimpleQueue

from sightglass.operations import broker
from sightglass.operations.home import broker_folders

COUNT = 300


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    broker.install()
    folders = broker_folders(tmp_path)
    for folder in folders.values():
        Path(str(folder)).mkdir(parents=True, exist_ok=True)
    with Connection("filesystem://", transport_options=folders) as opened:
        yield opened


def test_readers_beside_a_writer_get_every_message_once(connection: Connection) -> None:
    payload = {"text": "x" * 20_000}
    own = connection.clone()  # here, for a connection is not made by two threads at once

    def write() -> None:
        with own as mine, mine.SimpleQueue("work") as queue:
            for number in range(COUNT):
                queue.put(payload | {"number": number})

    writer = threading.Thread(target=write)
    writer.start()
    seen: list[int] = []
    with connection.SimpleQueue("work") as queue:
        while len(seen) < COUNT:
            message = queue.get(timeout=60)
            message.ack()
            seen.append(message.payload["number"])
    writer.join()
    assert sorted(seen) == list(range(COUNT))


def test_who_publishes_while_queues_are_bound_reaches_the_reader(connection: Connection) -> None:
    """Reader and writer bind a new queue at once, in threads that take turns all the time."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for number in range(80):
            own, name = connection.clone(), f"new-{number}"
            writer = threading.Thread(target=put, args=(own, name))
            writer.start()
            with connection.SimpleQueue(name) as queue:
                writer.join()
                assert queue.get(timeout=20).payload == name
    finally:
        sys.setswitchinterval(usual)


def put(connection: Connection, name: str) -> None:
    with connection, connection.SimpleQueue(name) as queue:
        queue.put(name)


def test_processes_that_bind_at_once_lose_no_queue(connection: Connection, tmp_path: Path) -> None:
    names = [f"queue-{number}" for number in range(60)]
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as processes:
        list(processes.map(bind, [tmp_path] * len(names), names))
    table = connection.default_channel.get_table("shared")  # type: ignore[attr-defined]
    assert sorted(one.queue for one in table) == sorted(names)


def bind(folder: Path, name: str) -> None:
    broker.install()
    exchange = Exchange("shared", "direct")
    with Connection("filesystem://", transport_options=broker_folders(folder)) as opened:
        Queue(name, exchange, routing_key=name)(opened.default_channel).declare()


def test_a_broken_message_is_dropped(connection: Connection, tmp_path: Path) -> None:
    with connection.SimpleQueue("broken") as queue:
        incoming = Path(str(broker_folders(tmp_path)["data_folder_in"]))
        (incoming / "0_cut.broken.msg").write_bytes(b"")
        with pytest.raises(SimpleQueue.Empty):
            queue.get(timeout=0.5)
        queue.put({"number": 1})
        assert queue.get(timeout=60).payload == {"number": 1}
