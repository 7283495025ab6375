"""Items as their readers may see them.

Reviewers must not tell gold from the rest, nor, in a blind queue, learn what others said. So what
is shown goes through here, for pages and API alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from evals.review.models import Claim, Comment, Draft, Flag, Item, Label, Queue, Skip, State
from evals.review.selectors import hearing
from evals.review.services import standing
from evals.review.services.standing import Sight
from sightglass.accounts.access import Access
from traces.models import Score, Span, Trace
from traces.selectors import traces
from traces.selectors.paging import MAX_LIMIT, Cursor, Page, decode, encode, time_limit

ORDER = "review items"
MOST_SPANS = 200
"""Spans of a trace that one answer holds; the rest by cursor."""


def list_items(
    access: Access,
    queue: Queue,
    *,
    state: str | None = None,
    flagged: bool = False,
    overdue: bool = False,
    origin: str | None = None,
    gold: bool = False,
    mine: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Item]:
    """Items of a queue in the order of their adding. Raises CursorError, TooSlow.

    `origin` and `gold` leave out nothing for who does not lead: they may not know. `mine`, one of
    OWN: only what the caller has done so themselves.
    """
    rows = Item.objects.filter(queue=queue)
    leads = standing.may_lead(access, queue)
    if not leads:
        rows = rows.exclude(state=State.WITHDRAWN)
    if state is not None:
        rows = rows.filter(state=state) if leads else rows.filter(_shown_as(access, queue, state))
    if flagged:
        rows = rows.filter(flagged=True)
    if overdue:
        rows = rows.filter(state=State.OPEN, due_at__lt=timezone.now())
    if leads and origin is not None:
        rows = rows.filter(origin=origin)
    if leads and gold:
        rows = rows.filter(gold__isnull=False)
    if mine is not None:
        rows = rows.filter(_own(access, mine))
    if cursor is not None:
        rows = rows.filter(pk__gt=decode(cursor, ORDER, (int,)).key[0])
    limit = max(1, min(limit, MAX_LIMIT))
    with time_limit():
        found = list(rows.order_by("pk")[: limit + 1])
    page = Page(found[:limit])
    if len(found) > limit:
        page.next = encode(ORDER, Cursor((found[limit - 1].pk,)))
    return page


OWN = ("labelled", "skipped", "draft")
"""What somebody can have done with an item."""


def _own(access: Access, what: str) -> Q:
    """Items that the caller has done this with."""
    if access.user is None:
        return Q(pk__in=[])
    rows: QuerySet[Any] = _labels_by(access)
    if what != "labelled":
        model = Skip if what == "skipped" else Draft
        rows = model.objects.filter(item=OuterRef("pk"), reviewer=access.user)
    return Q(Exists(rows))


def _labels_by(access: Access) -> QuerySet[Label]:
    """The caller's valid label of the outer item."""
    return Label.objects.filter(
        item=OuterRef("pk"), reviewer=access.user, withdrawn_at=None, adjudicates=False
    )


def _shown_as(access: Access, queue: Queue, state: str) -> Q:
    """Items that `shown_state` shows so to who does not lead."""
    masked = Q(Exists(_labels_by(access)), gold__isnull=False)
    if queue.labels_wanted > 1 or access.user is None:
        return Q(state=state)
    if state == State.SETTLED:
        return Q(state=state) | masked
    return Q(state=state) & ~masked


@dataclass(slots=True)
class Mine:
    """What the caller has of an item."""

    claim: Claim | None = None
    draft: Draft | None = None
    label: Label | None = None
    skip: Skip | None = None


def mine_of(access: Access, items: Sequence[Item]) -> dict[int, Mine]:
    """By item; a claim whose lease has ended is none."""
    found = {item.pk: Mine() for item in items}
    if access.user is None or not items:
        return found
    own: dict[str, Any] = {"item__in": items, "reviewer": access.user}
    for claim in Claim.objects.filter(until__gt=timezone.now(), **own):
        found[claim.item_id].claim = claim
    for draft in Draft.objects.filter(**own):
        found[draft.item_id].draft = draft
    for label in Label.objects.filter(withdrawn_at=None, adjudicates=False, **own).select_related(
        "rubric"
    ):
        found[label.item_id].label = label
    for skip in Skip.objects.filter(**own):
        found[skip.item_id].skip = skip
    return found


def shown_state(access: Access, item: Item, mine: Mine, *, leads: bool | None = None) -> str:
    """The state as the caller may know it; `leads`, if it is known whether they lead the queue.

    Gold is open for ever; for reviewers it looks as an item does that this label was all it wanted.
    """
    if item.gold is None:
        return item.state
    if standing.may_lead(access, item.queue) if leads is None else leads:
        return item.state
    if mine.label is not None and item.queue.labels_wanted == 1:
        return State.SETTLED
    return item.state


def labels_of(access: Access, item: Item, sight: Sight | None = None) -> list[Label]:
    """The valid labels that the caller may see, the oldest first; `sight`, if it is known."""
    rows = Label.objects.filter(item=item, withdrawn_at=None).select_related("rubric")
    if not (sight or standing.sight(access, item)).others:
        rows = rows.filter(reviewer=access.user)
    return list(rows.order_by("pk"))


def comments_of(access: Access, item: Item, sight: Sight | None = None) -> list[Comment]:
    """In a blind queue, before one's own label: one's own, those of leads, and, without their
    words, those to oneself."""
    rows = Comment.objects.filter(item=item).select_related("author").order_by("pk")
    if (sight or standing.sight(access, item)).others:
        return list(rows)
    leads = standing.leads_of(item.queue)
    me = access.user.pk if access.user is not None else 0
    found = list(rows.filter(Q(author_id__in=[*leads, me]) | Q(mentions__contains=[me])))
    hearing.withhold(access, found, leads)
    return found


def flags_of(access: Access, item: Item) -> list[Flag]:
    """All for a lead, one's own for others."""
    rows = Flag.objects.filter(item=item).select_related("author")
    if not standing.may_lead(access, item.queue):
        rows = rows.filter(author=access.user)
    return list(rows.order_by("pk"))


@dataclass(slots=True)
class Content:
    """What is judged: `trace` None where it is not stored any more."""

    trace: Trace | None
    spans: list[Span]
    scores: list[Score]
    next: str | None = None


def content_of(
    access: Access,
    item: Item,
    *,
    sight: Sight | None = None,
    cursor: str | None = None,
    limit: int = MOST_SPANS,
) -> Content:
    """The item's trace for those who see its queue, whether or not they may read the project.

    Scores that people gave are left out where labels are, scores that mark passages where these
    are hidden. Raises CursorError, TooSlow.
    """
    trace = Trace.objects.filter(project_id=item.queue.project_id, trace_id=item.trace_id).first()
    if trace is None:
        return Content(None, [], [])
    order = f"review trace {item.pk}"
    after = decode(cursor, order, (int, int)).key if cursor else None
    spans = traces.spans_of_trace(trace, limit=limit + 1, after=after)
    next_ = None
    if len(spans) > limit:
        spans = spans[:limit]
        next_ = encode(order, Cursor((spans[-1].start_ns, spans[-1].span_id)))
    scores = traces.scores_of(access, item.trace_id)
    sight = sight or standing.sight(access, item)
    if not sight.others:
        scores = [score for score in scores if score.source != "human"]
    if not sight.marks:
        scores = [score for score in scores if not score.evidence]
    return Content(trace, spans, scores, next_)


def scores_shown(content: Content) -> dict[str, Any]:
    """By name, the last of the scores that the caller may see."""
    return {score.name: score.value for score in content.scores}
