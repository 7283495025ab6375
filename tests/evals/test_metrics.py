"""ragas metrics, run by the real library in its own process against a provider on loopback."""

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from evals.models import Connection, Job, Kind
from evals.services import evaluators, metrics
from evals.services.evaluators import Draft
from sightglass.accounts.access import Access
from tests.evals.judging import ANSWER, QUESTION, chat, connect, send_and_plan
from tests.provider import Body, Reply, running
from traces.models import Score

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.integration]
DOCUMENT = "Lamps may be returned within 30 days."


def filled(schema: Body, definitions: Body) -> Any:
    """Something that satisfies a JSON schema: every list has one item, every judgement is yes."""
    if "$ref" in schema:
        return filled(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    if "anyOf" in schema:
        return filled(schema["anyOf"][0], definitions)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    match schema.get("type"):
        case "object":
            parts = schema.get("properties", {})
            return {name: filled(part, definitions) for name, part in parts.items()}
        case "array":
            return [filled(schema["items"], definitions)]
        case "integer" | "number":
            return 1
        case "boolean":
            return True
    return "The lamp may be returned."


def reply(body: Body, before: list[Body]) -> Reply:
    form = body.get("response_format") or {}
    schema = (form.get("json_schema") or {}).get("schema")
    if schema is None:
        tools = body.get("tools") or []
        if tools:
            said = filled_tool(tools[0]["function"])
            return Reply(None, (said,))
        schema = schema_in(body)
    return Reply(json.dumps(filled(schema, schema.get("$defs", {}))))


def filled_tool(function: Body) -> Body:
    schema = function["parameters"]
    written = json.dumps(filled(schema, schema.get("$defs", {})))
    return {
        "id": "call_1",
        "type": "function",
        "function": {"name": function["name"], "arguments": written},
    }


def schema_in(body: Body) -> Body:
    """The JSON schema that a prompt holds as text."""
    for message in body["messages"]:
        text = str(message.get("content"))
        at = text.find("{")
        while at >= 0:
            try:
                found, _ = json.JSONDecoder().raw_decode(text[at:])
            except ValueError:
                found = None
            if isinstance(found, dict) and "properties" in found:
                return found
            at = text.find("{", at + 1)
    raise AssertionError(f"no schema in {body}")


def metric(access: Access, connection: Connection, name: str, **config: Any) -> None:
    draft = Draft(
        Kind.RAGAS,
        {"metric": name, "models": [{"connection": connection.pk}], **config},
        filter="kind:llm",
        higher_is_better=True,
    )
    evaluators.create(access, name, draft)


def grounded_chat() -> Body:
    said = [
        {"role": "user", "parts": [{"type": "text", "content": QUESTION}]},
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "c", "response": DOCUMENT}],
        },
    ]
    return chat(
        gen_ai__input__messages=json.dumps(said), metadata=json.dumps({"reference": ANSWER})
    )


RUBRICS = {f"score{n}_description": f"Level {n}." for n in range(1, 6)}


def test_every_metric_gives_a_score_with_its_cost(access: Access, settings: Any) -> None:
    settings.ALLOW_PRIVATE_PROVIDERS = True
    with running(reply) as provider:
        connection = connect(access, provider.url)
        metric(access, connection, "faithfulness")
        metric(access, connection, "answer_relevancy")
        metric(access, connection, "context_precision")
        metric(access, connection, "context_recall")
        metric(access, connection, "factual_correctness")
        metric(access, connection, "aspect_critic", definition="It is {polite}.")
        metric(access, connection, "rubrics", rubrics=RUBRICS)
        send_and_plan(access, grounded_chat())
        assert metrics.run(20.0) == 7
    failed = list(Job.objects.exclude(state="done").values_list("error", "reason"))
    assert failed == []
    scores = {score.name: score for score in Score.objects.all()}
    assert len(scores) == 7
    assert scores["faithfulness"].number == 1.0
    assert scores["aspect_critic"].boolean is True
    assert all((score.input_tokens or 0) >= 321 for score in scores.values())
    assert all((score.cost or 0) > 0 for score in scores.values())


def test_an_outage_is_waited_for(access: Access, settings: Any) -> None:
    settings.ALLOW_PRIVATE_PROVIDERS = True
    with running(lambda body, before: Reply(status=500)) as provider:
        metric(access, connect(access, provider.url), "faithfulness")
        send_and_plan(access, grounded_chat())
        metrics.run(1.0)
    job = Job.objects.get()
    assert (job.state, job.attempts) == ("waiting", 1)
    assert "HTTP 500" in job.error


def test_private_addresses_are_not_called_unless_allowed(access: Access) -> None:
    with running(reply) as provider:
        metric(access, connect(access, provider.url), "faithfulness")
        send_and_plan(access, grounded_chat())
        metrics.run(1.0)
        assert provider.requests == []
    assert "private address" in Job.objects.get().error


def test_without_documents_there_is_nothing_to_read(access: Access, settings: Any) -> None:
    metric(access, connect(access, "http://127.0.0.1:1/v1"), "faithfulness")
    send_and_plan(access, chat())
    metrics.run(1.0)
    job = Job.objects.get()
    assert (job.state, job.reason, job.error) == ("skipped", "nothing", "there is no context")


def test_anthropic_connections_are_refused(access: Access) -> None:
    connection = connect(access, "https://api.anthropic.com/v1", api="anthropic")
    with pytest.raises(ValidationError, match="OpenAI-compatible"):
        metric(access, connection, "faithfulness")
