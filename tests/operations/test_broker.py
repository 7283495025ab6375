"""Messages of the embedded broker appear whole; a broken one costs nobody their worker."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection
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

    def write() -> None:
        with connection.clone() as mine, mine.SimpleQueue("work") as queue:
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


def test_a_broken_message_is_dropped(connection: Connection, tmp_path: Path) -> None:
    with connection.SimpleQueue("broken") as queue:
        incoming = Path(str(broker_folders(tmp_path)["data_folder_in"]))
        (incoming / "0_cut.broken.msg").write_bytes(b"")
        with pytest.raises(SimpleQueue.Empty):
            queue.get(timeout=0.5)
        queue.put({"number": 1})
        assert queue.get(timeout=60).payload == {"number": 1}
