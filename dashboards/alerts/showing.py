"""What the explorer is asked for so that a firing's link opens what makes its figure. Pure.

A rule's filter is of what its metric counts: spans, traces or scores. The list of spans is asked
where single spans count; the list of traces where these count, where it can be sorted by what is
watched (money, tokens), or where the filter asks of what spans have from their trace (its user, for
one), which the list of spans cannot say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dashboards.explorer.terms import quoted
from traces.query import Query, nodes, parse
from traces.query.nodes import Node, Term, Words
from traces.query.parser import MAX_LENGTH
from traces.selectors.metrics import FLAGGED, SCORE, Metric
from traces.spans import MODEL_CALLS, Kind

INHERITED = {"user", "session", "environment", "release", "tag", "metadata"}
"""Fields that spans have from their trace where they have none themselves."""
OF_ANY_SPAN = {"kind", "model", "provider", "prompt", "prompt_version", "ttft", "text", "topic"}
"""Fields that a trace has if any of its spans has them: one alone means the same of both lists."""
OF_THE_TRACE = {"trace", "spans", "errors"}
COUNTED = "-flag:not_counted"
CALLS = f"kind:{','.join(sorted(kind.value for kind in MODEL_CALLS))}"
RETRIEVALS = f"kind:{Kind.RETRIEVER.value}"
SPENT = "cost:>0"
SPAN_TERMS = {
    "errors": "status:error",
    "error_rate": "status:error",
    "calls": f"{CALLS} {COUNTED}",
    "unpriced": f"{CALLS} {COUNTED} -cost:*",
    "cost": f"{SPENT} {COUNTED}",
    "cost_per_call": f"{CALLS} {COUNTED}",
    "est_cost": f"flag:estimated {COUNTED}",
    "input_tokens": f"input_tokens:>0 {COUNTED}",
    "output_tokens": f"output_tokens:>0 {COUNTED}",
    "tokens": f"tokens:>0 {COUNTED}",
    "cache_read_tokens": f"input_tokens:>0 {COUNTED}",
    "cache_saved": f"input_tokens:>0 {COUNTED}",
    "cached_share": f"input_tokens:>0 {COUNTED}",
    "retried": f"{CALLS} {COUNTED}",
    "retried_cost": f"{SPENT} {COUNTED}",
    "tokens_per_second": f"output_tokens:>0 {COUNTED}",
    "retrievals": RETRIEVALS,
    "empty_retrieval_rate": RETRIEVALS,
    "mean_retrieval_score": RETRIEVALS,
}
"""By metric: which spans make it, as far as a query can say. Without one all spans do."""
TRACE_TERMS = {
    "errors": "errors:>0",
    "error_rate": "errors:>0",
    "calls": CALLS,
    "unpriced": CALLS,
    "cost": SPENT,
    "cost_per_call": CALLS,
    "input_tokens": "input_tokens:>0",
    "output_tokens": "output_tokens:>0",
    "tokens": "tokens:>0",
    "cache_read_tokens": "input_tokens:>0",
    "cache_saved": "input_tokens:>0",
    "cached_share": "input_tokens:>0",
    "retried": CALLS,
    "retried_cost": SPENT,
    "tokens_per_second": "output_tokens:>0",
    "retrievals": RETRIEVALS,
    "empty_retrieval_rate": RETRIEVALS,
    "mean_retrieval_score": RETRIEVALS,
    "trace_error_rate": "status:error",
    "sessions": "session:*",
    "cost_per_session": SPENT,
    "est_cost": "flag:estimated",
}
"""The same of traces: those that have such a span."""
ORDERS = (("cost", "cost"), ("latency", "duration"), ("token", "tokens"), ("cache", "tokens"))
"""By a part of a metric's name: what its traces are sorted by."""
TIMED = (("latency_", "duration"), ("time_to_first_token_", "ttft"))
NEAR = 0.98
"""Quantiles come from sums that are exact to a percent: so much below a limit is still shown."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of the explorer. `of`: traces or spans; `order`: empty for the newest first."""

    of: str
    text: str
    order: str = ""


@dataclass(frozen=True, slots=True)
class Beyond:
    """What a value went beyond, in the metric's unit as conditions use it: above it or below."""

    limit: float
    above: bool


def shown(metric: Metric, text: str, beyond: Beyond | None, flagged: str = "") -> Shown:
    """What to open. `text`: the rule's filter, narrowed to the group.

    `beyond` is None where nothing is said of single spans, as of a count that is missing.
    `flagged`: the values of a score that are flagged, in the query language (`flagged_of`).
    Raises QueryError.
    """
    asked = parse(text)
    term = flagged if metric.name.startswith(FLAGGED) else _scored(metric, beyond)
    by_trace = metric.source == "trace" or (
        _carries_over(asked)
        and (_is_sorted(metric) or metric.source == "score" or _inherits(asked))
    )
    if by_trace:
        term = TRACE_TERMS.get(metric.name, term) or _timed(metric, beyond, of_trace=True)
        order = next((order for name, order in ORDERS if name in metric.name), "")
        sign = "" if beyond is not None and not beyond.above else "-"
        order = f"{sign}{order}" if order and metric.source != "score" else ""
        return Shown("traces", _both(text, term), order)
    term = SPAN_TERMS.get(metric.name, term) or _timed(metric, beyond, of_trace=False)
    return Shown("spans", _both(text, term))


def _both(text: str, term: str) -> str:
    """Both; the text alone where there is no room for more in a query."""
    if not text or not term:
        return text or term
    both = f"({text}) {term}"
    return both if len(both) <= MAX_LENGTH else text


def _is_sorted(metric: Metric) -> bool:
    """Whether traces sorted by what it sums up show it better than single spans do."""
    return metric.unit in ("usd", "tokens") and metric.name != "est_cost"


def _timed(metric: Metric, beyond: Beyond | None, *, of_trace: bool) -> str:
    """Spans that took longer than the limit; a trace's duration is not that of its spans."""
    field = next((field for name, field in TIMED if metric.name.startswith(name)), "")
    if not field or (of_trace and field == "duration"):
        return ""
    if beyond is None or not beyond.above or beyond.limit <= 0:
        return f"{field}:>=0"
    return f"{field}:>={beyond.limit * NEAR:.3f}ms"


def _scored(metric: Metric, beyond: Beyond | None) -> str:
    """Those with that score; where its mean is too low or high, those that made it so."""
    name = metric.name.removeprefix(SCORE)
    if name == metric.name:
        return ""
    if beyond is None:
        return scored(name)
    sign, is_true = (">", "true") if beyond.above else ("<", "false")
    return f"({_field(name)}:{sign}{beyond.limit:.6f} OR {_field(name)}:{is_true})"


def flagged_of(
    score: str, *, higher_is_better: bool, threshold: float | None, categories: Sequence[str] = ()
) -> str:
    """Which values of a score are flagged, as `evals.services.scoring.is_flagged` says it."""
    field = _field(score)
    ways = [f"{field}:{'false' if higher_is_better else 'true'}"]
    if threshold is not None:
        ways.append(f"{field}:{'<' if higher_is_better else '>='}{threshold:f}")
    if categories:
        ways.append(f"{field}:{','.join(quoted(one) for one in categories)}")
    return f"({' OR '.join(ways)})"


def scored(score: str) -> str:
    """Those that have this score."""
    return f"{_field(score)}:*"


def _field(score: str) -> str:
    return f"score.{quoted(score)}"


def _inherits(asked: Query) -> bool:
    return any(_name(leaf) in INHERITED for leaf, _ in _leaves(asked.root))


def _carries_over(asked: Query) -> bool:
    """Whether the filter, made for spans, finds their traces as well: what it asks of spans is one

    thing at most, and not turned round.
    """
    leaves = list(_leaves(asked.root))
    of_spans = [turned for leaf, turned in leaves if _name(leaf) in OF_ANY_SPAN]
    known = all(_name(leaf) in INHERITED | OF_ANY_SPAN | OF_THE_TRACE for leaf, _ in leaves)
    return known and len(of_spans) <= 1 and not any(of_spans)


def _name(leaf: Term | Words) -> str:
    return "text" if isinstance(leaf, Words) else leaf.field


def _leaves(node: Node | None, turned: bool = False) -> Iterator[tuple[Term | Words, bool]]:
    """Each term, and whether a NOT stands before it."""
    match node:
        case nodes.All(parts) | nodes.Any(parts):
            for part in parts:
                yield from _leaves(part, turned)
        case nodes.Not(part):
            yield from _leaves(part, not turned)
        case Term() | Words():
            yield node, turned
