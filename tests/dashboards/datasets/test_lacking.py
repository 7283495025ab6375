"""A dataset whose items have nothing expected says what to do about it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from dashboards.datasets import detail
from evals.datasets.content import Source
from evals.datasets.models import Dataset, SourceKind
from evals.datasets.selectors import items as listed
from evals.datasets.services import datasets
from evals.review.models import Item as ReviewItem
from sightglass.accounts.access import Access
from sightglass.accounts.models import Role, User
from tests.conftest import member
from tests.evals.datasets import making
from tests.evals.datasets.making import QUESTIONS, draft
from tests.evals.review import desk

pytestmark = pytest.mark.django_db
CASES = "/p/shop/datasets/answers"


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def dataset(access: Access) -> Dataset:
    """Three questions, of which only the second has an answer."""
    found = making.dataset(access)
    drafts = [draft(text, None) for text in QUESTIONS[:3]]
    drafts[1].expected = "At the counter."
    making.add(access, found, *drafts)
    return making.fresh(found)


def shown(client: Client, address: str = CASES) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_is_expected_can_be_written(page: Client, dataset: Dataset) -> None:
    text = shown(page)
    assert "2 items have no expected output." in text
    [there] = re.findall(r'href="([^"]*)">Write the first<', text)
    assert there == f"{CASES}/items/1/edit" and page.get(there).status_code == 200
    assert "Let reviewers" not in text, "these were made from no trace"


def test_reviewers_can_be_asked(page: Client, access: Access, dataset: Dataset) -> None:
    queue = desk.queue(access, "corrections")
    [trace] = desk.send(access)
    source = Source(SourceKind.TRACE, trace, desk.SPAN_ID)
    item = draft("Where is it?", None, source=source)
    making.add(access, dataset, item)
    text = shown(page)
    assert "3 items have no expected output." in text and "Let reviewers write it<" in text
    [items] = re.findall(r'name="items" value="([^"]*)"', text)
    assert items == f"{trace.hex}:{desk.SPAN.hex()}"
    answer = page.post("/p/shop/review/add", {"items": items})
    assert answer.status_code == 200 and "Where is it?" in answer.content.decode()
    page.post("/p/shop/review/add", {"items": items, "queue": queue.slug})
    assert ReviewItem.objects.get(queue=queue).span_id == desk.SPAN_ID
    assert page.get(f"{CASES}/queue").status_code == 200


def test_nothing_is_said_where_nothing_is_lacking_or_can_be_done(
    page: Client, access: Access, dataset: Dataset, client: Client
) -> None:
    full = making.filled(access, 2, "full")
    assert "no expected output" not in shown(page, f"/p/shop/datasets/{full.slug}")
    making.add(access, dataset, draft(QUESTIONS[4], "Yes."))
    assert "have no expected output." not in shown(page, f"{CASES}?version=1")
    datasets.archive(access, making.fresh(dataset))
    assert "have no expected output." not in shown(page)
    viewer = Client()
    viewer.force_login(member(access.project, "vic@example.org", Role.VIEWER))
    assert "have no expected output." not in shown(viewer)


def test_so_many_are_looked_at_and_no_more(
    page: Client, access: Access, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "MOST_LACKING", 2)
    monkeypatch.setattr(detail, "MOST_SENT", 1)
    drafts = [
        draft(text, None, source=Source(SourceKind.TRACE, trace))
        for text, trace in zip(QUESTIONS[3:], desk.send(access, 3), strict=True)
    ]
    both = making.dataset(access, "both")
    making.add(access, both, *drafts)
    found = listed.lacking(making.fresh(both), 1)
    assert (found.number, found.more, found.first, len(found.sources)) == (2, True, 1, 2)
    text = shown(page, "/p/shop/datasets/both")
    assert "2 or more items have no expected output." in text
    assert "Let reviewers write the first 1<" in text
    [items] = re.findall(r'name="items" value="([^"]*)"', text)
    assert items == found.sources[0][0].hex
