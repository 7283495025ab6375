"""What is removed before anything is stored."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.models import RedactionRule
from traces.redaction import KINDS
from traces.services import redaction as rules
from traces.services.redaction import RuleError


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = RedactionRule
        fields = ("type", "value", "name", "replacement")
        labels = {"type": "Kind of rule", "value": "What", "replacement": "Put in its place"}
        help_texts = {
            "value": "One of the built-in kinds below, a pattern (RE2 syntax), or the key of an"
            " attribute in which * stands for anything.",
            "name": "For the list and the audit log.",
        }

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                rules.check(RedactionRule(**values))
            except RuleError as error:
                self.add_error(error.field, str(error))
        return values


def _page(request: ProjectRequest, form: RuleForm, **more: Any) -> HttpResponse:
    context = {
        "form": form,
        "rules": RedactionRule.objects.filter(project=request.access.project),
        "kinds": [(name, kind.label) for name, kind in KINDS.items()],
        "seconds": rules.REMEMBERED_SECONDS,
        "section": "redaction",
    }
    return render(request, "settings/redaction.html", context | more)


@project_page(Permission.READ)
def redaction(request: ProjectRequest) -> HttpResponse:
    """The rules; trying one on recent spans (`preview`), adding it."""
    if request.method != "POST":
        return _page(request, RuleForm(initial={"replacement": "[redacted]"}))
    request.access.require(Permission.WRITE)
    form = RuleForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    row: RedactionRule = form.save(commit=False)
    if "preview" in request.POST:
        return _page(request, form, preview=rules.preview(request.access, row))
    try:
        rules.add(request.access, row)
    except RuleError as error:
        form.add_error(error.field, str(error))
        return _page(request, form)
    messages.success(
        request,
        f"Rule saved. It holds for what arrives from {rules.REMEMBERED_SECONDS:.0f} seconds"
        " from now on; what is stored already stays as it is.",
    )
    return redirect("settings_redaction", request.access.project.slug)


@require_POST
@project_page(Permission.WRITE)
def change(request: ProjectRequest, pk: int) -> HttpResponse:
    """Switch a rule on or off (`enabled`), remove it (`delete`), or try it (`preview`)."""
    row = get_object_or_404(RedactionRule, pk=pk, project=request.access.project)
    if "preview" in request.POST:
        form = RuleForm(initial={"replacement": "[redacted]"})
        return _page(request, form, preview=rules.preview(request.access, row), previewed=row)
    if "delete" in request.POST:
        rules.remove(request.access, row)
        messages.success(request, f"Rule “{row.name}” removed.")
    else:
        rules.switch(request.access, row, enabled=request.POST.get("enabled") == "1")
    return redirect("settings_redaction", request.access.project.slug)
