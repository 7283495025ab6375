"""People of a project who review."""

import pytest

from evals.review.models import Item, Queue
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project, Role
from tests.evals.review import desk


@pytest.fixture
def ann(project: Project) -> Access:
    return desk.person(project, "ann")


@pytest.fixture
def bob(project: Project) -> Access:
    return desk.person(project, "bob")


@pytest.fixture
def lea(project: Project) -> Access:
    """Who is to lead."""
    return desk.person(project, "lea")


@pytest.fixture
def viewer(project: Project) -> Access:
    return desk.person(project, "vic", Role.VIEWER)


@pytest.fixture
def queue(access: Access) -> Queue:
    """Open to every member who may label; one label wanted."""
    return desk.queue(access)


@pytest.fixture
def item(access: Access, queue: Queue) -> Item:
    [made] = desk.fill(access, queue)
    return made
