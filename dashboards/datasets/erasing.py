"""Deleting what a person said from every dataset of the project."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evals.datasets.services import erasing as service
from evals.datasets.services.erasing import Holding, Wanted
from evals.review.errors import Invalid
from sightglass.accounts.access import Permission, ProjectRequest, project_page


class ErasureForm(forms.Form):
    """Whose items, and why."""

    by = forms.ChoiceField(
        choices=[
            ("user_id", "The id of a user of the application"),
            ("text", "A text in the items"),
        ],
        widget=forms.RadioSelect,
        initial="user_id",
        label="Find by",
    )
    value = forms.CharField(
        max_length=500,
        label="The id, or the text",
        widget=forms.TextInput(attrs={"class": "in", "autocomplete": "off"}),
        help_text="A text is looked for in any case in all that an item holds: an address, a name.",
    )
    reason = forms.CharField(
        max_length=500,
        required=False,
        label="Why",
        widget=forms.TextInput(attrs={"class": "in"}),
        help_text="Stays in both logs: a ticket’s number, not the person’s name.",
    )

    def wanted(self) -> Wanted:
        said = self.cleaned_data
        return Wanted(**{said["by"]: said["value"]})


@require_http_methods(["GET", "POST"])
@project_page(Permission.ADMIN)
def erase(request: ProjectRequest) -> HttpResponse:
    """Find first; POST `erase` erases what was found."""
    form = ErasureForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        context["user_id"] = form.wanted().user_id
        try:
            if "erase" in request.POST:
                done = service.erase(request.access, form.wanted(), form.cleaned_data["reason"])
                messages.success(request, _told(done))
                return redirect("datasets", request.access.project.slug)
            context["found"] = service.holding(request.access, form.wanted())
            context["items"] = sum(one.items for one in context["found"])
        except Invalid as error:
            for one in error.errors:
                name = one["pointer"].strip("/")
                form.add_error(name if name == "reason" else "value", one["detail"])
                if name == "reason":
                    context["found"] = service.holding(request.access, form.wanted())
                    context["items"] = sum(each.items for each in context["found"])
    return render(request, "datasets/erase.html", context)


def _told(done: list[Holding]) -> str:
    items = sum(one.items for one in done)
    if not items:
        return "There was nothing to erase."
    many = len(done)
    what = f"{items:,} item{'s' if items != 1 else ''}"
    return f"{what} erased in {many} dataset{'s' if many != 1 else ''}, in every version."
