"""`sightglass calibrate`: a judge's rate corrected by human labels, without server or database."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evals.stats.estimates import Estimate
from evals.stats.labels import LABELS, LINES, MOST_TOLD, Calibration, LineError, calibrated, read

RATES = ("kappa", "sensitivity", "specificity", "accuracy")


class Command(BaseCommand):
    help = (
        "Correct a judge's rate by human labels, with a 95 % interval, and say how well the judge"
        " agrees with humans. Reads JSON lines with id, judge, human (null where unlabelled) and"
        " weight (1 / the probability of being chosen; optional). Needs no server."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("labels", help="file of JSON lines; - reads standard input")
        parser.add_argument(
            "--weights",
            choices=[LABELS, LINES],
            help="what weights speak of: the choice of lines to be labelled, or to be judged"
            " (default: as the file shows)",
        )
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["labels"]
        try:
            found = _of(name, options["weights"])
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}") from None
        except LineError as error:
            raise CommandError(f"{name}, {error}") from None
        if options["as_json"]:
            self.stdout.write(json.dumps(told(found)))
            return
        for line in _words(found):
            self.stdout.write(line)


def _of(name: str, weights: str | None) -> Calibration:
    if name == "-":
        return calibrated(read(sys.stdin.buffer), weights)
    with Path(name).open("rb") as lines:
        return calibrated(read(lines), weights)


def told(found: Calibration) -> dict[str, Any]:
    """As JSON."""
    correction = found.correction
    rates = {name: getattr(found, name) for name in RATES}
    return {
        "raw": correction.raw,
        "corrected": correction.corrected.value,
        "low": correction.corrected.low,
        "high": correction.corrected.high,
        "labels_only": _interval(correction.labels_only),
        "these_items": _interval(correction.these),
        **{name: rate.value for name, rate in rates.items()},
        "intervals": {name: [rate.low, rate.high] for name, rate in rates.items()},
        "items": found.items,
        "labels": correction.corrected.n,
        "lambda": correction.power,
        "labels_to_halve": correction.more,
        "weights": found.weights,
        "reasons": {
            name: one.reason
            for name, one in {"corrected": correction.corrected, **rates}.items()
            if one.reason
        },
        "repeated_ids": len(found.repeated),
    }


def _interval(one: Estimate) -> dict[str, float | None]:
    return {"value": one.value, "low": one.low, "high": one.high}


def _words(found: Calibration) -> list[str]:
    correction = found.correction
    lines = [
        f"{found.items:,} items, {correction.corrected.n:,} labelled by humans",
        f"judge alone:   {correction.raw:.4g} (not corrected: do not report it)",
        f"labels alone:  {_figure(correction.labels_only)}",
        f"corrected:     {_figure(correction.corrected)}, lambda {correction.power:.2f}",
        f"these items:   {_figure(correction.these)}",
    ]
    lines += [f"{name + ':':14} {_figure(getattr(found, name))}" for name in RATES]
    if correction.more is not None:
        lines.append(f"{correction.more:,} more labels of these items halve the interval.")
    else:
        lines.append("More labels of these items alone do not halve the interval: judge more too.")
    if found.weights:
        lines.append(f"Weights are read as those of the {found.weights}.")
    lines += [f"Note: {one}; each line counts." for one in found.repeated[:MOST_TOLD]]
    return lines


def _figure(one: Estimate) -> str:
    if one.value is None:
        return f"none: {one.reason}"
    if one.low is None or one.high is None:
        return f"{one.value:.4g} (no interval: {one.reason})"
    return f"{one.value:.4g} ({one.low:.4g} to {one.high:.4g})"
