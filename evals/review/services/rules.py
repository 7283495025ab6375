"""Rules that fill a queue: made, changed, stopped. Every change is audited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone

from evals.models import Evaluator
from evals.review.errors import Conflict, Fault, Invalid, invalid
from evals.review.models import FillRule, Queue
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from traces.models import Score
from traces.query import QueryError, parse

MOST = 20
"""Active rules of a queue."""
MOST_RATES = 50
MOST_A_DAY = 10_000
EVALUATORS = ("evaluator", "detector", "judge")
"""Keys of a config that name an evaluator, or a score that something else gives in its place."""
STRATA = ("environment", "release", "user", "session", "name", "model", "kind")
"""Fields to stratify by, besides metadata.<key>; of a trace, model and kind are its first ones."""
Kind = FillRule.Kind


@dataclass(slots=True)
class Draft:
    """What a rule is made of, unchecked."""

    kind: str
    q: str = ""
    target: str = "trace"
    rate: float = 1.0
    rates: dict[str, float] = field(default_factory=dict)
    stratify: str = ""
    per_day: int | None = None
    config: dict[str, Any] = field(default_factory=dict)


def create(access: Access, queue: Queue, draft: Draft, *, since_ns: int | None = None) -> FillRule:
    """A rule that looks at what is new from now on, or from `since_ns`.

    Raises PermissionDenied, Invalid, Conflict (archived queue).
    """
    access.require(Permission.WRITE)
    if queue.archived_at is not None:
        raise Conflict("archived", "The queue is archived.")
    if queue.rules.filter(active=True).count() >= MOST:
        raise invalid("/kind", f"A queue has at most {MOST} rules.")
    check(queue, draft)
    now = timezone.now()
    start_ns = int(now.timestamp()) * 10**9 if since_ns is None else since_ns
    with transaction.atomic():
        rule = FillRule.objects.create(
            queue=queue,
            created_by=access.user,
            created_at=now,
            from_ns=start_ns,
            seen_ns=start_ns,
            **asdict(draft),
        )
        target = f"{queue.slug} rule {rule.pk}"
        audit.record("review.rule_created", target, access=access, after=asdict(draft))
    return rule


def stop(access: Access, rule: FillRule) -> None:
    """Let it add nothing any more; what it added stays."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        if FillRule.objects.filter(pk=rule.pk, active=True).update(active=False):
            target = f"{rule.queue.slug} rule {rule.pk}"
            audit.record("review.rule_stopped", target, access=access)


def rule_of(queue: Queue, pk: int) -> FillRule:
    """Raises Http404."""
    found = queue.rules.filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such rule.")
    found.queue = queue
    return found


def check(queue: Queue, draft: Draft) -> None:
    """Completes the config. Raises Invalid with all that is wrong.

    A rule that goes by an evaluator which there is not would look for ever and find nothing.
    """
    if draft.kind not in Kind.values:
        raise invalid("/kind", f"Must be one of {', '.join(Kind.values)}.")
    errors = [*_wrong_query(draft), *_wrong_sample(draft)]
    try:
        draft.config = CONFIGS.get(draft.kind, _no_config)(draft.config)
    except Invalid as error:
        errors += error.errors
    else:
        errors += _unknown(queue, draft.config)
    if errors:
        raise Invalid(errors)


def _unknown(queue: Queue, config: dict[str, Any]) -> list[Fault]:
    """Evaluators that the project has not, where no score was given under the name either."""
    named = {key: config[key] for key in EVALUATORS if key in config}
    rows = Evaluator.objects.filter(
        project_id=queue.project_id, archived_at=None, name__in=named.values()
    )
    known = set(rows.values_list("name", flat=True)) if named else set()
    return [
        {"pointer": f"/config/{key}", "detail": f"There is no evaluator “{name}”."}
        for key, name in named.items()
        if name not in known and not _given(queue, name)
    ]


def _given(queue: Queue, name: str, **more: str) -> bool:
    return Score.objects.filter(project_id=queue.project_id, name=name, **more).exists()


def unheard(queue: Queue, config: dict[str, Any]) -> str:
    """The score that a rule waits for and no user has given yet, which may still come; else ""."""
    name = config.get("score", "")
    return name if name and not _given(queue, name, source="user") else ""


def _wrong_query(draft: Draft) -> list[Fault]:
    errors = []
    if draft.target not in ("trace", "span"):
        errors.append({"pointer": "/target", "detail": "Must be trace or span."})
    if len(draft.q) > 2_000:
        errors.append({"pointer": "/q", "detail": "At most 2000 characters."})
    else:
        try:
            parse(draft.q)
        except QueryError as error:
            errors.append({"pointer": "/q", "detail": error.sentence})
    return errors


def _wrong_sample(draft: Draft) -> list[Fault]:
    by_metadata = draft.stratify.startswith("metadata.") and len(draft.stratify) > 9
    daily = draft.per_day is not None
    rates_good = len(draft.rates) <= MOST_RATES and all(0 <= r <= 1 for r in draft.rates.values())
    strata = f"Must be one of {', '.join(STRATA)} or metadata.<key>."
    tests = (
        ("rate", 0 < draft.rate <= 1, "Must be above 0 and at most 1."),
        ("stratify", not draft.stratify or draft.stratify in STRATA or by_metadata, strata),
        ("stratify", len(draft.stratify) <= 100, "At most 100 characters."),
        ("rates", rates_good, f"At most {MOST_RATES} rates from 0 to 1."),
        ("rates", bool(draft.stratify) or not draft.rates, "Need a field in `stratify`."),
        ("per_day", not daily or 0 < (draft.per_day or 0) <= MOST_A_DAY,
         f"Must be from 1 to {MOST_A_DAY}."),
        ("per_day", daily or draft.kind != Kind.QUOTA, "A quota needs a number."),
        ("rate", not daily or (draft.rate == 1 and not draft.rates),
         "A number a day is drawn from all; it takes no rate."),
    )  # fmt: skip
    return [{"pointer": f"/{at}", "detail": detail} for at, good, detail in tests if not good]


def _no_config(given: dict[str, Any]) -> dict[str, Any]:
    _only(given, set())
    return {}


def _confidence(given: dict[str, Any]) -> dict[str, Any]:
    _only(given, {"evaluator", "below"})
    below = given.get("below", 0.7)
    if isinstance(below, bool) or not isinstance(below, int | float) or not 0 < below <= 1:
        raise invalid("/config/below", "Must be above 0 and at most 1.")
    return {"evaluator": _name(given, "evaluator"), "below": float(below)}


def _alarm(given: dict[str, Any]) -> dict[str, Any]:
    _only(given, {"evaluator"})
    return {"evaluator": _name(given, "evaluator")}


def _disagreement(given: dict[str, Any]) -> dict[str, Any]:
    _only(given, {"detector", "judge"})
    names = {name: _name(given, name) for name in ("detector", "judge")}
    if names["detector"] == names["judge"]:
        raise invalid("/config/judge", "Must be another score than the detector's.")
    return names


def _feedback(given: dict[str, Any]) -> dict[str, Any]:
    _only(given, {"score", "at_most", "values"})
    most = given.get("at_most", 0)
    if isinstance(most, bool) or not isinstance(most, int | float) or abs(most) > 1e300:
        raise invalid("/config/at_most", "Must be a number.")
    values = given.get("values", [])
    texts = isinstance(values, list) and len(values) <= 50 and all(map(_is_text, values))
    if not texts:
        raise invalid("/config/values", "Must be a list of at most 50 texts.")
    return {"score": _name(given, "score"), "at_most": float(most), "values": values}


def _only(given: dict[str, Any], known: set[str]) -> None:
    for name in given.keys() - known:
        raise invalid(f"/config/{str(name)[:100]}", "A rule of this kind has none.")


def _name(given: dict[str, Any], key: str) -> str:
    name = given.get(key)
    if not _is_text(name) or len(str(name)) > 100:
        raise invalid(f"/config/{key}", "Must be the name of a score.")
    return str(name)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200


CONFIGS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    Kind.CONFIDENCE: _confidence,
    Kind.DISAGREEMENT: _disagreement,
    Kind.ALARM: _alarm,
    Kind.FEEDBACK: _feedback,
}
