"""The list of queues: what waits for me, how I get on, and what a lead has to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards.queues import links, words
from evals.review.models import Comment, Item, Queue, Rubric, State
from evals.review.selectors import asked, hearing, inbox
from evals.review.selectors import queues as selected
from evals.review.selectors.asked import Answer
from evals.review.selectors.inbox import Work
from evals.review.selectors.queues import Counts
from evals.review.services import standing
from evals.review.services.standing import Standing
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.selectors.paging import TooSlow


@dataclass(frozen=True, slots=True)
class Line:
    """A queue as the list shows it; `gold` is known of queues that the caller leads."""

    queue: Queue
    rubric: Rubric
    standing: Standing
    work: Work
    counts: Counts
    gold: int
    now: datetime

    @property
    def desk_url(self) -> str:
        return links.desk(self.queue)

    @property
    def asks(self) -> str:
        """What is asked, in a few words."""
        number = len(self.rubric.questions)
        each = self.queue.labels_wanted
        parts = [f"{number} question{'' if number == 1 else 's'}"]
        parts.append(f"{each} labels each" if each > 1 else "1 label each")
        if each > 1:
            parts.append("blind" if self.queue.blind else "open")
        return " · ".join(parts)

    @property
    def finished(self) -> int:
        """Items that need nobody any more, as leads count; one's own labels for who only labels."""
        states = self.counts.states
        if self.standing.leads:
            return states.get(State.SETTLED, 0) + states.get(State.DONE, 0)
        return self.work.labelled

    @property
    def whole(self) -> int:
        if self.standing.leads:
            return max(self.counts.total - self.gold, 0)
        return self.work.labelled + self.work.left

    @property
    def percent(self) -> float:
        return round(100 * min(self.finished / self.whole, 1), 1) if self.whole else 0.0

    @property
    def disputed(self) -> int:
        return self.counts.states.get(State.DISPUTED, 0)

    @property
    def pace(self) -> str:
        return words.pace(self.work)

    @property
    def due(self) -> str:
        """When the next one is due, as long as that lies ahead."""
        if self.work.due is None or self.work.due <= self.now:
            return ""
        return words.span((self.work.due - self.now).total_seconds())


@require_GET
@project_page(Permission.REVIEW)
def queues(request: ProjectRequest) -> HttpResponse:
    """Queues that the caller sees; `archived=1` those that have ended."""
    access = request.access
    archived = request.GET.get("archived") == "1"
    found = selected.list_queues(access, archived=archived)
    context: dict[str, Any] = {"archived": archived, "found": bool(found)}
    try:
        lines = lines_of(access, found)
        mentions = [] if archived else mentions_of(access, found)
        context |= {
            "lines": lines,
            "mentions": mentions,
            "asking": words.asking([one.comment.author for one in mentions]),
            "answers": [] if archived else answers_for(access, found),
            "leads": any(line.standing.leads for line in lines),
            "sentence": words.sentence([line.work for line in lines if line.standing.awaited]),
        }
    except TooSlow:
        context["slow"] = True
    return render(request, "queues/list.html", context)


def lines_of(access: Access, found: Sequence[Queue]) -> list[Line]:
    """In as many queries for one queue as for all. What waits for the caller comes first."""
    if access.user is None or not found:
        return []
    now = timezone.now()
    rubrics, counts = selected.newest_rubrics(found), selected.counts_of(found)
    work, stands = inbox.work_of(access.user, found, now), standing.standings(access, found)
    gold = selected.gold_counts([one for one in found if stands[one.pk].leads])
    lines = [
        Line(
            one,
            rubrics[one.pk],
            stands[one.pk],
            work[one.pk] if stands[one.pk].awaited else Work(),
            counts.get(one.pk, Counts()),
            gold.get(one.pk, 0),
            now,
        )
        for one in found
    ]
    return sorted(lines, key=lambda line: (not line.work.late, not line.work.left))


@dataclass(frozen=True, slots=True)
class Mention:
    comment: Comment
    url: str


def mentions_of(access: Access, found: Sequence[Queue]) -> list[Mention]:
    """What others have asked the caller and they have not answered."""
    if access.user is None or not found:
        return []
    comments = inbox.mentions_of(access.user, found)
    _attach([one.item for one in comments], found)
    comments = hearing.keep_back(access, comments)
    return [Mention(one, links.item(one.item)) for one in comments]


@dataclass(frozen=True, slots=True)
class Answered:
    answer: Answer
    url: str


def answers_for(access: Access, found: Sequence[Queue]) -> list[Answered]:
    """What leads have answered to the caller's questions, and the caller has not taken up."""
    if access.user is None or not found:
        return []
    answers = asked.answers_for(access.user, found)
    _attach([one.flag.item for one in answers], found)
    return [Answered(one, links.item(one.flag.item)) for one in answers]


def _attach(items: Sequence[Item], found: Sequence[Queue]) -> None:
    """Tell items of their queues, which are known, so that none is asked for."""
    known = {queue.pk: queue for queue in found}
    for item in items:
        item.queue = known[item.queue_id]
