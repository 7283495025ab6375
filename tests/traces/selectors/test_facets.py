"""Facets, histogram and completion."""

import pytest

from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.traces.selectors.rows import NOON, SECOND, make_trace
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
    monkeypatch.setattr(facets, "FACET_TRACES", 2)
    found = facets.facets(access, Query(), TimeRange(), ["model"])
    assert (found.counted, found.complete) == (2, False)


def test_histogram(access: Access) -> None:
    found = facets.histogram(access, Query(), TimeRange(NOON, NOON + 6 * SECOND), 3)
    assert (found.counts, found.errors) == ([2, 2, 2], [0, 0, 1])
    assert (found.start_ns, found.width_ns) == (NOON, 2 * SECOND)
    open_range = facets.histogram(access, Query(), TimeRange(), 10)
    assert sum(open_range.counts) == 6
    assert facets.histogram(access, parse("user:nobody"), TimeRange(), 4).counts == [0] * 4


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
