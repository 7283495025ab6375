"""The support bot: guard, search, rerank, perhaps a tool, answer; and what its users think."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from traces.demo import incidents, shifts
from traces.demo.loom import MS, OPENINFERENCE, Loom, Message, Score, Woven
from traces.demo.models import EMBEDDER, HAIKU, MINI, RERANKER, SMALL, SUPPORT, Model, tokens
from traces.demo.story import Visit
from traces.demo.words import SHOP, Voice

TOPICS: list[dict[str, Any]] = SHOP["topics"]
ATTACKERS = 7
BLOCKED = "Your message could not be processed. Please put your question about our shop again."
AWAY = "I am sorry, I cannot answer at the moment. Please try again in a few minutes."
UNAVAILABLE = ("openai.InternalServerError", "Error code: 503 - The engine is overloaded", 2_600.0)
TIMED_OUT = ("openai.APITimeoutError", "Request timed out.", 30_000.0)
RATE_LIMIT = ("openai.RateLimitError", "Error code: 429 - Rate limit reached for requests", 240.0)
ERP_AWAY = ("erp.TimeoutError", "orders service did not answer within 5 s")


LOOKED_UP = ("{state}", "{carrier}", "{stock}", "{ticket}")
"""What an answer can only know from a tool."""


def _tool(name: str, description: str, **properties: str) -> Message:
    """A definition as it is offered to the model."""
    described = {key: {"type": "string", "description": text} for key, text in properties.items()}
    schema = {"type": "object", "properties": described, "required": list(properties)}
    return {"type": "function", "name": name, "description": description, "parameters": schema}


TOOLS = [
    _tool(
        "lookup_order", "State, carrier and lines of one order.", order="The number of the order"
    ),
    _tool(
        "check_stock",
        "How many pieces the warehouse and each store have.",
        product="Name of the product as in the shop",
        colour="Colour, if the customer named one",
    ),
    _tool(
        "open_ticket",
        "Hand the conversation to a person.",
        subject="One line",
        order="The number of the order, if known",
    ),
]


@dataclass(slots=True)
class Talk:
    """What stays the same from turn to turn."""

    visit: Visit
    voice: Voice
    topic: dict[str, Any]
    model: Model
    attacks: bool
    user_id: str
    metadata: dict[str, str]
    history: list[Message] = field(default_factory=list)

    @property
    def session_id(self) -> str:
        return f"chat-{self.visit.id('session', size=5).hex()}"

    @property
    def prompt(self) -> tuple[str, str]:
        return "support-answer", self.visit.day.prompt_version


@dataclass(slots=True)
class Turn:
    """How one answer came about."""

    talk: Talk
    loom: Loom
    question: str
    fitting: str
    """A template of an answer that is right."""

    misled: bool = False
    wrong: bool = False
    ticket: bool = False
    answer: str | None = None


def conversation(visit: Visit) -> Iterator[Woven]:
    """All turns of one conversation, each a trace."""
    rng, start = visit.rng, int(visit.start.timestamp() * 1e9)
    attacks = visit.day.in_attack(visit.start) and rng.random() < 0.6
    brought = shifts.topic_of(visit)
    customer = visit.user_id if brought is None else brought.get("customer", visit.user_id)
    talk = Talk(
        visit,
        Voice(rng, first=visit.first_name),
        rng.choice(TOPICS) if brought is None else brought,
        rng.choices([one[0] for one in SUPPORT], [one[1] for one in SUPPORT])[0],
        attacks,
        f"guest-{visit.number % ATTACKERS + 71}" if attacks else customer,
        {
            "channel": rng.choices(("web", "app", "mail"), (60, 30, 10))[0],
            "plan": ("basic", "plus", "trade")[visit.user % 3],
            "store": ("lyon", "leeds", "ghent", "porto")[visit.user % 4],
        },
    )
    turns = rng.choices((1, 2, 3, 4, 5), (25, 25, 25, 15, 10) if attacks else (52, 26, 13, 6, 3))[0]
    for number in range(turns):
        turn = _answered(talk, number, start)
        yield _woven(turn, last=number == turns - 1)
        if turn.answer is None:
            return
        start = turn.loom.now + int(rng.uniform(15, 150) * 1e9)


def _woven(turn: Turn, *, last: bool) -> Woven:
    visit = turn.talk.visit
    scores = _feedback(turn, last=last) if visit.environment == "production" else []
    return Woven("support-bot", visit.day.release, visit.environment, turn.loom.spans, scores)


def _answered(talk: Talk, number: int, start_ns: int) -> Turn:
    """One question, from the guard to the answer."""
    visit, voice = talk.visit, talk.voice
    loom = Loom(visit, number, start_ns, OPENINFERENCE)
    template, fitting = _asked(talk, first=number == 0)
    attack = talk.attacks and (number > 0 or visit.rng.random() < 0.7)
    said = voice.one(SHOP["attacks"]["direct"]) if attack else voice.say(template)
    if not attack and talk.topic is not shifts.GERMAN and visit.rng.random() < 0.4:
        said = f"{said} {voice.one(SHOP['tails'])}"
    turn = Turn(talk, loom, said, fitting)
    flagged = attack and visit.rng.random() < 0.65
    root = loom.begin("support_agent", None, _root(turn, flagged=flagged))
    _guard(turn, root, attack=attack, flagged=flagged)
    if flagged:
        turn.answer = BLOCKED
    else:
        query = _condensed(turn, root) if number else turn.question
        found = _retrieved(turn, root, query)
        if found is not None:
            _reply(turn, root, found, attack=attack)
    if turn.answer is None:
        loom.end(root, 4, output__value=AWAY)
        root.status.code, root.status.message = Status.STATUS_CODE_ERROR, "no model answered"
    else:
        loom.end(root, visit.rng.uniform(2, 20), output__value=turn.answer)
    asked: Message = {"role": "user", "content": turn.question}
    talk.history += [asked, {"role": "assistant", "content": turn.answer or AWAY}]
    return turn


def _asked(talk: Talk, *, first: bool) -> tuple[str, str]:
    """A question on the topic and an answer that fits it."""
    topic, rng = talk.topic, talk.visit.rng
    if not first:
        number = rng.randrange(len(topic["followups"]))
        return topic["followups"][number], topic["replies"][number]
    number = rng.randrange(len(topic["questions"]))
    return topic["questions"][number], topic["answers"][rng.choice(topic["fits"][number])]


def _root(turn: Turn, *, flagged: bool) -> dict[str, Any]:
    talk = turn.talk
    return {
        "openinference.span.kind": "CHAIN",
        "input.value": turn.question,
        "session.id": talk.session_id,
        "user.id": talk.user_id,
        "tag.tags": ["support", talk.topic["name"], *(["blocked"] if flagged else [])],
        "metadata": json.dumps(talk.metadata),
    }


def _guard(turn: Turn, root: Span, *, attack: bool, flagged: bool) -> None:
    rng = turn.loom.rng
    risk = rng.uniform(0.8, 0.99) if flagged else rng.uniform(0.3, 0.6) if attack else None
    verdict = {"flagged": flagged, "risk": round(risk or rng.uniform(0, 0.12), 3)}
    asked = {"openinference.span.kind": "GUARDRAIL", "input.value": turn.question}
    span = turn.loom.begin("input_guard", root, asked)
    turn.loom.end(span, rng.uniform(12, 90), output__value=json.dumps(verdict))


def _condensed(turn: Turn, root: Span) -> str:
    """A follow-up as a query of its own, made by a small model."""
    talk = turn.talk
    query = f"{talk.voice.facts['product']} {talk.topic['name']}: {turn.question}"
    messages: list[Message] = [
        {"role": "system", "content": SHOP["system"]["condense"]},
        *talk.history[-4:],
        {"role": "user", "content": turn.question},
    ]
    answer: Message = {"role": "assistant", "content": query}
    turn.loom.call(root, SMALL, messages, answer, tools=[], prompt=("condense-question", "3"))
    return query


def _retrieved(turn: Turn, root: Span, query: str) -> list[dict[str, Any]] | None:
    """Embed, search, rerank; None if nothing can be embedded.

    The bad release finds the wrong documents.
    """
    loom, rng = turn.loom, turn.loom.rng
    span = loom.begin(
        "search_documents", root, {"openinference.span.kind": "RETRIEVER", "input.value": query}
    )
    embedding = {
        "openinference.span.kind": "EMBEDDING",
        "embedding.model_name": EMBEDDER,
        "llm.provider": "openai",
        "embedding.embeddings.0.embedding.text": query,
        "llm.token_count.prompt": tokens(query),
        "llm.token_count.total": tokens(query),
    }
    embedded = loom.begin("embed_query", span, embedding)
    if turn.talk.visit.day.in_outage(turn.talk.visit.start) and rng.random() < 0.5:
        loom.fail(embedded, rng.uniform(2_000, 9_000), *UNAVAILABLE[:2])
        loom.fail(span, 1, *UNAVAILABLE[:2])
        return None
    loom.end(embedded, rng.lognormvariate(4.2, 0.5))
    turn.misled = turn.talk.visit.day.trouble == "quality drop" and rng.random() < 0.85
    own: list[dict[str, Any]] = SHOP["retrieval"]["misplaced"] if turn.misled else []
    own = own or turn.talk.topic["documents"]
    others = [one for topic in TOPICS if topic is not turn.talk.topic for one in topic["documents"]]
    cited = [one for one in own if f"[{one['id']}]" in turn.fitting]
    rest = [one for one in own if one not in cited]
    best = [*cited, *rng.sample(rest, min(3 - len(cited), len(rest)))]
    found = [(one, rng.uniform(0.62, 0.9)) for one in best]
    found += [(one, rng.uniform(0.28, 0.6)) for one in rng.sample(others, 2)]
    found.sort(key=lambda pair: -pair[1])
    loom.end(span, rng.lognormvariate(3.4, 0.4))
    _documents(loom, span, "retrieval.documents", found)
    ranked = [(one, min(0.99, score * rng.uniform(0.9, 1.2))) for one, score in found[:3]]
    reranker = {
        "openinference.span.kind": "RERANKER",
        "reranker.model_name": RERANKER,
        "reranker.query": query,
        "reranker.top_k": 3,
        "llm.token_count.prompt": tokens(query) * len(found) + tokens([one for one, _ in found]),
    }
    reranking = loom.begin("rerank", root, reranker)
    _documents(loom, reranking, "reranker.input_documents", found)
    loom.end(reranking, rng.lognormvariate(4.0, 0.4))
    _documents(loom, reranking, "reranker.output_documents", ranked)
    return [one for one, _ in ranked]


def _documents(loom: Loom, span: Span, at: str, found: list[tuple[dict[str, Any], float]]) -> None:
    made: dict[str, Any] = {}
    for i, (one, score) in enumerate(found):
        below = f"{at}.{i}.document"
        made[f"{below}.id"] = one["id"]
        made[f"{below}.content"] = one["text"]
        made[f"{below}.score"] = round(score, 4)
        made[f"{below}.metadata"] = json.dumps({"source": f"handbook/{one['id']}.md"})
    loom.note(span, made)


def _reply(turn: Turn, root: Span, found: list[dict[str, Any]], *, attack: bool) -> None:
    """Ask the model, with its tool if the topic has one; another model if the first is away."""
    talk, loom = turn.talk, turn.loom
    context = "\n".join(f"[{one['id']}] {one['text']}" for one in found)
    messages: list[Message] = [
        {"role": "system", "content": SHOP["system"]["support"].strip()},
        *talk.history,
        {"role": "user", "content": f"<documents>\n{context}\n</documents>\n\n{turn.question}"},
    ]
    model = _available(turn, root, messages)
    if model is None:
        return
    needed = any(fact in turn.fitting for fact in LOOKED_UP)
    if talk.topic["tool"] and not attack and (needed or loom.rng.random() < 0.2):
        messages += _tool_used(turn, root, model, messages)
    said = _said(turn, attack=attack)
    mishap = None if attack else incidents.mishap(talk.visit, loom.turn, talk.voice)
    if mishap is not None:
        said, turn.wrong = mishap.answer, True
    finish = mishap.finish if mishap else "stop"
    model = shifts.model_of(talk.visit, model)
    said = shifts.said_by(model, said)
    answer: Message = {"role": "assistant", "content": said}
    loom.call(root, model, messages, answer, tools=TOOLS, prompt=talk.prompt, finish=finish)
    turn.answer = said


def _available(turn: Turn, root: Span, messages: list[Message]) -> Model | None:
    """The model that answers, after the calls that did not; None if none does."""
    talk, loom, rng = turn.talk, turn.loom, turn.loom.rng
    if talk.model is MINI and talk.visit.day.in_outage(talk.visit.start) and rng.random() < 0.92:
        for _ in range(2):
            error = TIMED_OUT if rng.random() < 0.4 else UNAVAILABLE
            loom.call_in_vain(root, MINI, messages, error)
            loom.now += int(rng.uniform(400, 2_000) * MS)
        return HAIKU if rng.random() < 0.15 else None
    if talk.model.provider == "openai" and rng.random() < 0.012:
        loom.call_in_vain(root, talk.model, messages, RATE_LIMIT)
        loom.now += int(rng.uniform(500, 1_500) * MS)
    return talk.model


def _tool_used(turn: Turn, root: Span, model: Model, messages: list[Message]) -> list[Message]:
    """The model asks for a tool and gets its result; if that fails, a ticket is opened."""
    made: list[Message] = []
    name = turn.talk.topic["tool"]
    if name == "lookup_order" and turn.loom.rng.random() < 0.025:
        made += _tool_call(turn, root, model, messages, name, failing=True)
        name = "open_ticket"
    turn.ticket = name == "open_ticket"
    return made + _tool_call(turn, root, model, messages + made, name, failing=False)


def _tool_call(
    turn: Turn, root: Span, model: Model, messages: list[Message], name: str, *, failing: bool
) -> list[Message]:
    loom, facts = turn.loom, turn.talk.voice.facts
    arguments, result = _order(facts), _order_result(turn)
    if name == "check_stock":
        arguments = {"product": facts["product"], "colour": facts["colour"]}
        pieces = {"in stock": 38, "sold out": 0}.get(facts["stock"], 2)
        result = {"warehouse": pieces, "stores": {facts["place"]: pieces // 9}}
    elif name == "open_ticket":
        arguments |= {"subject": f"{turn.talk.topic['name']}: {facts['product']}"}
        result = {"ticket": facts["ticket"], "queue": turn.talk.topic["name"]}
    ident = f"call_{loom.visit.id('call', loom.turn, len(loom.spans), size=8).hex()}"
    call = {"id": ident, "name": name, "arguments": arguments}
    asked: Message = {"role": "assistant", "content": None, "tool_calls": [call]}
    loom.call(root, model, messages, asked, tools=TOOLS, prompt=turn.talk.prompt)
    written = {
        "openinference.span.kind": "TOOL",
        "tool.name": name,
        "tool_call.id": ident,
        "input.value": json.dumps(arguments),
    }
    span = loom.begin(name, root, written)
    said = f"error: {ERP_AWAY[1]}" if failing else json.dumps(result, ensure_ascii=False)
    if failing:
        loom.fail(span, 5_000, *ERP_AWAY)
    else:
        loom.end(span, loom.rng.lognormvariate(5.0, 0.6), output__value=said)
    return [asked, {"role": "tool", "content": said, "tool_call_id": ident}]


def _order(facts: dict[str, str]) -> dict[str, str]:
    return {"order": facts["order"]}


def _order_result(turn: Turn) -> dict[str, Any]:
    facts = turn.talk.voice.facts
    return {
        "order": facts["order"],
        "state": facts["state"],
        "carrier": facts["carrier"],
        "lines": [{"product": facts["product"], "colour": facts["colour"], "pieces": 1}],
        "ship_to": facts["place"],
    }


def _said(turn: Turn, *, attack: bool) -> str:
    voice, rng = turn.talk.voice, turn.loom.rng
    if attack:
        leak = rng.random() < 0.15
        return (
            voice.say(SHOP["attacks"]["leaked"]) if leak else voice.one(SHOP["attacks"]["refused"])
        )
    turn.wrong = rng.random() < (0.75 if turn.misled else 0.05)
    return voice.one(turn.talk.topic["wrong"]) if turn.wrong else voice.say(turn.fitting)


def _feedback(turn: Turn, *, last: bool) -> list[Score]:
    """Thumbs of some users, a check by code of each last answer, a look by people at a few."""
    rng, trace_id = turn.loom.rng, turn.loom.trace_id.hex()
    given: list[Score] = []
    if turn.answer in (None, BLOCKED) or turn.talk.attacks:
        return given
    if rng.random() < 0.22:
        happy = rng.random() < (0.08 if turn.wrong else 0.91)
        mood = "good" if happy else "terrible" if turn.misled else "bad"
        comment = rng.choice(SHOP["comments"][mood])
        given.append(Score("thumbs", happy, "user", comment, trace_id))
    if rng.random() < 0.03:
        comment = "Not in the documents." if turn.wrong else ""
        given.append(Score("correct", not turn.wrong, "human", comment, trace_id))
    if last:
        outcome = "ticket" if turn.ticket else "abandoned" if turn.wrong else "solved"
        given.append(Score("outcome", outcome, "code", "", trace_id))
        if rng.random() < 0.1:
            stars = rng.choices(
                (1, 2, 3, 4, 5), (40, 30, 20, 7, 3) if turn.wrong else (2, 4, 12, 36, 46)
            )
            # With its last trace, so that it counts when that was, not when the story is sent.
            session_id = turn.talk.session_id
            given.append(Score("csat", stars[0], "user", "", trace_id, session_id))
    return given
