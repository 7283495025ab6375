"""Bodies out: what selectors found as the shapes of `evals.truth.api.shapes`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from evals.models import EvaluatorVersion
from evals.stats.estimates import Estimate, absent
from evals.truth.models import Improvement, ImprovementCase, Panel, PanelRun
from evals.truth.selectors.calibration import Calibration
from evals.truth.selectors.cases import Case
from evals.truth.selectors.comparisons import Figures, Held, Slice
from evals.truth.selectors.improvements import Trial
from evals.truth.selectors.labels import Choice
from evals.truth.selectors.rates import REASONS, Rate
from evals.truth.services.nights import name_of_change
from evals.truth.verdicts import Reading
from traces.ids import span_hex, trace_hex
from traces.intervals import wilson
from traces.selectors import shapes

Body = dict[str, Any]
NOT_COMPARED = absent("nothing is compared")


def moment(at: datetime | None) -> str | None:
    return None if at is None else shapes.moment_text(at)


def estimate(one: Estimate | None) -> Body:
    one = one or NOT_COMPARED
    return {
        "value": one.value, "low": one.low, "high": one.high, "n": one.n, "reason": one.reason,
    }  # fmt: skip


def share(hits: int, n: int) -> Estimate:
    """With Wilson's interval."""
    if not n:
        return absent("there are no cases")
    low, high = wilson(hits, n)
    return Estimate(hits / n, low, high, n)


def basis(choice: Choice | None) -> str | None:
    return None if choice is None else choice.name.lower()


def pairing_row(reading: Reading) -> Body:
    return {
        "question": reading.question,
        "opposite": reading.opposite,
        "least": reading.least,
        "words": list(reading.words),
    }


def figures_row(version: EvaluatorVersion, found: Figures) -> Body:
    whole = found.comparison
    return {
        "version": version.number,
        "n": found.n,
        "pairs": found.pairs,
        "ties": found.ties,
        "basis": basis(found.choice),
        "categories": [] if whole is None else list(whole.categories),
        "matrix": [] if whole is None else whole.matrix.tolist(),
        **{
            name: estimate(None if whole is None else getattr(whole, name))
            for name in ("sensitivity", "specificity", "accuracy", "kappa")
        },
        "people_same": estimate(found.people),
        "people_alpha": estimate(None if whole is None else whole.humans.alpha),
        "reason": found.reason or None,
    }


def slice_row(version: EvaluatorVersion, one: Slice) -> Body:
    return {
        "dimension": one.dimension, "name": one.name, **figures_row(version, one.figures),
    }  # fmt: skip


def evaluator_row(
    newest: EvaluatorVersion, reading: Reading, shown: Held | None, run: PanelRun | None
) -> Body:
    return {
        "id": newest.evaluator_id,
        "name": newest.evaluator.name,
        "kind": newest.kind,
        "version": newest.number,
        "pairing": pairing_row(reading),
        "figures": None if shown is None else figures_row(shown.version, shown.figures),
        "changed": None if run is None else run.changed,
    }


def run_row(run: PanelRun) -> Body:
    return {
        "day": run.day.isoformat(),
        "state": run.state,
        "version": run.version.number,
        "answered": run.answered,
        "right": run.right,
        "agreement": estimate(share(run.right, run.answered)),
        "cost": shapes.money(run.cost),
        "compared_with": None if run.first is None else run.first.day.isoformat(),
        "changed": run.changed,
        "p": run.p,
        "tests": run.tests,
        "accepted_at": moment(run.accepted_at),
        "problem": run.problem,
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at),
    }


def panel_row(panel: Panel, last: PanelRun | None) -> Body:
    return {
        "number": panel.number,
        "question": panel.question,
        "size": panel.size,
        "cases": panel.items.count(),
        "frozen_at": moment(panel.frozen_at),
        "score": name_of_change(panel.evaluator.name),
        "last": None if last is None else run_row(last),
    }


def case_row(case: Case) -> Body:
    pair, about = case.pair, case.about
    return {
        "trace_id": trace_hex(pair.trace_id),
        "span_id": None if pair.span_id is None else span_hex(pair.span_id),
        "stored": about is not None,
        "judge": pair.judge,
        "judge_yes": pair.judge_yes,
        "people": list(pair.truth.values),
        "decided": pair.truth.decided,
        "people_yes": pair.people,
        "confidence": pair.confidence,
        "weight": pair.weight,
        "basis": basis(pair.truth.choice),
        "input": about.input if about else "",
        "output": about.output if about else "",
        "scored_at": moment(pair.at),
    }


def rate_row(one: Rate) -> Body:
    found, raw = one.correction, one.raw
    return {
        "evaluator": one.version.evaluator_id,
        "name": one.version.evaluator.name,
        "source": one.source,
        "measure": one.measure,
        "raw": {"value": raw.value, "low": raw.low, "high": raw.high, "n": raw.count},
        "labels": one.labels,
        "basis": basis(one.choice),
        "corrected": None if found is None else estimate(found.corrected),
        "these_items": None if found is None else estimate(found.these),
        "labels_only": None if found is None else estimate(found.labels_only),
        "power": None if found is None else found.power,
        "labels_to_halve": None if found is None else found.more,
        "reason": REASONS[one.reason] if one.reason else None,
    }


def calibration_row(found: Calibration) -> Body:
    losses = found.found.losses if found.found else {}
    return {
        "version": found.version.number,
        "labels": found.labels,
        "applied": found.applied,
        "bins": [{"score": one.score, "people": estimate(one.people)} for one in found.bins],
        "error": found.error,
        "losses": {
            name: {
                "value": loss.value, "gain": loss.gain, "error": loss.error, "helps": loss.helps,
            }
            for name, loss in losses.items()
        },
        "curve": found.curve,
        "reason": found.reason or (found.found.reason if found.found else None),
    }  # fmt: skip


def improvement_row(one: Improvement) -> Body:
    return {
        "id": one.pk,
        "evaluator": one.evaluator_id,
        "base": one.base.number,
        "state": one.state,
        "problem": one.problem,
        "cost": shapes.money(one.cost),
        "created_at": moment(one.created_at),
        "finished_at": moment(one.finished_at),
        "adopted": None if one.adopted is None else one.adopted.number,
    }


def improvement_whole(one: Improvement, cases: list[ImprovementCase], trial: Trial) -> Body:
    return {
        **improvement_row(one),
        "examples": one.examples,
        "parts": trial.parts,
        "tried": trial.tried,
        "failed": trial.failed,
        "before": estimate(trial.before.accuracy) if trial.before else None,
        "after": estimate(trial.after.accuracy) if trial.after else None,
        "difference": estimate(trial.difference) if trial.difference else None,
        "better": trial.better,
        "worse": trial.worse,
        "held_out": [
            {
                "trace_id": trace_hex(case.trace_id),
                "span_id": None if case.span_id is None else span_hex(case.span_id),
                "people": case.people,
                "before": case.before,
                "after": case.yes,
                "error": case.error,
            }
            for case in cases
            if case.part == ImprovementCase.Part.HELD_OUT
        ],
    }
