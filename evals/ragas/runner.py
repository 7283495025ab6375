"""The process that runs ragas: `python -m evals.ragas.runner`, JSON lines in and out.

The first line is the task (`Task`), each further one an item (`Item`); each item is answered by one
line (`Answer`), in the order in which they end. Only this process imports ragas. Its telemetry is
off, its calls go through our guard, and what they used is counted where they pass.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
from contextvars import ContextVar
from typing import Any

import httpx
from openai import APIConnectionError, APIStatusError, AsyncOpenAI

from evals.providers import guard
from evals.providers.calling import retry_after
from evals.providers.errors import Forbidden

Task = dict[str, Any]
"""metric, base_url, key, model, embedding_model, private, timeout, concurrency; definition, rubrics
where the metric has them."""
Item = dict[str, Any]
"""id, user_input, response, retrieved_contexts, reference; what is not there is null."""
Answer = dict[str, Any]
"""id and calls ({model, input_tokens, output_tokens, cached_tokens}); value and reason, or error,
kind ("unavailable", "refused", "failed") and wait."""

RETRIES = 2
MAX_TOKENS = 4_096
ASPECT = """{definition}

Input: {{user_input}}
Response: {{response}}

Answer yes if the above holds of the response, else no."""
_calls: ContextVar[list[dict[str, Any]]] = ContextVar("calls")


async def count(response: httpx.Response) -> None:
    """Add what a call used to the item that made it."""
    await response.aread()
    try:
        body = response.json()
        usage = body.get("usage") or {}
    except (ValueError, AttributeError):
        return
    details = usage.get("prompt_tokens_details") or {}
    _calls.get().append(
        {
            "model": body.get("model"),
            "input_tokens": usage.get("prompt_tokens"),
            "output_tokens": usage.get("completion_tokens"),
            "cached_tokens": details.get("cached_tokens"),
        }
    )


def metric_of(task: Task, llm: Any, client: AsyncOpenAI) -> Any:
    """The ragas object of the task's metric."""
    from ragas.embeddings import OpenAIEmbeddings
    from ragas.metrics import DiscreteMetric
    from ragas.metrics import collections as known

    match task["metric"]:
        case "faithfulness":
            return known.Faithfulness(llm=llm)
        case "answer_relevancy":
            embeddings = OpenAIEmbeddings(client=client, model=task["embedding_model"])
            return known.AnswerRelevancy(llm=llm, embeddings=embeddings)
        case "context_precision":
            return known.ContextPrecisionWithoutReference(llm=llm)
        case "context_recall":
            return known.ContextRecall(llm=llm)
        case "factual_correctness":
            return known.FactualCorrectness(llm=llm)
        case "rubrics":
            return known.RubricsScoreWithoutReference(llm=llm, rubrics=task["rubrics"])
    definition = task["definition"].replace("{", "{{").replace("}", "}}")
    prompt = ASPECT.format(definition=definition)
    return DiscreteMetric(name="aspect", allowed_values=["yes", "no"], prompt=prompt)


ARGUMENTS = {
    "faithfulness": ("user_input", "response", "retrieved_contexts"),
    "answer_relevancy": ("user_input", "response"),
    "context_precision": ("user_input", "response", "retrieved_contexts"),
    "context_recall": ("user_input", "retrieved_contexts", "reference"),
    "factual_correctness": ("response", "reference"),
    "rubrics": ("user_input", "response"),
    "aspect_critic": ("user_input", "response"),
}


async def score(task: Task, metric: Any, llm: Any, item: Item) -> Answer:
    """One item's answer; never raises."""
    calls: list[dict[str, Any]] = []
    _calls.set(calls)
    given = {name: item[name] for name in ARGUMENTS[task["metric"]]}
    if task["metric"] == "aspect_critic":
        given["llm"] = llm
    answer: Answer = {"id": item["id"]}
    try:
        result = await metric.ascore(**given)
        answer |= read(result.value, getattr(result, "reason", None))
    except Exception as error:  # noqa: BLE001 - becomes the job's error, told by kind
        answer |= problem(error)
    return {**answer, "calls": calls}


def read(value: Any, reason: Any) -> Answer:
    """A metric's value as ours: yes and no as booleans, numbers that are numbers."""
    if value in ("yes", "no"):
        value = value == "yes"
    elif not isinstance(value, int | float) or not math.isfinite(value):
        return {"error": f"the metric gave {value!r}, which is no number", "kind": "failed"}
    else:
        value = float(value)
    return {"value": value, "reason": str(reason or "")[:4000]}


def problem(error: BaseException) -> Answer:
    """What went wrong, found below the layers that wrap it."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        if isinstance(found, Forbidden):
            return {"error": str(found), "kind": "refused"}
        if isinstance(found, APIStatusError):
            status = found.status_code
            again = status in (408, 409, 429) or status >= 500
            wait = retry_after(found.response.headers) if again else None
            kind = "unavailable" if again else "refused"
            return {"error": f"HTTP {status}: {str(found)[:300]}", "kind": kind, "wait": wait}
        found = found.__cause__ or found.__context__
    if isinstance(error, APIConnectionError | TimeoutError):
        return {"error": f"cannot be reached: {error}", "kind": "unavailable"}
    return {"error": f"{type(error).__name__}: {error}"[:1000], "kind": "failed"}


async def run(task: Task, items: list[Item]) -> None:
    """Answer every item, `concurrency` at a time."""
    from ragas.llms import llm_factory

    http = guard.client(private=task["private"], connections=task["concurrency"] * 2)
    http.event_hooks = {"response": [count]}
    places = asyncio.Semaphore(task["concurrency"])
    async with AsyncOpenAI(
        base_url=task["base_url"],
        api_key=task["key"] or "none",
        timeout=task["timeout"],
        max_retries=RETRIES,
        http_client=http,  # type: ignore[arg-type]  # this httpx is taken as well
    ) as client:
        llm = llm_factory(task["model"], client=client, max_tokens=MAX_TOKENS)
        metric = metric_of(task, llm, client)

        async def one(item: Item) -> None:
            async with places:
                answer = await asyncio.create_task(score(task, metric, llm, item))
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()

        await asyncio.gather(*(one(item) for item in items))


def main() -> None:
    task, *items = [json.loads(line) for line in sys.stdin]
    asyncio.run(run(task, items))


if __name__ == "__main__":
    main()
