"""Each operation of the API takes the query parameters that its description names, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from sightglass.accounts.keys import create_key
from sightglass.accounts.models import Project

pytestmark = pytest.mark.django_db
PLACES = {"trace_id": "a" * 32, "span_id": "a" * 16, "queue": "q", "dataset": "d", "name": "n"}
"""What stands in a path; a number where nothing is said."""
INGEST = ("POST", "/api/v1/spans")
"""What comes in is taken: whoever sends it does not read answers."""


class Api:
    """Calls by a method's name."""

    def __init__(self, client: Client, key: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str) -> Any:
        return self.client.generic(
            method, path, b"{}", content_type="application/json", headers=self.headers
        )


@pytest.fixture
def api(client: Client, api_key: str) -> Api:
    return Api(client, api_key)


def operations(client: Client) -> Iterator[tuple[str, str]]:
    """Method and address of what is below /api/v1."""
    for path, methods in client.get("/api/schema/").json()["paths"].items():
        at = re.sub(r"{(\w+)}", lambda part: PLACES.get(part[1], "1"), path)
        for method in methods:
            if path.startswith("/api/v1/") and (method.upper(), path) != INGEST:
                yield method.upper(), at


def test_a_parameter_that_there_is_not_is_refused_by_its_name(client: Client, api: Api) -> None:
    found = list(operations(client))
    assert len(found) > 170
    taken = []
    for method, path in found:
        told = api(method, f"{path}?strange=1")
        error = {"pointer": "/strange", "detail": "There is no such parameter."}
        if told.status_code != 400 or told.json()["errors"] != [error]:
            taken.append((method, path, told.status_code))
    assert taken == []


def test_each_operation_says_that_it_may_refuse(client: Client) -> None:
    silent = [
        (method, path)
        for path, methods in client.get("/api/schema/").json()["paths"].items()
        for method, operation in methods.items()
        if "400" not in operation["responses"]
    ]
    assert silent == []


@pytest.mark.parametrize("path", ["traces", "scores", "evaluators", "review/queues", "budgets"])
def test_who_may_not_ask_is_told_that_first(client: Client, project: Project, path: str) -> None:
    assert client.get(f"/api/v1/{path}?strange=1").status_code == 401
    _, key = create_key(project=project, name="k", scopes=["ingest"])
    assert Api(client, key)("GET", f"/api/v1/{path}?strange=1").status_code == 403


def test_methods(api: Api) -> None:
    assert api("HEAD", "/api/v1/traces?limit=1").status_code == 200
    assert api("HEAD", "/api/v1/traces?strange=1").status_code == 400
    assert api("DELETE", "/api/v1/traces?limit=1").status_code == 405
    assert api("OPTIONS", "/api/v1/traces?strange=1").status_code == 200
    assert api("PUT", "/api/v1/alerts/file?dry_run=true&prine=true").status_code == 400
