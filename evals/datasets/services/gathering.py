"""Items out of traces and reviews: what was asked and answered, and what people made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from evals.datasets import content
from evals.datasets.content import Draft, Source
from evals.datasets.models import SourceKind
from evals.datasets.services import whole_traces
from evals.review import answers as checking
from evals.review.errors import invalid
from evals.review.models import Item as ReviewItem
from evals.review.models import Label, Queue, State
from evals.review.questions import Kind
from evals.review.services import standing
from evals.services import loading
from evals.subjects import REFERENCES, Message, Subject
from sightglass.accounts.access import Access, Permission
from sightglass.kernel.storable import storable
from traces.models import Span, Trace

Key = tuple[UUID, int | None]
"""A trace, or one span of it."""
MOST = 200
"""Traces or spans that are read at once: each may hold megabytes."""
LABELS, RESPONSE = "labels", "response"
"""Keys of metadata: what reviewers settled on; what was answered, if it is not what is expected."""
KEPT = ("role", "content", "name", "tool_calls", "tool_call_id")


class Expected(StrEnum):
    """Where the answer that was given counts as the expected output.

    What a person wrote comes before it, and the reference that the application sent.
    """

    PEOPLE = "people"  # nowhere
    RIGHT = "right"  # where people said that it is right
    UNREVIEWED = "unreviewed"  # where people have not judged it
    ANSWER = "answer"  # everywhere, also where people found fault with it


@dataclass(frozen=True, slots=True)
class Rule:
    """`question` and `right`: the answer is right where people said so to this boolean question."""

    expected: Expected
    question: str = ""
    right: bool = True

    def takes(self, said: Said | None) -> bool:
        """Whether the answer is what is expected, after what people said of it."""
        if self.expected == Expected.RIGHT:
            return said is not None and said.labels.get(self.question) is self.right
        if self.expected == Expected.UNREVIEWED:
            return said is None
        return self.expected == Expected.ANSWER


@dataclass(slots=True)
class Gathered:
    """`unknown`: what is not stored in the project. `silent`: what holds no input to read."""

    drafts: list[Draft] = field(default_factory=list)
    unknown: list[Key] = field(default_factory=list)
    silent: list[Key] = field(default_factory=list)


@dataclass(slots=True)
class Said:
    """What people said of a trace or span. `labels`: answers that can be agreed on, by question."""

    item: int
    labels: dict[str, Any]
    correction: str


OF_TRACES, OF_QUEUE = Rule(Expected.UNREVIEWED), Rule(Expected.PEOPLE)
"""What is expected, if nothing is said: no answer that people may have called wrong."""


def from_traces(access: Access, keys: Sequence[Key], rule: Rule = OF_TRACES) -> Gathered:
    """Drafts of these traces and spans, in their order. Raises PermissionDenied, Invalid."""
    access.require(Permission.READ)
    keys = list(dict.fromkeys(keys))
    _bounded(keys)
    return _gathered(access, keys, _said_of(access.project.pk, keys), rule, SourceKind.TRACE)


def settled(access: Access, queue: Queue, *, after: int = 0, limit: int = MOST) -> list[int]:
    """Ids of the queue's items that people are done with, gold left out, in order.

    For who may know what everybody said. Raises PermissionDenied.
    """
    standing.whole(access, queue)
    rows = ReviewItem.objects.filter(
        queue=queue, state__in=[State.SETTLED, State.DONE], gold__isnull=True, pk__gt=after
    )
    return list(rows.order_by("pk").values_list("pk", flat=True)[:limit])


def from_queue(access: Access, queue: Queue, pks: Sequence[int], rule: Rule = OF_QUEUE) -> Gathered:
    """Drafts of settled items of a queue, with corrections. Raises PermissionDenied, Invalid."""
    access.require(Permission.READ)
    standing.whole(access, queue)
    _bounded(pks)
    rows = ReviewItem.objects.filter(
        queue=queue, pk__in=pks, state__in=[State.SETTLED, State.DONE], gold__isnull=True
    )
    items = list(rows.order_by("pk"))
    said = _said_in(items)
    keys: list[Key] = [(item.trace_id, item.span_id) for item in items]
    return _gathered(access, keys, said, rule, SourceKind.QUEUE)


def _bounded(given: Sequence[Any]) -> None:
    if not 1 <= len(given) <= MOST:
        raise invalid("/items", f"1 to {MOST} at once.")


def _gathered(
    access: Access, keys: Sequence[Key], said: dict[Key, Said], rule: Rule, kind: str
) -> Gathered:
    project_id = access.project.pk
    subjects = _subjects(project_id, keys)
    users = dict(
        Trace.objects.filter(
            project_id=project_id, trace_id__in={trace_id for trace_id, _ in keys}
        ).values_list("trace_id", "user_id")
    )
    made = Gathered()
    for key in keys:
        subject = subjects.get(key)
        if subject is None:
            made.unknown.append(key)
            continue
        draft = _draft(subject, key, said.get(key), rule, kind)
        if draft is None:
            made.silent.append(key)
            continue
        draft.user_id = storable(users.get(key[0]) or "")[: content.LONGEST_USER]
        made.drafts.append(draft)
    return made


def _subjects(project_id: int, keys: Sequence[Key]) -> dict[Key, Subject]:
    spans = {(trace_id, span_id) for trace_id, span_id in keys if span_id is not None}
    found: dict[Key, Subject] = {}
    if spans:
        rows = Span.objects.filter(
            project_id=project_id,
            trace_id__in={trace_id for trace_id, _ in spans},
            span_id__in={span_id for _, span_id in spans},
        )
        mine = [row for row in rows if (row.trace_id, row.span_id) in spans]
        found |= dict(loading.subjects_of(project_id, mine).items())
    whole = [trace_id for trace_id, span_id in keys if span_id is None]
    if whole:
        read = whole_traces.subjects_of_traces(project_id, whole)
        found |= {(trace_id, None): subject for trace_id, subject in read.items()}
    return found


def _draft(subject: Subject, key: Key, said: Said | None, rule: Rule, kind: str) -> Draft | None:
    asked = _asked(subject)
    if not asked:
        return None
    metadata = _metadata(subject.metadata)
    answer, source = None, ""
    if said is not None and said.correction:
        answer, source = said.correction, "correction"
    elif subject.reference:
        answer, source = subject.reference, "reference"
    elif rule.takes(said):
        called = "right" if rule.expected == Expected.RIGHT else "answer"
        answer, source = subject.output, called
    if subject.output and subject.output != answer:
        metadata[RESPONSE] = subject.output
    if said is not None and said.labels:
        metadata[LABELS] = said.labels
    cleaned: dict[str, Any] = _storable(
        {
            "input": asked,
            "expected": answer,
            "context": list(subject.contexts)[: content.MOST_CONTEXTS],
            "metadata": metadata,
        }
    )
    trace_id, span_id = key
    from_item = None if said is None else said.item
    origin = Source(kind, trace_id, span_id, from_item, source if answer else "")
    return Draft(**cleaned, source=origin)


def _asked(subject: Subject) -> Any:
    """The conversation up to the answer, or the one question where that is all of it."""
    messages = [_message(one) for one in subject.messages]
    while messages and messages[-1]["role"] == "assistant":
        messages.pop()
    if len(messages) > 1 or (messages and not isinstance(messages[0].get("content"), str)):
        return messages
    if messages and messages[0]["role"] != "user":
        return messages
    return messages[0]["content"] if messages else subject.input


def _message(one: Message) -> Message:
    made = {name: one[name] for name in KEPT if one.get(name) is not None}
    made["role"] = str(one.get("role") or "user")[:40]
    if "content" not in made and one.get("parts"):
        made["content"] = one["parts"]
    return made


def _metadata(given: dict[str, Any]) -> dict[str, Any]:
    """What the application sent along, without the reference, which is the expected output."""
    kept = [(str(key), value) for key, value in given.items() if key not in REFERENCES]
    usable = [(key, value) for key, value in kept if 0 < len(key) <= content.LONGEST_KEY]
    return dict(usable[: content.MOST_KEYS - 2])


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(name)): _storable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_storable(one) for one in value]
    return value


def _said_of(project_id: int, keys: Sequence[Key]) -> dict[Key, Said]:
    """By key, what people are done saying of it in any queue; the last one counts."""
    wanted = set(keys)
    if not wanted:
        return {}
    rows = ReviewItem.objects.filter(
        queue__in=Queue.objects.filter(project_id=project_id),
        trace_id__in={trace_id for trace_id, _ in keys},
        state__in=[State.SETTLED, State.DONE],
        gold__isnull=True,
    )
    items = [
        row for row in rows.order_by("settled_at", "pk") if (row.trace_id, row.span_id) in wanted
    ]
    return _said_in(items)


def _said_in(items: Sequence[ReviewItem]) -> dict[Key, Said]:
    labels = Label.objects.filter(item__in=items, withdrawn_at=None).select_related("rubric")
    of_item: dict[int, list[Label]] = {}
    for label in labels.order_by("adjudicates", "pk"):
        of_item.setdefault(label.item_id, []).append(label)
    return {(item.trace_id, item.span_id): _said(item, of_item.get(item.pk, [])) for item in items}


def _said(item: ReviewItem, labels: Sequence[Label]) -> Said:
    """The settled answers; and the last correction, a lead's before all."""
    questions = labels[-1].rubric.questions if labels else []
    agreed = checking.compared(questions, item.settled_answers or {})
    correction = ""
    for label in labels:
        for question in label.rubric.questions:
            written = label.answers.get(question["key"])
            if question["kind"] == Kind.CORRECTION and isinstance(written, str) and written.strip():
                correction = written
    return Said(item.pk, agreed, correction)
