"""Roles and scopes: what the document says is what the code does."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied

from dashboards.settings import keys as keys_page
from dashboards.settings import members as members_page
from sightglass.accounts.access import (
    ROLE_PERMISSIONS,
    SCOPE_PERMISSIONS,
    Access,
    Permission,
    roles_with,
)
from sightglass.accounts.models import Project, Role

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "accounts.md"


def table(first_heading: str) -> dict[str, list[str]]:
    """A table of the document, by the first cell of its rows; the headings under ''."""
    lines = DOCUMENT.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first_heading} |"))
    rows: dict[str, list[str]] = {}
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        cells = [cell.strip(" `") for cell in line.strip("|").split("|")]
        rows["" if not rows else cells[0]] = cells[1:]
    return rows


def test_the_table_of_roles_is_true() -> None:
    rows = table("role")
    headings = rows.pop("")
    assert set(headings) == set(Permission)
    documented = {
        role: {Permission(name) for name, cell in zip(headings, cells, strict=True) if cell}
        for role, cells in rows.items()
        if role in Role.values
    }
    assert documented == {role: set(granted) for role, granted in ROLE_PERMISSIONS.items()}
    assert documented.keys() == set(Role.values)


def test_every_scope_and_role_is_explained() -> None:
    assert table("scope").keys() - {"", "---"} == SCOPE_PERMISSIONS.keys()
    assert keys_page.SCOPES.keys() == SCOPE_PERMISSIONS.keys()
    assert members_page.ROLES.keys() == set(Role.values)


def test_roles_only_grow() -> None:
    for lowest in (Role.VIEWER, Role.REVIEWER):
        for lower, higher in pairwise([lowest, Role.ENGINEER, Role.ADMIN, Role.OWNER]):
            assert ROLE_PERMISSIONS[lower] < ROLE_PERMISSIONS[higher]


def test_a_viewer_labels_nothing_and_a_reviewer_reads_no_project() -> None:
    assert ROLE_PERMISSIONS[Role.VIEWER] == {Permission.READ}
    assert ROLE_PERMISSIONS[Role.REVIEWER] == {Permission.REVIEW}
    assert set(roles_with(Permission.READ)) == set(Role.values) - {Role.REVIEWER}
    assert set(roles_with(Permission.REVIEW)) == set(Role.values) - {Role.VIEWER}


def test_no_key_owns_a_project() -> None:
    assert all(Permission.OWN not in granted for granted in SCOPE_PERMISSIONS.values())


def test_what_is_not_granted_is_denied() -> None:
    access = Access(Project(slug="shop"), ROLE_PERMISSIONS[Role.VIEWER])
    access.require(Permission.READ)
    assert not access.may_write and not access.may_admin
    with pytest.raises(PermissionDenied):
        access.require(Permission.WRITE)
