"""Rules, back-tests, history and the file of rules by API, as owner, reader and stranger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from django.test import Client

from dashboards.alerts import examples, sheets
from dashboards.alerts.models import Rule, Transition
from dashboards.budgets.models import Budget
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import AuditEntry, Project
from tests.dashboards.alerts.watching import ERRORS, NOON, channel, evaluate, minutes, rule, send

pytestmark = pytest.mark.django_db
YAML = "application/yaml"


class Api:
    """Calls with a key."""

    def __init__(self, client: Client, key: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str, body: Any = None, kind: str = "") -> Any:
        kind = kind or "application/json"
        call = getattr(self.client, method)
        return call(f"/api/v1/alerts{path}", body, content_type=kind, headers=self.headers)

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/v1/alerts{path}", headers=self.headers | headers)


@pytest.fixture
def api(client: Client, api_key: str) -> Api:
    return Api(client, api_key)


@pytest.fixture
def reader(client: Client, project: Project) -> Api:
    return Api(client, create_key(project=project, name="r", scopes=["read"])[1])


def pointers(answer: Any) -> set[str]:
    assert answer.status_code == 400, answer.content
    return {error["pointer"] for error in answer.json()["errors"]}


def test_a_rule_is_made_read_changed_and_removed(api: Api, access: Access) -> None:
    channel(access)
    given = ERRORS | {"channels": ["ops"], "owner": "owner@example.org", "for": "5m"}
    made = api("post", "/rules", given)
    assert made.status_code == 201, made.json()
    row = made.json()
    assert (row["state"], row["window"], row["for"]) == ("inactive", "10m", "5m")
    assert (row["channels"], row["owner"]) == (["ops"], "owner@example.org")
    path = f"/rules/{row['id']}"
    assert api.get(path).json()["condition"] == {"type": "threshold", "above": 0.5}
    assert [one["slug"] for one in api.get("/rules").json()["results"]] == ["errors"]
    changed = api("patch", path, {"severity": "critical", "enabled": False}).json()
    assert (changed["severity"], changed["state"], changed["for"]) == ("critical", "off", "5m")
    replaced = api("put", path, ERRORS | {"name": "Anew"}).json()
    assert (replaced["name"], replaced["severity"], replaced["channels"]) == ("Anew", "warning", [])
    assert api("delete", path).status_code == 204
    assert api.get(path).status_code == 404 and api("delete", path).status_code == 404
    assert api.get("/rules").json()["results"] == []
    assert api("post", "/rules", given).status_code == 201  # the slug is free again
    entries = AuditEntry.objects.filter(action__startswith="alert_rule.").order_by("pk")
    assert [entry.action.partition(".")[2] for entry in entries] == [
        *("created", "changed", "changed", "removed", "created"),
    ]
    assert entries[1].after == {"severity": "critical", "enabled": False}
    assert entries[1].before == {"severity": "warning", "enabled": True}


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"slug": "Not Good"}, "/slug"),
        ({"metric": "mood"}, "/metric"),
        ({"metric": "score:"}, "/metric"),
        ({"filter": "model:"}, "/filter"),
        ({"filter": "nofield:x"}, "/filter"),
        ({"window": "7m"}, "/window"),
        ({"channels": ["nobody"]}, "/channels"),
        ({"owner": "stranger@example.org"}, "/owner"),
        ({"colour": "red"}, "/colour"),
        (
            {"condition": {"type": "budget", "budget": "None"}, "metric": "cost"},
            "/condition/budget",
        ),
        ({"metric": "cost", "condition": {"type": "interval", "above": 1}}, "/condition/type"),
        ({"condition": {"type": "threshold", "above": "much"}}, "/condition/above"),
    ],
)
def test_what_makes_no_sense_is_refused_by_pointer(
    api: Api, access: Access, stranger: Any, wrong: Any, pointer: str
) -> None:
    assert pointer in pointers(api("post", "/rules", ERRORS | wrong))
    assert pointer in pointers(api("post", "/rules/backtest", ERRORS | wrong))
    path = f"/rules/{rule(access).pk}"
    assert pointer in pointers(api("patch", path, wrong))
    assert pointer in pointers(api("put", path, ERRORS | wrong))
    assert Rule.objects.count() == 1 and Rule.objects.get().revision == 1


@pytest.mark.parametrize("body", [None, [], "text", 3, {}])
def test_bodies_that_are_no_rules_are_refused(api: Api, access: Access, body: Any) -> None:
    path = f"/rules/{rule(access).pk}"
    for method, to in (("post", "/rules"), ("put", path), ("put", "/file")):
        assert api(method, to, body).status_code == 400
    assert api("patch", path, body).status_code == (200 if body == {} else 400)


def test_a_slug_is_given_once(api: Api) -> None:
    assert api("post", "/rules", ERRORS).status_code == 201
    assert pointers(api("post", "/rules", ERRORS)) == {"/slug"}
    other = api("post", "/rules", ERRORS | {"slug": "other"}).json()
    assert pointers(api("patch", f"/rules/{other['id']}", {"slug": "errors"})) == {"/slug"}


def test_who_only_reads_changes_nothing(reader: Api, access: Access) -> None:
    made = rule(access)
    path = f"/rules/{made.pk}"
    assert reader.get("/rules").status_code == reader.get(path).status_code == 200
    assert reader("post", f"{path}/backtest").status_code == 200
    for method, to in (
        ("post", "/rules"), ("put", path), ("patch", path), ("delete", path),
        ("post", f"{path}/mute"), ("post", "/rules/backtest"), ("put", "/file"),
    ):  # fmt: skip
        assert reader(method, to, ERRORS).status_code == 403, to


def test_a_rule_is_muted_and_heard_again(api: Api, access: Access) -> None:
    path = f"/rules/{rule(access).pk}"
    muted = api("post", f"{path}/mute", {"until": "2026-12-01T08:00:00+01:00"}).json()
    assert muted["muted_until"] == "2026-12-01T07:00:00Z"
    assert api("post", f"{path}/mute", {"until": None}).json()["muted_until"] is None
    assert pointers(api("post", f"{path}/mute", {"until": "soon"})) == {"/until"}
    assert pointers(api("post", f"{path}/mute", {"until": None, "x": 1})) == {"/x"}
    assert pointers(api("post", f"{path}/mute", {})) == {"/until"}
    actions = AuditEntry.objects.filter(action__contains="muted").order_by("pk")
    assert [one.action for one in actions] == ["alert_rule.muted", "alert_rule.unmuted"]


def test_a_firing_is_in_the_history_and_acknowledged(api: Api, access: Access) -> None:
    made = rule(access, severity="critical", group_by="user_id")
    send(access, NOON, 4, failed=4, user__id="ann")
    send(access, NOON + minutes(15), 4, user__id="ann")
    evaluate(made, NOON + minutes(6))
    [row] = api.get("/history?open=true").json()["results"]
    assert (row["rule"], row["group"], row["severity"]) == ("errors", "ann", "critical")
    assert (row["started_at"], row["ended_at"]) == ("2026-11-03T12:05:00Z", None)
    assert row["evidence"]["explorer"].startswith("http") and len(row["evidence"]["examples"]) == 4
    assert api.get(f"/{row['id']}").json() == row
    seen = api("post", f"/{row['id']}/acknowledge", {"note": "Known."}).json()
    assert seen["acknowledged"]["note"] == "Known." and "key" in seen["acknowledged"]["by"]
    assert pointers(api("post", f"/{row['id']}/acknowledge", {"text": "?"})) == {"/text"}
    evaluate(made, NOON + minutes(21))
    [row] = api.get("/history").json()["results"]
    assert row["ended_at"] == "2026-11-03T12:20:00Z"
    ended = Transition.objects.get(state="resolved")
    assert api.get(f"/{ended.pk}").status_code == 404  # an end is no firing
    for query, count in {
        "open=true": 0, "open=false": 1, "severity=critical": 1, "severity=info": 0,
        "acknowledged=true": 1, "acknowledged=false": 0, f"rule={made.pk}": 1,
        "start=2026-11-03T12:05:00Z": 1, "start=2026-11-03T12:06:00Z": 0,
        "end=2026-11-03T12:05:00Z": 0,
    }.items():  # fmt: skip
        assert len(api.get(f"/history?{query}").json()["results"]) == count, query


@pytest.mark.parametrize(
    "query", ["open=yes", "severity=loud", "rule=x", "limit=0", "cursor=abc", "start=now", "x=1"]
)
def test_the_history_is_asked_strictly(api: Api, query: str) -> None:
    assert api.get(f"/history?{query}").status_code == 400


def test_the_history_is_paged(api: Api, access: Access) -> None:
    made = rule(access, group_by="user_id")
    for number in range(5):
        send(access, NOON, 2, failed=2, user__id=f"user-{number}")
    evaluate(made, NOON + minutes(6))
    seen, cursor = [], ""
    while True:
        page = api.get(f"/history?limit=2{cursor}").json()
        seen += [row["group"] for row in page["results"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert sorted(seen) == [f"user-{number}" for number in range(5)]


def test_a_back_test_by_api(api: Api, access: Access) -> None:
    now = datetime.now(UTC)
    send(access, now - timedelta(hours=5), 4, failed=4)
    send(access, now - timedelta(hours=4), 9)
    done = api("post", "/rules/backtest?days=2", ERRORS)
    assert done.status_code == 200, done.json()
    body = done.json()
    assert body["count"] == len(body["firings"]) == 1 and body["total_seconds"] > 0
    assert body["unit"] == "ratio" and body["firings"][0]["peak"] == 1.0
    assert {point["state"] for point in body["series"][0]["points"]} >= {"firing", "resolved"}
    saved = rule(access)
    again = api("post", f"/rules/{saved.pk}/backtest?days=2").json()
    assert again["firings"] == body["firings"]
    for days in ("0", "31", "x", "-1", "٣", "99999999999", "00019999", "0001" + "9" * 5_000):
        assert api("post", f"/rules/{saved.pk}/backtest?days={days}").status_code == 400


def test_examples_can_be_posted_as_they_are(api: Api, access: Access) -> None:
    Budget.objects.create(project=access.project, name="Daily", every="day", amount=5)
    found = api.get("/examples").json()["results"]
    assert {one["name"] for one in found} == set(examples.names())
    for one in found:
        assert one["about"] and api("post", "/rules", one["rule"]).status_code == 201
        assert api("post", "/rules/backtest?days=1", one["rule"]).status_code == 200


SHEET = {"version": 1, "rules": [ERRORS, ERRORS | {"slug": "slow", "metric": "latency_p95"}]}


def test_rules_as_a_file_in_and_out(api: Api, access: Access) -> None:
    rule(access, slug="other")
    text = sheets.to_yaml(SHEET)
    tried = api("put", "/file?dry_run=true", text, YAML).json()
    assert not tried["applied"] and [one["action"] for one in tried["changes"]] == ["create"] * 2
    assert Rule.objects.count() == 1
    done = api("put", "/file", text, YAML).json()
    assert done["applied"] and done["changes"] == tried["changes"] and done["kept"] == ["other"]
    again = api("put", "/file", SHEET).json()
    assert (again["changes"], again["unchanged"]) == ([], 2)
    out = api.get("/file", Accept=YAML)
    assert out.headers["Content-Type"].startswith(YAML)
    assert yaml.safe_load(out.content) == api.get("/file").json()
    assert api("put", "/file", out.content, YAML).json()["changes"] == []
    pruned = api("put", "/file?prune=true", SHEET).json()
    assert [(one["action"], one["slug"]) for one in pruned["changes"]] == [("remove", "other")]
    assert set(Rule.objects.filter(archived_at=None).values_list("slug", flat=True)) == {
        "errors",
        "slow",
    }


def test_a_file_with_a_mistake_changes_nothing(api: Api, access: Access) -> None:
    broken = {"version": 1, "rules": [ERRORS, ERRORS | {"slug": "b", "metric": "mood"}]}
    assert pointers(api("put", "/file", broken)) == {"/rules/1/metric"}
    assert pointers(api("put", "/file", {"version": 1, "rules": [ERRORS, ERRORS]})) == {
        "/rules/1/slug"
    }
    assert pointers(api("put", "/file", {"rules": []})) == {"/version"}
    assert pointers(api("put", "/file", {"version": 1, "rules": {}, "x": 1})) == {"/rules", "/x"}
    assert api("put", "/file", "rules: [", YAML).status_code == 400
    assert api("put", "/file?prune=maybe", SHEET).status_code == 400
    assert not Rule.objects.exists()
