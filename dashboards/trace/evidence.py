"""Evidence of scores, marked where the page shows the text that it stands in.

Evidence counts characters of the texts that `evals.subjects` makes of a span. A page shows these
texts in several messages, cut, or as indented JSON: what cannot be marked there is shown as a
passage under its score.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString

from dashboards.marking import Mark, apart, passages
from dashboards.trace.panes import Place, Text
from evals import subjects
from evals.services.loading import subjects_of
from sightglass.accounts.access import Access
from traces.models import Score, Span
from traces.spans import Kind, SpanContent

SHORTEST = 3
"""Characters that must be found again where the shown text is not the one that was scored."""
NAMES = {"input": "the question", "output": "the answer"}

Piece = tuple[Place, int, str]
"""Where a part of a text is shown, at which of the text's characters it begins, and the part."""


@dataclass(slots=True)
class Found:
    """One piece of evidence of one score: characters of `text`."""

    score_id: int
    where: str
    text: str
    mark: Mark
    seen: bool = False
    """It is marked in a message or document of the page."""


@dataclass(slots=True)
class Evidence:
    """What the scores of a span point at."""

    found: list[Found] = field(default_factory=list)
    at: dict[Place, list[tuple[Found, Mark]]] = field(default_factory=lambda: defaultdict(list))
    raw: dict[Place, str] = field(default_factory=dict)

    def lay(self, place: Place, text: Text | None) -> None:
        """Mark what belongs to this place in its text as it is shown."""
        here = self.at.get(place)
        if text is None or not here:
            return
        marks = []
        for found, mark in here:
            shown = self._in_shown(place, mark, text.shown)
            if shown is not None:
                marks.append(shown)
                found.seen = True
        text.marks = tuple(apart(marks, len(text.shown)))

    def _in_shown(self, place: Place, mark: Mark, shown: str) -> Mark | None:
        raw = self.raw[place]
        if raw.startswith(shown):
            return mark if mark.start < len(shown) else None
        wanted = raw[mark.start : mark.end].strip()
        if len(wanted) < SHORTEST or shown.count(wanted) != 1:
            return None
        start = shown.index(wanted)
        return Mark(start, start + len(wanted), mark.title)

    def passages(self, score_id: int) -> list[tuple[str, SafeString]]:
        """(where, marked passages) of what is not marked elsewhere on the page."""
        unseen: dict[tuple[str, str], list[Mark]] = defaultdict(list)
        for one in self.found:
            if one.score_id == score_id and not one.seen:
                unseen[one.where, one.text].append(one.mark)
        shown = [(where, passages(text, marks)) for (where, text), marks in unseen.items()]
        return [(where, html) for where, html in shown if html]

    def seen(self, score_id: int) -> int:
        """How many pieces of this score are marked in the messages and documents."""
        return sum(1 for one in self.found if one.score_id == score_id and one.seen)


def evidence(
    access: Access, span: Span, whole: dict[str, Any], scores: Sequence[Score]
) -> Evidence:
    """Of the scores of one span, but those that raise no alarm: a marked text is one to look at.

    Reads the trace's other spans only where a score points there.
    """
    alarms = [score for score in scores if score.flagged is not False]
    given = [(score, one) for score in alarms for one in score.evidence or () if _is_whole(one)]
    made = Evidence()
    if not given:
        return made
    pieces = _pieces(whole, span.kind)
    contexts = _contexts(access, span, whole, [one for _, one in given])
    for score, one in given:
        name, index = one["field"], one.get("index") or 0
        if name == "context":
            if index >= len(contexts):
                continue
            text, parts = contexts[index], _places_of(whole, contexts[index])
            where = "a document or tool result"
        else:
            parts = pieces.get(name, [])
            text, where = "\n".join(part for _, _, part in parts), NAMES.get(name, name)
        label = str(one.get("label") or "").replace("_", " ")
        title = f"{score.name}: {label}" if label else score.name
        found = Found(score.pk, where, text, Mark(one["start"], one["end"], title))
        made.found.append(found)
        _spread(made, found, parts)
    return made


def _is_whole(one: Any) -> bool:
    """What old or foreign evidence may lack."""
    return isinstance(one, dict) and all(
        isinstance(one.get(name), kind)
        for name, kind in (("field", str), ("start", int), ("end", int))
    )


def _spread(made: Evidence, found: Found, parts: Iterable[Piece]) -> None:
    """Note the evidence at each place that shows a part of its text."""
    for place, begins, part in parts:
        start, end = found.mark.start - begins, found.mark.end - begins
        made.raw[place] = part
        if start < len(part) and end > 0:
            mark = Mark(max(0, start), min(end, len(part)), found.mark.title)
            made.at[place].append((found, mark))


def _pieces(whole: dict[str, Any], kind: str) -> dict[str, list[Piece]]:
    """The question and the answer as `evals.subjects.of_content` reads them, by their places."""
    asked, answered = whole["input_messages"] or [], whole["output_messages"] or []
    plain_input = _plain(("input", 0), whole["input"])
    plain_output = _plain(("output", 0), whole["output"])
    if kind == Kind.TOOL and not asked:
        return {"input": plain_input, "output": plain_output}
    said = [(i, one.get("content")) for i, one in enumerate(asked) if one.get("role") == "user"]
    users = [(i, text) for i, text in said if isinstance(text, str) and text]
    outputs: list[Piece] = []
    begins = 0
    for i, one in enumerate(answered):
        text = one.get("content")
        if isinstance(text, str) and text:
            outputs.append((("answered", i), begins, text))
            begins += len(text) + 1
    inputs: list[Piece] = [(("asked", i), 0, text) for i, text in users[-1:]]
    return {"input": inputs or plain_input, "output": outputs or plain_output}


def _plain(place: Place, value: Any) -> list[Piece]:
    text = subjects.text_of(value)
    return [(place, 0, text)] if text else []


def _contexts(
    access: Access, span: Span, whole: dict[str, Any], given: Iterable[dict[str, Any]]
) -> tuple[str, ...]:
    """The contexts that the evidence counts: the span's own come first."""
    last = max((one.get("index") or 0 for one in given if one["field"] == "context"), default=-1)
    own = subjects.contexts_of(
        SpanContent(input_messages=whole["input_messages"], documents=whole["documents"])
    )
    if last < len(own):
        return own
    subject = subjects_of(access.project.pk, [span]).get((span.trace_id, span.span_id))
    return subject.contexts if subject else own


def _places_of(whole: dict[str, Any], context: str) -> list[Piece]:
    """Where the span itself shows this context."""
    shown: list[tuple[Place, Any]] = [
        (("document", i), one.get("content")) for i, one in enumerate(whole["documents"] or [])
    ]
    for i, one in enumerate(whole["input_messages"] or []):
        if one.get("role") in ("tool", "function"):
            shown.append((("asked", i), one.get("content")))
    texts = [(place, subjects.text_of(value) or "") for place, value in shown]
    parts: list[Piece] = [(place, 0, text) for place, text in texts]
    return [part for part in parts if part[2][: subjects.MAX_TEXT] == context]
