"""Ready judges: prompts as versioned data. A changed prompt is a new version of its file.

A judge made from one keeps the text that it was made with.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Ready:
    """A judge of the library. `scale` is empty for pairs."""

    name: str
    version: int
    title: str
    description: str
    target: str
    instructions: str
    higher_is_better: bool
    scale: dict[str, Any] = field(default_factory=dict)
    kind: str = "judge"
    threshold: float | None = None
    flag: tuple[str, ...] = ()

    @property
    def evaluator_name(self) -> str:
        return self.name.replace("-", "_")


@cache
def library() -> dict[str, Ready]:
    """The judges by name, in the order of their titles."""
    found = [_read(path) for path in FOLDER.glob("*.toml")]
    return {one.name: one for one in sorted(found, key=lambda one: one.title)}


def _read(path: Path) -> Ready:
    data = tomllib.loads(path.read_text())
    flag = tuple(data.pop("flag", ()))
    instructions = " ".join(data.pop("instructions").split())
    return Ready(name=path.stem, instructions=instructions, flag=flag, **data)
