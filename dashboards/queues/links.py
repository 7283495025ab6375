"""Addresses around a queue."""

from __future__ import annotations

from django.urls import reverse

from evals.review.models import Item, Queue


def desk(queue: Queue) -> str:
    """Where labels are given."""
    return reverse("desk", args=[queue.project.slug, queue.slug])


def item(one: Item) -> str:
    """Where an item is read and decided; its `queue` with the project must be loaded."""
    return reverse("queue_item", args=[one.queue.project.slug, one.queue.slug, one.pk])
