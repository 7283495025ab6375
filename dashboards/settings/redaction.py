"""What is removed before anything is stored."""

from __future__ import annotations

import copy
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from dashboards.trace.panes import pretty
from sightglass.accounts import audit
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.models import RedactionRule, Span
from traces.redaction import KINDS, PatternError, Redactor, Rule, compiled
from traces.selectors.payloads import raw_spans
from traces.services import redaction as rules

PREVIEWED, SHOWN = 200, 20
UNSAFE = set('"\\{}')


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = RedactionRule
        fields = ("type", "value", "name", "replacement")
        labels = {"type": "Kind of rule", "value": "What", "replacement": "Put in its place"}
        help_texts = {
            "value": "One of the built-in kinds, a pattern (RE2), or an attribute key with *.",
        }

    def clean_replacement(self) -> str:
        text: str = self.cleaned_data["replacement"]
        if UNSAFE & set(text):
            raise forms.ValidationError("No quotes, backslashes or braces: they would break JSON.")
        return text

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        kind, value = values.get("type"), values.get("value", "")
        if kind == RedactionRule.Type.PII and value not in KINDS:
            self.add_error("value", f"Choose one of {', '.join(KINDS)}.")
        if kind == RedactionRule.Type.PATTERN:
            try:
                compiled(value)
            except PatternError as error:
                self.add_error("value", f"Not a pattern that can be used: {error}")
        return values


def _page(request: ProjectRequest, form: RuleForm, **more: Any) -> HttpResponse:
    context = {
        "form": form,
        "rules": RedactionRule.objects.filter(project=request.access.project)[:200],
        "kinds": [(name, kind.label) for name, kind in KINDS.items()],
        "section": "redaction",
    }
    return render(request, "settings/redaction.html", context | more)


@project_page(Permission.WRITE)
def redaction(request: ProjectRequest) -> HttpResponse:
    """The rules; trying one on recent spans (`preview`), adding it."""
    if request.method != "POST":
        return _page(request, RuleForm(initial={"replacement": "[redacted]"}))
    form = RuleForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    if "preview" in request.POST:
        rule = rules.rule(form.save(commit=False))
        return _page(request, form, **preview(request, rule))
    with transaction.atomic():
        form.instance.project = request.access.project
        made = form.save()
        audit.record(
            "redaction.added", made.name, access=request.access, after={"value": made.value}
        )
    rules.forget(request.access.project.pk)
    messages.success(request, "Rule saved. It holds for what arrives from now on.")
    return redirect("settings_redaction", request.access.project.slug)


def preview(request: ProjectRequest, rule: Rule) -> dict[str, Any]:
    """What the rule would change in the newest spans: attribute by attribute, before and after."""
    project_id = request.access.project.pk
    spans = list(Span.objects.filter(project_id=project_id).order_by("-start_ns")[:PREVIEWED])
    redactor, touched = Redactor([rule]), 0
    found: list[dict[str, str]] = []
    for raw in raw_spans(project_id, spans):
        before = copy.deepcopy(raw)
        if not redactor.redact_span(raw):
            continue
        touched += 1
        for key, value in before.attributes.items():
            if len(found) < SHOWN and raw.attributes.get(key, _GONE) != value:
                after = pretty(raw.attributes[key])[:400] if key in raw.attributes else "dropped"
                found.append({"key": key, "before": pretty(value)[:400], "after": after})
    return {"previewed": len(spans), "touched": touched, "differences": found}


_GONE = object()


@require_POST
@project_page(Permission.WRITE)
def change(request: ProjectRequest, pk: int) -> HttpResponse:
    """Switch a rule on or off, or with `delete` remove it."""
    found = get_object_or_404(RedactionRule, pk=pk, project=request.access.project)
    with transaction.atomic():
        if "delete" in request.POST:
            audit.record("redaction.removed", found.name, access=request.access)
            found.delete()
        else:
            found.enabled = not found.enabled
            found.save(update_fields=["enabled"])
            word = "on" if found.enabled else "off"
            audit.record(f"redaction.switched_{word}", found.name, access=request.access)
    rules.forget(request.access.project.pk)
    return redirect("settings_redaction", request.access.project.slug)
