"""What models cost:

the project's own prices, what is in force for the models seen, and re-pricing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from sightglass.accounts import audit
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.models import PriceOverride
from traces.services import prices as own_prices
from traces.services.reprice import reprice

LONGEST_DAYS = 400
DATE = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


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
            "input": "US dollars per million tokens.",
            "gpu_hour": "US dollars; for self-hosted models instead of token prices.",
        }
        widgets = {"valid_from": DATE, "valid_to": DATE}

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        per_token = [values.get(name) for name in own_prices.PARTS]
        given = [price for price in (*per_token, values.get("gpu_hour")) if price is not None]
        if not given:
            raise forms.ValidationError("Give token prices or a price per GPU hour.")
        if values.get("gpu_hour") is not None and len(given) > 1:
            raise forms.ValidationError("Give either token prices or a price per GPU hour.")
        if any(price < 0 for price in given):
            raise forms.ValidationError("A price is not negative.")
        start, end = values.get("valid_from"), values.get("valid_to")
        if start and end and start >= end:
            raise forms.ValidationError("The price must begin before it ends.")
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


def _page(request: ProjectRequest, form: PriceForm, **more: Any) -> HttpResponse:
    now = timezone.now()
    initial = {"start": now - timedelta(days=7), "end": now}
    context = {
        "form": form,
        "range_form": RangeForm(initial=initial),
        "overrides": PriceOverride.objects.filter(project=request.access.project).order_by(
            "model", "-valid_from", "pk"
        )[:500],
        "section": "prices",
    }
    return render(request, "settings/prices.html", context | more)


@project_page(Permission.READ)
def prices(request: ProjectRequest) -> HttpResponse:
    """Own prices; adding one."""
    if request.method != "POST":
        return _page(request, PriceForm())
    request.access.require(Permission.WRITE)
    form = PriceForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    with transaction.atomic():
        form.instance.project = request.access.project
        made = form.save()
        after = {key: str(value) for key, value in form.cleaned_data.items() if value}
        audit.record("price.added", str(made), access=request.access, after=after)
    own_prices.forget(request.access.project.pk)
    messages.success(request, "Price saved. It holds for new spans; re-price a range for old ones.")
    return redirect("settings_prices", request.access.project.slug)


@require_POST
@project_page(Permission.WRITE)
def delete(request: ProjectRequest, pk: int) -> HttpResponse:
    """Remove an own price."""
    found = get_object_or_404(PriceOverride, pk=pk, project=request.access.project)
    with transaction.atomic():
        audit.record("price.removed", str(found), access=request.access)
        found.delete()
    own_prices.forget(request.access.project.pk)
    messages.success(request, "Price removed.")
    return redirect("settings_prices", request.access.project.slug)


@require_POST
@project_page(Permission.WRITE)
def reprice_range(request: ProjectRequest) -> HttpResponse:
    """Show what re-pricing a range would change; with `apply`, change it."""
    form = RangeForm(request.POST)
    if not form.is_valid():
        return _page(request, PriceForm(), range_form=form)
    start, end = (_ns(form.cleaned_data[name]) for name in ("start", "end"))
    change = reprice(request.access, start, end, apply="apply" in request.POST)
    lines = sorted(change.models.values(), key=lambda one: -abs(one.after - one.before))
    return _page(request, PriceForm(), range_form=form, change=change, changes=lines[:100])


def _ns(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp()) * 10**9
