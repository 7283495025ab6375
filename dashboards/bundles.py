"""Scripts that come with Python libraries, served from where pip put them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import plotly
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

FOLDER = Path(plotly.__file__).parent / "package_data"
NAME = "plotly.min.js"
PREFIX = "plotly"


class PlotlyFinder(BaseFinder):
    """Finds plotly/plotly.min.js, and nothing else of what lies beside it."""

    def find(self, path: str, find_all: bool = False, **more: Any) -> Any:
        there = str(FOLDER / NAME) if path == f"{PREFIX}/{NAME}" else None
        if find_all:
            return [there] if there else []
        return there

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[tuple[str, Storage]]:
        storage = FileSystemStorage(location=FOLDER)
        storage.prefix = PREFIX  # type: ignore[attr-defined]  # where collectstatic puts it
        yield NAME, storage
