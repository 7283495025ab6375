"""What is judged: the whole conversation, the answer apart, documents, steps, marked evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString

from dashboards.marking import Mark
from dashboards.trace import panes, scores, words
from dashboards.trace.conversation import conversation
from dashboards.trace.evidence import Evidence, evidence
from evals import subjects
from evals.review.models import Item
from evals.review.questions import FIELDS, Kind, Question
from evals.review.selectors import items as selected
from evals.review.services.standing import Sight
from evals.selectors.scores import versions_of
from evals.services.loading import MAX_CALLS
from sightglass.accounts.access import Access, Permission
from traces.ids import span_hex
from traces.models import Score, Span, Trace
from traces.selectors.traces import (
    OUTLINE,
    outline,
    span_of_trace,
    spans_of_outline,
    spans_whole,
)

EACH, ROOM = 100_000, 600_000
"""Characters of one text and of all that are shown: people judge what they can read."""
RECENT = 6
MAX_STEPS, MAX_OPENED = 60, 20
STEP_TEXT = 1_500
NAMES = {"input": "The question", "output": "The answer"}


@dataclass(slots=True)
class Step:
    """What happened besides model calls; texts only of the first MAX_OPENED."""

    span: Span
    label: str
    duration: str
    input: panes.Text | None = None
    output: panes.Text | None = None


@dataclass(slots=True)
class Shown:
    """An item as the page shows it. `trace` None: it is not stored any more."""

    trace: Trace | None
    facts: list[str] = field(default_factory=list)
    before: list[panes.Message] = field(default_factory=list)
    answer: list[panes.Message] = field(default_factory=list)
    blocks: list[tuple[str, str, panes.Text]] = field(default_factory=list)
    """(id, label, text) of what is no message."""
    documents: list[panes.Document] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    passages: list[tuple[str, str, SafeString]] = field(default_factory=list)
    """(score, where, marked passages) of evidence in texts that are not shown here."""
    markable: list[tuple[str, str, str]] = field(default_factory=list)
    """(field, label, text) in which people mark ranges, where no message is that very text."""
    legend: list[str] = field(default_factory=list)
    """Detectors whose marks are shown."""
    scores: list[scores.Line] | None = None
    """None: hidden until one's own label is given."""
    more_url: str = ""
    """The trace on a page of its own, for those who may open it."""
    left_out: int = 0

    @property
    def has_answer(self) -> bool:
        return bool(self.answer) or any(name == "output" for name, _, _ in self.blocks)

    @property
    def said(self) -> list[tuple[list[panes.Message], bool]]:
        """What was said before the answer; True: a step of the model, not what a user got.

        Of what a model said after one message of the user only the last is a reply; the last of
        all leads to the answer.
        """
        found = []
        is_last = not self.answer
        for one in reversed(self.before):
            found.append(([one], one.answer and not is_last))
            if one.role == "user":
                is_last = True
            elif one.answer:
                is_last = False
        return found[::-1]

    @property
    def is_empty(self) -> bool:
        return not (self.before or self.answer or self.blocks or self.documents)


class Reading:
    """One item being read: what its scores point at, gathered while texts are made."""

    def __init__(self, access: Access, item: Item, sight: Sight) -> None:
        self.access, self.item = access, item
        self.content = selected.content_of(access, item, sight=sight)
        self.room = panes.Room(EACH, ROOM)
        self.found: list[Evidence] = []
        self.by_span: dict[int | None, list[Score]] = defaultdict(list)
        for score in self.content.scores:
            self.by_span[score.span_id].append(score)
        self.wholes: dict[int, dict[str, Any]] = {}

    def judged(self) -> list[Span]:
        """The spans whose messages are the conversation, by start."""
        spans, trace = self.content.spans, self.content.trace
        if trace is None:
            return []
        if self.item.span_id is not None:
            one = span_of_trace(trace, self.item.span_id)
            return [one] if one is not None else []
        calls = [span for span in spans if span.kind == "llm"]
        if self.content.next is not None:  # more spans than were read
            calls = _calls(trace)
        return calls or [span for span in spans if span.parent_id is None][:1] or spans[:1]

    def own_scores(self, span: Span, judged: Sequence[Span]) -> list[Score]:
        """The span's, and at the last call those of the whole trace: they count its answer.

        Of several calls the whole trace has other contexts, and another question, than the last.
        """
        own = self.by_span[span.span_id]
        if span.span_id != judged[-1].span_id:
            return own
        of_trace = self.by_span[None]
        if len(judged) > 1:
            of_trace = [score for score in of_trace if _counts_in_answer(score)]
        return own + of_trace

    def lay_of(self, span: Span, whole: dict[str, Any], judged: Sequence[Span]) -> panes.Lay:
        self.wholes[span.span_id] = whole
        found = evidence(self.access, span, whole, self.own_scores(span, judged))
        self.found.append(found)
        return found.lay

    def lay_context(self, raw: str, text: panes.Text | None) -> None:
        """Mark evidence in a document or tool result, wherever in the trace it was retrieved."""
        if text is None or not raw or not raw.startswith(text.shown):
            return
        marks = list(text.marks)
        known = raw[: subjects.MAX_TEXT]
        for one in (one for found in self.found for one in found.found):
            if one.text == known and one.mark.start < len(text.shown):
                marks.append(Mark(one.mark.start, one.mark.end, one.mark.title))
                one.seen = True
        text.marks = tuple(marks)

    def passages(self) -> list[tuple[str, str, SafeString]]:
        return [
            (score.name, where, html)
            for found in self.found
            for score in self.content.scores
            for where, html in found.passages(score.pk)
        ]

    def legend(self) -> list[str]:
        """Names of the scores that mark anything here, each once, by name."""
        pointing = {one.score_id for found in self.found for one in found.found}
        return sorted({score.name for score in self.content.scores if score.pk in pointing})


def _calls(trace: Trace) -> list[Span]:
    """Model calls of a large trace: as many, the first, as evaluators read of it."""
    rows = (dict(zip(OUTLINE, record, strict=True)) for record in outline(trace))
    calls = [row["span_id"] for row in rows if row["kind"] == "llm"]
    return spans_of_outline(trace, calls[:MAX_CALLS])


def _counts_in_answer(score: Score) -> bool:
    return all(
        isinstance(one, dict) and one.get("field") == "output" for one in score.evidence or ()
    )


def shown(
    access: Access,
    item: Item,
    questions: Sequence[Question],
    texts: Mapping[str, str],
    sight: Sight,
) -> Shown:
    """Everything that the middle of the desk shows. Raises TooSlow.

    `texts`: by field, what ranges are marked in, where a question asks for any.
    """
    reading = Reading(access, item, sight)
    trace = reading.content.trace
    made = Shown(trace)
    if trace is None:
        return made
    judged = reading.judged()
    made.facts = _facts(trace, judged)
    if access.may(Permission.READ):
        made.more_url = reverse("trace", args=[access.project.slug, trace.trace_id.hex])
        if item.span_id is not None:
            made.more_url += f"?span={span_hex(item.span_id)}"
    if item.span_id is not None:
        _one_span(made, reading, judged)
    else:
        _whole_trace(made, reading, judged)
    _sources(made, reading, judged)
    made.steps = _steps(reading, judged)
    _mark_fields(made, questions, texts)
    made.passages = reading.passages()
    made.legend = reading.legend()
    if sight.others:
        given = [one for one in reading.content.scores if item.span_id in (None, one.span_id)]
        made.scores = scores.lines(given, versions_of(access, given))
    return made


def _facts(trace: Trace, judged: Sequence[Span]) -> list[str]:
    """What one should know of where it comes from, in a few words each."""
    models = list(dict.fromkeys(span.model for span in judged if span.model))[:2]
    found = [trace.name, trace.environment, *(trace.prompts or [])[:2], *models]
    return [str(one)[:60] for one in [*found, *(trace.tags or [])[:4]] if one]


def _one_span(made: Shown, reading: Reading, judged: Sequence[Span]) -> None:
    if not judged:
        return
    span = judged[0]
    [whole] = spans_whole(reading.access, [span])
    lay = reading.lay_of(span, whole, judged)
    asked, answered = whole["input_messages"], whole["output_messages"]
    said = panes.transcript(asked, answered, reading.room, lay)
    made.answer = [one for one in said if one.answer]
    made.before = [one for one in said if not one.answer]
    made.blocks = _plain(reading, whole, lay)


def _whole_trace(made: Shown, reading: Reading, judged: Sequence[Span]) -> None:
    if not judged:
        return
    last = judged[-1]

    def lay_of(span: Span, whole: dict[str, Any]) -> panes.Lay:
        return reading.lay_of(span, whole, judged)

    said = conversation(reading.access, judged, lay_of, reading.room)
    messages = [one for turn in said.turns for one in turn.messages]
    if said.read < len(judged):
        made.left_out = len(judged) - said.read - 1
        messages += _last_answer(reading, judged)
    ends = [n for n, one in enumerate(messages) if one.answer and one.text is not None]
    if ends:
        made.before, made.answer = messages[: ends[-1]], messages[ends[-1] :]
    else:
        made.before = messages
    for one in made.before[:-RECENT]:
        one.folded = one.folded or not one.is_marked
    if not messages:
        whole = reading.wholes[last.span_id]
        made.blocks = _plain(reading, whole, reading.found[-1].lay)


def _last_answer(reading: Reading, judged: Sequence[Span]) -> list[panes.Message]:
    """Of a conversation too long to be shown: what is judged is shown all the same."""
    [whole] = spans_whole(reading.access, judged[-1:])
    lay = reading.lay_of(judged[-1], whole, judged)
    return panes.transcript([], whole["output_messages"], panes.Room(EACH, EACH), lay)


def _plain(
    reading: Reading, whole: dict[str, Any], lay: panes.Lay
) -> list[tuple[str, str, panes.Text]]:
    """Input and output that are no conversation."""
    found = []
    for name, messages in (("input", "input_messages"), ("output", "output_messages")):
        value = whole[name]
        if value is None or whole[messages]:
            continue
        text = reading.room.cut(panes.unfolded(value))
        lay((name, 0), text)
        found.append((name, name.capitalize(), text))
    return found


SOURCES = ("retriever", "reranker")


def _sources(made: Shown, reading: Reading, judged: Sequence[Span]) -> None:
    """Documents that were retrieved before the answer, each once, with what scores point at."""
    until = judged[-1].start_ns if judged else 0
    sources = [
        span for span in reading.content.spans if span.kind in SOURCES and span.start_ns <= until
    ][:MAX_OPENED]
    _read(reading, [*sources, *_opened(reading, judged)])
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for span in [*sources, *judged]:
        for one in reading.wholes.get(span.span_id, {}).get("documents") or ():
            if isinstance(one, dict):
                name = (str(one.get("id")), subjects.text_of(one.get("content")) or "")
                rows.setdefault(name, one)
    raws = [raw for _, raw in rows]

    def lay(place: panes.Place, text: panes.Text | None) -> None:
        reading.lay_context(raws[place[1]], text)

    made.documents = panes.documents(list(rows.values()), panes.Room(20_000, ROOM), lay)
    for message in [*made.before, *made.answer]:
        results = [call.result for call in message.calls if call.result is not None]
        for text in results if message.role != "tool" else [message.text]:
            if text is not None and not text.left:
                reading.lay_context(text.shown, text)


def _read(reading: Reading, spans: Iterable[Span]) -> None:
    by_id = {span.span_id: span for span in spans}
    missing = [span for pk, span in by_id.items() if pk not in reading.wholes]
    for span, whole in zip(missing, spans_whole(reading.access, missing), strict=True):
        reading.wholes[span.span_id] = whole


def _others(reading: Reading, judged: Sequence[Span]) -> list[Span]:
    shown_ids = {span.span_id for span in judged}
    return [span for span in reading.content.spans if span.span_id not in shown_ids]


def _opened(reading: Reading, judged: Sequence[Span]) -> list[Span]:
    """Steps whose input and output are shown."""
    others = _others(reading, judged)
    return [span for span in others if span.kind in ("tool", "agent", *SOURCES)][:MAX_OPENED]


def _steps(reading: Reading, judged: Sequence[Span]) -> list[Step]:
    """What else happened in the trace; all that is opened has been read."""
    wanted = {span.span_id for span in _opened(reading, judged)}
    room = panes.Room(STEP_TEXT, 40_000)
    made = []
    for span in _others(reading, judged)[:MAX_STEPS]:
        step = Step(span, words.KINDS.get(span.kind, "Span"), words.duration(span))
        if span.span_id in wanted:
            whole = reading.wholes[span.span_id]
            step.input, step.output = (
                None if whole[name] is None else room.cut(panes.unfolded(whole[name]))
                for name in FIELDS
            )
            if whole["documents"]:
                step.output = None  # they stand below
        made.append(step)
    return made


def _mark_fields(made: Shown, questions: Sequence[Question], texts: Mapping[str, str]) -> None:
    """Say where the texts are in which ranges are marked; what no message is comes on its own."""
    wanted = [one["field"] for one in questions if one["kind"] == Kind.SPAN]
    for name in dict.fromkeys(wanted):
        text = texts.get(name)
        if not text:
            continue
        candidates = made.answer if name == "output" else made.before[::-1]
        for message in candidates:
            if message.text is not None and not message.text.left and message.text.shown == text:
                message.field, message.folded = name, False
                break
        else:
            made.markable.append((name, NAMES[name], text))
