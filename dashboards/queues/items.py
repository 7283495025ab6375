"""The items of a queue: looked through, and for leads taken out and put back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from dashboards.queues import framing, links, origins, previews, words
from dashboards.queues.origins import FoundBy
from dashboards.queues.previews import Preview
from evals.review.api import exports
from evals.review.errors import Conflict
from evals.review.models import Item, Origin, Queue, State
from evals.review.selectors import items as selected
from evals.review.services import adjudicating, standing
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.api.export import TYPES
from traces.selectors.paging import CursorError, TooSlow

PAGE = 50
MOST_CHANGED = 200
DEEDS = {
    "withdraw": (adjudicating.withdraw, "taken out"),
    "put_back": (adjudicating.put_back, "put back"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """An item as the list shows it."""

    item: Item
    state: tuple[str, str]
    preview: Preview
    url: str
    mine: str
    now: datetime
    found_by: FoundBy | None
    """The search that led to it, for who leads; None where none did."""

    @property
    def late(self) -> bool:
        due = self.item.due_at
        return due is not None and due < self.now and self.item.state == State.OPEN

    @property
    def probability(self) -> str:
        return f"{self.item.probability:.3g}"

    @property
    def origin(self) -> str:
        return words.ORIGINS.get(Origin(self.item.origin), self.item.origin)


@require_http_methods(["GET", "POST"])
@project_page(Permission.REVIEW)
def items(request: ProjectRequest, queue: str) -> HttpResponse:
    """A page of items: `state`, `origin`, `mine`, `flagged`, `gold`, `overdue`, `cursor`.

    POST `item`… with `do` withdraw or put_back: for leads.
    """
    access = request.access
    found = standing.queue_of(access, queue)
    if request.method == "POST":
        return _changed(request, found)
    asked = _asked(request)
    context = framing.frame(access, found, "items") | {
        "asked": asked,
        "states": {key: label for key, (label, _) in words.STATES.items()},
        "origins": words.ORIGINS,
        "owns": words.OWN,
        "narrowed": any(asked.values()),
    }
    try:
        page = selected.list_items(
            access,
            found,
            state=asked["state"] or None,
            origin=asked["origin"] or None,
            flagged=bool(asked["flagged"]),
            gold=bool(asked["gold"]),
            overdue=bool(asked["overdue"]),
            mine=asked["mine"] or None,
            limit=PAGE,
            cursor=request.GET.get("cursor") or None,
        )
    except (TooSlow, CursorError) as error:
        context["problem"] = "slow" if isinstance(error, TooSlow) else "cursor"
        return render(request, "queues/items.html", context)
    context["lines"] = lines_of(access, found, page.results)
    kept = {name: value for name, value in asked.items() if value}
    context["first"] = f"?{urlencode(kept)}" if request.GET.get("cursor") else ""
    context["next"] = f"?{urlencode(kept | {'cursor': page.next})}" if page.next else ""
    return render(request, "queues/items.html", context)


@require_GET
@project_page(Permission.REVIEW)
def labels(request: ProjectRequest, queue: str, form: str) -> HttpResponseBase:
    """All labels as a file, `csv` or `jsonl`, for leads."""
    if form not in TYPES:
        raise Http404
    access = request.access
    found = standing.queue_of(access, queue)
    standing.lead(access, found)
    try:
        return exports.labels_file(found, form)
    except TooSlow:
        messages.error(request, "This took too long and was stopped. Try again in a moment.")
        return HttpResponseRedirect(reverse("queue_items", args=[access.project.slug, found.slug]))


def _asked(request: ProjectRequest) -> dict[str, str]:
    """What the list is narrowed to; what there is not is left out."""
    given = request.GET
    state, origin, mine = (given.get(name, "") for name in ("state", "origin", "mine"))
    return {
        "state": state if state in State.values else "",
        "origin": origin if origin in Origin.values else "",
        "mine": mine if mine in selected.OWN else "",
        **{name: "1" if given.get(name) == "1" else "" for name in ("flagged", "gold", "overdue")},
    }


def lines_of(access: Access, queue: Queue, found: Sequence[Item]) -> list[Line]:
    """In as many queries for one item as for a page."""
    for item in found:
        item.queue = queue
    mine, now = selected.mine_of(access, found), timezone.now()
    texts = previews.of_items(queue.project_id, found)
    leads = standing.may_lead(access, queue)
    searches = origins.of_items(access, found) if leads else {}
    return [
        Line(
            item,
            words.STATES[State(selected.shown_state(access, item, mine[item.pk], leads=leads))],
            texts[item.trace_id, item.span_id],
            links.item(item),
            _mine(mine[item.pk]),
            now,
            searches.get(item.pk),
        )
        for item in found
    ]


def _mine(of: selected.Mine) -> str:
    if of.label is not None:
        return "labelled by you"
    if of.claim is not None:
        return "held by you" + (", with a draft" if of.draft is not None else "")
    if of.draft is not None:
        return "your draft"
    return "skipped by you" if of.skip is not None else ""


def _changed(request: ProjectRequest, queue: Queue) -> HttpResponse:
    """Take out or put back what is ticked."""
    standing.lead(request.access, queue)
    back = reverse("queue_items", args=[request.access.project.slug, queue.slug])
    deed = DEEDS.get(request.POST.get("do", ""))
    given = [pk for pk in request.POST.getlist("item") if pk.isdecimal() and len(pk) < 19]
    chosen = Item.objects.filter(queue=queue, pk__in=given[:MOST_CHANGED]).order_by("pk")
    if deed is None or not given:
        messages.info(request, "Nothing was ticked.")
        return HttpResponseRedirect(back)
    done = 0
    try:
        for item in chosen:
            item.queue = queue
            deed[0](request.access, item)
            done += 1
    except Conflict as error:
        messages.error(request, error.detail)
    messages.success(request, f"{done:,} item{'' if done == 1 else 's'} {deed[1]}.")
    return HttpResponseRedirect(back)
