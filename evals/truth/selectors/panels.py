"""Reading panels and their runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet
from django.http import Http404

from evals.models import Evaluator
from evals.truth.models import Panel, PanelAnswer, PanelItem, PanelRun
from sightglass.accounts.access import Access
from traces.selectors.paging import MAX_LIMIT, Cursor, Page, decode, encode

ORDER = "panel runs"


def at_work(evaluators: Iterable[int]) -> dict[int, Panel]:
    """By evaluator."""
    rows = Panel.objects.filter(evaluator__in=list(evaluators), retired_at=None)
    return {row.evaluator_id: row for row in rows.select_related("evaluator")}


def last_runs(panels: Iterable[Panel]) -> dict[int, PanelRun]:
    """By panel, the newest that was compared."""
    rows = PanelRun.objects.filter(panel__in=list(panels), state=PanelRun.State.DONE)
    rows = rows.order_by("panel_id", "-day").distinct("panel_id")
    return {row.panel_id: row for row in rows.select_related("version", "first")}


def panel_of(access: Access, evaluator: Evaluator) -> Panel:
    """The panel at work. Raises Http404."""
    found = Panel.objects.filter(
        evaluator=evaluator, project=access.project, retired_at=None
    ).first()
    if found is None:
        raise Http404("There is no panel.")
    found.evaluator = evaluator
    return found


def run_of(panel: Panel, day: date) -> PanelRun:
    """Raises Http404."""
    found = PanelRun.objects.filter(panel=panel, day=day).select_related("panel__evaluator").first()
    if found is None:
        raise Http404("There is no run of that day.")
    return found


def runs_of(panel: Panel, *, limit: int = 50, cursor: str | None = None) -> Page[PanelRun]:
    """Newest first. Raises CursorError."""
    rows = PanelRun.objects.filter(panel=panel).select_related("version", "first")
    if cursor is not None:
        rows = rows.filter(day__lt=date.fromordinal(_ordinal(cursor)))
    limit = max(1, min(limit, MAX_LIMIT))
    found = list(rows.order_by("-day")[: limit + 1])
    page = Page(found[:limit])
    if len(found) > limit:
        page.next = encode(ORDER, Cursor((found[limit - 1].day.toordinal(),)))
    return page


def _ordinal(cursor: str) -> int:
    return int(min(max(decode(cursor, ORDER, (int,)).key[0], 1), date.max.toordinal()))


def items_of(panel: Panel) -> QuerySet[PanelItem]:
    """Without their content."""
    return PanelItem.objects.filter(panel=panel).defer("content").order_by("pk")


@dataclass(frozen=True, slots=True)
class Turned:
    """A case on which a run says something else than the one it is compared with."""

    item: PanelItem
    first: bool
    now: bool
    reasons: str

    @property
    def right(self) -> bool:
        return self.now == self.item.people


def turned(run: PanelRun) -> list[Turned]:
    if run.first_id is None:
        return []
    first = dict(
        PanelAnswer.objects.filter(run=run.first_id, yes__isnull=False).values_list(
            "item_id", "yes"
        )
    )
    rows = PanelAnswer.objects.filter(run=run, yes__isnull=False).select_related("item")
    return [
        Turned(row.item, bool(first[row.item_id]), bool(row.yes), row.reasons)
        for row in rows.defer("item__content").order_by("item_id")
        if row.item_id in first and first[row.item_id] != row.yes
    ]
