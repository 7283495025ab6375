"""What `sightglass check` finds."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """`error`: must not go into production so; `warning`: think about it. `name` is stable."""

    level: Level
    name: str
    detail: str
