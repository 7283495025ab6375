"""The cases on which an evaluator and people differ, each one click away."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from dashboards.evaluators.words import value as written
from dashboards.truth import tabs
from dashboards.truth.detail import too_slow
from evals.truth.selectors import cases as selected
from evals.truth.selectors.cases import KINDS, Case
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.ids import span_hex
from traces.selectors.paging import CursorError, TooSlow

SHOWN = 25


@dataclass(frozen=True, slots=True)
class Line:
    """A case as the list shows it. `url` is empty where its trace is not stored any more."""

    case: Case
    url: str

    @property
    def judge(self) -> str:
        return written(self.case.pair.judge)

    @property
    def people(self) -> str:
        truth = self.case.pair.truth
        if truth.decided is not None:
            return written(truth.decided)
        said = [written(one) for one in truth.values]
        return ", ".join(f"{said.count(one)} × {one}" if len(said) > 1 else one
                         for one in dict.fromkeys(said))  # fmt: skip

    @property
    def short_id(self) -> str:
        return self.case.pair.trace_id.hex[:8]


@require_GET
@project_page(Permission.READ)
def cases(request: ProjectRequest, pk: int) -> HttpResponse:
    """A page of the list; `kind` is which."""
    try:
        _, whole = tabs.found(request, pk)
        kind = request.GET.get("kind", "differ")
        kind = kind if kind in KINDS else "differ"
        cursor = request.GET.get("cursor") or None
        page = selected.page_of(
            request.access.project.pk, whole.pairs, kind, limit=SHOWN, cursor=cursor
        )
    except TooSlow:
        return too_slow(request, pk)
    except CursorError:
        raise Http404("There is no such page.") from None
    slug = request.access.project.slug
    counts = selected.counts(whole.pairs)
    kinds = [
        (f"?{urlencode({'kind': name})}", label, counts[name], name == kind)
        for name, label in KINDS.items()
        if counts[name] or name in (kind, "differ")
    ]
    context = tabs.context_of(request, whole, "truth_cases") | {
        "kinds": kinds,
        "lines": [Line(one, _url(slug, one)) for one in page.results],
        "older": f"?{urlencode({'kind': kind, 'cursor': page.next})}" if page.next else "",
        "newer": f"?{urlencode({'kind': kind})}" if cursor else "",
    }
    return render(request, "truth/cases.html", context)


def _url(slug: str, case: Case) -> str:
    pair = case.pair
    if case.about is None:
        return ""
    url = reverse("trace", args=[slug, pair.trace_id.hex])
    return url if pair.span_id is None else f"{url}?span={span_hex(pair.span_id)}"
