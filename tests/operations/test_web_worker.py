"""Connections are spread over the web processes."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = """
import os, time
def app(environ, start_response):
    time.sleep(0.002)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """Two processes of an application that answers with its process id."""
    (tmp_path / "answering.py").write_text(APP)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    listener.set_inheritable(True)
    command = [
        *(sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}"),
        *("--workers", "2", "--threads", "8", "--keep-alive", "30", "--no-control-socket"),
        *("--worker-class", "sightglass.operations.web_worker.SharingWorker", "answering:app"),
    ]
    path = os.pathsep.join([str(tmp_path), *sys.path])
    process = subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, pass_fds=[listener.fileno()]
    )
    try:
        yield listener.getsockname()[1]
    finally:
        process.terminate()
        process.wait(20)
        listener.close()


def test_connections_made_at_once_are_shared(server: int) -> None:
    answered: list[bytes] = []
    connections = [http.client.HTTPConnection("127.0.0.1", server, timeout=60) for _ in range(8)]

    def ask(connection: http.client.HTTPConnection) -> None:
        connection.request("GET", "/")
        answered.append(connection.getresponse().read())

    ask(connections[0])  # waits until the processes are there
    time.sleep(2)
    threads = [threading.Thread(target=ask, args=[one]) for one in connections[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()
    shares = Counter(answered)
    assert sum(shares.values()) == 8
    assert min(shares.values()) >= 2, shares
    assert len(shares) == 2
