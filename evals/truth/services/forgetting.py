"""A person's data, deleted: out of panels, and out of the examples of judges' prompts.

Versions never change but for this: an example goes, the rest of the version stays.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import transaction

from evals.models import EvaluatorVersion
from evals.truth.models import Improvement, PanelItem
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many cases of panels and examples of prompts there were."""

    cases: int
    examples: int


def forget(access: Access, user_id: str) -> Forgotten:
    """Delete what is kept here of a user of the application. Raises PermissionDenied."""
    access.require(Permission.ADMIN)
    with transaction.atomic():
        rows = PanelItem.objects.filter(panel__project=access.project, user_id=user_id)
        _, by_model = rows.delete()
        cases = by_model.get("truth.PanelItem", 0)
        examples = _from_versions(access, user_id) + _from_drafts(access, user_id)
        digest = hashlib.sha256(user_id.encode()).hexdigest()[:16]
        told = {"cases": cases, "examples": examples}
        audit.record("truth.forgotten", f"user {digest}", access=access, after=told)
    return Forgotten(cases, examples)


def _from_versions(access: Access, user_id: str) -> int:
    wanted = {"examples": [{"user": user_id[:1_000]}]}
    rows = EvaluatorVersion.objects.select_for_update(of=("self",)).filter(
        evaluator__project=access.project, config__contains=wanted
    )
    gone = 0
    for version in rows:
        kept = [one for one in version.config["examples"] if one.get("user") != user_id[:1_000]]
        gone += len(version.config["examples"]) - len(kept)
        config = version.config | {"examples": kept}
        if not kept:
            del config["examples"]
        EvaluatorVersion.objects.filter(pk=version.pk).update(config=config)
    return gone


def _from_drafts(access: Access, user_id: str) -> int:
    rows = Improvement.objects.select_for_update().filter(
        project=access.project, examples__contains=[{"user": user_id[:1_000]}]
    )
    gone = 0
    for draft in rows:
        kept = [one for one in draft.examples if one.get("user") != user_id[:1_000]]
        gone += len(draft.examples) - len(kept)
        Improvement.objects.filter(pk=draft.pk).update(examples=kept)
    return gone
