"""A person's data, deleted: their name out of what windows found. Texts are not kept there."""

from __future__ import annotations

from django.db import transaction

from evals.drift.models import Window
from sightglass.accounts.access import Access, Permission
from traces.models import Score

ERASED = "(erased)"
AT_ONCE = 500


def forget(access: Access, user_id: str) -> int:
    """Take a user of the application out of slices and verdicts; returns of how many windows.

    Raises PermissionDenied.
    """
    access.require(Permission.ADMIN)
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
    window.found["lead"] = str(window.found.get("lead", "")).replace(f"user={user_id}", ERASED)
    window.verdict = window.verdict.replace(user_id, ERASED)
    window.save(update_fields=["found", "verdict"])
    told = f"drift:{window.monitor_id}:{window.end_ns}"
    Score.objects.filter(project_id=window.project_id, external_id=told).update(
        comment=window.verdict
    )
