"""The overview across projects shows those that a person may see, and no other."""

from __future__ import annotations

import re
import time
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards.overview import across
from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import Membership, Project, Role, User
from tests.traces import sending
from traces.selectors import cubes
from traces.selectors.paging import TooSlow
from traces.services import rolling
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
SECOND, DAY = 10**9, 86_400 * 10**9
TODAY = time.time_ns() // DAY * DAY


def send(project: Project, *, error: str | None = None, output: int = 100) -> None:
    access = Access(project, ROLE_PERMISSIONS[Role.OWNER])
    start = TODAY - DAY + SECOND
    made = sending.llm(
        start_ns=start,
        end_ns=start + SECOND,
        error=error,
        gen_ai__usage__output_tokens=output,
    )
    store_spans(access, sending.decoded(made))
    rolling.run(60)


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def test_each_project_of_mine_is_a_line(
    page: Client, project: Project, other_project: Project, owner: User
) -> None:
    Membership.objects.create(user=owner, project=other_project, role=Role.VIEWER)
    send(project)
    send(other_project, error="timeout", output=5_000)
    html = page.get("/overview").content.decode()
    lines = re.findall(r"<tr><td.*?</tr>", html, re.S)
    assert "Rival" in lines[0] and "Shop assistant" in lines[1], "the costliest first"
    assert 'href="/p/rival/overview?range=14d"' in lines[0]
    assert "100.0%" in lines[0] and "0.0%" in lines[1]
    assert "2 projects: 2 traces" in html and "1 of them failed" in html
    traces, errors = (
        unescape(url) for url in re.findall(r'href="(/p/rival/traces[^"]*)"', lines[0])[1:3]
    )
    assert page.get(traces).content.decode().count("data-row=") == 1
    assert page.get(errors).content.decode().count("data-row=") == 1


def test_projects_of_others_are_not_there(
    page: Client, project: Project, other_project: Project
) -> None:
    send(other_project)
    html = page.get("/overview").content.decode()
    assert "Rival" not in html and "rival" not in html
    assert "1 project: 0 traces" in html


def test_a_deleted_project_is_gone(page: Client, project: Project) -> None:
    from django.utils import timezone

    Project.objects.filter(pk=project.pk).update(deleted_at=timezone.now())
    assert "No project yet" in page.get("/overview").content.decode()


def test_nobody_is_asked_to_sign_in(client: Client) -> None:
    assert client.get("/overview").headers["Location"].startswith("/accounts/login/")


def test_a_slow_project_does_not_take_the_page(
    page: Client,
    project: Project,
    other_project: Project,
    owner: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Membership.objects.create(user=owner, project=other_project, role=Role.VIEWER)
    send(project)
    real = cubes.of_traces

    def slow(project_id: int, **asked: Any) -> Any:
        if project_id == other_project.pk:
            raise TooSlow
        return real(project_id, **asked)

    monkeypatch.setattr(cubes, "of_traces", slow)
    html = page.get("/overview").content.decode()
    assert "This took too long and was stopped." in html and "Shop assistant" in html


def test_many_projects_are_bounded(
    page: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(across, "MOST", 3)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            html = page.get("/overview").content.decode()
        assert html.count('class="main-a"') <= 3
        return len(caught)

    for i in range(3):
        made = Project.objects.create(slug=f"p{i}", name=f"P{i}")
        Membership.objects.create(user=owner, project=made, role=Role.VIEWER)
    few = queries()
    for i in range(3, 9):
        made = Project.objects.create(slug=f"p{i}", name=f"P{i}")
        Membership.objects.create(user=owner, project=made, role=Role.VIEWER)
    assert queries() == few
    assert "The first 3 projects by name are shown." in page.get("/overview").content.decode()


@pytest.mark.parametrize(("asked", "label"), [("7d", "Last 7 days"), ("x", "Last 14 days")])
def test_the_time_is_chosen(page: Client, asked: str, label: str) -> None:
    html = page.get(f"/overview?range={asked}").content.decode()
    assert f"<span>{label}</span>" in html
