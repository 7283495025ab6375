"""A dataset, and people who may more or less with it."""

import pytest

from evals.datasets.models import Dataset
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project, Role
from tests.evals.datasets import making
from tests.evals.review import desk


@pytest.fixture
def dataset(access: Access) -> Dataset:
    """Three items in version 1."""
    return making.filled(access)


@pytest.fixture
def viewer(project: Project) -> Access:
    return desk.person(project, "vic", Role.VIEWER)
