"""Scoring what is stored already: count first, begin, watch, stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from evals.models import Backfill, Evaluator
from evals.selectors import evaluators as selected
from evals.services import backfills as service
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page

SHOWN = 10
POLL_ENDS = 286
"""The status by which htmx stops asking."""
DATE = forms.DateTimeInput(attrs={"type": "datetime-local", "class": "in"}, format="%Y-%m-%dT%H:%M")


class RangeForm(forms.Form):
    start = forms.DateTimeField(label="From (UTC)", widget=DATE)
    end = forms.DateTimeField(label="To (UTC)", widget=DATE)

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        start, end = said.get("start"), said.get("end")
        if start and end and start >= end:
            raise forms.ValidationError("The end must be after the start.")
        if (start and start.year < 1971) or (end and end.year > 2200):
            raise forms.ValidationError("Choose a range in which something can be stored.")
        return said

    def bounds(self) -> tuple[int, int]:
        start, end = (self.cleaned_data[name] for name in ("start", "end"))
        return _ns(start), _ns(end)


@dataclass(frozen=True, slots=True)
class Progress:
    """A back-fill with how far it has come."""

    row: Backfill
    counts: dict[str, int]

    @property
    def done(self) -> int:
        return self.counts.get("done", 0)

    @property
    def skipped(self) -> int:
        return self.counts.get("skipped", 0)

    @property
    def failed(self) -> int:
        return self.counts.get("failed", 0)

    @property
    def ended(self) -> int:
        return self.done + self.skipped + self.failed

    @property
    def total(self) -> int:
        """What was counted before it began, or what it turned out to be; never below `ended`."""
        known = self.row.planned if self.row.exhausted else max(self.row.total, self.row.planned)
        return max(known, self.ended, 1)

    @property
    def running(self) -> bool:
        return self.row.state == Backfill.State.RUNNING


def context_of(access: Access, evaluator: Evaluator) -> dict[str, Any]:
    """The part of the evaluator's page."""
    rows = list(
        Backfill.objects.filter(project=access.project, version__evaluator=evaluator)
        .select_related("version__evaluator", "created_by")
        .order_by("-created_at")[:SHOWN]
    )
    counts = selected.counts_of(rows)
    now = timezone.now().replace(second=0, microsecond=0)
    return {
        "backfills": [Progress(row, counts.get(row.pk, {})) for row in rows],
        "range_form": RangeForm(
            initial={"start": now - timedelta(days=7), "end": now + timedelta(minutes=1)}
        ),
    }


@require_GET
@project_page(Permission.READ)
def progress(request: ProjectRequest, pk: int) -> HttpResponse:
    """One line of the list of back-fills, asked for while it runs; alone it leads to the page."""
    row = selected.get_backfill(request.access, pk)
    if not request.htmx:
        return redirect("evaluator", request.access.project.slug, row.version.evaluator_id)
    counts = selected.counts_of([row]).get(row.pk, {})
    status = 200 if row.state == Backfill.State.RUNNING else POLL_ENDS
    context = {"one": Progress(row, counts)}
    return render(request, "evaluators/backfill.html", context, status=status)


@require_POST
@project_page(Permission.WRITE)
def stop(request: ProjectRequest, pk: int) -> HttpResponse:
    """What waits is skipped, what has been scored stays."""
    row = selected.get_backfill(request.access, pk)
    service.stop(request.access, row)
    messages.success(request, "The back-fill is stopped. What it has scored stays.")
    return redirect("evaluator", request.access.project.slug, row.version.evaluator_id)


def _ns(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp()) * 10**9
