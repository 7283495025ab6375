"""Short ways to a dataset with something in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import StreamingHttpResponse

from evals.datasets.content import Draft
from evals.datasets.models import Dataset, Item
from evals.datasets.selectors import items as listed
from evals.datasets.services import adding, datasets
from evals.datasets.services.adding import Added, Choices
from evals.review.errors import Conflict, Invalid
from sightglass.accounts.access import Access

QUESTIONS = (
    "Where is my order? It should have been here on Monday.",
    "How do I return a pair of shoes that does not fit?",
    "Do you ship to Norway, and what does it cost?",
    "Can I pay by invoice as a company?",
    "The zip of my jacket broke after two weeks of wearing it.",
    "Which of your tents stands up to a storm in the mountains?",
)


def dataset(access: Access, slug: str = "answers", **settings: Any) -> Dataset:
    return datasets.create(access, slug, datasets.Settings(slug.title(), **settings))


def draft(text: Any = QUESTIONS[0], expected: Any = "On its way.", **more: Any) -> Draft:
    return Draft(text, expected, **more)


def add(
    access: Access,
    found: Dataset,
    *drafts: Draft | str,
    choices: Choices | None = None,
    **more: Any,
) -> Added:
    """Texts become drafts of their own."""
    made = [one if isinstance(one, Draft) else draft(one) for one in drafts]
    return adding.add(access, fresh(found), made, choices, **more)


def filled(access: Access, number: int = 3, slug: str = "answers", **settings: Any) -> Dataset:
    """A dataset with that many different items in its version 1."""
    found = dataset(access, slug, **settings)
    add(access, found, *QUESTIONS[:number])
    return fresh(found)


def fresh(found: Dataset) -> Dataset:
    return Dataset.objects.select_related("project").get(pk=found.pk)


def texts(found: Dataset, version: int | None = None) -> list[Any]:
    """The inputs of a version by number; None where one was erased."""
    found = fresh(found)
    rows = listed.at(found, found.version if version is None else version)
    return [row.input for row in rows.order_by("number")]


def item(found: Dataset, number: int = 1) -> Item:
    return Item.objects.get(dataset=found, number=number, removed_in=None)


def body_of(response: StreamingHttpResponse) -> bytes:
    """The whole of a download."""
    pieces: Any = response.streaming_content
    return b"".join(pieces)


@contextmanager
def refused(*pointers: str) -> Iterator[None]:
    """Invalid, at exactly these places."""
    try:
        yield
    except Invalid as error:
        assert sorted({one["pointer"] for one in error.errors}) == sorted(pointers), error.errors
    else:
        raise AssertionError("nothing was refused")


@contextmanager
def conflict(reason: str) -> Iterator[list[Conflict]]:
    """A conflict of this reason, put into the list."""
    caught: list[Conflict] = []
    try:
        yield caught
    except Conflict as error:
        assert error.reason == reason, error
        caught.append(error)
    else:
        raise AssertionError("no conflict")
