"""Projects: made, changed, closed and opened again; and what their settings pages do."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from sightglass.accounts import audit, projects
from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import ApiKey, AuditEntry, Membership, Project, Role, User
from tests.conftest import member
from tests.traces import sending
from traces.models import Trace
from traces.services import retention
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_user("operator@example.org", is_staff=True)


def test_who_runs_the_installation_makes_projects(operator: User, owner: User) -> None:
    made = projects.create_project(operator, "  Größe: Shop / 2 ")
    assert (made.slug, made.name) == ("groe-shop-2", "Größe: Shop / 2")
    assert Membership.objects.get(project=made).role == Role.OWNER
    again = projects.create_project(operator, "Größe: Shop / 2")
    assert again.slug.startswith("groe-shop-2-")
    assert audit.verify(made).entries == 1
    for nonsense in ("", "   ", "???", "–"):
        with pytest.raises(ValidationError):
            projects.create_project(operator, nonsense)
    with pytest.raises(PermissionDenied):
        projects.create_project(owner, "Mine")


def test_settings_change_and_are_written_down(access: Access, project: Project) -> None:
    projects.change_settings(access, name="Shop", retention_days=90, spans_per_minute=None)
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == ({"name": "Shop assistant"}, {"name": "Shop"})
    projects.change_settings(access, name="Shop")
    assert AuditEntry.objects.count() == 1
    with pytest.raises(ValueError, match="not settings"):
        projects.change_settings(access, slug="other")
    engineer = Access(project, ROLE_PERMISSIONS[Role.ENGINEER])
    with pytest.raises(PermissionDenied):
        projects.change_settings(engineer, name="Mine")


def test_a_deleted_project_is_closed_to_all(
    access: Access, owner: User, api_key: str, client: Client
) -> None:
    with pytest.raises(PermissionDenied):
        projects.delete_project(Access(access.project, ROLE_PERMISSIONS[Role.ADMIN]))
    store_spans(access, sending.decoded(sending.llm()))
    projects.delete_project(access)
    client.force_login(owner)
    assert client.get("/p/shop/traces").status_code == 404
    assert b"No project yet" in client.get("/").content
    keyed = {"Authorization": f"Bearer {api_key}"}
    assert client.get("/api/v1/traces", headers=keyed).status_code == 401
    sent = client.post("/v1/traces", b"{}", content_type="application/json", headers=keyed)
    assert sent.status_code == 401


def test_an_owner_can_restore_it_for_a_while(access: Access, owner: User, api_key: str) -> None:
    admin = member(access.project, "admin@example.org", Role.ADMIN)
    store_spans(access, sending.decoded(sending.llm()))
    projects.delete_project(access)
    retention.apply()
    assert Trace.objects.count() == 1
    with pytest.raises(PermissionDenied):
        projects.restore_project(admin, "shop")
    assert list(projects.deleted_of(owner)) == [access.project]
    projects.restore_project(owner, "shop")
    assert Project.objects.get().deleted_at is None
    actions = AuditEntry.objects.filter(project=access.project).values_list("action", flat=True)
    assert {"project.deleted", "project.restored"} <= set(actions)
    assert audit.verify(access.project).broken is None


def test_then_its_traces_go(access: Access, owner: User, other_project: Project) -> None:
    theirs = Access(other_project, frozenset())
    for one in (access, theirs):
        store_spans(one, sending.decoded(sending.llm(start_ns=time.time_ns() - 3600 * 10**9)))
    projects.delete_project(access)
    later = timezone.now() + projects.GRACE + timedelta(hours=1)
    retention.apply(later)
    assert [trace.project for trace in Trace.objects.all()] == [other_project]
    Project.objects.filter(slug="shop").update(deleted_at=timezone.now() - timedelta(days=8))
    with pytest.raises(PermissionDenied):
        projects.restore_project(owner, "shop")


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({"name": "", "retention_days": "9"}, b"required"),
        ({"name": "x", "retention_days": "0"}, b"greater than or equal to 1"),
        ({"name": "x", "retention_days": "99999"}, b"less than or equal"),
        ({"name": "x", "retention_days": "9", "spans_per_minute": "-1"}, b"greater than"),
        ({"name": "x" * 121, "retention_days": "9"}, b"at most 120"),
        ({"name": "a\x00b", "retention_days": "9"}, b"Null characters"),
    ],
)
def test_the_settings_page_refuses_nonsense(
    form: dict[str, str], problem: bytes, client: Client, owner: User
) -> None:
    client.force_login(owner)
    response = client.post("/p/shop/settings", form)
    assert response.status_code == 200 and problem in response.content
    assert not AuditEntry.objects.filter(action="project.changed").exists()


def test_the_settings_page_saves_and_deletes(client: Client, owner: User) -> None:
    client.force_login(owner)
    client.post("/p/shop/settings", {"name": "Shop", "retention_days": "9", "slug": "hijacked"})
    project = Project.objects.get()
    assert (project.slug, project.name, project.retention_days) == ("shop", "Shop", 9)
    assert b"Type shop." in client.post("/p/shop/settings/delete", {"slug": "rival"}).content
    assert client.post("/p/shop/settings/delete", {"slug": "shop"}).status_code == 302
    assert client.get("/p/shop/settings").status_code == 404
    assert b"Restore" in client.get("/profile").content
    assert client.post("/projects/shop/restore").headers["Location"] == "/p/shop/"
    assert client.get("/p/shop/settings").status_code == 200


def test_home_leads_to_the_only_project_or_offers_a_choice(
    client: Client, owner: User, other_project: Project
) -> None:
    client.force_login(owner)
    assert client.get("/").headers["Location"] == "/p/shop/"
    Membership.objects.create(user=owner, project=other_project, role=Role.VIEWER)
    page = client.get("/").content.decode()
    assert "/p/shop/" in page and "/p/rival/" in page


def test_the_profile_page(client: Client, owner: User, operator: User) -> None:
    client.force_login(owner)
    assert client.post("/profile", {"name": "<b>Ada</b>", "email": "x@example.org"}).status_code
    owner.refresh_from_db()
    assert (owner.name, owner.email) == ("<b>Ada</b>", "owner@example.org")
    page = client.get("/profile").content
    assert b"&lt;b&gt;Ada" in page and b"New project" not in page
    assert client.get("/audit").status_code == 403
    assert client.post("/projects/new", {"name": "Mine"}).status_code == 403
    client.force_login(operator)
    assert b"user.changed" in client.get("/audit").content
    made = client.post("/projects/new", {"name": "New one"})
    assert made.headers["Location"] == "/p/new-one/"


def test_the_keys_page(client: Client, owner: User, project: Project) -> None:
    client.force_login(owner)
    path = "/p/shop/settings/keys"
    made = client.post(path, {"name": "ci", "scopes": ["read", "ingest"], "days": "30"})
    key = ApiKey.objects.get()
    assert key.expires_at is not None and key.scopes == ["ingest", "read"]
    secret: Any = made.context["secret"]
    assert secret.encode() in made.content and made.headers["Cache-Control"].count("no-store")
    assert secret.encode() not in client.get(path).content
    for wrong in ({"name": "x"}, {"name": "x", "scopes": ["root"]}, {"scopes": ["read"]}):
        assert client.post(path, wrong).status_code == 200
    assert ApiKey.objects.count() == 1
    rotated = client.post(f"{path}/{key.pk}/rotate", {"overlap": "now"})
    assert rotated.context["secret"].startswith("sg_")
    again = client.post(f"{path}/{key.pk}/rotate", {"overlap": "now"}, follow=True)
    assert b"has ended" in again.content
    new = ApiKey.objects.get(revoked_at=None)
    client.post(f"{path}/{new.pk}/revoke")
    assert not ApiKey.objects.filter(revoked_at=None).exists()


def test_the_log_is_filtered_paged_and_verified(
    client: Client, owner: User, project: Project
) -> None:
    for number in range(120):
        area = "key" if number % 2 else "member"
        audit.record(f"{area}.changed", f"target-{number}", project=project, user=owner)
    client.force_login(owner)
    path, seen = "/p/shop/settings/audit?area=key", []
    while path:
        page = client.get(path)
        seen += [entry.target for entry in page.context["entries"]]
        path = page.context.get("older", "") and "/p/shop/settings/audit" + page.context["older"]
    assert seen == [f"target-{number}" for number in range(119, 0, -2)]
    found = client.get("/p/shop/settings/audit?q=target-77").context["entries"]
    assert [entry.target for entry in found] == ["target-77"]
    for odd in ("before=x", "before=" + "9" * 30, "area=nothing", "q=%00", "q=%25"):
        assert client.get(f"/p/shop/settings/audit?{odd}").status_code == 200
    assert b"The chain holds" in client.get("/p/shop/settings/audit?verify=1").content


def test_pages_of_errors(client: Client, owner: User, project: Project) -> None:
    client.force_login(member(project, "v@example.org", Role.VIEWER))
    denied = client.get("/p/shop/settings")
    assert denied.status_code == 403 and b"Your role" in denied.content
    missing = client.get("/nothing/here")
    assert missing.status_code == 404 and b"There is nothing here" in missing.content
    _, secret = create_key(project=project, name="k", scopes=["read"])
    problem = client.get("/api/v1/nothing", headers={"Authorization": f"Bearer {secret}"})
    assert problem.headers["Content-Type"] == "application/problem+json"
