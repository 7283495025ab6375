"""The frame of every page: navigation, theme, projects."""

import pytest
from django.test import Client

from sightglass.accounts.models import Project, Role, User
from tests.conftest import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def test_the_only_project_opens_by_itself(page: Client) -> None:
    assert page.get("/", follow=True).redirect_chain[-1][0] == "/p/shop/traces"


def test_of_several_projects_one_is_chosen(
    page: Client, owner: User, other_project: Project
) -> None:
    owner.memberships.create(project=other_project, role=Role.VIEWER)
    body = page.get("/").content.decode()
    assert "Shop assistant" in body and "Rival" in body


def test_the_switcher_shows_own_projects_only(page: Client, other_project: Project) -> None:
    assert "Rival" not in page.get("/p/shop/traces").content.decode()


def test_the_current_page_is_marked(page: Client) -> None:
    body = page.get("/p/shop/traces").content.decode()
    assert 'href="/p/shop/traces" aria-current="page"' in body


def test_settings_are_for_those_who_may(client: Client, project: Project) -> None:
    client.force_login(member(project, "viewer@example.org", Role.VIEWER))
    text = client.get("/p/shop/traces").content.decode()
    assert 'href="/p/shop/settings"' not in text and 'href="/p/shop/settings/prices"' in text


def test_a_theme_is_drawn_by_the_server(page: Client) -> None:
    answer = page.post("/theme", {"theme": "dark", "next": "/p/shop/traces"})
    assert (answer.status_code, answer["Location"]) == (302, "/p/shop/traces")
    assert '<html lang="en" data-theme="dark">' in page.get("/p/shop/traces").content.decode()
    page.post("/theme", {"theme": "", "next": "/"})
    assert "data-theme" not in page.get("/p/shop/traces").content.decode()


@pytest.mark.parametrize("cookie", ['"><script>', "blue"])
def test_a_strange_theme_is_none(page: Client, cookie: str) -> None:
    page.cookies["theme"] = cookie
    assert "data-theme" not in page.get("/p/shop/traces").content.decode()


@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example", "javascript:alert(1)"]
)
def test_the_theme_leads_nowhere_else(page: Client, place: str) -> None:
    assert page.post("/theme", {"theme": "dark", "next": place})["Location"] == "/"


def test_a_hostile_project_name_is_text(page: Client, project: Project) -> None:
    project.name = "<script>alert(1)</script>"
    project.save()
    assert "<script>alert" not in page.get("/p/shop/traces").content.decode()
