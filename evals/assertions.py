"""Detectors as assertions in an application's own tests: no server, no database, no Django.

See docs/evaluate.md.
"""

from collections.abc import Iterable, Mapping, Sequence

from evals.detectors.base import Evidence, Example, Verdict
from evals.detectors.registry import described, load, unmeasured

QUOTE = 120
"""Characters of a piece of evidence that a message shows."""
AROUND = 30
"""Characters before and after it."""


def assert_scores(
    *,
    output: str | None = None,
    input: str | None = None,
    context: str | Sequence[str] = (),
    schema: str | None = None,
    finish_reason: str | None = None,
    below: Mapping[str, float] | None = None,
    without: Iterable[str] = (),
) -> None:
    """Fail unless every detector named in `below` gives a value below its limit.

    `without` names detectors whose limit is their own threshold. Raises AssertionError, which
    shows what was found where, also if a detector has nothing to say: a test that checks nothing
    must not pass. Raises UnknownDetectorError, and ValueError where no detector is named.
    """
    limits = {name: described(name).threshold for name in without} | dict(below or {})
    if not limits:
        raise ValueError("name at least one detector in `below` or `without`")
    example = Example(
        input=input,
        output=output,
        contexts=(context,) if isinstance(context, str) else tuple(context),
        schema=schema,
        finish_reason=finish_reason,
    )
    problems = []
    for name, limit in limits.items():
        detector = load(name)
        verdict = detector.detect([example])[0]
        if verdict is None:
            needed = " and ".join(detector.needs)
            why = unmeasured(name, example) or f"it reads {needed}"
            problems.append(f"{name}: nothing to judge; {why}")
        elif not verdict.value < limit:
            problems.append(_told(name, limit, verdict, example))
    if problems:
        raise AssertionError("\n".join(problems))


def _told(name: str, limit: float, verdict: Verdict, example: Example) -> str:
    lines = [f"{name}: {verdict.value:.3f} is not below {limit:g}. {verdict.explanation}".rstrip()]
    lines += [f"  {_where(one)} [{one.label}]: {_marked(one, example)}" for one in verdict.evidence]
    return "\n".join(lines)


def _where(one: Evidence) -> str:
    field = f"context[{one.index}]" if one.field == "context" else one.field
    return f"{field} {one.start}:{one.end}"


def _marked(one: Evidence, example: Example) -> str:
    """The evidence between » and «, in the text that stands around it, on one line."""
    text = example.contexts[one.index] if one.field == "context" else getattr(example, one.field)
    quote = text[one.start : one.end]
    quote = quote if len(quote) <= QUOTE else quote[:QUOTE] + "…"
    first, last = max(0, one.start - AROUND), one.end + AROUND
    before = ("…" if first else "") + text[first : one.start]
    after = text[one.end : last] + ("…" if last < len(text) else "")
    return repr(f"{before}»{quote}«{after}")
