"""Who only reviews sees their queues and what is in them, and is led there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from dashboards.digest import services as reports
from evals.review.models import Queue
from evals.review.services import working
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import Membership, Project, Role
from tests.conftest import member
from tests.dashboards.queues.pages import as_, text
from tests.evals.review import desk

pytestmark = pytest.mark.django_db
SECRET = "ferrous-marmalade"


def links(html: str) -> set[str]:
    return set(re.findall(r'href="(/p/[^"#?]*)', html))


def pages(patterns: list[URLPattern | URLResolver], prefix: str = "") -> list[tuple[str, Any]]:
    """Every page of a project: its pattern and who may open it."""
    found: list[tuple[str, Any]] = []
    for each in patterns:
        pattern = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            found += pages(each.url_patterns, pattern)
        elif pattern.startswith("p/<slug:project>/"):
            found.append((pattern, getattr(each.callback, "permissions", frozenset())))
    return found


def test_only_pages_of_review_open_for_reviewers() -> None:
    mine = [pattern for pattern, who in pages(get_resolver().url_patterns) if "review" in who]
    beside = [pattern for pattern in mine if not pattern.startswith("p/<slug:project>/review")]
    assert beside == ["p/<slug:project>/"], "the front door, which leads to the queues"
    assert len(mine) > 10


def test_a_reviewer_is_led_to_their_queues(queue: Queue, ann: Access, viewer: Access) -> None:
    client = as_(ann)
    assert client.get("/")["Location"] == "/p/shop/"
    assert client.get("/p/shop/")["Location"] == "/p/shop/review"
    assert as_(viewer).get("/p/shop/")["Location"] == "/p/shop/traces"


@pytest.mark.parametrize("path", ["overview", "traces", "settings/prices", "alerts", "review/new"])
def test_what_is_closed_says_where_to_go(queue: Queue, ann: Access, path: str) -> None:
    html = as_(ann).get(f"/p/shop/{path}")
    assert html.status_code == 403
    assert 'href="/p/shop/review"' in html.content.decode()
    assert "As a reviewer of Shop assistant" in html.content.decode()


def test_others_are_led_back_to_the_project(viewer: Access) -> None:
    answer = as_(viewer).get("/p/shop/review")
    html = answer.content.decode()
    assert answer.status_code == 403
    assert 'href="/p/shop/"' in html and "/p/shop/review" not in html


def test_the_sidebar_has_what_one_may_open(
    access: Access, queue: Queue, ann: Access, viewer: Access
) -> None:
    assert {link for link in links(text(as_(ann))) if "/review" not in link} <= {"/p/shop/"}
    shown = as_(viewer).get("/p/shop/traces").content.decode()
    assert "/p/shop/review" not in links(shown) and "/p/shop/overview" in links(shown)
    assert "/p/shop/settings/prices" in links(shown)
    assert {"/p/shop/review", "/p/shop/settings"} <= links(text(as_(access)))


def test_figures_of_projects_that_one_only_reviews_in_are_not_shown(
    queue: Queue, ann: Access, other_project: Project
) -> None:
    Membership.objects.create(user=desk.user_of(ann), project=other_project, role=Role.VIEWER)
    html = as_(ann).get("/overview").content.decode()
    assert "Rival" in html
    main = html.split("<main")[1]
    assert "Shop assistant" not in main


def test_reports_do_not_go_to_who_only_reviews(access: Access, ann: Access, viewer: Access) -> None:
    assert {user.email for user in reports.members(access)} == {
        "owner@example.org",
        "vic@example.org",
    }


def test_a_reviewer_reads_the_whole_of_an_item_and_no_other_trace(
    access: Access, queue: Queue, ann: Access
) -> None:
    said = desk.said("assistant", SECRET)
    [item] = desk.fill(access, queue, 1, **{"gen_ai.output.messages": said})
    [outside] = desk.send(access, 1, **{"gen_ai.output.messages": said})
    client = as_(ann)
    assert SECRET in text(client, f"/answers/items/{item.pk}")
    assert SECRET in text(client, "/answers/items")
    for trace in (item.trace_id, outside):
        assert client.get(f"/p/shop/traces/{trace.hex}").status_code == 403
    assert client.get("/p/shop/traces").status_code == 403


def test_a_viewer_labels_nothing(access: Access, queue: Queue, viewer: Access) -> None:
    [item] = desk.fill(access, queue)
    client = as_(viewer)
    for path in ("", "/answers", "/answers/items", f"/answers/items/{item.pk}"):
        text(client, path, status=403)
    for deed in ("submit", "claim", "draft", "flag", "comment"):
        answer = client.post(f"/p/shop/review/answers/items/{item.pk}/{deed}", {"helpful": "true"})
        assert answer.status_code == 403, deed
    assert not item.given.exists()


# ---- by API


def call(path: str, method: str = "get", who: str = "", **body: Any) -> Any:
    """An answer of the API to a key that names a member."""
    key = create_key(project=Project.objects.get(slug="shop"), name="k", scopes=["admin"])[1]
    headers = {"Authorization": f"Bearer {key}", "Sightglass-Reviewer": who}
    address = f"/api/v1/review/queues{path}"
    if method == "get":
        return Client().get(address, headers=headers)
    return Client().post(
        address, json.dumps(body), content_type="application/json", headers=headers
    )


def test_by_api_a_reviewer_sees_only_their_queues(
    access: Access, queue: Queue, ann: Access, project: Project
) -> None:
    [item] = desk.fill(access, queue)
    desk.queue(access, "others", reviewers={"owner@example.org": "reviewer"})
    slugs = [one["slug"] for one in call("", who="ann@example.org").json()["results"]]
    assert slugs == ["answers"]
    assert call("/answers/items", who="ann@example.org").status_code == 200
    assert call(f"/answers/items/{item.pk}", who="ann@example.org").json()["content"]["spans"]
    assert call("/others", who="ann@example.org").status_code == 404
    for closed in ("/answers/labels", "/answers/agreement", "/answers/rules"):
        assert call(closed, who="ann@example.org").status_code == 403
    taken = call("/answers/items", "post", "ann@example.org", items=[{"trace_id": "0" * 32}])
    assert taken.status_code == 403


def test_by_api_a_viewer_reads_and_labels_nothing(
    access: Access, queue: Queue, viewer: Access
) -> None:
    [item] = desk.fill(access, queue)
    good = {"answers": desk.GOOD}
    answer = call(f"/answers/items/{item.pk}/submit", "post", "vic@example.org", **good)
    assert answer.status_code == 403
    assert call("/answers/next", "post", "vic@example.org").status_code == 403
    assert not item.given.exists()


def test_whoever_becomes_a_reviewer_loses_the_rest_at_once(
    access: Access, queue: Queue, project: Project
) -> None:
    user = member(project, "eva@example.org", Role.ENGINEER)
    client = Client()
    client.force_login(user)
    assert client.get("/p/shop/traces").status_code == 200
    Membership.objects.filter(user=user).update(role=Role.REVIEWER)
    assert client.get("/p/shop/traces").status_code == 403
    assert client.get("/p/shop/review/answers/items").status_code == 404, "not her queue"


def test_a_lead_of_the_role_reviewer_decides_without_reading_the_project(
    access: Access, queue: Queue, ann: Access, bob: Access, lea: Access
) -> None:
    [item] = desk.fill(access, queue)
    working.submit(ann, item, desk.GOOD)
    working.submit(bob, item, desk.BAD)
    client = as_(lea)
    html = text(client, "/answers/disputes")
    assert "rude" in html
    inside = {link for link in links(html) if not link.startswith("/p/shop/review")}
    assert inside <= {"/p/shop/"}
    for path in ("/answers/items", "/answers/agreement", f"/answers/items/{item.pk}"):
        outside = {link for link in links(text(client, path)) if "/review" not in link}
        assert outside <= {"/p/shop/"}, path
