"""What datasets need from time to time; it can be lost or repeated."""

from __future__ import annotations

from django.utils import timezone

from evals.datasets.models import Dataset, Item
from sightglass.accounts import projects

AT_ONCE = 1_000


def empty_deleted() -> int:
    """Items of projects that were deleted too long ago to be restored go, with their datasets."""
    limit = timezone.now() - projects.GRACE
    ended = Dataset.objects.filter(project__deleted_at__lt=limit).first()
    if ended is None:
        return 0
    pks = list(ended.items.values_list("pk", flat=True)[:AT_ONCE])
    Item.objects.filter(pk__in=pks).delete()
    if not pks:
        ended.delete()
    return len(pks)
