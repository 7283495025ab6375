"""A real `sightglass up` on a home of its own, as a subprocess."""

from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

ROOT = Path(__file__).resolve().parents[2]
READY = "Sightglass is ready"
PATIENCE = 180.0


class Installation:
    """Start, stop, kill and ask one installation. `variables` override the environment."""

    def __init__(self, **variables: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="sightglass-up-")).resolve()
        self.port = free_port()
        self.variables = variables
        self.process: subprocess.Popen[str] | None = None
        self.output: list[str] = []
        self.lines: queue.Queue[str | None] = queue.Queue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        ours = ("SIGHTGLASS_", "DATABASE_URL", "CELERY_", "DJANGO_", "PYTHONPATH")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        return {
            **inherited,
            "SIGHTGLASS_HOME": str(self.home),
            "SIGHTGLASS_PORT": str(self.port),
            **self.variables,
        }

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `sightglass …` beside the installation, to its end."""
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def start(self) -> Installation:
        self.output, self.lines = [], queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "up"],
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        reader = threading.Thread(target=read, args=(self.process, self.lines), daemon=True)
        reader.start()
        self.wait_for(READY)
        return self

    def wait_for(self, text: str) -> str:
        """The next line that holds `text`."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                line = self.lines.get(timeout=0.5)
            except queue.Empty:
                continue
            if line is None:
                break
            self.output.append(line)
            if text in line:
                return line
        raise AssertionError(f"no line with {text!r} in:\n{''.join(self.output)}")

    def printed(self, label: str) -> str | None:
        found = re.search(rf"^{label}: +(\S+)", "".join(self.output), re.MULTILINE)
        return found and found[1]

    def tree(self) -> list[psutil.Process]:
        """Every process of the tree, the supervisor last."""
        assert self.process is not None
        if self.process.poll() is not None:
            return []
        supervisor = psutil.Process(self.process.pid)
        return [*reversed(supervisor.children(recursive=True)), supervisor]

    def child(self, *words: str) -> psutil.Process:
        """The direct child whose command line holds all these words."""
        assert self.process is not None
        for process in psutil.Process(self.process.pid).children():
            if all(word in process.cmdline() for word in words):
                return process
        raise AssertionError(f"no child {words}")

    def kill_tree(self) -> None:
        tree = self.tree()
        for process in reversed(tree):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(tree[:-1], timeout=10)
        if self.process is not None:
            self.process.wait(10)
        self.process = None

    def kill_supervisor(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """The exit code, once everything has ended."""
        assert self.process is not None
        code = self.process.wait(60)
        while (line := self.lines.get(timeout=10)) is not None:
            self.output.append(line)
        self.process = None
        return code

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=10, **arguments)

    def send_span(self, key: str, name: str) -> httpx.Response:
        """One span by OTLP; its trace id is derived from the name."""
        return httpx.post(
            f"{self.url}/v1/traces", content=span_body(name), headers=otlp_headers(key), timeout=10
        )

    def remove(self) -> None:
        if self.process is not None:
            self.kill_tree()
        shutil.rmtree(self.home, ignore_errors=True)


def read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    with process.stdout as stream:
        for line in stream:
            lines.put(line)
    lines.put(None)


def trace_id(name: str) -> bytes:
    return name.encode().ljust(16, b"_")[:16]


def span_body(name: str) -> bytes:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id = trace_id(name), b"\x01" * 8
    span.name = name
    span.start_time_unix_nano = time.time_ns() - 10**9
    span.end_time_unix_nano = time.time_ns()
    return request.SerializeToString()


def otlp_headers(key: str) -> dict[str, str]:
    return {"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {key}"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(condition: Any, what: str, seconds: float = 30.0) -> Any:
    """The first true value of `condition()`; connection errors count as not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if value := condition():
                return value
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")
