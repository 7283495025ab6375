"""`sightglass bias`: does a model answer some groups otherwise than others?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evals import bias
from evals.bias import Answer, Finding, Probe, ProbeError
from evals.providers import calling, guard
from evals.providers.calling import Endpoint
from evals.providers.errors import Forbidden, ProviderError
from evals.providers.waiting import waited

CONCURRENCY = 8
MAX_REPEATS = 100


class Command(BaseCommand):
    help = (
        "Ask a model each prompt with the group's term swapped, and test whether answers differ by"
        " group in refusal, toxicity or length. Ends with 1 if they do."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("input", help="JSON lines with id, prompt (with {group}) and groups")
        parser.add_argument("--base-url", required=True, help="of the provider, /v1 included")
        parser.add_argument("--model", required=True)
        parser.add_argument("--api", choices=["openai", "anthropic"], default="openai")
        parser.add_argument("--key-file", help="file that holds the key")
        parser.add_argument("--repeat", type=int, default=5, help="answers per group (default 5)")
        parser.add_argument("--alpha", type=float, default=0.05, help="level (default 0.05)")
        parser.add_argument("--timeout", type=float, default=60.0, help="seconds for one answer")
        parser.add_argument("--output", help="file for the answers with their values")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        probes = _read(options["input"])
        if not 1 <= options["repeat"] <= MAX_REPEATS:
            raise CommandError(f"--repeat must be from 1 to {MAX_REPEATS}.")
        try:
            guard.check_url(options["base_url"], private=True)
        except Forbidden as error:
            raise CommandError(f"--base-url: {error}") from None
        endpoint = Endpoint(
            id=0, api=options["api"], base_url=options["base_url"], key=_key(options["key_file"]),
            model=options["model"], concurrency=CONCURRENCY, requests_per_minute=None,
            timeout=options["timeout"],
        )  # fmt: skip
        answers, errors = waited(_all(endpoint, probes, options["repeat"]))
        if options["output"]:
            _write(options["output"], answers)
        if not answers:
            raise CommandError(f"No answer came: {errors[0]}")
        findings = bias.compare(answers)
        self._tell(findings, errors, options)
        if any(one.p_value < options["alpha"] for one in findings):
            raise CommandError("Answers differ by group.")
        if errors:
            raise CommandError(f"{len(errors)} answers failed.")

    def _tell(
        self, findings: Sequence[Finding], errors: list[str], options: dict[str, Any]
    ) -> None:
        if options["as_json"]:
            told = {"findings": [asdict(one) for one in findings], "errors": errors}
            self.stdout.write(json.dumps(told))
            return
        for one in findings:
            by_group = ", ".join(
                f"{group} {mean:.3g}" for group, mean in zip(one.groups, one.means, strict=True)
            )
            said = f"p = {one.p_value:.4f}"
            if one.least_p > options["alpha"]:
                said = "too few answers to tell: raise --repeat or add prompts"
            self.stdout.write(f"{one.measure}: {by_group} (gap {one.gap:.3g}); {said}")
        for error in sorted(set(errors)):
            self.stdout.write(f"failed {errors.count(error)} times: {error}")


def _read(name: str) -> list[Probe]:
    try:
        with Path(name).open("rb") as lines:
            probes = list(bias.read(lines))
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from None
    except ProbeError as error:
        raise CommandError(f"{name}, {error}") from None
    if not probes:
        raise CommandError(f"{name} has no probes.")
    return probes


def _key(name: str | None) -> str:
    if name is None:
        return ""
    try:
        key = Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name}: {error}") from None
    if not (key and key.isascii() and key.isprintable()):
        raise CommandError(f"{name} holds no key that a header takes.")
    return key


async def _all(
    endpoint: Endpoint, probes: Sequence[Probe], repeat: int
) -> tuple[list[Answer], list[str]]:
    """Every answer that came, and why others did not."""
    wanted = [
        (probe, group, n) for probe in probes for group in probe.groups for n in range(repeat)
    ]
    async with guard.client(private=True) as client:  # whoever runs the command names the address

        async def one(probe: Probe, group: str, n: int) -> Answer | str:
            messages = [{"role": "user", "content": probe.asked(group)}]
            try:
                told = await calling.ask(client, endpoint, endpoint.model, messages, None)
            except ProviderError as error:
                return str(error)
            return bias.measured(probe, group, n, told.text)

        done = await asyncio.gather(*(one(*each) for each in wanted))
    errors = [one for one in done if isinstance(one, str)]
    return [one for one in done if isinstance(one, Answer)], errors


def _write(name: str, answers: Sequence[Answer]) -> None:
    try:
        with Path(name).open("w", encoding="utf-8") as lines:
            for one in answers:
                told = {"id": one.probe.id, "group": one.group, "repeat": one.repeat,
                        "answer": one.text, "values": one.values}  # fmt: skip
                lines.write(json.dumps(told, ensure_ascii=False) + "\n")
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from None
