"""Pages of budgets: what they say, who may change, hostile names, bounded queries."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dashboards.budgets import selectors, services, views, words
from dashboards.budgets.bar import bar_of
from dashboards.budgets.chart import chart_of
from dashboards.budgets.models import Budget
from dashboards.budgets.periods import DAY, ns_of
from dashboards.channels.models import Channel, Delivery
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project, Role, User
from tests.conftest import member
from tests.dashboards.budgets.budgeting import NOW, budget, call, every_day, spend
from traces.selectors import cubes
from traces.selectors.paging import TooSlow
from traces.spans import PICO

pytestmark = pytest.mark.django_db

FORM = {
    "name": "Production",
    "amount": "2900",
    "every": "month",
    "scope": "project",
    "value": "",
    "on_actual": "80, 100%",
    "on_forecast": "100",
}


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def text(page: Client, path: str, status: int = 200) -> str:
    answer = page.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def test_the_empty_page_teaches(page: Client, access: Access) -> None:
    said = text(page, "/p/shop/budgets")
    assert "No budgets yet" in said and "/api/v1/budgets/{id}/status" in said
    assert reverse("budget_new", args=["shop"]) in said


def keys(said: str) -> list[tuple[str, str]]:
    """What the key says of the colours of what is spent."""
    return re.findall(r'<rect class="bu-(\w+)" width="10"[^>]*/></svg>(Spent[^<]*)<', said)


def test_the_key_has_the_colour_of_the_bar(page: Client, access: Access) -> None:
    spend(access, [call(datetime.now(UTC), 80)])
    over = budget(access, "50", name="Small", every="day")
    assert keys(text(page, "/p/shop/budgets")) == [("bad", "Spent")]
    assert keys(text(page, f"/p/shop/budgets/{over.pk}")) == [("bad", "Spent")]
    budget(access, "400000", name="Large", every="month")
    said = text(page, "/p/shop/budgets")
    assert keys(said) == [("good", "Spent: on budget"), ("bad", "Spent: over budget")]
    assert said.count('class="bu-bad" y="6"') == said.count('class="bu-good" y="6"') == 1


def test_the_list_says_where_it_ends(page: Client, access: Access) -> None:
    spend(access, [call(datetime.now(UTC), 80)])
    budget(access, "50", name="Small", every="day")
    budget(access, "4000", name="Large", every="week")
    said = text(page, "/p/shop/budgets")
    assert said.index("Small") < said.index("Large")
    assert "The budget is overspent by $30.00." in said
    assert "of $4,000, 2.0%" in said
    assert words.NO_FORECAST in said


def test_one_budget_leads_to_its_traces(page: Client, access: Access) -> None:
    spend(access, [call(datetime.now(UTC), 3)])
    one = budget(access, scope="model", value="gpt-4o-2024-08-06")
    said = text(page, f"/p/shop/budgets/{one.pk}")
    period = selectors.period_now(one, datetime.now(UTC))
    assert words.explore_url(one, period).replace("&", "&amp;") in said
    assert "q=model%3Agpt-4o-2024-08-06" in said
    answer = page.get(words.explore_url(one, period))
    assert answer.status_code == 200 and "gpt-4o" in answer.content.decode()


def test_the_chart_is_a_file_too(page: Client, access: Access) -> None:
    spend(access, [call(datetime.now(UTC), 3)])
    one = budget(access, name='a"\r\nb')
    answer = page.get(f"/p/shop/budgets/{one.pk}?csv=1")
    assert answer["Content-Type"].startswith("text/csv")
    lines = answer.content.decode().splitlines()
    assert len(lines) == 1 + selectors.period_now(one, datetime.now(UTC)).days
    assert "Spent" in lines[0] and "Plan" in lines[0]


def test_hostile_names_are_text(page: Client, access: Access) -> None:
    name = "<script>alert(1)</script>"
    one = budget(access, name=name, scope="tag", value='"><img src=x onerror=alert(2)>')
    for path in ("", f"/{one.pk}", f"/{one.pk}/edit"):
        said = text(page, f"/p/shop/budgets{path}")
        assert "<script>alert" not in said and "<img src=x" not in said
        assert "&lt;script&gt;alert(1)" in said


def test_the_form_makes_a_budget(page: Client, project: Project, owner: User) -> None:
    channel = Channel.objects.create(project=project, name="Finance", kind="email")
    assert "Finance" in text(page, "/p/shop/budgets/new")
    answer = page.post("/p/shop/budgets/new", FORM | {"channels": [channel.pk]})
    made = Budget.objects.get()
    assert answer.headers["Location"] == f"/p/shop/budgets/{made.pk}"
    assert (made.on_actual, made.on_forecast, made.channels) == ([80, 100], [100], [channel.pk])
    assert made.created_by == owner and made.pico == 2900 * PICO


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("amount", ""),
        ("amount", "0"),
        ("amount", "1e99"),
        ("name", ""),
        ("every", "aeon"),
        ("on_actual", "a lot"),
        ("on_actual", "5000"),
        ("channels", ["77"]),
    ],
)
def test_the_form_says_what_is_wrong(page: Client, access: Access, field: str, wrong: Any) -> None:
    answer = page.post("/p/shop/budgets/new", FORM | {field: wrong})
    assert answer.status_code == 200 and field in answer.context["form"].errors
    assert not Budget.objects.exists()


def test_a_wrong_filter_is_shown_at_its_field(page: Client, access: Access) -> None:
    answer = page.post("/p/shop/budgets/new", FORM | {"scope": "query", "value": "colour:red"})
    assert "no field" in str(answer.context["form"].errors["value"])


def test_the_form_changes_a_budget(page: Client, access: Access) -> None:
    one = budget(access, "12.5", on_actual=[50], on_forecast=[])
    said = text(page, f"/p/shop/budgets/{one.pk}/edit")
    assert 'value="12.5"' in said and 'value="50"' in said
    page.post(f"/p/shop/budgets/{one.pk}/edit", FORM | {"name": "Other", "on_actual": ""})
    one.refresh_from_db()
    assert (one.name, one.on_actual, one.pico) == ("Other", [], 2900 * PICO)
    answer = page.post(f"/p/shop/budgets/{one.pk}/edit", FORM | {"amount": "-1"})
    assert "amount" in answer.context["form"].errors


def test_a_budget_is_deleted_by_post_alone(page: Client, access: Access) -> None:
    one = budget(access)
    assert page.get(f"/p/shop/budgets/{one.pk}/delete").status_code == 405
    assert page.post(f"/p/shop/budgets/{one.pk}/delete").status_code == 302
    assert not Budget.objects.exists()


def test_a_viewer_reads_and_changes_nothing(client: Client, access: Access) -> None:
    one = budget(access)
    client.force_login(member(access.project, "viewer@example.org", Role.VIEWER))
    for path in ("", f"/{one.pk}"):
        said = text(client, f"/p/shop/budgets{path}")
        assert "New budget" not in said and "Edit budget" not in said
    for path in ("new", f"{one.pk}/edit", f"{one.pk}/delete"):
        assert client.post(f"/p/shop/budgets/{path}", FORM).status_code == 403
    assert Budget.objects.get().amount == 100


def test_strangers_find_nothing(client: Client, access: Access, stranger: User) -> None:
    one = budget(access)
    client.force_login(stranger)
    for path in ("", f"/{one.pk}", f"/{one.pk}/edit"):
        assert client.get(f"/p/shop/budgets{path}").status_code == 404
        assert client.get(f"/p/rival/budgets/{one.pk}").status_code == 404


def test_what_takes_too_long_is_said(
    page: Client, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = budget(access)

    def slow(*_: Any, **__: Any) -> Any:
        raise TooSlow

    monkeypatch.setattr(cubes, "of_spans", slow)
    for path in ("", f"/{one.pk}"):
        assert "took too long and was stopped" in text(page, f"/p/shop/budgets{path}")
    assert text(page, f"/p/shop/budgets/{one.pk}/edit")


def test_queries_do_not_grow_with_what_was_spent(
    page: Client, access: Access, django_assert_max_num_queries: Any
) -> None:
    one = budget(access)
    for days in (5, 60):
        spend(access, every_day(5, days=days, until=datetime.now(UTC)), sums=True)
        services.refresh(one)
        with django_assert_max_num_queries(50):
            page.get(f"/p/shop/budgets/{one.pk}")


class TestWords:
    def found(self, access: Access, amount: str, **more: Any) -> Any:
        return selectors.status_of(budget(access, amount, **more), NOW)

    def test_on_course_to_pass(self, access: Access) -> None:
        spend(access, every_day(5, days=40), sums=True)
        found = self.found(access, "120")
        assert words.headline(found).startswith("On course to pass the budget on 2")
        assert words.range_of(found).startswith("Forecast range $1")

    def test_today(self, access: Access) -> None:
        spend(access, every_day(5, days=40), sums=True)
        spend(access, [call(NOW, 5)])
        found = self.found(access, "95.01")
        assert words.headline(found) == "On course to pass the budget today."

    def test_within(self, access: Access) -> None:
        spend(access, every_day(5, days=40), sums=True)
        assert words.headline(self.found(access, "900")) == "On course to stay within the budget."

    def test_unsure(self, access: Access) -> None:
        dollars = [3, 9, 1, 7, 12, 2]
        calls = [call(NOW - timedelta(days=day), dollars[day % 6]) for day in range(1, 40)]
        spend(access, calls, sums=True)
        found = self.found(access, "100000")
        said = [
            (found.end.middle, "About as likely to pass the budget as to stay within it."),
            ((found.end.middle + found.end.high_80) // 2, "but it may well be passed."),
            ((found.end.high_80 + found.end.high_95) // 2, "but it may be passed."),
        ]
        for number, (amount, end) in enumerate(said):
            near = self.found(access, str(amount // PICO + 1), name=f"near {number}")
            assert words.headline(near).endswith(end)

    def test_who_was_told(self, page: Client, access: Access, project: Project) -> None:
        spend(access, [call(datetime.now(UTC), 90)])
        alone = budget(access, "100", every="day")
        lead = Channel.objects.create(project=project, name="lead", kind="slack")
        told = budget(access, "100", every="day", name="told", channels=[lead.pk])
        for one in (alone, told):
            services.refresh(one)
        shown = text(page, f"/p/shop/budgets/{alone.pk}")
        assert "UTC; nobody was told" in shown and "Told on" not in shown
        there = f"/p/shop/budgets/{told.pk}"
        assert "UTC; on its way to lead" in text(page, there)
        Delivery.objects.update(state="sent")
        assert "UTC; told lead" in text(page, there)
        Delivery.objects.update(state="logged")
        assert "nobody was told by mail, as no mail server is set up: lead" in text(page, there)

    def test_nothing_known(self, access: Access) -> None:
        spend(access, [call(NOW, 5)])
        found = self.found(access, "20", every="week")
        assert words.headline(found) == "$5.00 of $20.00 spent this week."
        assert words.range_of(found) == words.NO_FORECAST

    def test_all_of_it(self, access: Access) -> None:
        spend(access, [call(NOW, 5)])
        assert words.headline(self.found(access, "5")) == "The budget is spent."

    def test_scopes(self, access: Access) -> None:
        assert words.scope_of(budget(access)) == "Whole project"
        assert words.scope_of(budget(access, name="m", scope="user", value="ann")) == "User ann"


def test_the_bar_has_room_for_all_its_figures(access: Access) -> None:
    spend(access, every_day(5, days=40), sums=True)
    for number, amount in enumerate(("1", "100", "120", "900")):
        found = selectors.status_of(budget(access, amount, name=str(number)), NOW)
        bar = bar_of(found)
        assert bar.low is not None and bar.width is not None
        for place in (bar.spent, bar.plan, bar.amount, bar.low, bar.low + bar.width):
            assert 0 <= place <= 100.5
        assert (bar.spent > bar.amount) == (found.spent > found.amount)


def test_the_chart_goes_from_spent_to_forecast(access: Access) -> None:
    spend(access, every_day(5, days=40), sums=True)
    found = selectors.status_of(budget(access), NOW)
    points = selectors.cumulated(found.budget, found.period, NOW)
    assert len(points) == 19 and points[-1] == (ns_of(NOW) // DAY * DAY, found.spent)
    assert [total for _, total in points] == sorted(total for _, total in points)
    chart = chart_of(found, points)
    rows = chart.table.rows
    assert len(rows) == 30
    assert rows[0].raw[1] == "5" and rows[19].raw[1] is None
    assert rows[18].raw[2] == rows[18].raw[1], "the forecast sets out from what is spent"
    assert rows[29].raw[3] < rows[29].raw[2] < rows[29].raw[4]
    assert f"{found.spent // PICO}.00 of $100" in chart.summary


def test_a_daily_budget_has_hours(access: Access) -> None:
    spend(access, every_day(5, days=20), sums=True)
    spend(access, [call(NOW - timedelta(hours=2), 2)])
    found = selectors.status_of(budget(access, every="day"), NOW)
    points = selectors.cumulated(found.budget, found.period, NOW)
    assert len(points) == 16 and points[-1][1] == found.spent == 2 * PICO
    rows = chart_of(found, points).table.rows
    assert len(rows) == 24 and all(row.raw[2] is not None for row in rows[15:])


def test_a_forecast_reaches_the_last_day_of_the_period(access: Access) -> None:
    last = datetime(2026, 11, 30, 20, tzinfo=UTC)
    spend(access, every_day(5, days=40, until=last), sums=True)
    one = budget(access)
    found = selectors.status_of(one, last)
    rows = chart_of(found, selectors.cumulated(one, found.period, last)).table.rows
    assert float(rows[29].raw[2]) >= float(rows[29].raw[1])


def test_shown_without_status(access: Access) -> None:
    shown = views.Shown(budget(access), None)
    assert (shown.headline, shown.forecast_range, shown.bar, shown.thresholds) == ("", "", None, [])
    assert shown.tone == "warn"
