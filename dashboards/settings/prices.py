"""What models cost:

what is in force for the models in use, the project's own prices, and re-pricing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.models import PriceOverride
from traces.selectors.prices import ModelInUse, models_in_use
from traces.services import prices as own_prices
from traces.services.prices import PriceError
from traces.services.reprice import MOST_IN_REQUEST, TooMany, reprice

LONGEST_DAYS = 400
SHOWN = 500
DATE = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
COLUMNS = ("input", "output", "cache_read", "cache_write")


class PriceForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = PriceOverride
        fields = (
            *("model", "provider", "input", "output", "cache_read", "cache_write"),
            *("reasoning", "audio", "gpu_hour", "gpus", "valid_from", "valid_to", "note"),
        )
        labels = {
            "model": "Model",
            "provider": "Provider",
            "input": "Input",
            "output": "Output",
            "cache_read": "Cached input",
            "cache_write": "Cache write",
            "reasoning": "Reasoning",
            "audio": "Audio input",
            "gpu_hour": "GPU hour",
            "gpus": "GPUs",
            "valid_from": "Valid from (UTC)",
            "valid_to": "Valid to (UTC)",
        }
        help_texts = {
            "model": "Exact, or a beginning followed by *.",
            "provider": "Empty: any.",
            "input": "US dollars per million tokens, as the others.",
            "cache_read": "Where one of these is empty, the price of input or output holds.",
            "gpu_hour": "US dollars; for self-hosted models instead of token prices.",
        }
        widgets = {"valid_from": DATE, "valid_to": DATE}

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                own_prices.check(PriceOverride(**values))
            except PriceError as error:
                raise forms.ValidationError(str(error)) from None
        return values


class RangeForm(forms.Form):
    start = forms.DateTimeField(label="From (UTC)", widget=DATE)
    end = forms.DateTimeField(label="To (UTC)", widget=DATE)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        start, end = values.get("start"), values.get("end")
        if start and end and not timedelta(0) < end - start <= timedelta(days=LONGEST_DAYS):
            raise forms.ValidationError(f"Choose a range of at most {LONGEST_DAYS} days.")
        return values


def in_use(one: ModelInUse) -> dict[str, Any]:
    """A model in use as the page shows it; prices are pico dollars per million tokens."""
    rates = one.price.rates
    return {
        "model": one.model,
        "provider": one.provider,
        "last_ns": one.last_ns,
        "price": one.price,
        "rates": [None if rates is None else rates.values.get(name) for name in COLUMNS],
        "tier": rates.tiers[0][0] if rates is not None and rates.tiers else None,
    }


def own(row: PriceOverride) -> dict[str, Any]:
    """An own price as the page shows it, without trailing zeros."""
    amounts = {name: getattr(row, name) for name in (*COLUMNS, "gpu_hour")}
    return {"row": row} | {
        name: None if amount is None else f"${amount.normalize():f}"
        for name, amount in amounts.items()
    }


def _page(
    request: ProjectRequest, form: PriceForm, range_form: RangeForm | None = None, **more: Any
) -> HttpResponse:
    now = timezone.now().replace(second=0, microsecond=0)
    initial = {"start": now - timedelta(days=7), "end": now}
    project = request.access.project
    rows = PriceOverride.objects.filter(project=project).order_by("model", "-valid_from", "pk")
    context = {
        "form": form,
        "range_form": range_form or RangeForm(initial=initial),
        "in_use": [in_use(one) for one in models_in_use(project.pk)],
        "overrides": [own(row) for row in rows[:SHOWN]],
        "section": "prices",
    }
    return render(request, "settings/prices.html", context | more)


@project_page(Permission.READ)
def prices(request: ProjectRequest) -> HttpResponse:
    """Prices in force and own ones; adding one. `?model=` begins one for that model."""
    if request.method != "POST":
        asked = {name: request.GET.get(name, "")[:100] for name in ("model", "provider")}
        return _page(request, PriceForm(initial=asked))
    request.access.require(Permission.WRITE)
    form = PriceForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    own_prices.add(request.access, form.save(commit=False))
    messages.success(request, "Price saved. It holds for new spans; re-price a range for old ones.")
    return redirect("settings_prices", request.access.project.slug)


@require_POST
@project_page(Permission.WRITE)
def delete(request: ProjectRequest, pk: int) -> HttpResponse:
    """Remove an own price."""
    found = get_object_or_404(PriceOverride, pk=pk, project=request.access.project)
    own_prices.remove(request.access, found)
    messages.success(request, "Price removed. Spans that it priced keep their costs.")
    return redirect("settings_prices", request.access.project.slug)


@require_POST
@project_page(Permission.WRITE)
def reprice_range(request: ProjectRequest) -> HttpResponse:
    """Show what re-pricing a range would change; with `apply`, change it."""
    form = RangeForm(request.POST)
    if not form.is_valid():
        return _page(request, PriceForm(), form)
    start, end = (_ns(form.cleaned_data[name]) for name in ("start", "end"))
    try:
        change = reprice(
            request.access, start, end, apply="apply" in request.POST, most=MOST_IN_REQUEST
        )
    except TooMany as error:
        form.add_error(None, f"{error} Take a shorter one, or the command sightglass reprice.")
        return _page(request, PriceForm(), form)
    lines = sorted(change.models.values(), key=lambda one: -abs(one.after - one.before))
    return _page(request, PriceForm(), form, change=change, changes=lines[:100])


def _ns(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp()) * 10**9
