"""People of a project who review, and the queue they work on."""

import pytest

from evals.review.models import Queue
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
    """Who leads, and holds no more than the role of a reviewer."""
    return desk.person(project, "lea")


@pytest.fixture
def viewer(project: Project) -> Access:
    return desk.person(project, "vic", Role.VIEWER)


@pytest.fixture
def queue(access: Access, ann: Access, bob: Access, lea: Access) -> Queue:
    """Two labels for each item, by Ann and Bob; Lea leads."""
    people = {"ann@example.org": "reviewer", "bob@example.org": "reviewer"}
    return desk.queue(access, labels_wanted=2, reviewers=people | {"lea@example.org": "lead"})
