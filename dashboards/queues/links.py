"""Addresses around a queue."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

from evals.review.models import Item, Queue


def _address(name: str, queue: Queue, *more: object) -> str:
    try:
        return reverse(name, args=[queue.project.slug, queue.slug, *more])
    except NoReverseMatch:
        return reverse("queues", args=[queue.project.slug])


def desk(queue: Queue) -> str:
    """Where labels are given."""
    return _address("desk", queue)


def item(one: Item) -> str:
    """Where an item is read and decided; its `queue` with the project must be loaded."""
    return _address("queue_item", one.queue, one.pk)
