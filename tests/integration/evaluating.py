"""An installation with workers and a provider whose answers depend on the model that is asked."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import psutil

from tests.evals.judging import chat, verdict
from tests.evals.test_metrics import reply as filled_reply
from tests.operations.installation import Installation, eventually
from tests.provider import Body, Reply
from tests.traces.sending import request

VERDICTS: dict[str, Any] = {"numeric": 0.75, "ordinal": 2, "categorical": "kind", "pair": "tie"}
GARBAGE = "Sure! I'd rate this a solid yes."


def by_model(body: Body, before: list[Body]) -> Reply:
    """What the model of this name does; each failing one recovers after a while, but garbage."""
    model = body["model"]
    asked = sum(one["model"] == model for one in before)
    match model:
        case "ragas":
            return filled_reply(body, before)
        case "slow":
            return Reply(verdict(True).content, delay=1.0)
        case "busy" if asked < 2:
            return Reply(status=429, retry_after="1")
        case "broken" if asked < 4:
            return Reply(status=500)
        case "hanging" if asked < 1:
            return Reply(verdict(True).content, delay=6.0)
        case "garbage":
            return Reply(GARBAGE)
        case "liar":
            return Reply('{"reasoning": "", "verdict": 11, "confidence": 2}')
        case "contrary":
            return verdict(False)
    return verdict(VERDICTS.get(model, True))


class Scored:
    """An installation as an application and its team use it."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.headers = {"Authorization": f"Bearer {installation.printed('API key')}"}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.installation.url}/api/v1{path}"
        answer = httpx.request(method, url, json=body, headers=self.headers, timeout=60)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def connection(self, url: str, name: str, **more: Any) -> int:
        given = {"name": name, "base_url": url, "model": "plain", **more}
        made: int = self.call("POST", "/connections", given)["id"]
        return made

    def judge(self, name: str, *asked: tuple[int, str], **more: Any) -> int:
        """A boolean judge on every call unless said otherwise; its id."""
        config = {
            "instructions": "Is {{output}} a good answer to {{input}}?",
            "scale": {"type": "boolean"},
            "models": [{"connection": pk, "model": model} for pk, model in asked],
            **more.pop("config", {}),
        }
        given = {"name": name, "kind": "judge", "filter": "kind:llm", "higher_is_better": True,
                 "config": config, **more}  # fmt: skip
        made: int = self.call("POST", "/evaluators", given)["id"]
        return made

    def send(self, label: str, count: int, **more: Any) -> None:
        """Calls whose answers differ, ten to a request."""
        for start in range(0, count, 10):
            numbers = range(start, min(start + 10, count))
            spans = [chat(answer=f"{label} {n}.", user__id=label, **more) for n in numbers]
            answer = httpx.post(
                f"{self.installation.url}/v1/traces",
                content=request(*spans).SerializeToString(),
                headers={**self.headers, "Content-Type": "application/x-protobuf"},
                timeout=60,
            )
            assert answer.status_code == 200, answer.text

    def scores(self, name: str) -> list[Body]:
        found: list[Body] = []
        cursor = ""
        while True:
            page = self.call("GET", f"/scores?name={name}&limit=1000{cursor}")
            found += page["results"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    def jobs(self, pk: int, state: str) -> list[Body]:
        rows: list[Body] = self.call("GET", f"/evaluators/{pk}/jobs?state={state}")["results"]
        return rows

    def wait(self, name: str, count: int, seconds: float = 120) -> list[Body]:
        """Until so many objects have this score, each exactly one."""

        def done() -> bool:
            try:
                return len(self.scores(name)) >= count
            except AssertionError:
                return False  # the database is away just now

        eventually(done, f"{count} have {name}", seconds=seconds)
        found = self.scores(name)
        of_each = Counter((row["trace_id"], row["span_id"], row["session_id"]) for row in found)
        assert set(of_each.values()) == {1}
        assert len(of_each) == count
        return found


def children(installation: Installation, word: str) -> list[psutil.Process]:
    """The supervisor's own children with this word in their command line."""
    assert installation.process is not None
    found = psutil.Process(installation.process.pid).children()
    return [one for one in found if any(word in part for part in one.cmdline())]
