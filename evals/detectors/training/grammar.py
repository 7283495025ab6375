"""Made-up texts from a grammar: `{name}` stands for any of the lines of that name."""

import random
import re
from collections.abc import Mapping

SLOT = re.compile(r"\{(\w+)\}")
SPACES = re.compile(r" {2,}")
Rules = Mapping[str, list[str]]


def lines(text: str) -> list[str]:
    """One entry for each line; `\\n` in a line becomes a line break."""
    return [line.replace("\\n", "\n") for line in text.strip("\n").split("\n")]


def words(text: str) -> list[str]:
    """One entry for each part between bars."""
    return [part.strip() for part in text.replace("\n", " ").split("|")]


def expand(rules: Rules, start: str, pick: random.Random) -> str:
    """One text. Recursion ends because rules name only rules that stand above them."""

    def choose(match: re.Match[str]) -> str:
        return expand(rules, match[1], pick)

    return SPACES.sub(" ", SLOT.sub(choose, pick.choice(rules[start])))


def spelled(text: str, pick: random.Random) -> str:
    """Sometimes as people type: all lower case, all capitals, without the full stop, a typo."""
    drawn = pick.random()
    if drawn < 0.12:
        return text.lower()
    if drawn < 0.15:
        return text.upper()
    if drawn < 0.27:
        return text.rstrip(".!")
    if drawn < 0.33 and len(text) > 12:
        place = pick.randrange(1, len(text) - 2)
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text
