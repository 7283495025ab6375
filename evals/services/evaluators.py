"""Evaluators: made, changed by making a version, paused, archived. Every change is audited."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from evals import kinds
from evals.consistency import THRESHOLD
from evals.detectors.registry import MODULES, described
from evals.models import Evaluator, EvaluatorVersion, Kind, Target
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from sightglass.accounts.models import Project
from traces.query import QueryError, parse
from traces.spans import PICO

NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
MAX_FILTER = 2_000
MOST = 200
"""Evaluators of a project that are not archived."""


@dataclass(slots=True)
class Draft:
    """What a version is made of, unchecked."""

    kind: str
    config: dict[str, Any] = field(default_factory=dict)
    target: str = Target.SPAN
    filter: str = ""
    sampling: float = 1.0
    daily_budget: int | None = None
    higher_is_better: bool = False
    threshold: float | None = None


def check(project_id: int, draft: Draft) -> Draft:
    """The draft, its config completed. Raises ValidationError by field."""
    if draft.kind not in Kind.values:
        raise ValidationError({"kind": f"Must be one of {', '.join(Kind.values)}."})
    errors = _wrong(draft)
    try:
        draft.config = kinds.check(project_id, draft.kind, draft.target, draft.config)
    except ValidationError as error:
        if hasattr(error, "error_dict"):
            errors |= {name: " ".join(said) for name, said in error.message_dict.items()}
        else:
            errors["config"] = " ".join(error.messages)
    if errors:
        raise ValidationError(errors)
    return draft


def _wrong(draft: Draft) -> dict[str, str]:
    """What is wrong with everything but the config, by field."""
    errors: dict[str, str] = {}
    if draft.target not in Target.values:
        errors["target"] = f"Must be one of {', '.join(Target.values)}."
    if len(draft.filter) > MAX_FILTER:
        errors["filter"] = f"At most {MAX_FILTER} characters."
    elif draft.filter.strip():
        try:
            parse(draft.filter)
        except QueryError as error:
            errors["filter"] = error.sentence
    if not 0 < draft.sampling <= 1:
        errors["sampling"] = "Must be above 0 and at most 1."
    if draft.daily_budget is not None and not 0 <= draft.daily_budget < 10**6 * PICO:
        errors["daily_budget"] = "Must be between 0 and 1,000,000 dollars."
    return errors


def create(
    access: Access, name: str, draft: Draft, *, description: str = "", enabled: bool = True
) -> EvaluatorVersion:
    """A new evaluator with its first version. Raises PermissionDenied, ValidationError."""
    access.require(Permission.WRITE)
    if not NAME.fullmatch(name):
        raise ValidationError(
            {"name": "Lower-case letters, digits, _ . and -, beginning with a letter; at most 64."}
        )
    if Evaluator.objects.filter(project=access.project, archived_at=None).count() >= MOST:
        raise ValidationError({"name": f"A project has at most {MOST} evaluators."})
    draft = check(access.project.pk, draft)
    try:
        with transaction.atomic():
            evaluator = Evaluator.objects.create(
                project=access.project,
                name=name,
                description=description[:2000],
                enabled=enabled,
                created_by=access.user,
            )
            version = _version(access, evaluator, 1, draft)
            audit.record("evaluator.created", name, access=access, after=_shown(draft))
    except IntegrityError as error:
        raise ValidationError({"name": "There is an evaluator of this name."}) from error
    return version


def change(
    access: Access, evaluator: Evaluator, draft: Draft, *, description: str | None = None
) -> EvaluatorVersion:
    """Make the next version; the scores of earlier ones stay. Without a change, none is made."""
    access.require(Permission.WRITE)
    draft = check(access.project.pk, draft)
    with transaction.atomic():
        locked = Evaluator.objects.select_for_update().get(pk=evaluator.pk, project=access.project)
        if description is not None:
            locked.description = description[:2000]
            locked.save(update_fields=["description"])
        last = newest(locked)
        if draft_of(last) == draft:
            return last
        version = _version(access, locked, last.number + 1, draft)
        audit.record(
            "evaluator.changed",
            f"{locked.name} v{version.number}",
            access=access,
            before=_shown(draft_of(last)),
            after=_shown(draft),
        )
    return version


def set_enabled(access: Access, evaluator: Evaluator, enabled: bool) -> None:
    """Let it work, or pause it: what waits stays until it is on again."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        changed = Evaluator.objects.filter(
            pk=evaluator.pk, project=access.project, archived_at=None
        ).exclude(enabled=enabled)
        if changed.update(enabled=enabled):
            action = "evaluator.resumed" if enabled else "evaluator.paused"
            audit.record(action, evaluator.name, access=access)
    evaluator.enabled = enabled


def archive(access: Access, evaluator: Evaluator) -> None:
    """End it for good. Its scores and versions stay readable, its name becomes free."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        ended = Evaluator.objects.filter(
            pk=evaluator.pk, project=access.project, archived_at=None
        ).update(archived_at=timezone.now(), enabled=False)
        if ended:
            audit.record("evaluator.archived", evaluator.name, access=access)


def newest(evaluator: Evaluator) -> EvaluatorVersion:
    return evaluator.versions.select_related("evaluator").order_by("-number")[0]


def draft_of(version: EvaluatorVersion) -> Draft:
    return Draft(
        version.kind,
        version.config,
        version.target,
        version.filter,
        version.sampling,
        version.daily_budget,
        version.higher_is_better,
        version.threshold,
    )


def _version(access: Access, evaluator: Evaluator, number: int, draft: Draft) -> EvaluatorVersion:
    return EvaluatorVersion.objects.create(
        evaluator=evaluator, number=number, created_by=access.user, **asdict(draft)
    )


def _shown(draft: Draft) -> dict[str, Any]:
    return asdict(draft)


DESCRIPTIONS = {
    "hallucination": "Sentences of the answer that documents and results of tools do not support.",
    "toxicity": "Insults, threats, hate and obscenity in the answer.",
    "prompt_injection": "Attempts of the user to override the instructions of the model.",
    "indirect_injection": "Instructions to the model hidden in documents and results of tools.",
    "pii": "Personal data and secrets in the answer or question.",
    "refusal": "Answers that decline to do what was asked.",
    "irrelevance": "Answers that have little to do with the question.",
    "language_mismatch": "Answers in another language than the question.",
    "repetition": "Answers that repeat themselves.",
    "truncation": "Answers that break off.",
    "invalid_json": "Answers that are not the JSON that was asked for.",
    "inconsistency": "Answers that differ from what was answered to the same question before.",
}


def provide(project: Project) -> None:
    """Give a project that has never had an evaluator the embedded detectors, switched on."""
    if Evaluator.objects.filter(project=project).exists():
        return
    with transaction.atomic():
        for name, description in DESCRIPTIONS.items():
            evaluator, made = Evaluator.objects.get_or_create(
                project=project,
                name=name,
                archived_at=None,
                defaults={"description": description},
            )
            if made:
                EvaluatorVersion.objects.create(
                    evaluator=evaluator, number=1, filter="kind:llm", **_embedded(name)
                )


def _embedded(name: str) -> dict[str, Any]:
    if name not in MODULES:
        return {"kind": Kind.CONSISTENCY, "config": {"days": 7}, "threshold": THRESHOLD}
    found = described(name)
    return {
        "kind": Kind.DETECTOR,
        "config": {"detector": name, "version": found.version},
        "threshold": found.threshold,
    }


def provide_all() -> None:
    """The same for every project: run at each start of the installation."""
    for project in Project.objects.filter(deleted_at=None, evaluators=None):
        provide(project)


def provide_to_new(sender: object, project: Project, **_: object) -> None:
    """The same for a project that is just made."""
    provide(project)
