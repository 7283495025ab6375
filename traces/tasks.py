"""What runs beside the requests.

Each task works from rows, so it can be lost, repeated or run twice at once.
"""

from celery import shared_task

from traces.services import indexing, ledger, partitions, retention, rolling

INDEX_SECONDS = 8.0
ROLL_SECONDS = 8.0


@shared_task
def index_batches() -> int:
    """Index the words of stored spans and note unknown attributes.

    Returns how many requests were done.
    """
    return indexing.run(INDEX_SECONDS)


@shared_task
def fold_ledger() -> int:
    """Add receipts up into hours."""
    return ledger.fold()


@shared_task
def roll_up() -> int:
    """Make the sums of changed hours anew. Returns how many steps were done."""
    return rolling.run(ROLL_SECONDS, gently=True)


@shared_task
def make_partitions() -> None:
    """Make this and the coming weeks' partitions before they are needed."""
    partitions.make_ahead()


@shared_task
def apply_retention() -> dict[str, int]:
    """Forget what is older than each project keeps."""
    return retention.apply()


@shared_task
def purge_rejected() -> None:
    """Forget refused payloads after a day, and old metric points and ledger hours."""
    retention.purge_beside()
