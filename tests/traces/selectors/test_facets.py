"""Facets, histogram and completion."""

import pytest

from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.traces.selectors.rows import NOON, SECOND, make_span, make_trace
from traces.models import Score, Trace
from traces.query import Query, parse
from traces.selectors import facets
from traces.selectors.paging import TimeRange

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rows(project: Project) -> None:
    for i in range(6):
        make_trace(
            project,
            start_ns=NOON + i * SECOND,
            models_used=["gpt-4o"] if i % 2 else ["claude 3", "gpt-4o"],
            error_count=int(i == 5),
            metadata={"tenant": "acme"} if i else {},
            user_id=f"u{i % 2}",
        )


def test_counts_of_values(access: Access) -> None:
    found = facets.facets(access, parse("-user:u9"), TimeRange(), ["model", "user", "metadata"])
    assert found.values["model"] == [("gpt-4o", 6), ("claude 3", 3)]
    assert sorted(found.values["user"]) == [("u0", 3), ("u1", 3)]
    assert found.values["metadata"] == [("tenant", 5)]
    assert (found.counted, found.complete) == (6, True)


def test_only_the_newest_are_counted(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facets, "FACET_ROWS", 2)
    found = facets.facets(access, Query(), TimeRange(), ["model"])
    assert (found.counted, found.complete) == (2, False)


def test_histogram(access: Access) -> None:
    found = facets.histogram(access, Query(), TimeRange(NOON, NOON + 6 * SECOND), 3)
    assert (found.counts, found.errors) == ([2, 2, 2], [0, 0, 1])
    assert (found.start_ns, found.width_ns) == (NOON, 2 * SECOND)
    open_range = facets.histogram(access, Query(), TimeRange(), 10)
    assert sum(open_range.counts) == 6
    assert facets.histogram(access, parse("user:nobody"), TimeRange(), 4).counts == [0] * 4


@pytest.fixture
def spans(project: Project) -> None:
    """Of one trace an agent, two calls of models and a tool that failed."""
    trace = Trace.objects.filter(project=project).latest("start_ns")
    make_span(trace, 1, kind="agent", user_id="u1")
    for at in (2, 3):
        made = {"model": "o3", "provider": "openai", "prompt_name": "answer"}
        make_span(trace, at, start_ns=trace.start_ns + at, **made)
        Score.objects.create(
            project=project,
            trace_id=trace.trace_id,
            span_id=at,
            name="fair",
            number=1,
            source="api",
        )
    Score.objects.create(
        project=project, trace_id=trace.trace_id, name="of the trace", number=1, source="api"
    )
    make_span(trace, 4, start_ns=trace.start_ns + 4, kind="tool", status="error", tags=["slow"])


def test_counts_of_values_of_spans(access: Access, spans: None) -> None:
    fields = ["kind", "model", "provider", "prompt", "user", "tag", "status", "session", "score"]
    found = facets.facets(access, Query(), TimeRange(), fields, spans=True)
    assert found.values == {
        "kind": [("llm", 2), ("tool", 1), ("agent", 1)],
        "model": [("o3", 2)],
        "provider": [("openai", 2)],
        "prompt": [("answer", 2)],
        "user": [("u1", 1)],
        "tag": [("slow", 1)],
        "status": [("ok", 3), ("error", 1)],
        "session": [],
        "score": [("fair", 2)],
    }
    assert (found.counted, found.complete) == (4, True)
    found = facets.facets(access, parse("kind:tool"), TimeRange(), ["score"], spans=True)
    assert (found.counted, found.values) == (1, {"score": []})


def test_histogram_of_spans(access: Access, spans: None) -> None:
    whole = facets.histogram(access, Query(), TimeRange(NOON, NOON + 6 * SECOND), 3, spans=True)
    assert (whole.counts, whole.errors) == ([0, 0, 4], [0, 0, 1])
    some = facets.histogram(access, parse("kind:llm"), TimeRange(), 3, spans=True)
    assert (sum(some.counts), sum(some.errors)) == (2, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mod", ["model:"]),
        ("kind:llm -mod", ["model:"]),
        ("model:", ["gpt-4o", '"claude 3"']),
        ("model:GPT", ["gpt-4o"]),
        ('model:gpt-4o,"cl', ['"claude 3"']),
        ("(status:e", ["error"]),
        ("metadata.", ["metadata.tenant:"]),
        ("nosuch:", []),
        ("cost:", []),
        ('"mod', []),
    ],
)
def test_completion(access: Access, text: str, expected: list[str]) -> None:
    found = facets.complete(access, text, len(text))
    assert [c.text for c in found] == expected
    for completion in found:
        replaced = text[: completion.start] + completion.text + text[completion.end :]
        assert replaced.endswith(completion.text)
        assert text[: completion.start] == "" or text[completion.start - 1] in " -(:,"
