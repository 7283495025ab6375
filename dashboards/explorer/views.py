"""The trace explorer: one URL, and the parts of its page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import (
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from dashboards.explorer import aside, columns, ranges, ranking, saved
from dashboards.explorer.columns import COLUMNS
from dashboards.explorer.listing import Listing, listing, narrower, page_of, ranked_of, shown_terms
from dashboards.explorer.ranking import SIDES, Ranking
from dashboards.explorer.saved import ViewError
from dashboards.explorer.state import State, encoded, given_text, read
from dashboards.explorer.terms import without
from evals.vectors.selectors.searching import By
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.api import render as shapes
from traces.api import schema
from traces.api.export import BATCH, file_response, pages
from traces.ids import span_hex
from traces.selectors import facets as selector
from traces.selectors.paging import TooSlow

FORMS = ("jsonl", "csv")
MAX_COMPLETIONS = 12
BY = {By.WORDS: "Words", By.MEANING: "Meaning", By.BOTH: "Both"}


@require_GET
@project_page(Permission.READ)
def traces(request: ProjectRequest) -> HttpResponse:
    """The page; with htmx what is inside it, or (`part=rows`) only the list.

    `part=first` waits for the first trace of a project: 204 until it is there.
    """
    state = read(request.GET)
    part = request.GET.get("part", "") if request.htmx else ""
    around = list_context(request, state)
    if part == "rows":
        return fragment(request, "explorer/list.html", around)
    if part == "first" and around["listing"].virgin:
        return HttpResponse(status=204)
    context = {
        **around,
        "views": saved.views_of(request.access),
        "saved": state.saved(),
        "may_share": request.access.may(Permission.WRITE),
        "chips": [
            (term, state.link(text=without(state.text, term))) for term in shown_terms(state)
        ],
        "presets": [
            (label, state.link(time=ranges.preset(name)), name == state.time.name)
            for name, label in ranges.PRESETS.items()
        ],
        "range_label": ranges.PRESETS.get(state.time.name, ""),
        "earlier": shifted(state, -1),
        "later": shifted(state, 1),
        "all_columns": [(column, column in state.columns) for column in COLUMNS[state.kind]],
        "hidden": [
            (name, value)
            for name, value in state.parameters().items()
            if value and name not in ("cursor", "live", "by", "most")
        ],
        "ways_to_search": [(by, label, state.ranking.by is by) for by, label in BY.items()],
        "traces_url": switched(state, "traces"),
        "spans_url": switched(state, "spans"),
    }
    whole = not request.htmx or request.htmx.history_restore_request
    return fragment(request, f"explorer/{'traces' if whole else 'explorer'}.html", context)


def list_context(request: ProjectRequest, state: State) -> dict[str, Any]:
    found = listing(request.access, state)
    return {
        "state": state,
        "listing": found,
        "table_width": columns.pixels(state.columns),
        "here": state.link(),
        "mended": state.link(text=state.mistake.mended)
        if state.mistake and state.mistake.mended
        else "",
        "next": state.link(cursor=found.next, live=False) if found.next else "",
        "previous": state.link(cursor=found.previous, live=False) if found.previous else "",
        "live_url": state.link(live=not state.live, order="-start_time"),
        "headers": [(column, header(state, column.order)) for column in state.columns],
        "sides": [
            (side.capitalize(), state.ranked_link(side=side), state.ranking.side == side)
            for side in SIDES
        ],
        "leasts": _leasts(state),
        "source_text": found.ranked.said(state.ranking.side) if found.ranked else "",
        "longer": _longer(state, found),
        "every": state.ranked_link(every=not state.ranking.every) if found.ranked else "",
        "not_like": state.link(ranking=Ranking(), view="spans"),
        "by_words": state.ranked_link(by=By.WORDS),
        **sending(request.access, state),
    }


def switched(state: State, view: str) -> str:
    """The same search in the other view; of calls like one there is none of traces."""
    ranks = Ranking() if view == "traces" and state.ranking.similar else state.ranking
    return state.link(view=view, columns=(), order="-start_time", ranking=ranks)


def _leasts(state: State) -> list[tuple[str, str, bool]]:
    """(least similarity, link, whether it stands) of a list by likeness; empty: any."""
    now = state.ranking.least
    offered = sorted({*ranking.LEAST, now} - {""}, key=float)
    return [(least, state.ranked_link(least=least), least == now) for least in ("", *offered)]


def _longer(state: State, found: Listing) -> str:
    """The link to a longer list by likeness, where there is more for it."""
    more = state.ranking.more
    if more is None or found.ranked is None or not found.ranked.found.more:
        return ""
    return state.ranked_link(most=more)


def sending(access: Access, state: State) -> dict[str, Any]:
    """Whether rows can be ticked, and the parameters that say what matches."""
    parameters = replace(state, cursor="", live=False).parameters() | {"columns": ""}
    return {
        "picks": access.may_write,
        "found_by": ranking.told(state.ranking, state.asked) if state.ranked else "",
        "matching": f"?{encoded(parameters | {'all': '1'})}",
    }


def header(state: State, order: str) -> tuple[str, str]:
    """The link that sorts by a column, falling first, and how the list is sorted by it now."""
    if not order or state.ranked or (state.kind == "spans" and order != "start_time"):
        return "", ""
    now = state.sorted_by(order)
    return state.link(order=order if now == "descending" else f"-{order}", live=False), now


def shifted(state: State, steps: int) -> str:
    beside = ranges.shifted(state.time, steps)
    return state.link(time=beside, live=False) if beside else ""


def fragment(request: ProjectRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def guarded_part(
    request: ProjectRequest, template: str, name: str, make: Callable[[State], Any]
) -> HttpResponse:
    """A part that may be slow without hurting the rest."""
    state = read(request.GET)
    context: dict[str, Any] = {"state": state, "narrower": narrower(state)}
    try:
        context[name] = make(state)
    except TooSlow:
        context["slow"] = True
    return render(request, template, context)


@require_GET
@project_page(Permission.READ)
def facets(request: ProjectRequest) -> HttpResponse:
    return guarded_part(
        request, "explorer/facets.html", "found", lambda state: aside.facets(request.access, state)
    )


@require_GET
@project_page(Permission.READ)
def histogram(request: ProjectRequest) -> HttpResponse:
    return guarded_part(
        request,
        "explorer/histogram.html",
        "chart",
        lambda state: aside.chart(request.access, state),
    )


@require_GET
@project_page(Permission.READ)
def completions(request: ProjectRequest) -> JsonResponse:
    """What may stand at character `at` of `q`: [{text, detail, start, end}]."""
    state = read(request.GET)
    text = given_text(request.GET)  # with the space at its end, behind which a new term begins
    at = request.GET.get("at", "")
    position = int(at) if at.isascii() and at.isdigit() and len(at) < 6 else len(text)
    try:
        found = selector.complete(request.access, text, position, state.time.range)
    except TooSlow:
        found = []
    return JsonResponse(
        {
            "results": [
                {"text": each.text, "detail": each.detail, "start": each.start, "end": each.end}
                for each in found[:MAX_COMPLETIONS]
            ]
        }
    )


@require_GET
@project_page(Permission.READ)
def export(request: ProjectRequest, form: str) -> HttpResponseBase:
    """All that matches, in the order of the list, as a file."""
    state = read(request.GET)
    here = f"{reverse('traces', args=[request.access.project.slug])}{state.link()}"
    if form not in FORMS or state.query is None:
        return HttpResponseRedirect(here)

    def page(cursor: str | None) -> Any:
        return page_of(request.access, state, cursor, BATCH)

    try:
        if state.ranked:
            return _ranked_file(request.access, state, form)
        first = page(None)
    except TooSlow:
        messages.error(request, "The export took too long to begin. Narrow the time range.")
        return HttpResponseRedirect(here)
    is_traces = state.kind == "traces"
    write: Callable[[Any], dict[str, Any]] = (
        shapes.trace_summary if is_traces else shapes.span_columns
    )
    shape = schema.TraceSummary if is_traces else schema.SpanColumns
    return file_response(
        ([write(item) for item in batch] for batch in pages(first, page, None)),
        name=f"{request.access.project.slug}-{state.kind}",
        form=form,
        columns=schema.columns(shape),
    )


def _ranked_file(access: Access, state: State, form: str) -> HttpResponseBase:
    """Calls by likeness, with it. Raises TooSlow."""
    found = ranked_of(access, state, state.ranking.most)
    rows = [
        {"similarity": hit.similarity, "near_span_id": span_hex((hit.near or hit.span).span_id)}
        | shapes.span_columns(hit.span)
        for hit in found.found.hits
    ]
    return file_response(
        [rows],
        name=f"{access.project.slug}-spans-by-likeness",
        form=form,
        columns=["similarity", "near_span_id", *schema.columns(schema.SpanColumns)],
    )


@require_POST
@project_page(Permission.READ)
def save_view(request: ProjectRequest) -> HttpResponse:
    """POST name, parameters (of the explorer's URL), shared. Leads to the view."""
    parameters = read(QueryDict(request.POST.get("parameters", "")[:8_000])).saved()
    try:
        view = saved.save(
            request.access,
            name=request.POST.get("name", ""),
            parameters=parameters,
            shared=request.POST.get("shared") == "1",
        )
        messages.success(request, f"View “{view.name}” saved.")
    except ViewError as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(
        f"{reverse('traces', args=[request.access.project.slug])}?{parameters}"
    )


@require_POST
@project_page(Permission.READ)
def delete_view(request: ProjectRequest, pk: int) -> HttpResponse:
    name = saved.delete(request.access, pk)
    messages.success(request, f"View “{name}” deleted.")
    return HttpResponseRedirect(reverse("traces", args=[request.access.project.slug]))
