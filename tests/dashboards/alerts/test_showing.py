"""What a firing's link opens: of every metric that a rule may have, what makes its figure."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from django.test import Client

from dashboards.alerts.models import Transition
from dashboards.alerts.services import evidence
from dashboards.alerts.showing import Beyond, Shown, flagged_of, shown
from evals.models import Evaluator, EvaluatorVersion
from sightglass.accounts.access import Access
from sightglass.accounts.models import User
from tests.dashboards.alerts.watching import NOON, evaluate, minutes, ns, rule
from tests.traces.sending import SECOND, decoded, llm, span
from traces.ids import trace_hex
from traces.models import Span, Trace
from traces.query import parse
from traces.selectors import metrics
from traces.selectors.metrics import METRICS
from traces.selectors.paging import TimeRange
from traces.selectors.search import list_spans, list_traces
from traces.services.ingest import store_spans
from traces.services.scores import Given, store

HOUR = TimeRange(ns(NOON), ns(NOON + minutes(60)))
BEYOND = Beyond(1500.0, True)
"""A second and a half: the slow call of `traffic` took two."""


def traffic(access: Access) -> None:
    """In one trace of alice's: a root, a slow call that failed, a retrieval; a good call of bob's;

    and what counts in no figure but that of spans: a tool.
    """
    at = ns(NOON)
    first = b"a" * 16
    store_spans(
        access,
        decoded(
            span(first, span_id=b"root0000", name="turn", start_ns=at, end_ns=at + 4 * SECOND,
                 user__id="alice", session__id="s1", error="broken"),
            llm(first, parent=b"root0000", name="slow", start_ns=at + SECOND,
                end_ns=at + 3 * SECOND, error="away", gen_ai__response__model="gpt-4o",
                gen_ai__server__time_to_first_token=1.8),
            span(first, parent=b"root0000", name="look", start_ns=at + 1, end_ns=at + SECOND,
                 openinference__span__kind="RETRIEVER"),
            llm(b"b" * 16, name="fine", start_ns=at + SECOND, user__id="bob", session__id="s2"),
            span(b"c" * 16, name="tool", start_ns=at + SECOND,
                 gen_ai__operation__name="execute_tool"),
        ),
    )  # fmt: skip


def found(access: Access, opened: Shown) -> list[str]:
    """Names of what the explorer lists, in its order."""
    query = parse(opened.text)
    if opened.of == "spans":
        return [one.name for one in list_spans(access, query=query, range=HOUR).results]
    order = opened.order or "-start_time"
    return [one.name for one in list_traces(access, query=query, range=HOUR, order=order).results]


CALLED, FAILED, LOOKED = {"slow", "fine"}, {"turn", "slow"}, {"look"}
EVERY = {"turn", "slow", "look", "fine", "tool"}
TURNS = {"turn", "fine", "tool"}
EXPECTED = {
    "spans": EVERY, "traces": TURNS, "sessions": {"turn", "fine"}, "calls": CALLED,
    "errors": FAILED, "error_rate": FAILED, "trace_error_rate": {"turn"},
    "cost": {"turn", "fine"}, "est_cost": set(), "unpriced": set(), "cost_per_trace": TURNS,
    "cost_per_call": {"turn", "fine"}, "cost_per_session": {"turn", "fine"},
    "input_tokens": {"turn", "fine"}, "output_tokens": {"turn", "fine"},
    "tokens": {"turn", "fine"}, "cache_read_tokens": {"turn", "fine"},
    "cache_saved": {"turn", "fine"}, "cached_share": CALLED, "retried": CALLED,
    "retried_cost": {"turn", "fine"}, "tokens_per_second": CALLED, "retrievals": LOOKED,
    "empty_retrieval_rate": LOOKED, "mean_retrieval_score": LOOKED, "judge_cost": TURNS,
    **{f"latency_{share}": FAILED for share in ("p50", "p90", "p95", "p99")},
    **{f"trace_latency_{share}": TURNS for share in ("p50", "p90", "p95", "p99")},
    **{f"time_to_first_token_{share}": {"slow"} for share in ("p50", "p90", "p95", "p99")},
}  # fmt: skip
"""By metric: names of the spans or traces that a link shows. No call is without a price here."""


def test_every_metric_is_expected() -> None:
    assert EXPECTED.keys() == METRICS.keys()


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_link_shows_what_makes_the_figure(access: Access, name: str) -> None:
    traffic(access)
    assert Trace.objects.count() == 3 and Span.objects.count() == 5
    opened = shown(metrics.find(name), "", BEYOND)
    assert set(found(access, opened)) == EXPECTED[name], opened


FILTERS = ("", "user:alice", "model:gpt-4o*", "name:slow", "kind:llm -model:x", "kind:retriever")


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(METRICS))
def test_where_there_is_a_figure_there_is_something_to_see(access: Access, name: str) -> None:
    traffic(access)
    metric = metrics.find(name)
    for text in FILTERS:
        said = metrics.ask(access.project.pk, name, query=parse(text), range=HOUR).series[0].total
        limit = float(said.value or 0) * 0.999
        opened = shown(metric, text, Beyond(limit, True))
        names = set(found(access, opened))
        assert names <= set(found(access, Shown(opened.of, text))), "no more than the filter finds"
        assert names or not said.value, (text, opened, said)


@pytest.mark.django_db
def test_a_user_of_the_trace_is_asked_of_traces(access: Access) -> None:
    """Spans have their user from the trace, which the list of spans cannot say."""
    traffic(access)
    opened = shown(metrics.find("error_rate"), "user:alice", Beyond(0.1, True))
    assert opened == Shown("traces", "(user:alice) errors:>0")
    assert found(access, opened) == ["turn"]


def test_the_largest_come_first_and_of_what_fell_the_smallest() -> None:
    orders = {
        name: shown(METRICS[name], "", Beyond(1, True)).order
        for name in ("cost", "tokens", "trace_latency_p95", "errors", "traces")
    }
    assert orders == {
        "cost": "-cost", "tokens": "-tokens", "trace_latency_p95": "-duration",
        "errors": "", "traces": "",
    }  # fmt: skip
    assert shown(METRICS["cost"], "", Beyond(1, False)).order == "cost"


def test_what_has_no_room_is_left_out() -> None:
    text = f'"{"x" * 1990}"'
    assert shown(METRICS["errors"], text, None).text == text


def scored(access: Access, name: str, **values: Any) -> None:
    traffic(access)
    given = [
        Given(name, value, "sdk", trace_id=UUID(bytes=trace.encode() * 16))
        for trace, value in values.items()
    ]
    store(access, given)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "beyond", "expected"),
    [
        ({"a": 0.2, "b": 0.9}, Beyond(0.8, False), ["turn"]),
        ({"a": 0.2, "b": 0.9}, Beyond(0.5, True), ["fine"]),
        ({"a": False, "b": True}, Beyond(0.8, False), ["turn"]),
        ({"a": False, "b": True}, Beyond(0.2, True), ["fine"]),
        ({"a": -0.9, "b": 0.9}, Beyond(-0.5, False), ["turn"]),
        ({"a": 0.1}, None, ["turn"]),
    ],
)
def test_scores_that_make_a_mean_so(
    access: Access, values: dict[str, Any], beyond: Beyond | None, expected: list[str]
) -> None:
    scored(access, 'of "care"', **values)
    assert found(access, shown(metrics.find('score:of "care"'), "", beyond)) == expected


@pytest.mark.django_db
def test_flagged_values_are_those_of_the_evaluator(access: Access) -> None:
    scored(access, "csat", a=2, b=5)
    metric = metrics.find("flagged:csat")
    low = flagged_of("csat", higher_is_better=True, threshold=3.0)
    high = flagged_of("csat", higher_is_better=False, threshold=3.0)
    assert found(access, shown(metric, "", BEYOND, low)) == ["turn"]
    assert found(access, shown(metric, "", BEYOND, high)) == ["fine"]
    named = flagged_of("csat", higher_is_better=False, threshold=None, categories=["a, b", 'c"'])
    assert parse(named).root is not None


@pytest.mark.django_db
def test_a_firing_opens_its_window_with_what_failed(
    access: Access, client: Client, owner: User
) -> None:
    traffic(access)
    made = rule(access, condition={"type": "threshold", "above": 0.1})
    evaluate(made, NOON + minutes(11.5))
    firing = Transition.objects.get(state="firing")
    url = firing.evidence["explorer"]
    asked = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
    assert (asked["list"], asked["q"]) == ("spans", "status:error")
    assert firing.evidence["examples"] == ["61" * 16], "one trace, though two of its spans failed"
    client.force_login(owner)
    page = client.get(url).content.decode()
    assert "61" * 16 in page and "62" * 16 not in page


@pytest.mark.django_db
def test_a_firing_on_flags_asks_its_evaluator(access: Access) -> None:
    scored(access, "harm", a=0.9, b=0.1)
    made = Evaluator.objects.create(project=access.project, name="harm")
    EvaluatorVersion.objects.create(evaluator=made, number=1, kind="detector", threshold=0.5)
    watched = rule(access, metric="flagged:harm")
    opened = shown(metrics.find(watched.metric), "", BEYOND, evidence._flagged(watched))
    page = list_traces(access, query=parse(opened.text), range=HOUR)
    assert [trace_hex(one.trace_id) for one in page.results] == ["61" * 16]
