"""Facets, histogram, completion, exports and saved views."""

import json
import time

import pytest
from django.test import Client

from dashboards.models import SavedView
from sightglass.accounts.models import Project, Role, User
from tests.conftest import member
from tests.traces.selectors.rows import SECOND, make_span, make_trace

pytestmark = pytest.mark.django_db
EXPLORER = "/p/shop/explorer"


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def test_facets_count_and_lead_to_a_filter(page: Client, project: Project) -> None:
    make_trace(project, environment="production", status="error")
    make_trace(project, environment="production")
    make_trace(project, environment="my staging")
    text = page.get(f"{EXPLORER}/facets?range=all").content.decode()
    assert "?q=environment%3Aproduction&amp;range=all" in text
    assert "?q=environment%3A%22my+staging%22&amp;range=all" in text


def test_a_chosen_value_leads_back(page: Client, project: Project) -> None:
    make_trace(project, environment="production")
    text = page.get(f"{EXPLORER}/facets?range=all&q=environment:production").content.decode()
    assert 'href="?range=all" aria-current="true" title="production"' in text


def test_the_histogram_counts_and_leads_to_a_range(page: Client, project: Project) -> None:
    now = time.time_ns()
    make_trace(project, start_ns=now - 50 * 3600 * SECOND)
    make_trace(project, start_ns=now - 3600 * SECOND, error_count=1, input_preview="late one")
    answer = page.get(f"{EXPLORER}/histogram?range=all")
    assert "2 traces" in answer.content.decode() and "1 with errors" in answer.content.decode()
    bars = answer.context["chart"].bars
    narrowed = page.get(f"/p/shop/traces{bars[-1].url}").content.decode()
    assert "late one" in narrowed and narrowed.count("data-row=") == 1


def test_beside_spans_spans_are_counted(page: Client, project: Project) -> None:
    """The same query finds other traces than spans: what stands beside the rows is of the rows."""
    trace = make_trace(project, status="error", kinds=["llm", "tool"], error_count=1, user_id="ann")
    for at in (1, 2, 3):
        make_span(trace, at, kind="tool" if at == 3 else "llm", status="error" if at == 3 else "ok")
    for q, count, failed in (("kind:llm", 2, 0), ("", 3, 1), ("user:ann", 0, 0)):
        asked = f"range=all&list=spans&q={q}"
        listed = page.get(f"/p/shop/traces?{asked}").content.decode()
        assert listed.count("data-row=") == count
        chart = page.get(f"{EXPLORER}/histogram?{asked}")
        said = " ".join(chart.content.decode().split())
        assert f"{count} span" in said and "trace" not in said.partition("</svg>")[2]
        assert ("1 failed" in said) is bool(failed)
        facets = page.get(f"{EXPLORER}/facets?{asked}").context["found"]
        counted = {one.label: {v.text: v.count for v in one.values} for one in facets.facets}
        assert facets.counted == count == sum(counted.get("Span kind", {}).values())
    bars = page.get(f"{EXPLORER}/histogram?range=all&list=spans").context["chart"].bars
    assert bars[0].title.endswith("3 spans, 1 failed")


def test_fields_and_values_are_completed(page: Client, project: Project) -> None:
    make_trace(project, models_used=["gpt-4o", "o3"])
    fields = page.get(f"{EXPLORER}/completions?q=mod&at=3&range=all").json()["results"]
    assert [each["text"] for each in fields] == ["model:"]
    values = page.get(f"{EXPLORER}/completions?q=model:g&at=7&range=all").json()["results"]
    assert values == [{"text": "gpt-4o", "detail": "model", "start": 6, "end": 7}]


def test_behind_a_space_a_new_term_begins(page: Client) -> None:
    found = page.get(f"{EXPLORER}/completions?q=status:ok+&at=10").json()["results"]
    assert "model:" in [each["text"] for each in found]


def test_an_export_holds_all_that_matches(page: Client, project: Project) -> None:
    for i in range(60):
        make_trace(project, user_id="alice" if i else "bob", name="=1+1")
    answer = page.get(f"{EXPLORER}/export.jsonl?range=all&q=user:alice")
    lines = b"".join(answer.streaming_content).splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 59 and json.loads(lines[0])["user_id"] == "alice"
    answer = page.get(f"{EXPLORER}/export.csv?range=all")
    table = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert table.count("\n") == 61 and "'=1+1" in table
    assert "attachment" in answer["Content-Disposition"]


def test_spans_are_exported_too(page: Client, project: Project) -> None:
    make_span(make_trace(project), 7, model="o3")
    answer = page.get(f"{EXPLORER}/export.jsonl?range=all&list=spans")
    line = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert json.loads(line)["span_id"] == "0000000000000007"


@pytest.mark.parametrize("path", ["export.exe?", "export.csv?q=%22open"])
def test_an_export_that_cannot_be_leads_back(page: Client, path: str) -> None:
    assert page.get(f"{EXPLORER}/{path}").status_code == 302


def save(page: Client, name: str, parameters: str = "q=status%3Aerror", shared: str = "") -> None:
    data = {"name": name, "parameters": parameters, "shared": shared}
    assert page.post(f"{EXPLORER}/views", data).status_code == 302


def test_a_view_is_saved_and_found(page: Client) -> None:
    save(page, "Failures", "q=status%3Aerror&order=-cost&columns=text,user&evil=1")
    view = SavedView.objects.get()
    assert view.parameters == "q=status%3Aerror&order=-cost&columns=text%2Cuser"
    text = page.get(f"/p/shop/traces?{view.parameters}").content.decode()
    assert "Delete “Failures”" in text


def test_own_views_are_own_and_shared_ones_are_everybodys(page: Client, project: Project) -> None:
    save(page, "Mine")
    save(page, "Ours", shared="1")
    reader = Client()
    reader.force_login(member(project, "viewer@example.org", Role.VIEWER))
    text = reader.get("/p/shop/traces").content.decode()
    assert "Ours" in text and "Mine" not in text
    for view, status in (("Mine", 404), ("Ours", 403)):
        pk = SavedView.objects.get(name=view).pk
        assert reader.post(f"{EXPLORER}/views/{pk}/delete").status_code == status


def test_who_may_only_read_saves_for_oneself(client: Client, project: Project) -> None:
    client.force_login(member(project, "viewer@example.org", Role.VIEWER))
    save(client, "Private")
    data = {"name": "Public", "parameters": "", "shared": "1"}
    assert client.post(f"{EXPLORER}/views", data).status_code == 403
    assert [view.name for view in SavedView.objects.all()] == ["Private"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "Twice"])
def test_a_bad_name_is_refused_in_words(page: Client, name: str) -> None:
    save(page, "Twice")
    data = {"name": name, "parameters": ""}
    answer = page.post(f"{EXPLORER}/views", data, follow=True)
    assert 'role="alert"' in answer.content.decode()
    assert SavedView.objects.count() == 1


def test_a_view_of_another_project_is_not_there(page: Client, stranger: User) -> None:
    other = Client()
    other.force_login(stranger)
    save(page, "Ours", shared="1")
    pk = SavedView.objects.get().pk
    assert other.post(f"/p/rival/explorer/views/{pk}/delete").status_code == 404
    assert other.post(f"{EXPLORER}/views/{pk}/delete").status_code == 404
    assert page.post(f"{EXPLORER}/views/{pk}/delete").status_code == 302
    assert not SavedView.objects.exists()
