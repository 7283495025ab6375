"""The words of the story: templates that are filled by chance, consistently within one visit."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from random import Random
from typing import Any
from unicodedata import normalize

SLOT = re.compile(r"\{(\w+)\}")
_HERE = Path(__file__).parent
SHOP: dict[str, Any] = tomllib.loads((_HERE / "shop.toml").read_text(encoding="utf-8"))
AGENTS: dict[str, Any] = tomllib.loads((_HERE / "agents.toml").read_text(encoding="utf-8"))
LISTS: dict[str, list[str]] = SHOP["words"]

SETTLED = ("wood", "piece", "place", "carrier", "colour", "first")
"""Words that stay the same throughout a visit."""


class Voice:
    """Fills `{slots}`: what is settled for this visit stays, the rest is drawn anew each time."""

    def __init__(self, rng: Random, **facts: str) -> None:
        self.rng = rng
        self.facts = {name: rng.choice(LISTS[name]) for name in SETTLED} | facts
        self.facts |= {
            "product": f"{self.facts['wood']} {self.facts['piece']}",
            "order": str(rng.randrange(204_000, 318_000)),
            "ticket": f"T-{rng.randrange(10_000, 99_999)}",
            "state": rng.choice(("paid", "packed", "handed over", "on its way")),
            "stock": rng.choice(("in stock", "sold out", "down to the last two pieces")),
            "module": rng.choice(AGENTS["coding"]["modules"]),
            "page": rng.choice(AGENTS["coding"]["pages"]),
        }
        for name in ("carrier", "place", "piece"):
            plain = normalize("NFKD", self.facts[name]).encode("ascii", "ignore").decode()
            self.facts[f"{name}_host"] = plain.lower().replace(" ", "-")

    def say(self, template: str) -> str:
        """The template with every slot filled, also those inside of what fills one."""
        return SLOT.sub(self._word, template).strip()

    def one(self, templates: list[str]) -> str:
        """One of them, filled."""
        return self.say(self.rng.choice(templates))

    def _word(self, slot: re.Match[str]) -> str:
        name = slot[1]
        if name in self.facts:
            return self.facts[name]
        if name == "code":
            return str(self.rng.randrange(12, 480))
        if name == "price":
            return f"{self.rng.uniform(19, 890):.2f}"
        return self.say(self.rng.choice(LISTS[name]))
