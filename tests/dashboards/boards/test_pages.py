"""Pages of dashboards: drawn from the same figures as everywhere, arranged by buttons."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards import frame
from dashboards.boards.checking import ChartDraft
from dashboards.boards.models import Board, BoardChart
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project, Role, User
from tests.conftest import member
from tests.dashboards.boards.making import COST, ERRORS, TRACES, board, someone, titles
from tests.dashboards.quality.scoring import day, rolled, scored
from tests.traces.sending import SECOND, decoded, llm
from traces.selectors import cubes, metrics
from traces.selectors.paging import TooSlow
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
PAGE = "/p/shop/dashboards"


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def traffic(access: Access) -> None:
    """Six calls of two models in two environments, one of which failed."""
    for i in range(6):
        start = day(2) + i * SECOND
        more: dict[str, Any] = {
            "gen_ai__response__model": ["gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"][i % 2],
            "deployment__environment__name": ["production", "staging"][i // 4],
            "user__id": f"user {i}",
        }
        one = llm(start_ns=start, end_ns=start + SECOND, error="no" if i == 5 else None, **more)
        store_spans(access, decoded(one))
    scored(access, "thumbs", [1.0, 1.0, 1.0, 0.0], at=day(2, 9), source="user")
    rolled(access)


def tiles(page: Client, made: Board, **query: str) -> list[Any]:
    answer = page.get(f"{PAGE}/{made.pk}", query)
    assert answer.status_code == 200
    return list(answer.context["tiles"])


def test_without_dashboards_the_list_says_what_they_are(page: Client) -> None:
    found = page.get(PAGE).content.decode()
    assert "No dashboards yet" in found
    assert f"{PAGE}/new" in found


def test_the_list_has_ones_own_and_the_shared(
    page: Client, access: Access, project: Project
) -> None:
    board(access, COST, name="Mine")
    board(someone(project, Role.ENGINEER), name="Theirs", shared=True)
    board(someone(project, Role.ENGINEER, "other"), name="Hidden")
    found = page.get(PAGE).content.decode()
    assert "Mine" in found and "Theirs" in found and "Hidden" not in found


def test_each_kind_of_chart_shows_the_figures_of_the_metrics(
    page: Client, access: Access, traffic: None
) -> None:
    made = board(
        access, COST, TRACES, ERRORS, ChartDraft("tokens", "area"),
        ChartDraft("cost", "table", group_by="user_id"), ChartDraft("score:thumbs", "number"),
    )  # fmt: skip
    cost, traces, errors, tokens, users, thumbs = tiles(page, made)
    shown = page.get(f"{PAGE}/{made.pk}").context["frame"].range
    answer = metrics.ask(access.project.pk, "cost", group_by="model", range=shown)
    legend = cost.card.chart.legend
    assert [key.name for key in legend] == [one.group for one in answer.series]
    assert traces.figure.value == "10"
    assert errors.card.chart.legend[0].total == "10.0%"
    assert tokens.card.chart.table.columns[1] == "Tokens (tokens)"
    assert len(users.rows) == 7
    assert users.rows[0].bar == 100
    assert (thumbs.figure.value, thumbs.figure.interval) == ("0.75", "0.30 – 0.95")
    assert [one.width for one in (cost, traces)] == ["c6", "c4"]


def test_titles_say_what_is_shown_unless_one_is_given(
    page: Client, access: Access, traffic: None
) -> None:
    made = board(access, COST, ChartDraft("cost", title="Spend"), ChartDraft("score:thumbs"))
    assert [one.title for one in tiles(page, made)] == ["Cost by model", "Spend", "thumbs"]


def test_filters_of_dashboard_chart_and_address_all_hold(
    page: Client, access: Access, traffic: None
) -> None:
    narrowed = ChartDraft("spans", "number", filter="model:*mini*")
    made = board(access, ChartDraft("spans", "number"), narrowed, filter="environment:production")
    assert [one.figure.value for one in tiles(page, made)] == ["4", "2"]
    asked = tiles(page, made, q='user:"user 1" OR user:"user 2"')
    assert [one.figure.value for one in asked] == ["2", "1"]
    link = parse_qs(urlsplit(asked[1].explore).query)["q"]
    assert link == ['environment:production (user:"user 1" OR user:"user 2") model:*mini*']
    assert page.get(asked[1].explore).status_code == 200


def test_ranges(page: Client, access: Access, traffic: None) -> None:
    """The address's, else the dashboard's; a chart's own before both."""
    own = ChartDraft("spans", "number", range="30d")
    made = board(access, ChartDraft("spans", "number"), own, range="24h")
    assert [one.figure.value for one in tiles(page, made)] == ["0", "10"]
    assert [one.figure.value for one in tiles(page, made, range="7d")] == ["10", "10"]
    asked = tiles(page, made, **{"from": "90d", "to": "60d"})
    assert [one.figure.value for one in asked] == ["0", "10"]
    assert own.range == "30d" and asked[1].sub == "Last 30 days"


def test_steps(page: Client, access: Access, traffic: None) -> None:
    steps = [ChartDraft("spans", "bars", step=step) for step in ("", "hour", "day", "week")]
    drawn = tiles(page, board(access, *steps), range="7d")
    counts = [len(one.card.chart.table.rows) for one in drawn]
    assert counts[0] == counts[2] == 7
    assert counts[1] > 140 and counts[3] in (1, 2)
    many = tiles(page, board(access, ChartDraft("spans", step="hour", range="90d")))
    assert len(many[0].card.chart.table.rows) > 2_000


def test_one_chart_that_fails_leaves_the_others(
    page: Client, access: Access, traffic: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = board(access, COST, TRACES, ERRORS)
    BoardChart.objects.filter(metric="cost").update(metric="gone")
    BoardChart.objects.filter(metric="error_rate").update(filter="cost:>x")
    gone, traces, wrong = tiles(page, made)
    assert gone.problem == "There is no metric gone."
    assert traces.figure.value == "10"
    assert wrong.problem.startswith("Its filter:")

    def slow(*arguments: Any, **more: Any) -> Any:
        raise TooSlow

    monkeypatch.setattr(metrics, "ask", slow)
    assert tiles(page, made)[1].problem == frame.TOO_SLOW


def test_a_mistake_in_the_bar_is_said(page: Client, access: Access) -> None:
    made = board(access, COST)
    found = page.get(f"{PAGE}/{made.pk}", {"q": "cost:>x"})
    assert 'id="mistake"' in found.content.decode()
    assert found.context["tiles"] == []


def test_a_chart_is_a_file(page: Client, access: Access, traffic: None) -> None:
    made = board(access, COST, TRACES)
    first, second = made.charts.all()
    answer = page.get(f"{PAGE}/{made.pk}", {"csv": f"chart-{first.pk}"})
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert rows[0][0] == "time"
    assert len(rows) == 8
    for wrong in (f"chart-{second.pk}", "chart-0", "x"):
        assert page.get(f"{PAGE}/{made.pk}", {"csv": wrong}).status_code == 404


def test_the_number_of_queries_is_that_of_the_charts(
    page: Client, access: Access, traffic: None
) -> None:
    counts = []
    for drawn in (
        (),
        (TRACES,),
        (TRACES, COST, ERRORS, ChartDraft("cost", "table", group_by="user_id")),
    ):
        made = board(access, *drawn)
        with CaptureQueriesContext(connection) as caught:
            tiles(page, made)
        counts.append(len(caught))
    assert counts[0] <= 9
    assert counts[1] - counts[0] <= 18  # a number reads two periods
    assert counts[2] - counts[1] <= 3 * 9


def test_the_wall_has_no_chrome_and_asks_for_itself(
    page: Client, access: Access, traffic: None
) -> None:
    made = board(access, TRACES, COST)
    url = f"{PAGE}/{made.pk}/tv?range=30d"
    whole = page.get(url).content.decode()
    assert 'data-theme="dark"' in whole and 'class="nav"' not in whole
    assert 'hx-trigger="every 60s"' in whole and 'hx-get="/p/shop/dashboards' in whole
    part = page.get(url, headers={"HX-Request": "true"})
    assert part["Vary"].startswith("HX-Request")
    assert "<html" not in part.content.decode()
    assert part.content.decode().strip() in whole


# ---- changing


def form(**fields: str) -> dict[str, str]:
    usual = {"metric": "cost", "kind": "bars", "group_by": "model", "size": "medium"}
    return usual | {"filter": "", "range": "", "step": "", "title": ""} | fields


def test_from_nothing_to_a_dashboard_with_a_chart(page: Client, owner: User) -> None:
    answer = page.post(f"{PAGE}/new", {"name": "Morning", "range": "14d", "shared": "on"})
    made = Board.objects.get()
    assert (made.owner, made.shared, made.range) == (owner, True, "14d")
    assert answer["Location"] == f"{PAGE}/{made.pk}/charts/new"
    assert page.get(answer["Location"]).status_code == 200
    answer = page.post(answer["Location"], form(title="Spend"))
    assert answer["Location"] == f"{PAGE}/{made.pk}/edit"
    assert "Spend" in page.get(answer["Location"]).content.decode()
    assert titles(made) == ["cost"]


def test_a_wrong_form_says_where(page: Client, access: Access) -> None:
    found = page.post(f"{PAGE}/new", {"name": "x", "range": "7d", "filter": "cost:>x"})
    assert "A number is expected here" in found.content.decode()
    made = board(access)
    url = f"{PAGE}/{made.pk}/charts/new"
    found = page.post(url, form(metric="error_rate"))
    assert "Error rate does not add up: draw lines." in found.content.decode()
    assert titles(made) == []


def test_a_preview_draws_and_saves_nothing(page: Client, access: Access, traffic: None) -> None:
    made = board(access, COST)
    url = f"{PAGE}/{made.pk}/charts/{made.charts.get().pk}"
    answer = page.post(url, form(kind="table", preview="1"))
    assert len(answer.context["tile"].rows) == 2
    assert made.charts.get().kind == "bars"
    wrong = page.post(url, form(filter="cost:>x", preview="1"))
    assert wrong.context["tile"] is None
    assert "A number is expected here" in wrong.content.decode()


def test_a_chart_is_changed_moved_and_removed(page: Client, access: Access) -> None:
    made = board(access, COST, ERRORS)
    first, second = made.charts.all()
    url = f"{PAGE}/{made.pk}/charts"
    page.post(f"{url}/{first.pk}", form(group_by="user_id", title="By user"))
    assert made.charts.get(pk=first.pk).group_by == "user_id"
    assert page.post(f"{url}/{second.pk}/move", {"to": "earlier"}).status_code == 302
    assert titles(made) == ["error_rate", "cost"]
    part = page.post(f"{url}/{second.pk}/move", {"to": "later"}, headers={"HX-Request": "true"})
    found = part.content.decode()
    assert found.strip().startswith('<section class="card" id="charts"')
    assert found.index("By user") < found.index("Error rate")
    page.post(f"{url}/{first.pk}/remove")
    assert titles(made) == ["error_rate"]


def test_names_and_sharing_are_changed(page: Client, access: Access) -> None:
    made = board(access)
    answer = page.post(f"{PAGE}/{made.pk}/edit", {"name": "Noon", "range": "30d", "shared": "on"})
    assert answer["Location"] == f"{PAGE}/{made.pk}"
    again = Board.objects.get()
    assert (again.name, again.range, again.shared) == ("Noon", "30d", True)


def test_a_viewer_is_not_asked_about_sharing(client: Client, project: Project) -> None:
    client.force_login(member(project, "v@example.org", Role.VIEWER))
    assert "Shared with the project" not in client.get(f"{PAGE}/new").content.decode()
    client.post(f"{PAGE}/new", {"name": "Mine", "range": "7d", "shared": "on"})
    assert Board.objects.get().shared is False


def test_a_viewer_looks_at_what_is_shared_and_copies_it(
    client: Client, access: Access, project: Project
) -> None:
    made = board(access, COST, shared=True)
    chart = made.charts.get()
    client.force_login(member(project, "v@example.org", Role.VIEWER))
    found = client.get(f"{PAGE}/{made.pk}").content.decode()
    assert f"{PAGE}/{made.pk}/edit" not in found
    assert client.get(f"{PAGE}/{made.pk}/edit").status_code == 403
    for path in (
        "edit", "delete", "charts/new", f"charts/{chart.pk}", f"charts/{chart.pk}/move",
        f"charts/{chart.pk}/remove",
    ):  # fmt: skip
        assert client.post(f"{PAGE}/{made.pk}/{path}", form()).status_code == 403, path
    answer = client.post(f"{PAGE}/{made.pk}/duplicate")
    copy = Board.objects.exclude(pk=made.pk).get()
    assert answer["Location"] == f"{PAGE}/{copy.pk}/edit"
    assert client.post(f"{PAGE}/{copy.pk}/delete").status_code == 302


def test_a_chart_of_another_dashboard_is_not_there(page: Client, access: Access) -> None:
    one, other = board(access, COST), board(access, ERRORS)
    chart = other.charts.get()
    for path in ("", "/move", "/remove"):
        assert page.post(f"{PAGE}/{one.pk}/charts/{chart.pk}{path}", form()).status_code == 404
    assert titles(other) == ["error_rate"]


def test_names_are_only_text(page: Client, access: Access) -> None:
    hostile = "<script>alert(1)</script>"
    made = board(access, ChartDraft("cost", title=hostile), name=hostile, description=hostile)
    for path in ("", "/tv", "/edit", f"/charts/{made.charts.get().pk}"):
        assert hostile not in page.get(f"{PAGE}/{made.pk}{path}").content.decode()
    assert hostile not in page.get(PAGE).content.decode()


def test_scores_of_the_project_can_be_chosen(page: Client, access: Access, traffic: None) -> None:
    made = board(access)
    found = page.get(f"{PAGE}/{made.pk}/charts/new").content.decode()
    assert 'value="score:thumbs"' in found and 'value="flagged:thumbs"' in found


def test_what_lags_is_told_in_stretches_not_in_charts(
    access: Access, page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cubes, "MOST_RAW", 24)
    one = board(access, COST, TRACES)
    for hour in range(24):
        for ago in range(2, 5):
            start = day(ago, hour)
            store_spans(access, decoded(llm(start_ns=start, end_ns=start + SECOND)))
    pending = page.get(f"{PAGE}/{one.pk}").context["pending"]
    assert pending > 40
    rolled(access)
    assert page.get(f"{PAGE}/{one.pk}").context["pending"] == 0
