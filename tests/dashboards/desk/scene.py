"""A queue that asks every kind of question, with items as rich as they come."""

from __future__ import annotations

import json
import os
import time
from typing import Any
from uuid import UUID

from evals.review.models import Item, Queue
from evals.review.services import filling
from sightglass.accounts.access import Access
from tests.evals.review import desk
from tests.traces import sending
from traces.ids import span_to_column
from traces.models import Score
from traces.services.ingest import store_spans

THREE: list[dict[str, Any]] = [
    {"key": "correct", "text": "Is it right?", "kind": "boolean"},
    {"key": "tone", "text": "How was the tone?", "kind": "scale", "low": 1, "high": 5},
    {"key": "fault", "text": "What is wrong?", "kind": "choice",
     "options": ["nothing", "false", "rude"]},
]  # fmt: skip
"""Three questions, a key each."""

EVERY: list[dict[str, Any]] = [
    {"key": "correct", "text": "Would the customer get the right outcome?", "kind": "choice",
     "options": ["Correct", "Partly", "Wrong"]},
    {"key": "why", "text": "What is wrong with it?", "kind": "choices",
     "options": ["A fee or date", "The place", "Something made up"],
     "when": {"question": "correct", "is": ["Partly", "Wrong"]}},
    {"key": "tone", "text": "Tone", "kind": "scale", "low": 1, "high": 5},
    {"key": "person", "text": "Needs a person", "kind": "boolean", "required": False},
    {"key": "place", "text": "Mark what is not supported", "kind": "span", "required": False,
     "options": ["false", "vague"]},
    {"key": "better", "text": "The correct answer", "kind": "correction", "required": False},
    {"key": "note", "text": "Anything else?", "kind": "text", "required": False},
]  # fmt: skip

GUIDELINES = """# Correct
- **Correct**: everything the customer needs is right.
- **Partly**: the outcome is right, a detail is wrong.
- **Wrong**: acting on it would harm the customer.

# Tone
3 is plain and polite. 5 is for difficult conversations handled well.

# Unsure?
Ask a lead; do not guess.
"""
ASKED = "Received as present, tag removed, still ok to return?"
ANSWER = (
    "Thank you for asking. If the tag has been removed we can usually offer store credit for the "
    "full value, as long as the item is unused.\n\nPlease bring the gift number from the parcel. "
    "You have 60 days from the purchase date to come to any Harbour & Pine store."
)
POLICY = (
    "Without a receipt: exchange or store credit within 30 days of purchase, with the gift number "
    "from the parcel. Items without a tag: store credit up to 80% of the current price."
)


def messages(*said: tuple[str, str]) -> str:
    """(role, text) as a client sends them."""
    return json.dumps(
        [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in said]
    )


def conversation(access: Access, asked: str = ASKED, answer: str = ANSWER) -> UUID:
    """A trace of a retrieval, a tool and a call, with a score that points at what is false."""
    trace, root, call = os.urandom(16), os.urandom(8), os.urandom(8)
    start = time.time_ns() - 600 * sending.SECOND
    found = json.dumps([
        {"id": "gift-returns.md", "content": POLICY, "score": 0.81},
        {"id": "returns-policy-2025.md", "score": 0.8,
         "content": "Items can be returned within 60 days with proof of purchase."},
    ])  # fmt: skip
    spans = [
        sending.span(trace, span_id=root, name="answer customer", start_ns=start,
                     gen_ai__operation__name="invoke_agent"),
        sending.span(trace, parent=root, name="search policies", start_ns=start + 10**8,
                     gen_ai__operation__name="retrieval", gen_ai__retrieval__documents=found),
        sending.span(trace, parent=root, name="lookup_order", start_ns=start + 2 * 10**8,
                     gen_ai__operation__name="execute_tool", gen_ai__tool__name="lookup_order",
                     gen_ai__tool__call__arguments='{"gift": "A-12"}',
                     gen_ai__tool__call__result='{"paid": 49.5}'),
        sending.llm(trace, span_id=call, parent=root, name="chat gpt-4o", start_ns=start + 10**9,
                    **{"gen_ai.input.messages": messages(
                           ("system", "You answer for Harbour & Pine."), ("user", asked)),
                       "gen_ai.output.messages": messages(("assistant", answer))}),
    ]  # fmt: skip
    store_spans(access, sending.decoded(*spans))
    if "60 days" in answer:
        at, there = answer.index("60 days"), POLICY.index("30 days")
        Score.objects.create(
            project=access.project, trace_id=UUID(bytes=trace), span_id=span_to_column(call),
            name="hallucination", number=0.91, source="code", flagged=True, evidence=[
                {"field": "output", "start": at, "end": at + 30, "label": "unsupported"},
                {"field": "context", "index": 0, "start": there, "end": there + 19,
                 "label": "contradicts"},
            ],
        )  # fmt: skip
    return UUID(bytes=trace)


def items_of(access: Access, queue: Queue, number: int = 1, **more: Any) -> list[Item]:
    """So many conversations, each an item of the queue."""
    traces = [conversation(access, **more) for _ in range(number)]
    added = filling.add(access, queue, [(trace, None) for trace in traces])
    return desk.items(queue, added.items)


def whole_queue(access: Access, number: int = 3, **settings: Any) -> Queue:
    """A queue of every kind of question, with so many items."""
    usual: dict[str, Any] = {"questions": EVERY, "guidelines": GUIDELINES, "goal_hours": 24}
    queue = desk.queue(access, settings.pop("slug", "gifts"), **(usual | settings))
    items_of(access, queue, number)
    return queue
