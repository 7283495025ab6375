"""Scripts that come with Python libraries, served from where pip put them; large files packed."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import plotly
from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.files.storage import FileSystemStorage, Storage

FOLDER = Path(plotly.__file__).parent / "package_data"
NAME = "plotly.min.js"
PREFIX = "plotly"
PACKED_FROM = 100_000
"""Bytes from which a script is worth a packed twin, which WhiteNoise sends to who takes it."""


class PlotlyFinder(BaseFinder):
    """Finds plotly/plotly.min.js, and nothing else of what lies beside it."""

    def find(self, path: str, find_all: bool = False, **more: Any) -> Any:
        if path != f"{PREFIX}/{NAME}":
            return []
        there = str(FOLDER / NAME)
        return [there] if find_all else there

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[tuple[str, Storage]]:
        storage = FileSystemStorage(location=FOLDER)
        storage.prefix = PREFIX  # type: ignore[attr-defined]  # where collectstatic puts it
        yield NAME, storage


class PackingStorage(StaticFilesStorage):
    """Writes `x.js.gz` beside each large script that collectstatic puts in place."""

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        for name in paths:
            file = Path(self.path(name))
            if dry_run or not name.endswith(".js") or file.stat().st_size < PACKED_FROM:
                continue
            packed = file.with_name(f"{file.name}.gz")
            if packed.exists() and packed.stat().st_mtime >= file.stat().st_mtime:
                continue
            # The same bytes for the same file, whenever it was packed.
            packed.write_bytes(gzip.compress(file.read_bytes(), compresslevel=6, mtime=0))
            yield name, f"{name}.gz", True
