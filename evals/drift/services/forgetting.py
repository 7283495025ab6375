"""A person's data, deleted: their name, and what may be their words, out of what windows found."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max, Min

from evals.drift.models import Window
from sightglass.accounts.access import Access, Permission
from traces.models import Score, Trace

ERASED = "(erased)"
AT_ONCE = 500
TELLING = 0.05
"""Of a window's sample: what fewer calls than these say tells windows apart in no test."""


def forget(access: Access, user_id: str) -> int:
    """Take a user of the application out of slices and verdicts; returns of how many windows.

    Telling words go, too, where the person said enough of a window that these may be theirs alone:
    to be called before the traces are deleted. Raises PermissionDenied.
    """
    access.require(Permission.ADMIN)
    _wordless(access, user_id)
    wanted = {"slices": [{"dimension": "user", "value": user_id}]}
    changed = 0
    while True:
        with transaction.atomic():
            rows = Window.objects.filter(project=access.project, found__contains=wanted)
            windows = list(rows.select_related("monitor").select_for_update(of=("self",))[:AT_ONCE])
            for window in windows:
                _without(window, user_id)
        changed += len(windows)
        if len(windows) < AT_ONCE:
            return changed


def _without(window: Window, user_id: str) -> None:
    for one in window.found["slices"]:
        if one["dimension"] == "user" and one["value"] == user_id:
            one["value"] = ERASED
    window.verdict = window.verdict.replace(user_id, ERASED)
    _keep(window)


def _keep(window: Window) -> None:
    window.save(update_fields=["found", "verdict"])
    left = Score.objects.filter(project_id=window.project_id, external_id=window.score_id)
    left.update(comment=window.verdict)


def _wordless(access: Access, user_id: str) -> None:
    theirs = Trace.objects.filter(project=access.project, user_id=user_id)
    ends = theirs.aggregate(first=Min("start_ns"), last=Max("start_ns"))
    if ends["first"] is None:
        return
    heard = Window.objects.filter(
        project=access.project, end_ns__gt=ends["first"], start_ns__lte=ends["last"]
    )
    for pk in list(heard.values_list("pk", flat=True)):
        with transaction.atomic():
            window = Window.objects.select_for_update().get(pk=pk)
            said = theirs.filter(start_ns__gte=window.start_ns, start_ns__lt=window.end_ns)
            if window.found and said.count() >= TELLING * max(window.current_size, 1):
                _without_words(window)


def _without_words(window: Window) -> None:
    words = [one["term"] for one in window.found.get("terms", [])]
    for one in window.found.get("slices", []):
        if one["dimension"] == "topic" and one["value"] != ERASED:
            words.append(one["value"])
            one["value"] = ERASED
    window.found["terms"] = []
    for word in sorted(words, key=len, reverse=True):
        window.verdict = window.verdict.replace(word, ERASED)
    _keep(window)
