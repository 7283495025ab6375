"""Each list of the API goes on by cursor: nothing is cut off, left out or given twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.http import QueryDict
from django.test import Client

from dashboards.alerts.models import Rule
from dashboards.boards.models import Board
from dashboards.budgets.models import Budget
from dashboards.channels.models import Channel
from evals.datasets.content import Draft
from evals.datasets.services import adding, datasets, tagging
from evals.drift.services import monitors
from evals.erasures import services as erasing
from evals.models import Backfill
from evals.review.services import filling, queues, rules, working
from evals.services import evaluators
from evals.topics.models import Topic
from evals.truth.models import Improvement
from sightglass.accounts.access import Access
from tests.evals.judging import connect, detector
from traces.api.pagination import page_of
from traces.models import PriceOverride
from traces.selectors.paging import CursorError, Page

pytestmark = pytest.mark.django_db
NAMES = ("one", "three", "two")
QUESTION = {"key": "why", "text": "Why?", "kind": "text"}
NOT_PAGES = {"/api/v1/truth/rates", "/api/v1/topics/{number}/examples"}
"""All that there is in one answer: `next` is always null."""
Make = Callable[[Access], str]
"""Makes three rows and tells the path of their list."""


def prices(access: Access) -> str:
    for name in NAMES:
        PriceOverride.objects.create(project=access.project, model=name, input="1")
    return "prices"


def connections(access: Access) -> str:
    for name in NAMES:
        connect(access, "http://127.0.0.1:1/v1", name=name)
    return "connections"


def channels(access: Access) -> str:
    for name in NAMES:
        config = {"recipients": [f"{name}@example.org"]}
        Channel.objects.create(project=access.project, name=name, kind="email", config=config)
    return "channels"


def budgets(access: Access) -> str:
    for name in NAMES:
        Budget.objects.create(project=access.project, name=name, amount=1)
    return "budgets"


def alert_rules(access: Access) -> str:
    for name in NAMES:
        Rule.objects.create(
            project=access.project, slug=name, name=name, metric="cost", window_ns=3600 * 10**9,
            condition={"type": "threshold", "above": 1.0}, severity="info",
        )  # fmt: skip
    return "alerts/rules"


def boards(access: Access) -> str:
    for name in NAMES:
        Board.objects.create(project=access.project, owner=access.user, name=name, shared=True)
    return "dashboards"


def erasures(access: Access) -> str:
    for name in NAMES:
        erasing.ask(access, name, f"Request of {len(name)}")
    return "erasures"


def of_evaluators(access: Access) -> str:
    for name in NAMES:
        detector(access, named=name)
    return "evaluators"


def of_truth(access: Access) -> str:
    of_evaluators(access)
    return "truth/evaluators"


def versions(access: Access) -> str:
    version = detector(access)
    for threshold in (0.6, 0.7):
        draft = evaluators.draft_of(version)
        draft.threshold = threshold
        evaluators.change(access, version.evaluator, draft)
    return f"evaluators/{version.evaluator_id}/versions"


def backfills(access: Access) -> str:
    version = detector(access)
    for n in range(3):
        Backfill.objects.create(
            project=access.project, version=version, start_ns=n, end_ns=9, total=0
        )
    return f"evaluators/{version.evaluator_id}/backfills"


def improvements(access: Access) -> str:
    version = detector(access)
    for _ in NAMES:
        Improvement.objects.create(
            project=access.project, evaluator=version.evaluator, base=version, state="failed"
        )
    return f"truth/evaluators/{version.evaluator_id}/improvements"


def of_queues(access: Access) -> str:
    for name in NAMES:
        queues.create(access, name, queues.Draft(name, [QUESTION]))
    return "review/queues"


def queue_rules(access: Access) -> str:
    queue = queues.create(access, "queue", queues.Draft("Queue", [QUESTION]))
    for name in NAMES:
        rules.create(access, queue, rules.Draft("rule", q=f"tag:{name}"))
    return "review/queues/queue/rules"


def comments(access: Access) -> str:
    queue = queues.create(access, "queue", queues.Draft("Queue", [QUESTION]))
    filling.put(queue, [filling.Chosen((UUID(int=1), None), 0.5, "")], "manual", None)
    item = queue.items.get()
    for name in NAMES:
        working.comment(access, item, name)
    return f"review/queues/queue/items/{item.pk}/comments"


def tags(access: Access) -> str:
    dataset = datasets.create(access, "cases", datasets.Settings("Cases"))
    adding.add(access, dataset, [Draft("a question")])
    for name in NAMES:
        tagging.put(access, dataset, name, 1)
    return "datasets/cases/tags"


def drift_monitors(access: Access) -> str:
    for name in NAMES:
        monitors.make(access, monitors.Wanted(name, "inputs"))
    return "drift/monitors"


def topic_runs(access: Access) -> str:
    for _ in NAMES:
        access.project.run_set.create(
            state="done", start_ns=0, end_ns=1, topics=1, finished_at=datetime.now(UTC)
        )
    return "topics/runs"


def topics(access: Access) -> str:
    topic_runs(access)
    run = access.project.run_set.latest("pk")
    for number, name in enumerate(NAMES, 1):
        Topic.objects.create(
            project=access.project, number=number, name=name, label=name, terms=[[name, 1.0]],
            centroid=b"", x=0, y=0, size=1, share=1, found_in=run, seen_in=run,
        )  # fmt: skip
    return "topics"


MAKERS: list[Make] = [
    *(prices, connections, channels, budgets, alert_rules, boards, erasures, of_evaluators),
    *(of_truth, versions, backfills, improvements, of_queues, queue_rules, comments, tags),
    *(drift_monitors, topic_runs, topics),
]


@pytest.fixture
def get(client: Client, api_key: str) -> Callable[..., Any]:
    def get(path: str, **parameters: Any) -> Any:
        return client.get(
            f"/api/v1/{path}", parameters, headers={"Authorization": f"Bearer {api_key}"}
        )

    return get


@pytest.mark.parametrize("make", MAKERS)
def test_a_list_is_read_page_by_page(make: Make, access: Access, get: Any) -> None:
    path = make(access)
    whole = get(path).json()
    assert len(whole["results"]) == 3 and whole["next"] is None
    walked, page = [], get(path, limit=1).json()
    for _ in NAMES:
        walked += page["results"]
        if page["next"]:
            page = get(path, limit=1, cursor=page["next"]).json()
    assert walked == whole["results"] and page["next"] is None
    assert get(path, limit=2).json()["results"] == whole["results"][:2]
    for wrong in ({"limit": 0}, {"limit": 1001}, {"cursor": "abc"}):
        told = get(path, **wrong)
        assert told.status_code == 400
        assert told.json()["errors"][0]["pointer"] == f"/{next(iter(wrong))}"


def test_a_cursor_is_of_its_list(access: Access, get: Any) -> None:
    cursor = get(prices(access), limit=1).json()["next"]
    budget = get(budgets(access), limit=1).json()["next"]
    assert get("budgets", cursor=cursor).status_code == 400
    assert get("prices", cursor=budget).status_code == 400
    mine = get(versions(access), limit=1).json()["next"]
    other = detector(access, named="another")
    assert get(f"evaluators/{other.evaluator_id}/versions", cursor=mine).status_code == 400


def test_no_price_is_out_of_reach(access: Access, get: Any) -> None:
    PriceOverride.objects.bulk_create(
        PriceOverride(project=access.project, model=f"model {n}", input="1") for n in range(1_001)
    )
    first = get("prices", limit=1_000).json()
    last = get("prices", limit=1_000, cursor=first["next"]).json()
    assert len(first["results"]) == 1_000 and last["next"] is None
    assert [one["model"] for one in last["results"]] == ["model 1000"]


def test_what_has_a_next_takes_limit_and_cursor(client: Client) -> None:
    document = client.get("/api/schema/").json()
    shapes, wrong = document["components"]["schemas"], []
    for path, methods in document["paths"].items():
        if "get" not in methods or path in NOT_PAGES:
            continue
        content = methods["get"]["responses"]["200"]["content"].get("application/json", {})
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        fields = shapes.get(name, {}).get("properties", {})
        taken = {one["name"] for one in methods["get"].get("parameters", [])}
        if {"results", "next"} <= fields.keys() and not {"limit", "cursor"} <= taken:
            wrong.append(path)
    assert wrong == []


def paged(rows: list[str], **given: Any) -> Page[str]:
    query = QueryDict(mutable=True)
    query.update(given)
    return page_of(query, rows, "letters", str)


def test_a_bounded_list_goes_on_behind_the_last_row() -> None:
    first = paged(["b", "c", "d", "e"], limit="2")
    assert first.results == ["b", "c"] and first.next
    more = ["a", "b", "bb", "c", "d", "e"]
    assert paged(more, cursor=first.next).results == ["d", "e"], "whatever came before it"
    assert paged(["b", "d", "e"], cursor=first.next).results == ["d", "e"], "though it is gone"
    assert paged(["a"], cursor=first.next) == Page([])
    assert paged([], limit="2") == Page([])


def test_a_bounded_list_ends_with_its_last_row() -> None:
    assert paged(["b", "c"], limit="2") == Page(["b", "c"])
    whole = [str(n) for n in range(60)]
    first = paged(whole)
    assert len(first.results) == 50 and first.next
    assert paged(whole, cursor=first.next) == Page(whole[50:])


def test_a_cursor_that_was_not_given_out() -> None:
    first = paged(["b", "c"], limit="1").next
    assert first is not None
    with pytest.raises(CursorError):
        page_of(QueryDict(f"cursor={first}"), ["b", "c"], "other letters", str)
    with pytest.raises(CursorError):
        paged(["b", "c"], cursor=first[:-3])
