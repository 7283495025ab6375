"""What queues need from time to time; each of it can be lost or repeated."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from evals.review.models import Claim, Item, Queue, State
from evals.review.services import claiming, ranking, settling
from sightglass.accounts import projects
from traces.models import Trace

AT_ONCE = 200


def run() -> int:
    """Rank, close and take out what should be; returns how many items changed."""
    done = 0
    for queue in Queue.objects.filter(archived_at=None, project__deleted_at=None):
        done += ranking.rank_some(queue)
        done += ranking.rank_again(queue)
        done += close_full(queue)
        done += take_out_gone(queue)
    claiming.forget_ended()
    return done + empty_deleted()


def close_full(queue: Queue) -> int:
    """Items that have enough labels since their queue wants fewer."""
    full = Item.objects.filter(
        queue=queue, state=State.OPEN, gold__isnull=True, labels__gte=queue.labels_wanted
    )
    return _each(queue, list(full.values_list("pk", flat=True)[:AT_ONCE]))


def take_out_gone(queue: Queue) -> int:
    """Unlabelled items whose trace is not stored any more: nobody could read what they judge."""
    stored = Trace.objects.filter(project_id=queue.project_id, trace_id=OuterRef("trace_id"))
    gone = Item.objects.filter(~Exists(stored), queue=queue, state=State.OPEN, labels=0)
    pks = list(gone.values_list("pk", flat=True)[:AT_ONCE])
    Claim.objects.filter(item__in=pks).delete()
    changed = Item.objects.filter(pk__in=pks, state=State.OPEN, labels=0)
    return changed.update(state=State.WITHDRAWN, version=F("version") + 1)


def empty_deleted() -> int:
    """Items of projects that were deleted too long ago to be restored go, with their queues."""
    limit = timezone.now() - projects.GRACE
    ended = Queue.objects.filter(project__deleted_at__lt=limit).first()
    if ended is None:
        return 0
    pks = list(ended.items.values_list("pk", flat=True)[: 5 * AT_ONCE])
    Item.objects.filter(pk__in=pks).delete()
    if not pks:
        ended.delete()
    return len(pks)


def _each(queue: Queue, pks: list[int]) -> int:
    for pk in pks:
        with transaction.atomic():
            item = Item.objects.select_for_update().get(pk=pk)
            item.queue = queue
            settling.weigh(item)
    return len(pks)
