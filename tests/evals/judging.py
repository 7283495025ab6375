"""Short ways to make what judges need: connections, evaluators, spans with messages, replies."""

import json
from typing import Any

from evals.models import Connection, EvaluatorVersion, Kind
from evals.services import evaluators, live, secrets
from evals.services.evaluators import Draft
from sightglass.accounts.access import Access
from tests.provider import Body, Reply
from tests.traces.sending import decoded, llm
from traces.services.ingest import store_spans

QUESTION, ANSWER = "How long may I return the lamp?", "You may return it within 30 days."
RUBRIC = "Is the answer helpful? The question is {{input}}, the answer is {{output}}."


def verdict(value: Any, reasoning: str = "It answers.", confidence: float = 0.9) -> Reply:
    said = {"reasoning": reasoning, "verdict": value, "confidence": confidence}
    return Reply(json.dumps(said))


def always(value: Any) -> Any:
    def reply(body: Body, before: list[Body]) -> Reply:
        return verdict(value)

    return reply


def connect(access: Access, url: str, **values: Any) -> Connection:
    usual = {
        "name": "loopback",
        "model": "gpt-4o-mini",
        "secret": secrets.seal("sk-test-key-123456"),
    }
    made: Connection = Connection.objects.create(
        project=access.project, base_url=url, **(usual | values)
    )
    return made


def judge(
    access: Access, *connections: Connection, name: str = "helpful", **values: Any
) -> EvaluatorVersion:
    """An evaluator at work: boolean and without a filter unless said otherwise."""
    config = {
        "instructions": RUBRIC,
        "scale": {"type": "boolean"},
        "models": [{"connection": one.pk} for one in connections],
        **values.pop("config", {}),
    }
    usual: dict[str, Any] = {"kind": Kind.JUDGE, "higher_is_better": True, "filter": "kind:llm"}
    return evaluators.create(access, name, Draft(config=config, **(usual | values)))


def detector(access: Access, name: str = "refusal", **values: Any) -> EvaluatorVersion:
    usual: dict[str, Any] = {"kind": Kind.DETECTOR, "filter": "kind:llm", "threshold": 0.5}
    return evaluators.create(
        access, values.pop("named", name), Draft(config={"detector": name}, **(usual | values))
    )


def chat(question: str = QUESTION, answer: str = ANSWER, **more: Any) -> dict[str, Any]:
    """A model's call with its messages."""
    said = [{"role": "user", "parts": [{"type": "text", "content": question}]}]
    answered = [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": answer}],
            "finish_reason": "stop",
        }
    ]
    messages = {
        "gen_ai__input__messages": json.dumps(said),
        "gen_ai__output__messages": json.dumps(answered),
    }
    return llm(**(messages | more))


def send(access: Access, *spans: dict[str, Any]) -> None:
    store_spans(access, decoded(*spans))


def send_and_plan(access: Access, *spans: dict[str, Any]) -> None:
    """Store spans, score them with the detectors, make the judges' jobs."""
    send(access, *spans)
    live.run(10.0)
