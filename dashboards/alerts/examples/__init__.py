"""Rules to begin with, as data: what most teams want to be told of."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from dashboards.alerts import documents, sheets
from dashboards.alerts.reading import Document

FOLDER = Path(__file__).parent


@cache
def _files() -> dict[str, dict[str, Any]]:
    return {file.stem: sheets.load(file.read_bytes()) for file in sorted(FOLDER.glob("*.yaml"))}


def names() -> list[str]:
    return list(_files())


def about(name: str) -> str:
    """What the example is for, in a sentence or two. Raises KeyError."""
    text: str = _files()[name]["about"]
    return text.strip()


def document(name: str) -> Document:
    """The whole document of an example. Raises KeyError."""
    return documents.write(documents.read(_files()[name]["rule"]))
