"""Driving the API by its own description: no 5xx, and no answer that it does not describe."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sightglass.wsgi import application

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
Places = Callable[[str], dict[str, Any]]


def operations(below: str = "/") -> list[Any]:
    """What the description has below a path."""
    return [one for one in _described() if one.path.startswith(below)]


@cache
def _described() -> tuple[Any, ...]:
    """Read once by a process: it depends on nothing that a test does."""
    schema = schemathesis.openapi.from_wsgi("/api/schema/", application)
    return tuple(result.ok() for result in schema.get_all_operations())  # type: ignore[union-attr]


def driven(
    chosen: Iterable[Any], key: str, *, examples: int, places: Places | None = None
) -> dict[str, list[str]]:
    """What was wrong with the answers, by operation.

    `places` says what stands in a path, so that it leads to what is there; then no headers are made
    up, either. Without it, paths and headers are made up like everything else.
    """
    bounded = settings(
        max_examples=examples,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    wrong: dict[str, list[str]] = {}
    for operation in chosen:
        cases = operation.as_strategy(GenerationMode.POSITIVE)
        made_up = operation.path_parameters and places is None
        if operation.body or operation.query or made_up:
            cases |= operation.as_strategy(GenerationMode.NEGATIVE)

        @given(case=cases)
        @bounded
        def send(case: schemathesis.Case[Any]) -> None:
            if places is not None:
                case.path_parameters = {
                    name: value
                    for name, value in places(case.path).items()
                    if f"{{{name}}}" in case.path
                }
                case.headers.clear()
            case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)

        try:
            send()
        except* Failure as failed:
            wrong[operation.label] = [str(one)[:1500] for one in failed.exceptions]
    return wrong
