"""From lists into a queue: what was ticked, or all that matches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from dashboards.explorer import ranking
from dashboards.explorer import state as explorer
from dashboards.explorer.listing import best_of_traces, page_of
from dashboards.explorer.state import State
from dashboards.queues import previews
from evals.review.errors import Conflict
from evals.review.models import Queue
from evals.review.selectors import queues as selected
from evals.review.services import filling, standing
from evals.review.services.filling import LONGEST_FOUND, MOST_AT_ONCE, Added, Key
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.ids import span_from_hex, span_hex, trace_from_hex
from traces.models import Span
from traces.selectors.paging import CursorError, OrderError, TooSlow

SHOWN = 6
"""Of what was chosen, how many are shown."""
MATCHING = (
    "list", "q", "range", "from", "to", "order", "by", "similar", "field", "most", "calls", "least",
)  # fmt: skip
"""Parameters of the explorer that say what matches."""


@dataclass(slots=True)
class Chosen:
    """`more`: there is more that matches than is taken. `problem`: why nothing can be taken."""

    keys: list[Key]
    more: bool = False
    problem: str = ""
    found_by: dict[Key, str] = field(default_factory=dict)
    """The search by meaning that led to each, in words."""


def keys_of(given: QueryDict) -> list[Key]:
    """`item`s and the comma-separated `items`, each trace or trace:span; others are passed over.

    One more than may be added is read, so that too many are noticed.
    """
    texts = given.getlist("item")
    for many in given.getlist("items"):
        texts += many.split(",")
    found: dict[Key, None] = {}
    for text in texts:
        trace, _, span = text.strip().partition(":")
        try:
            key: Key = trace_from_hex(trace), span_from_hex(span) if span else None
        except ValueError:
            continue
        found[key] = None
        if len(found) > MOST_AT_ONCE:
            break
    return list(found)


def chosen_in(access: Access, given: QueryDict) -> Chosen:
    """What is to be added. Raises nothing for what the address says."""
    if given.get("all") == "1":
        return _matching(access, given)
    keys = keys_of(given)
    found_by = given.get("found_by", "").replace("\0", "")[:LONGEST_FOUND]
    told = dict.fromkeys(keys, found_by) if found_by else {}
    return Chosen(keys[:MOST_AT_ONCE], more=len(keys) > MOST_AT_ONCE, found_by=told)


def _matching(access: Access, given: QueryDict) -> Chosen:
    """The first of what a search finds, in the order of its list."""
    state = explorer.read(given)
    if state.query is None:
        return Chosen([], problem="The search cannot be read.")
    try:
        if state.ranked:
            return _alike(access, state)
        page = page_of(access, state, None, MOST_AT_ONCE)
    except TooSlow:
        return Chosen([], problem="The search took too long. Ask for a shorter time.")
    except (CursorError, OrderError):
        return Chosen([], problem="The search cannot be read.")
    keys: list[Key] = [
        (one.trace_id, one.span_id if isinstance(one, Span) else None) for one in page.results
    ]
    return Chosen(keys, more=page.next is not None)


def _alike(access: Access, state: State) -> Chosen:
    """The best call of each trace. Raises TooSlow."""
    hits = best_of_traces(access, state, MOST_AT_ONCE)
    found_by: dict[Key, str] = {
        (hit.span.trace_id, hit.span.span_id): ranking.told(state.ranking, state.asked, hit)
        for hit in hits
    }
    return Chosen(list(found_by), found_by=found_by)


def carried(chosen: Chosen, given: QueryDict) -> list[tuple[str, str]]:
    """Parameters that say what was chosen, for another page that leads back here."""
    if given.get("all") == "1":
        return [("all", "1"), *((name, str(given[name])) for name in MATCHING if given.get(name))]
    told = [("found_by", next(iter(chosen.found_by.values())))] if chosen.found_by else []
    return [("items", ",".join(map(text_of, chosen.keys))), *told]


def text_of(key: Key) -> str:
    """As `item` parameters have it."""
    trace_id, span_id = key
    return trace_id.hex if span_id is None else f"{trace_id.hex}:{span_hex(span_id)}"


@require_http_methods(["GET", "POST"])
@project_page(Permission.WRITE)
def add(request: ProjectRequest) -> HttpResponse:
    """Which queue? POST `queue` puts it in."""
    access = request.access
    given = request.POST if request.method == "POST" else request.GET
    chosen = chosen_in(access, given)
    if request.method == "POST" and chosen.keys and given.get("queue"):
        queue = standing.queue_of(access, given["queue"][:60])
        try:
            added = filling.add(access, queue, chosen.keys, found_by=chosen.found_by)
        except Conflict as error:
            messages.error(request, error.detail)
        else:
            messages.success(request, told(added, queue))
            return HttpResponseRedirect(
                reverse("queue_items", args=[access.project.slug, queue.slug])
            )
    first = chosen.keys[:SHOWN]
    texts = previews.of_keys(access.project.pk, first)
    context = {
        "chosen": chosen,
        "number": len(chosen.keys),
        "most": MOST_AT_ONCE,
        "shown": [(key, texts[key]) for key in first],
        "rest": len(chosen.keys) - len(first),
        "queues": _ways(access),
        "wanted": given.get("queue", ""),
        "carried": carried(chosen, given),
        "new": urlencode(carried(chosen, given)),
        "all": given.get("all") == "1",
    }
    return render(request, "queues/add.html", context)


def _ways(access: Access) -> Sequence[tuple[Queue, int]]:
    """Queues at work, with how many items are open in each; by name."""
    found = selected.list_queues(access)
    try:
        counts = selected.counts_of(found)
    except TooSlow:
        return [(one, 0) for one in found]
    return [(one, counts[one.pk].states.get("open", 0) if one.pk in counts else 0) for one in found]


def told(added: Added, queue: Queue) -> str:
    """What became of it."""
    parts = [f"{len(added.items):,} added to “{queue.name}”"]
    if added.duplicates:
        parts.append(f"{added.duplicates:,} were in it already")
    if added.unknown:
        parts.append(f"{len(added.unknown):,} are not stored here")
    return ", ".join(parts) + "."
