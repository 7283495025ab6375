"""`sightglass evaluate`: detectors over a file of examples, without server or database."""

from __future__ import annotations

import json
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evals.detectors.base import Detector
from evals.detectors.registry import MODULES, UnknownDetectorError, load
from evals.evaluate import LineError, evaluate, read


class Command(BaseCommand):
    help = "Run detectors over JSON lines with id, input, output, context. Needs no server."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("input", help="file of JSON lines; - reads standard input")
        parser.add_argument(
            "--detector",
            action="append",
            required=True,
            dest="detectors",
            metavar="NAME",
            help=f"may be repeated; one of {', '.join(MODULES)}",
        )
        parser.add_argument(
            "--output", required=True, help="file to write; - writes standard output"
        )
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        detectors = [self._loaded(name) for name in dict.fromkeys(options["detectors"])]
        done = 0
        found: Counter[str] = Counter()
        silent: Counter[str] = Counter()
        limits = {detector.name: detector.threshold for detector in detectors}
        with ExitStack() as opened:
            source, target = _open(options["input"], options["output"], opened)
            try:
                for line in evaluate(read(source), detectors):
                    target.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
                    done += 1
                    for name, score in line["scores"].items():
                        silent[name] += score["value"] is None
                        found[name] += (score["value"] or 0.0) >= limits[name]
            except LineError as error:
                raise CommandError(f"{options['input']}, {error}") from None
        if options["output"] != "-":
            self._tell(done, found, silent, limits, as_json=options["as_json"])

    @staticmethod
    def _loaded(name: str) -> Detector:
        try:
            return load(name)
        except UnknownDetectorError as error:
            raise CommandError(str(error)) from None

    def _tell(
        self,
        done: int,
        found: Counter[str],
        silent: Counter[str],
        limits: dict[str, float],
        *,
        as_json: bool,
    ) -> None:
        if as_json:
            detectors = {
                name: {"found": found[name], "silent": silent[name], "threshold": limit}
                for name, limit in limits.items()
            }
            self.stdout.write(json.dumps({"examples": done, "detectors": detectors}))
            return
        for name, limit in limits.items():
            judged = done - silent[name]
            self.stdout.write(
                f"{name}: found in {found[name]:,} of {judged:,} (from {limit:g} on)"
                + (f"; nothing to say about {silent[name]:,}" if silent[name] else "")
            )


def _open(source: str, target: str, opened: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """Both files, closed at the end. Raises CommandError."""
    if source != "-" and target != "-" and _is_same(Path(source), Path(target)):
        raise CommandError("--output is the input file.")
    try:
        reading = _file(source, "rb", sys.stdin.buffer, opened)
        return reading, _file(target, "wb", sys.stdout.buffer, opened)
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from None


def _file(name: str, mode: str, standard: IO[bytes], opened: ExitStack) -> IO[bytes]:
    return standard if name == "-" else opened.enter_context(Path(name).open(mode))


def _is_same(source: Path, target: Path) -> bool:
    return source.exists() and target.exists() and source.samefile(target)
