"""The read API over HTTP: shapes, parameters, tenancy, errors, exports."""

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client

from sightglass.accounts.keys import create_key
from sightglass.accounts.models import Project
from tests.traces.selectors.rows import NOON, SECOND, make_span, make_trace
from traces.api import export
from traces.models import Trace

pytestmark = pytest.mark.django_db
LISTS = ["traces", "spans", "sessions", "users"]


@pytest.fixture
def api(client: Client, api_key: str) -> Any:
    def get(path: str, **parameters: Any) -> Any:
        return client.get(
            f"/api/v1/{path}", parameters, headers={"Authorization": f"Bearer {api_key}"}
        )

    return get


@pytest.fixture
def trace(project: Project) -> Trace:
    found = make_trace(
        project,
        name="=cmd()",
        start_ns=NOON + 1,
        end_ns=NOON + 1 + 1500 * 10**6,
        session_id="s",
        user_id="u",
        cost_total=1_234_500_000,
        cost_input=0,
        cost_source="priced",
        input_tokens=10,
        scores={"ok": True},
        models_used=["m"],
    )
    make_span(found, -1, model="m", flags=8)
    return found


def test_a_summary(api: Any, trace: Trace) -> None:
    body = api("traces").json()
    assert body["next"] is None
    (row,) = body["results"]
    assert row["trace_id"] == trace.trace_id.hex
    assert row["start_time"].endswith("12:00:00.000000001Z")
    assert row["duration_ms"] == 1500.0
    assert row["cost"] == {
        "input": "0",
        "output": None,
        "cache_read": None,
        "cache_write": None,
        "total": "0.0012345",
        "source": "priced",
    }
    assert row["usage"]["input_tokens"] == 10
    assert row["usage"]["output_tokens"] is None
    assert row["scores"] == {"ok": True}


def test_spans_sessions_users(api: Any, trace: Trace) -> None:
    (span,) = api("spans", q="model:m").json()["results"]
    assert (span["span_id"], span["parent_id"]) == ("f" * 16, None)
    assert span["usage"] is None
    assert span["flags"] == ["cost_suspect"]
    assert "attributes" not in span
    (session,) = api("sessions").json()["results"]
    assert (session["session_id"], session["trace_count"]) == ("s", 1)
    assert session["cost"]["total"] == "0.0012345"
    (user,) = api("users").json()["results"]
    assert (user["user_id"], user["session_count"]) == ("u", 1)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"q": "modle:x"}, "/q"),
        ({"q": "a\x00b"}, "/q"),
        ({"q": "user__password__startswith:a"}, "/q"),
        ({"q": " OR ".join(["kind:llm"] * 150)}, "/q"),
        ({"q": "user:" + ",".join("x" * 300)}, "/q"),
        ({"q": "x" * 2001}, "/q"),
        ({"q": "(" * 50}, "/q"),
        ({"limit": "0"}, "/limit"),
        ({"limit": "1001"}, "/limit"),
        ({"limit": "٣"}, "/limit"),
        ({"cursor": "abc"}, "/cursor"),
        ({"start": "yesterday"}, "/start"),
        ({"start": "2026-01-01T00:00:00"}, "/start"),
        ({"end": "9" * 19}, "/end"),
        ({"format": "xlsx"}, "/format"),
        ({"project_id": "2"}, "/project_id"),
    ],
)
def test_bad_parameters_are_problems(
    api: Any, path: str, parameters: dict[str, str], pointer: str
) -> None:
    answer = api(path, **parameters)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == 400
    assert body["errors"][0]["pointer"] == pointer
    if pointer == "/q":
        assert isinstance(body["errors"][0]["position"], int)


@pytest.mark.parametrize("order", ["name", "--cost", "project__slug", "cost desc"])
def test_a_bad_order_is_a_problem(api: Any, order: str) -> None:
    assert api("traces", order=order).status_code == 400


def test_times_in_every_spelling(api: Any, trace: Trace) -> None:
    assert len(api("traces", start=str(NOON), end=str(NOON + SECOND)).json()["results"]) == 1
    assert api("traces", start="2200-01-01T00:00:00Z").json()["results"] == []
    assert len(api("traces", start="2020-01-01T00:00:00.123456789 02:00").json()["results"]) == 1


@pytest.mark.parametrize(
    "path", [*LISTS, "traces/" + "0" * 32, "spans/" + "0" * 32 + "/" + "0" * 16]
)
def test_keys_are_asked_for(client: Client, project: Project, path: str) -> None:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    _, secret = create_key(project=project, name="in", scopes=["ingest"])
    answer = client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 403


def test_another_projects_objects_are_not_there(
    client: Client, other_project: Project, trace: Trace
) -> None:
    _, secret = create_key(project=other_project, name="all", scopes=["read"])
    headers = {"Authorization": f"Bearer {secret}"}
    for path in (f"traces/{trace.trace_id.hex}", f"spans/{trace.trace_id.hex}/{'f' * 16}"):
        answer = client.get(f"/api/v1/{path}", headers=headers)
        missing = client.get(
            f"/api/v1/{path.replace(trace.trace_id.hex, '1' * 32)}", headers=headers
        )
        assert answer.status_code == missing.status_code == 404
        assert answer.content == missing.content
    for path in LISTS:
        assert client.get(f"/api/v1/{path}", headers=headers).json()["results"] == []


def test_malformed_ids_are_not_found(api: Any) -> None:
    for path in ("traces/x", "traces/" + "g" * 32, f"spans/{'0' * 32}/x", f"spans/x/{'0' * 16}"):
        assert api(path).status_code == 404


def test_unknown_routes_and_methods_are_problems(client: Client, api_key: str) -> None:
    answer = client.get("/api/v1/nothing")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    answer = client.delete("/api/v1/traces", headers={"Authorization": f"Bearer {api_key}"})
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")


def test_jsonl_export_has_everything(
    api: Any, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traces.api.read.BATCH", 3)
    for i in range(8):
        make_trace(project, start_ns=NOON + i * SECOND)
    answer = api("traces", format="jsonl")
    assert answer.streaming
    rows = [json.loads(line) for line in answer.getvalue().splitlines()]
    assert [row["start_time"] for row in rows] == sorted(
        (row["start_time"] for row in rows), reverse=True
    )
    assert len(rows) == 8
    assert len(api("traces", format="jsonl", limit=4).getvalue().splitlines()) == 4


@pytest.mark.parametrize("path", LISTS)
def test_csv_export(api: Any, trace: Trace, path: str) -> None:
    answer = api(path, format="csv")
    assert answer["Content-Disposition"] == f'attachment; filename="{path}.csv"'
    header, row = list(csv.reader(io.StringIO(answer.getvalue().decode())))
    assert len(header) == len(row)
    assert "cost.total" in header
    if path == "traces":
        assert row[header.index("name")] == "'=cmd()"
        assert row[header.index("cost.total")] == "0.0012345"
        assert row[header.index("scores")] == '{"ok":true}'


@pytest.mark.parametrize(
    "start",
    [
        *("=", "+", "-", "@", "\t", "\r", "\n", "\0", "|", "＝", "\uff0d"),
        *(" =", "  +", " \t-", "\n\n@", "\u00a0=", "\u3000=", "\ufeff=", "\u200b \u200b="),
        *("\x0b=", "\x01="),
    ],
)
def test_cells_are_no_formulas(start: str) -> None:
    assert export.cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("value", ["safe", " safe", "a=1", "a\n=1", "", " ", -1, None, 0.5])
def test_other_cells_stay_as_they_are(value: Any) -> None:
    assert export.cell(value) == value


def test_cells_stay_whole() -> None:
    row = ['a,"=1', "b\r\n=1", "c;=1", "d"]

    line = export.written([row])

    assert list(csv.reader(io.StringIO(line.decode(), newline=""))) == [row]
    assert line.startswith(b'"a,""=1","b')


def test_integers_beyond_64_bits_are_written() -> None:
    assert json.loads(export.dumps({"n": 2**80})) == {"n": 2**80}
