"""The two agents: research for the buying team, and coding for the web team."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from traces.demo.loom import GENAI, MS, Loom, Message, Score, Woven
from traces.demo.models import LARGE, OPUS, SONNET, Model
from traces.demo.story import Visit
from traces.demo.words import AGENTS, SHOP, Voice

MOST_STEPS = 30
TOO_LONG = ("agent.MaxStepsExceeded", f"gave up after {MOST_STEPS} steps without a result")
INVENTED = 0.1
"""The share of reports that say what no tool found."""
QUOTED = 3
FINDINGS = "[findings]"
OVERLOADED = ("openai.InternalServerError", "Error code: 503 - The engine is overloaded", 4_000.0)


@dataclass(slots=True)
class Work:
    """One task and who does it."""

    name: str
    visit: Visit
    voice: Voice
    model: Model
    steps: int
    lost: bool

    @property
    def script(self) -> dict[str, Any]:
        """Its tasks, tools, findings and reports."""
        found: dict[str, Any] = AGENTS[self.name]
        return found


def task(visit: Visit) -> Woven:
    """A task from the question to the report, or to the end of patience."""
    rng, day = visit.rng, visit.day
    name = rng.choices(("research", "coding"), (60, 40))[0]
    lost = name == "research" and day.trouble == "cost spike" and rng.random() < 0.8
    model = OPUS if lost else LARGE if name == "research" else SONNET
    steps = rng.choice((22, 26, MOST_STEPS)) if lost else rng.randrange(2, 7)
    work = Work(name, visit, Voice(rng, first=visit.first_name), model, steps, lost)
    loom = Loom(visit, 0, int(visit.start.timestamp() * 1e9), GENAI)
    question = work.voice.one(work.script["tasks"])
    root = loom.begin(f"invoke_agent {name}_agent", None, _root(work, question))
    if model is LARGE and day.in_outage(visit.start):
        _outage(work, loom, root, question)
    else:
        _work(work, loom, root, question)
    scores = []
    if visit.environment == "production" and rng.random() < 0.3:
        happy = not lost and not root.status.code and rng.random() < 0.9
        comments = SHOP["comments"]["good" if happy else "bad"]
        scores = [Score("thumbs", happy, "user", rng.choice(comments), loom.trace_id.hex())]
    return Woven(f"{name}-agent", day.release, visit.environment, loom.spans, scores)


def _root(work: Work, question: str) -> dict[str, Any]:
    asked = [{"role": "user", "parts": [{"type": "text", "content": question}]}]
    return {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": f"{work.name}_agent",
        "gen_ai.conversation.id": f"task-{work.visit.id('session', size=5).hex()}",
        "gen_ai.input.messages": json.dumps(asked),
        "user.id": work.visit.user_id,
        "tag.tags": [work.name, "agent"],
        "metadata": json.dumps({"team": "buying" if work.name == "research" else "web"}),
    }


def _outage(work: Work, loom: Loom, root: Span, question: str) -> None:
    """Three attempts, and no answer."""
    messages: list[Message] = [{"role": "user", "content": question}]
    for attempt in range(3):
        loom.call_in_vain(root, work.model, messages, OVERLOADED)
        loom.now += int(1_000 * 2**attempt * MS)
    loom.fail(root, 2, OVERLOADED[0], OVERLOADED[1])


def _work(work: Work, loom: Loom, root: Span, question: str) -> None:
    """Step by step; who is lost repeats the same few steps, with all that was found before."""
    script, voice = work.script, work.voice
    tools = [_definition(tool) for tool in script["tools"]]
    messages: list[Message] = [
        {"role": "system", "content": AGENTS_SYSTEM[work.name]},
        {"role": "user", "content": question},
    ]
    prompt = (f"{work.name}-agent", work.visit.day.prompt_version)
    for step in range(work.steps):
        tool = loom.rng.choice(script["tools"][:2] if work.lost else script["tools"])
        arguments = {tool["argument"]: voice.one(tool["asks"])}
        ident = f"call_{loom.visit.id('call', step, size=8).hex()}"
        call = {"id": ident, "name": tool["name"], "arguments": arguments}
        said = voice.one(script["lost"]) if work.lost else None
        said = voice.one(script["plans"]) if step == 0 else said
        asked: Message = {"role": "assistant", "content": said, "tool_calls": [call]}
        loom.call(root, work.model, messages, asked, tools=tools, prompt=prompt)
        found = _found(work, tool)
        _tool_span(loom, root, call, found)
        messages += [asked, {"role": "tool", "content": found, "tool_call_id": ident}]
    if work.steps == MOST_STEPS:
        loom.fail(root, 5, *TOO_LONG)
        return
    answer: Message = {"role": "assistant", "content": _report(work, messages)}
    loom.call(root, work.model, messages, answer, tools=tools, prompt=prompt)
    parts = [{"type": "text", "content": answer["content"]}]
    written = json.dumps([{"role": "assistant", "parts": parts, "finish_reason": "stop"}])
    loom.end(root, loom.rng.uniform(5, 40), gen_ai__output__messages=written)


def _report(work: Work, messages: list[Message]) -> str:
    """What the tools found, where they found sentences; now and then what none of them did."""
    script, voice = work.script, work.voice
    if "quote" not in script or voice.rng.random() < INVENTED:
        return voice.one(script["reports"])
    read = "\n".join(one["content"] for one in messages if one["role"] == "tool")
    found = [line for line in dict.fromkeys(read.splitlines()) if line.endswith(".")]
    if not found:
        return voice.say(script["nothing"])
    return voice.say(script["quote"]).replace(FINDINGS, " ".join(found[:QUOTED]))


AGENTS_SYSTEM = {name: SHOP["system"][name].strip() for name in ("research", "coding")}


def _definition(tool: dict[str, Any]) -> Message:
    argument = {tool["argument"]: {"type": "string"}}
    schema = {"type": "object", "properties": argument, "required": [tool["argument"]]}
    return {"type": "function", "name": tool["name"], "parameters": schema}


def _found(work: Work, tool: dict[str, Any]) -> str:
    """What the tool answers; a page may hold instructions for its reader."""
    parts = 9 if work.lost else work.visit.rng.randrange(2, 6)
    found = "\n".join(work.voice.one(tool["finds"]) for _ in range(parts))
    planted = work.visit.day.trouble == "injection attempt" and work.visit.rng.random() < 0.5
    if tool["name"] == "read_page" and planted:
        found += "\n" + work.voice.say(SHOP["attacks"]["planted"])
    return found


def _tool_span(loom: Loom, root: Span, call: dict[str, Any], found: str) -> None:
    written = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": call["name"],
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": call["id"],
        "gen_ai.tool.call.arguments": json.dumps(call["arguments"]),
        "gen_ai.tool.call.result": found,
    }
    span = loom.begin(f"execute_tool {call['name']}", root, written)
    loom.end(span, loom.rng.lognormvariate(6.2, 0.7))
