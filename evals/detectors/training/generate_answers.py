"""Made-up answers to given texts: some that rest on them and some that are corrupted. Seeded.

A source is a few passages put together. A supported answer is made of its sentences, shortened and
re-ordered; a corruption changes one thing in it, as models do.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evals.detectors.text import sentences

NUMBER = re.compile(r"\d+")
NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w'-]+(?: [A-Z][\w'-]+)*")
VERB = re.compile(r"\b(?:is|was|are|were|has|have|can|will)\b")
ASIDE = re.compile(r"\s*\([^()]*\)|, (?:which|who)[^,.]*,")
FILLERS = ("", "", "", "Yes, ", "Well, ", "According to the text, ", "In short, ")


@dataclass(frozen=True, slots=True)
class Made:
    """A source, an answer and whether something in the answer is not supported (1)."""

    context: str
    answer: str
    label: int
    group: str


def generate(passages: Sequence[str], count: int, seed: int = 7) -> list[Made]:
    """`count` sources with a supported and a corrupted answer each."""
    pick = random.Random(seed)  # noqa: S311 - data, not secrets
    made: list[Made] = []
    for number in range(count):
        chosen = pick.sample(passages, pick.randint(1, 8))
        source = [text[start:end] for text in chosen for start, end in sentences(text)]
        foreign = pick.choice(passages)
        answer = _answer(source, pick)
        spoilt = _spoil(answer, source, foreign, pick)
        context, group = "\n".join(chosen), f"made-{number}"
        made.append(Made(context, " ".join(answer), 0, group))
        made.append(Made(context, " ".join(spoilt), 1, group))
    return made


def _answer(source: Sequence[str], pick: random.Random) -> list[str]:
    said = pick.sample(source, min(len(source), pick.choice((1, 1, 2, 3, 4))))
    return [pick.choice(FILLERS) + _shortened(sentence, pick) for sentence in said]


def _shortened(sentence: str, pick: random.Random) -> str:
    if pick.random() < 0.6:
        sentence = ASIDE.sub("", sentence)
    parts = sentence.split(", ")
    if len(parts) > 2 and pick.random() < 0.5:
        del parts[pick.randrange(1, len(parts) - 1)]
    if len(parts) > 1 and pick.random() < 0.3:
        parts = parts[: pick.randint(1, len(parts) - 1)]
    kept = [word for word in ", ".join(parts).split() if pick.random() > 0.06]
    return " ".join(kept).rstrip(".,;") + "."


def _spoil(
    answer: Sequence[str], source: Sequence[str], foreign: str, pick: random.Random
) -> list[str]:
    """The answer with one or two of its sentences corrupted."""
    spoilt = list(answer)
    for _ in range(pick.choice((1, 1, 2))):
        place = pick.randrange(len(spoilt))
        before = spoilt[place]
        for way in pick.sample(WAYS, len(WAYS)):
            spoilt[place] = way(before, source, foreign, pick)
            if spoilt[place] != before:
                break
    return spoilt


def _number(sentence: str, source: Sequence[str], foreign: str, pick: random.Random) -> str:
    def other(match: re.Match[str]) -> str:
        return str(int(match[0][:9]) + pick.choice((-7, -3, -1, 1, 2, 5, 10)))

    return NUMBER.sub(other, sentence)


def _name(sentence: str, source: Sequence[str], foreign: str, pick: random.Random) -> str:
    names = NAME.findall(foreign) + [name for text in source for name in NAME.findall(text)]
    return NAME.sub(lambda match: pick.choice(names), sentence, count=1) if names else sentence


def _negated(sentence: str, source: Sequence[str], foreign: str, pick: random.Random) -> str:
    return VERB.sub(lambda match: f"{match[0]} not", sentence, count=1)


def _foreign(sentence: str, source: Sequence[str], foreign: str, pick: random.Random) -> str:
    start, end = pick.choice(sentences(foreign) or [(0, len(foreign))])
    return foreign[start:end]


def _crossed(sentence: str, source: Sequence[str], foreign: str, pick: random.Random) -> str:
    other = pick.choice(source).split()
    own = sentence.split()
    return " ".join(own[: len(own) // 2] + other[len(other) // 2 :])


def _continued(sentence: str, source: Sequence[str], foreign: str, pick: random.Random) -> str:
    tail = foreign.split()
    return sentence.rstrip(".") + " and " + " ".join(tail[-min(8, len(tail)) :])


Way = Callable[[str, Sequence[str], str, random.Random], str]
WAYS: tuple[Way, ...] = (_number, _name, _negated, _foreign, _foreign, _crossed, _continued)
