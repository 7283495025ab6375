"""Erasing a user of the application from everything that the project keeps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render

from evals.erasures import services
from evals.erasures.models import Erasure
from sightglass.accounts.access import Permission, ProjectRequest, project_page

SHOWN = 50


class ErasureForm(forms.Form):
    user_id = forms.CharField(
        label="User",
        max_length=services.LONGEST_USER,
        strip=False,
        help_text="The id that your application sends, to the letter.",
    )
    reason = forms.CharField(
        label="Reason",
        max_length=services.LONGEST_REASON,
        required=False,
        help_text="Outlives the erasure, such as the number of a request: do not name the person.",
    )


@project_page(Permission.ADMIN)
def erasures(request: ProjectRequest) -> HttpResponse:
    """What was asked for; looking at what there is of somebody (`look`), and having it erased."""
    if request.method != "POST":
        asked = request.GET.get("user", "")[: services.LONGEST_USER]
        return _page(request, ErasureForm(initial={"user_id": asked}))
    form = ErasureForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    user_id, reason = form.cleaned_data["user_id"], form.cleaned_data["reason"]
    try:
        if "look" in request.POST:
            return _page(request, form, foreseen=services.foresee(request.access, user_id))
        services.ask(request.access, user_id, reason)
    except ValidationError as error:
        for name, told in error.message_dict.items():
            form.add_error(name, told)
        return _page(request, form)
    messages.success(request, "It is being erased. This page says when that is done.")
    return redirect("settings_erasures", request.access.project.slug)


def _page(request: ProjectRequest, form: ErasureForm, **more: Any) -> HttpResponse:
    rows = services.of_project(request.access)[:SHOWN]
    under_way = any(one.state != Erasure.State.DONE for one in rows)
    context = {"form": form, "rows": rows, "under_way": under_way, "section": "erasures"}
    return render(request, "settings/erasures.html", context | more)
