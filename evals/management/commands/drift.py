"""`sightglass drift`: do the texts of two files differ, and in what? Without server or database."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evals.drift.stats import Result, Test, compare
from evals.drift.stats.files import Line, LineError, read, windows
from evals.drift.stats.windows import LEAST

TOLD_TESTS = 8
TOLD_TERMS = 6
TOLD_EXAMPLES = 3
WIDTH = 96
"""Characters of an example that are shown."""


class Command(BaseCommand):
    help = (
        "Compare the texts of two files of JSON lines with text (and numeric and categories, which"
        " are optional): one p-value, the tests behind it, the smallest change that would have"
        " been seen, examples and terms. Prints JSON. Needs no server. The same files give the same"
        " answer."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", help="file of JSON lines: what is usual")
        parser.add_argument("current", help="file of JSON lines: what is asked about")
        parser.add_argument(
            "--alpha", type=float, default=0.05,
            help="share of false alarms where nothing has changed (default 0.05)",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", dest="as_json", help="JSON; the default")
        parser.add_argument("--words", action="store_true", help="for people instead of JSON")
        parser.add_argument("--seed", type=int, default=0, help="of the permutations (default 0)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["as_json"] and options["words"]:
            raise CommandError("--json and --words exclude each other.")
        if not 0 < options["alpha"] < 1:
            raise CommandError("--alpha must lie between 0 and 1.")
        if options["seed"] < 0:
            raise CommandError("--seed must not be negative.")
        reference, current = _lines(options["reference"]), _lines(options["current"])
        try:
            result = compare(
                *windows(reference, current), alpha=options["alpha"], seed=options["seed"]
            )
        except ValueError as error:
            raise CommandError(f"{error}.") from None
        if not options["words"]:
            self.stdout.write(json.dumps(told(result, reference, current)))
            return
        for line in _words(result, reference, current):
            self.stdout.write(line)


def _lines(name: str) -> list[Line]:
    try:
        with Path(name).open("rb") as lines:
            found = read(lines)
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from None
    except LineError as error:
        raise CommandError(f"{name}, {error}") from None
    if len(found) < LEAST:
        raise CommandError(f"{name} has {len(found)} texts; at least {LEAST} are needed.")
    return found


def told(result: Result, reference: list[Line], current: list[Line]) -> dict[str, Any]:
    """As JSON; examples are places of lines among the file's lines that are not empty, from 0."""
    return {
        "p_value": result.p_value,
        "drift": result.drift,
        "alpha": result.alpha,
        "tests": [asdict(test) for test in result.tests],
        "detectable_effect": result.detectable_effect,
        "terms": [asdict(term) for term in result.terms],
        "examples": {
            "current": _examples(result.examples, current),
            "reference": _examples(result.reference_examples, reference),
        },
        "reference": {"items": len(reference), "compared": result.reference_size},
        "current": {"items": len(current), "compared": result.current_size},
        "permutations": result.permutations,
    }


def _examples(places: tuple[int, ...], lines: list[Line]) -> list[dict[str, Any]]:
    return [{"index": place, "text": lines[place].text} for place in places]


def _words(result: Result, reference: list[Line], current: list[Line]) -> list[str]:
    verdict = "drift" if result.drift else "no drift shown"
    lines = [
        f"{verdict}: p = {result.p_value:.3g} (alarm at {result.alpha:g}),"
        f" {len(reference):,} and {len(current):,} texts",
        _smallest(result),
    ]
    lines += [_test(test) for test in result.tests[:TOLD_TESTS]]
    more = [term.term for term in result.terms if term.weight > 0][:TOLD_TERMS]
    fewer = [term.term for term in result.terms if term.weight < 0][:TOLD_TERMS]
    lines += [f"more often:  {', '.join(more)}"] if more else []
    lines += [f"less often:  {', '.join(fewer)}"] if fewer else []
    for place in result.examples[:TOLD_EXAMPLES]:
        lines.append(f"for example: {' '.join(current[place].text.split())[:WIDTH]}")
    return lines


def _smallest(result: Result) -> str:
    if result.detectable_effect is None:
        return "These windows are too small to show even a complete change of topic."
    share = f"{result.detectable_effect:.0%}"
    return f"A change of {share} of the texts to one topic would have been seen in 4 of 5 cases."


def _test(test: Test) -> str:
    change = f"effect {test.effect:+.3g}"
    if test.reference is not None and test.current is not None:
        of = f" ({test.level})" if test.level is not None else ""
        change = f"{test.reference:.4g} → {test.current:.4g}{of}"
    return f"{test.name + ':':28} p = {test.p_value:.3f}, adjusted {test.adjusted:.3f}; {change}"
