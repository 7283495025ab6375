"""Budgets by API: made, changed, read strictly; their status in the contract's shape."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.http import HttpResponse
from django.test import Client

from dashboards.budgets import selectors, services
from dashboards.budgets.models import Budget, Standing
from dashboards.channels.models import Channel
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import AuditEntry, Project
from tests.dashboards.budgets.budgeting import budget, call, spend
from traces.selectors import cubes
from traces.selectors.paging import TooSlow

pytestmark = pytest.mark.django_db

GIVEN: dict[str, Any] = {"name": "Production", "amount": "2900.50"}


class Api:
    def __init__(self, client: Client, key: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {key}"}

    def ask(self, method: str, path: str, body: Any = None) -> HttpResponse:
        return self.client.generic(  # type: ignore[return-value]
            method,
            f"/api/v1/budgets{path}",
            data=b"" if body is None else orjson.dumps(body),
            content_type="application/json",
            headers=self.headers,
        )

    def said(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.ask(method, path, body)
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None  # type: ignore[attr-defined]


@pytest.fixture
def api(client: Client, api_key: str) -> Api:
    return Api(client, api_key)


def test_made_and_read(api: Api, project: Project) -> None:
    made = api.said("POST", "", GIVEN, 201)
    assert made == api.said("GET", f"/{made['id']}")
    assert {name: made[name] for name in made if name not in ("id", "created_at")} == {
        "name": "Production",
        "amount": "2900.5",
        "period": "month",
        "scope": "project",
        "value": "",
        "thresholds": [
            {"on": "actual", "percent": 80},
            {"on": "actual", "percent": 100},
            {"on": "forecast", "percent": 100},
        ],
        "channels": [],
    }
    assert api.said("GET", "") == {"results": [made], "next": None}
    assert AuditEntry.objects.get(action="budget.created").actor_label


def test_everything_given(api: Api, project: Project) -> None:
    channel = Channel.objects.create(project=project, name="c", kind="email")
    given = {
        "name": "Judges",
        "amount": "0.25",
        "period": "day",
        "scope": "query",
        "value": "model:gpt-4o* environment:production",
        "thresholds": [{"on": "forecast", "percent": 120}, {"on": "actual", "percent": 50}],
        "channels": [channel.pk],
    }
    made = api.said("POST", "", given, 201)
    kept = {name: made[name] for name in given if name != "thresholds"}
    assert kept == {name: given[name] for name in kept}
    assert made["thresholds"] == given["thresholds"][::-1]


def test_a_part_is_changed_and_the_rest_stays(api: Api) -> None:
    made = api.said("POST", "", GIVEN, 201)
    changed = api.said("PATCH", f"/{made['id']}", {"amount": "3000"})
    assert changed == made | {"amount": "3000"}
    changed = api.said("PATCH", f"/{made['id']}", {"thresholds": [], "period": "week"})
    assert changed == made | {"amount": "3000", "thresholds": [], "period": "week"}


def test_deleted(api: Api) -> None:
    made = api.said("POST", "", GIVEN, 201)
    api.said("DELETE", f"/{made['id']}", status=204)
    api.said("GET", f"/{made['id']}", status=404)


@pytest.mark.parametrize(
    ("pointer", "changed"),
    [
        ("/name", {"name": ""}),
        ("/name", {"name": None}),
        ("/name", {"name": "a\x00b"}),
        ("/amount", {"amount": "many"}),
        ("/amount", {"amount": "-1"}),
        ("/amount", {"amount": "0"}),
        ("/amount", {"amount": "NaN"}),
        ("/amount", {"amount": "1.1234567"}),
        ("/period", {"period": "year"}),
        ("/scope", {"scope": "world"}),
        ("/value", {"scope": "model"}),
        ("/value", {"scope": "query", "value": 'model:"'}),
        ("/thresholds/non_field_errors", {"thresholds": "all"}),
        ("/thresholds/0/percent", {"thresholds": [{"on": "actual", "percent": 0}]}),
        ("/thresholds/1/on", {"thresholds": [{"on": "actual", "percent": 5}, {"percent": 9}]}),
        ("/thresholds/0/at", {"thresholds": [{"on": "actual", "percent": 5, "at": 1}]}),
        ("/channels", {"channels": [12345]}),
        ("/channels/0", {"channels": ["x"]}),
        ("/colour", {"colour": "red"}),
    ],
)
def test_nonsense_is_refused_where_it_stands(api: Api, pointer: str, changed: Any) -> None:
    problem = api.said("POST", "", GIVEN | changed, 400)
    assert problem["status"] == 400
    assert pointer in [error["pointer"] for error in problem["errors"]], problem
    assert not Budget.objects.exists()


def test_what_is_missing_is_said(api: Api) -> None:
    problem = api.said("POST", "", {}, 400)
    assert {error["pointer"] for error in problem["errors"]} == {"/name", "/amount"}
    assert api.ask("POST", "", [1]).status_code == 400


def test_the_status_is_as_the_contract_says(api: Api, access: Access) -> None:
    spend(access, [call(datetime.now(UTC), "12.345678")])
    one = budget(access, "100", on_actual=[10, 50], on_forecast=[100])
    said = api.said("GET", f"/{one.pk}/status")
    now = datetime.now(UTC)
    assert list(said) == [
        *("id", "name", "period", "start", "end", "amount", "spent", "remaining", "share"),
        *("forecast", "forecast_low", "forecast_high", "state", "thresholds", "as_of"),
        "pending",
    ]
    assert (said["spent"], said["remaining"], said["amount"]) == ("12.345678", "87.654322", "100")
    assert said["share"] == 0.123457 and said["state"] == "warning"
    assert said["forecast"] is said["forecast_low"] is said["forecast_high"] is None
    assert said["start"] == f"{now:%Y-%m}-01T00:00:00.000000Z"
    reached = said["thresholds"][0]
    assert reached["reached"] and reached["reached_at"] is not None
    assert [one["reached"] for one in said["thresholds"]] == [True, False, False]
    assert Standing.objects.get().spent == Decimal("12.345678")


def test_an_overspent_budget(api: Api, access: Access) -> None:
    spend(access, [call(datetime.now(UTC), 12)])
    one = budget(access, "10", every="day")
    said = api.said("GET", f"/{one.pk}/status")
    assert (said["state"], said["remaining"], said["share"]) == ("over", "-2", 1.2)


def test_a_forecast_is_money(api: Api, access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    one = budget(access)
    fan = [[2**62, 50.5, 45.0, 55.0, 40.25, 60.0]]
    made = selectors.status(
        one, selectors.period_now(one, datetime.now(UTC)), 0, fan, one.changed_at
    )
    monkeypatch.setattr(services, "current", lambda *_: made)
    said = api.said("GET", f"/{one.pk}/status")
    wanted = {"forecast": "50.5", "forecast_low": "40.25", "forecast_high": "60"}
    assert {name: said[name] for name in wanted} == wanted


def test_what_takes_too_long_may_be_asked_again(
    api: Api, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = budget(access)

    def slow(*_: Any, **__: Any) -> Any:
        raise TooSlow

    monkeypatch.setattr(cubes, "of_spans", slow)
    answer = api.ask("GET", f"/{one.pk}/status")
    assert answer.status_code == 503 and int(answer["Retry-After"]) > 0
    problem = api.said("POST", "", GIVEN | {"name": "n", "scope": "query", "value": "a"}, 400)
    assert problem["errors"][0]["pointer"] == "/value"


@pytest.mark.parametrize("scope", ["read", "ingest"])
def test_scopes_of_keys(client: Client, access: Access, project: Project, scope: str) -> None:
    one = budget(access)
    api = Api(client, create_key(project=project, name=scope, scopes=[scope])[1])
    reads = 200 if scope == "read" else 403
    for path in ("", f"/{one.pk}", f"/{one.pk}/status"):
        assert api.ask("GET", path).status_code == reads
    assert api.ask("POST", "", GIVEN | {"name": "other"}).status_code == 403
    assert api.ask("PATCH", f"/{one.pk}", {"amount": "1"}).status_code == 403
    assert api.ask("DELETE", f"/{one.pk}").status_code == 403
    assert Budget.objects.get().amount == 100


def test_without_a_key(client: Client, access: Access) -> None:
    one = budget(access)
    assert Api(client, "wrong").ask("GET", f"/{one.pk}/status").status_code == 401


def test_others_find_nothing(client: Client, access: Access, other_project: Project) -> None:
    one = budget(access)
    api = Api(client, create_key(project=other_project, name="k", scopes=["admin"])[1])
    assert api.said("GET", "")["results"] == []
    for method, path in (("GET", ""), ("GET", "/status"), ("PATCH", ""), ("DELETE", "")):
        assert api.ask(method, f"/{one.pk}{path}", {}).status_code == 404
    assert Budget.objects.exists()
