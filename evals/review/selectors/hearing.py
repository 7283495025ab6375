"""Words of others that a blind queue keeps back from whom they ask: that somebody asks is known at
once, what they say only when it can steer nobody any more."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from evals.review.models import Comment
from evals.review.services import standing
from sightglass.accounts.access import Access


def keep_back(access: Access, comments: Sequence[Comment]) -> list[Comment]:
    """The same comments, as the caller may read them by now. Each must have its item and queue."""
    blind = {one.item_id: one.item for one in comments if one.item.queue.blind}
    heard = standing.heard(access, list(blind.values())) if blind else set()
    unheard = [one for one in comments if one.item_id in blind and one.item_id not in heard]
    leads = {
        queue.pk: standing.leads_of(queue)
        for queue in {one.item.queue_id: one.item.queue for one in unheard}.values()
    }
    for one in unheard:
        withhold(access, [one], leads[one.item.queue_id])
    return list(comments)


def withhold(access: Access, comments: Sequence[Comment], leads: Collection[int]) -> None:
    """Take the words from those that neither the caller nor a lead said."""
    me = access.user.pk if access.user is not None else None
    for one in comments:
        if one.author_id is None or (one.author_id != me and one.author_id not in leads):
            one.text, one.withheld = "", True
