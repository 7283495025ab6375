"""People at their desks, without a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from evals.review.models import Item, Queue
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.dashboards.desk import scene
from tests.evals.review import desk

SignIn = Callable[[Access], Client]


@pytest.fixture
def ann(project: Project) -> Access:
    return desk.person(project, "ann")


@pytest.fixture
def bob(project: Project) -> Access:
    return desk.person(project, "bob")


@pytest.fixture
def queue(access: Access) -> Queue:
    """Every kind of question; blind; one label wanted; two items."""
    return scene.whole_queue(access, 2)


@pytest.fixture
def item(queue: Queue) -> Item:
    """The first of the queue."""
    first = Item.objects.filter(queue=queue).order_by("rank", "pk")[0]
    first.queue = queue
    return first


@pytest.fixture
def sign_in() -> SignIn:
    """A client of its own for each person."""

    def signed_in(who: Access) -> Client:
        client = Client()
        client.force_login(desk.user_of(who))
        return client

    return signed_in
