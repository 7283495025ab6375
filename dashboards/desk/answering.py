"""How actions answer: scripts get JSON, forms a page; what is refused says so in words."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from dashboards.desk import making, words
from evals.review.errors import Conflict, Invalid
from evals.review.models import Item
from sightglass.accounts.access import ProjectRequest

P = ParamSpec("P")


def is_script(request: ProjectRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def desk_url(request: ProjectRequest, queue: str, item: int | None = None) -> str:
    there = reverse("desk", args=[request.access.project.slug, queue])
    return f"{there}?item={item}" if item is not None else there


def read_url(request: ProjectRequest, queue: str, item: int) -> str:
    return reverse("queue_item", args=[request.access.project.slug, queue, item])


def done(
    request: ProjectRequest, queue: str, there: str, said: str = "", **told: Any
) -> HttpResponse:
    """`told` to a script; a form goes `there`, and is told what was `said`."""
    if is_script(request):
        return JsonResponse({"ok": True, **told})
    if said:
        messages.success(request, said)
    return redirect(there)


def refused(view: Callable[P, HttpResponseBase]) -> Callable[P, HttpResponseBase]:
    """Decorate an action: a Conflict or Invalid of its service is told, and nothing is lost.

    Scripts get 409 {reason, words} or 400 {errors by question, words}, and of what
    they may not work on (any more) 404 or 403 with the reason `removed`.
    """

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(*args, **kwargs)
        except Conflict as error:
            said = words.of_conflict(error)
            told: dict[str, Any] = {"reason": error.reason, "words": said}
            status = 409
        except (Http404, PermissionDenied) as error:
            if not is_script(cast(ProjectRequest, args[0])):
                raise
            told = {"reason": "removed", "words": words.REMOVED}
            return JsonResponse(told, status=404 if isinstance(error, Http404) else 403)
        except Invalid as error:
            said = " ".join(one["detail"] for one in error.errors)
            told = {"words": said, "errors": {}}
            status = 400
        request = cast(ProjectRequest, args[0])
        if is_script(request):
            return JsonResponse(told, status=status)
        messages.error(request, said)
        queue, pk = str(kwargs["queue"]), kwargs.get("pk")
        if pk is None:
            return redirect(desk_url(request, queue))
        return redirect(read_url(request, queue, int(str(pk))))

    return guarded


def invalid_answers(error: Invalid, item: Item) -> JsonResponse:
    told = words.of_errors(error, making.questions_of(item.queue))
    return JsonResponse({"errors": told, "words": told.get("", "")}, status=400)
