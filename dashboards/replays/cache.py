"""The pages of the semantic cache: a form, and what each replay found."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboards import frame as frames
from dashboards import numbers
from dashboards.charts import ChartCard
from dashboards.cost.pages import tabs
from dashboards.frame import Frame
from dashboards.periods import bounds
from dashboards.replays import own, words
from dashboards.replays.curves import Curve, over
from evals.models import EvaluatorVersion
from evals.replays import caching, months
from evals.replays.models import CacheReplay
from evals.replays.selectors import reading
from evals.replays.services import caches
from evals.selectors.evaluators import newest_versions
from evals.topics.selectors import titles
from sightglass.accounts.access import Permission, ProjectRequest, project_page

SAME_WORDS = {
    "model": "The model",
    "prompt": "The prompt’s name",
    "system": "The system prompt",
    "before": "All that was said before, the system prompt with it",
}
FORGETFUL = (
    "What was said before was not compared, so “yes” in one conversation can be answered like “yes”"
    " in another. A real cache compares all of it."
)
TTLS = (("3600", "an hour"), ("86400", "a day"), ("604800", "a week"), ("", "for ever"))
LISTED = 10
MOST_DIFFERING = "Hits that differ at most, %"


@require_GET
@project_page(Permission.READ)
def cost_cache(request: ProjectRequest) -> HttpResponse:
    """The form, whose time and filter are the page's, and what the newest replay advises."""
    frame = frames.read(request, "cost_cache")
    context = _common(request, frame) | {
        "same": list(SAME_WORDS.items()),
        "ttls": TTLS,
        "versions": _able(request),
    }
    if context["listed"]:
        newest, span = context["listed"][0]
        context |= {"newest": newest, "newest_own": span, "advice": _advice(newest)}
    return render(request, "replays/cache.html", context)


@require_GET
@project_page(Permission.READ)
def cost_cache_one(request: ProjectRequest, pk: int) -> HttpResponse:
    """`at`: the threshold whose slices and differing hits are shown; `csv`: a card as a file."""
    row = reading.cache_replay(request.access, pk)
    frame = frames.read(request, "cost_cache")
    found = None if row.result is None else reading.cache_result(row)
    start_ns = None if found is None else found["start_ns"]
    context = _common(request, frame) | {
        "row": row,
        "own": own.bar(request, row, "cost_cache", "Replay again", start_ns),
        "exact": own.page(request, row, "cost_what_if"),
    }
    if found is not None:
        context |= _found(request, frame, row, found)
    if wanted := request.GET.get("csv"):
        cards = {"rates": context.get("rates"), "savings": context.get("savings")}
        return frames.csv_response(cards.get(wanted), "cache")
    return render(request, "replays/cache_one.html", context)


def _common(request: ProjectRequest, frame: Frame) -> dict[str, Any]:
    return {
        "bar": frame.bar(),
        "frame": frame,
        "tabs": tabs(frame, "cost_cache"),
        "listed": own.listed(reading.cache_replays(request.access).order_by("-pk")[:LISTED]),
        "may_change": request.access.may(Permission.WRITE),
        "query": frame.link().lstrip("?"),
    }


def _advice(row: CacheReplay) -> str:
    if row.result is None:
        return f"{row.get_state_display()}. {row.problem}".strip()
    found = reading.cache_result(row)
    if not found["calls"]:
        return "No call that a cache could answer was in it."
    return words.advice(found, row.most_wrong)


def _able(request: ProjectRequest) -> list[EvaluatorVersion]:
    """Evaluators of calls, by whose verdicts answers can be held against each other."""
    return [one for one in newest_versions(request.access) if one.target == "span"]


def _found(
    request: ProjectRequest, frame: Frame, row: CacheReplay, found: dict[str, Any]
) -> dict[str, Any]:
    at = _at(request.GET.get("at", ""), found)
    ttl = row.ttl_seconds
    shown = str(at)
    evaluator = row.version.evaluator.name if row.version else None
    points = {str(one["threshold"]): one for one in [found["exact"], *found["points"]]}
    return {
        "found": found,
        "advice": words.advice(found, row.most_wrong),
        "kept": _kept(ttl),
        "rates": _rates(frame, found),
        "savings": _savings(frame, found),
        "at": "the exact cache" if at == caching.EXACT else f"{at:g}",
        "choices": [("exact" if float(key) == caching.EXACT else f"{float(key):g}", key,
                     key == shown) for key in points],
        "point": _line("", points[shown], found),
        "judged": words.judged(points[shown], evaluator),
        "scaled": words.scaled(found["traffic_ns"]),
        "compared": [SAME_WORDS[name].lower() for name in row.same],
        "forgetful": "" if "before" in row.same else FORGETFUL,
        "slices": [
            (dimension, _lines(request, dimension, by[shown], found),
             words.rest_note(dimension, by[shown]))
            for dimension, by in found["slices"].items()
        ],
        "examples": _examples(request, found["examples"].get(shown, [])),
    }  # fmt: skip


def _kept(seconds: int | None) -> str:
    """How long an answer is kept, as the form has it where it can."""
    if seconds is None:
        return "for ever"
    label = dict(TTLS).get(str(seconds))
    return f"for {label or numbers.duration(seconds * 10**9)}"


def _at(text: str, found: dict[str, Any]) -> float:
    """The threshold that is asked for, else the recommended one, else the highest."""
    try:
        wanted = float(text)
    except ValueError:
        wanted = found["recommended"] or found["points"][-1]["threshold"]
    known = {caching.EXACT, *(one["threshold"] for one in found["points"])}
    return wanted if wanted in known else found["points"][-1]["threshold"]


def _lines(
    request: ProjectRequest, dimension: str, parts: dict[str, Any], found: dict[str, Any]
) -> list[dict[str, str]]:
    called = titles(request.access.project.pk) if dimension == "topic" else {}
    return [_line(words.slice_name(name, called), one, found) for name, one in parts.items()]


def _line(name: str, one: dict[str, Any], found: dict[str, Any]) -> dict[str, str]:
    return {
        "name": name,
        "calls": numbers.number(one["calls"]),
        "hits": numbers.number(one["hits"]),
        "rate": numbers.share(one["hit_rate"]),
        "saved": words.monthly(one["saved"], found),
        "waited": numbers.duration(one["saved_ns"]),
        "judged": f"{one['judged']:,} of {one['hits']:,}" if one["hits"] else numbers.NONE,
        "wrong": f"{one['wrong']:,} of {one['judged']:,}" if one["judged"] else numbers.NONE,
        "interval": words.interval(one["low"], one["high"]) if one["judged"] else "",
    }


def _examples(request: ProjectRequest, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = {tuple(one[side]) for one in listed for side in ("call", "entry")}
    said = reading.said(request.access, keys)
    return [
        {"similarity": f"{one['similarity']:.3f}", "call": call, "entry": entry}
        for one in listed
        if (call := said.get(tuple(one["call"]))) and (entry := said.get(tuple(one["entry"])))
    ]


def _thresholds(found: dict[str, Any]) -> list[float]:
    return [one["threshold"] for one in found["points"]]


def _rates(frame: Frame, found: dict[str, Any]) -> ChartCard:
    points = found["points"]
    curves = [
        Curve("Answered by the cache", "s1", [one["hit_rate"] for one in points]),
        Curve(
            "Differed, of judged hits",
            "bad",
            [one["wrong_rate"] for one in points],
            [one["low"] for one in points],
            [one["high"] for one in points],
        ),
    ]
    chart = over(_thresholds(found), curves, unit="ratio", mark=found["recommended"])
    sub = "by the least similarity of what is asked"
    return ChartCard(
        "rates", "Hits, and those that differed", chart, sub=sub, csv=frame.csv("rates")
    )


def _savings(frame: Frame, found: dict[str, Any]) -> ChartCard:
    points = found["points"]
    exact, *saved = (
        months.monthly(one["saved"], found["traffic_ns"]) for one in [found["exact"], *points]
    )
    curves = [
        Curve("Vector cache", "s1", saved),
        Curve("Exact cache", "other", [exact] * len(points)),
    ]
    chart = over(_thresholds(found), curves, unit="usd", mark=found["recommended"])
    return ChartCard(
        "savings", "Saved a month", chart, sub="US$, 30 days", csv=frame.csv("savings")
    )


@require_POST
@project_page(Permission.WRITE)
def cost_cache_new(request: ProjectRequest) -> HttpResponse:
    """Have it replayed; time and filter are the page's."""
    frame = frames.read(request, "cost_cache")
    given = request.POST
    start, end = bounds(frame.range)
    try:
        made = caches.create(
            request.access,
            caches.Wanted(
                start,
                end,
                frame.text if frame.query is not None else "",
                _seconds(given.get("ttl", "")),
                given.getlist("same"),
                _version(request, given.get("evaluator", "")),
                _share(given.get("alike", ""), "Least similarity of answers"),
                _share(given.get("most_wrong", ""), MOST_DIFFERING) / 100,
            ),
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(frame.page("cost_cache"))
    return redirect(frame.page("cost_cache_one", made.pk))


def _version(request: ProjectRequest, pk: str) -> EvaluatorVersion | None:
    """None is by the answers' similarity. Raises ValidationError."""
    if not pk:
        return None
    found = next((one for one in _able(request) if str(one.evaluator_id) == pk), None)
    if found is None:
        raise ValidationError(
            "Answers disagree by: there is no such evaluator of calls here any more."
            " Choose another, or “their similarity”."
        )
    return found


def _seconds(text: str) -> int | None:
    """None is for ever. Raises ValidationError."""
    if text and text not in dict(TTLS):
        raise ValidationError("Keep an answer for: choose one of the times of the list.")
    return int(text) if text else None


def _share(text: str, name: str) -> float:
    """Raises ValidationError."""
    try:
        return float(text)
    except ValueError:
        raise ValidationError(f"{name}: it must be a number.") from None


@require_POST
@project_page(Permission.WRITE)
def cost_cache_change(request: ProjectRequest, pk: int) -> HttpResponse:
    """`do`: stop or remove."""
    row = reading.cache_replay(request.access, pk)
    if request.POST.get("do") == "stop":
        caches.stop(request.access, row)
        return redirect("cost_cache_one", request.access.project.slug, pk)
    if request.POST.get("do") != "remove":
        raise Http404("There is nothing of this name to do.")
    caches.remove(request.access, row)
    messages.success(request, "The replay is removed.")
    return redirect("cost_cache", request.access.project.slug)
