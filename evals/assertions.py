"""Detectors as assertions in an application's own tests: no server, no database, no Django."""

from collections.abc import Mapping, Sequence

from evals.detectors.base import Evidence, Example, Verdict
from evals.detectors.registry import load

QUOTE = 120
"""Characters of a piece of evidence that a message shows."""


def assert_scores(
    *,
    output: str | None = None,
    input: str | None = None,
    context: str | Sequence[str] = (),
    schema: str | None = None,
    finish_reason: str | None = None,
    below: Mapping[str, float],
) -> None:
    """Fail unless every detector named in `below` gives a value below its limit.

    Raises AssertionError, which shows what was found where, also if a detector has nothing to say:
    a test that checks nothing must not pass. Raises UnknownDetectorError.
    """
    contexts = (context,) if isinstance(context, str) else tuple(context)
    example = Example(input, output, contexts, schema, finish_reason)
    problems = []
    for name, limit in below.items():
        detector = load(name)
        verdict = detector.detect([example])[0]
        if verdict is None:
            needed = " and ".join(detector.needs)
            problems.append(f"{name}: nothing to judge; it reads {needed}")
        elif not verdict.value < limit:
            problems.append(_told(name, limit, verdict, example))
    if problems:
        raise AssertionError("\n".join(problems))


def _told(name: str, limit: float, verdict: Verdict, example: Example) -> str:
    lines = [f"{name}: {verdict.value:.3f} is not below {limit:g}. {verdict.explanation}".rstrip()]
    lines += [f"  {_where(one)} [{one.label}]: {_quoted(one, example)}" for one in verdict.evidence]
    return "\n".join(lines)


def _where(one: Evidence) -> str:
    field = f"context[{one.index}]" if one.field == "context" else one.field
    return f"{field} {one.start}:{one.end}"


def _quoted(one: Evidence, example: Example) -> str:
    text = example.contexts[one.index] if one.field == "context" else getattr(example, one.field)
    quote = text[one.start : one.end]
    return repr(quote if len(quote) <= QUOTE else quote[:QUOTE] + "…")
