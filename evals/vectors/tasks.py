"""What runs beside the requests. It works from rows, so it can be lost, repeated or run twice."""

from celery import shared_task

from evals.vectors.services import filling, indexes, storing

EMBED_SECONDS = 10.0
INDEX_SECONDS = 60.0
FILL_SECONDS = 10.0


@shared_task
def embed() -> int:
    """Vectors of what has just been stored. Returns how many requests were done."""
    return storing.run(EMBED_SECONDS)


@shared_task
def index() -> int:
    """Graphs over what has become many vectors. Returns how many were built."""
    return indexes.run(INDEX_SECONDS)


@shared_task
def embed_elsewhere() -> int:
    """As `embed`, of projects whose model is a provider's. Returns how many requests were done."""
    return storing.run(EMBED_SECONDS, elsewhere=True)


@shared_task
def fill() -> int:
    """Vectors of stored calls by a model that a project chose. Returns how many steps were done."""
    return filling.run(FILL_SECONDS)
