"""The answer breaks off. Reads the output and why the model stopped."""

import re
from collections.abc import Sequence
from typing import ClassVar

from evals.detectors.base import Evidence, Example, Field, Verdict
from evals.detectors.text import words

STOPPED = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
FINISHED = frozenset({"stop", "end_turn", "stop_sequence", "tool_calls", "tool_use", "complete"})

COMPLETE = re.compile(r"[.!?…。！？:;][\"'”’»)\]*_`]*$|[)\]}>»”\"`|]$|^\W*$|[^\w\s,\-–(\[{/'’&+]$")
"""How a text may well end: a sentence's end, a closed bracket or quotation, an emoji."""
_HANGING_TEXT = """
a an the and or but of to in on at by for with from as into that which is are was were be been
has have had will would can could should may might must not very such than because if when while
their its his her your our my this these within between about until without during der die das
und oder mit von zu für auf ein eine ist le la les et ou de du des un une est el los y o en por para
con
"""
HANGING = frozenset(_HANGING_TEXT.split())
ITEM = re.compile(r"^\s*(?:[-*•+|>]|\d+[.)]|#{1,6}\s|.*\|)|https?://\S+$|[:=]\s*\S+$")
"""Last lines that need no full stop: items of lists, headings, tables, addresses, `key: value`."""

VALUES = {
    "said": 0.99,  # the provider says so
    "open": 0.95,  # an unclosed code block or bracket, a comma, a word that wants another
    "middle": 0.9,  # no full stop, though other sentences of the text have theirs
    "item": 0.3,  # the last line is one that needs none
    "short": 0.15,  # a few words, which often have none
    "whole": 0.02,
}
"""How likely each ending is that of a cut text; docs/detectors/truncation.md says how measured."""
REASONS = {
    "said": "The model reached its limit of tokens.",
    "open": "The text ends where it cannot end.",
    "middle": "The last sentence has no end.",
}
SIGNED = 3
"""Words of a line of its own that may well end a text."""
TAIL = 400
"""Characters at the end that are read."""


class Detector:
    """Rules about the ending; a `finish_reason` of `length` decides."""

    name: ClassVar[str] = "truncation"
    version: ClassVar[str] = "1"
    threshold: ClassVar[float] = 0.5
    needs: ClassVar[tuple[Field, ...]] = ("output",)

    def detect(self, examples: Sequence[Example]) -> list[Verdict | None]:
        """One verdict for each example; None where the output is absent."""
        return [self._one(example) for example in examples]

    def _one(self, example: Example) -> Verdict | None:
        text = (example.output or "").rstrip()
        reason = (example.finish_reason or "").lower()
        if not text:
            return Verdict(VALUES["said"], (), REASONS["said"]) if reason in STOPPED else None
        kind = "said" if reason in STOPPED else ending(text)
        value = VALUES[kind]
        if reason in FINISHED:
            value /= 4  # the model chose to stop there
        if value < self.threshold:
            return Verdict(value)
        start = max(text.rfind("\n"), text.rfind(". "), len(text) - TAIL) + 1
        start += len(text[start:]) - len(text[start:].lstrip())
        evidence = (Evidence("output", min(start, len(text) - 1), len(text), "end"),)
        return Verdict(value, evidence, REASONS[kind])


def ending(text: str) -> str:
    """Which of VALUES the end of a text is; white space at its end is removed already."""
    if text.count("```") % 2:
        return "open"
    tail = text[-TAIL:]
    if COMPLETE.search(tail):
        return "whole"
    if tail[-1] in ",-–([{/&+" or tail.count("(") > tail.count(")"):
        return "open"
    last = tail.rsplit("\n", 1)[-1]
    said = words(last)
    if said and said[-1] in HANGING and len(said) > 1:
        return "open"
    if ITEM.search(last):
        return "item"
    if len(said) <= SIGNED and len(last) < len(tail):
        return "short"  # a name under a letter, the last line of a poem
    others = re.search(r"\w[.!?][\"')]*\s", text[-4 * TAIL :])
    return "middle" if others or len(said) >= 12 else "short"
