"""`sightglass demo`: fills a running installation with three weeks of believable traffic.

It is a client like any other: the story (`traces.demo`) goes out as OTLP over HTTP. Told again, it
changes nothing, because ids come from the seed and the day.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils import timezone

from sightglass.accounts.keys import create_key
from sightglass.accounts.models import Project
from traces.demo.send import Client, NotSent, Sent, tell
from traces.demo.story import Day

TRACES_PER_VISIT = 1.55
"""A conversation has several turns, each a trace; about 0.9 of the visits fall on a mean day."""


class Command(BaseCommand):
    help = "Send three weeks of a support bot's and an agent's traffic, with some bad days in it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", help="address of the installation (default: the local one)")
        parser.add_argument("--key", help="API key with the scope ingest (default: one of its own)")
        parser.add_argument("--project", default="default", help="slug, if no key is given")
        parser.add_argument("--days", type=int, default=21, help="1 to 90 (default 21)")
        parser.add_argument("--traces-per-day", type=int, default=150, help="about (default 150)")
        parser.add_argument("--seed", type=int, default=7, help="another seed, another story")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        base = (options["url"] or f"http://{_host()}:{settings.PORT}").rstrip("/")
        key = options["key"] or settings.FIRST_API_KEY or _made(options["project"])
        troubles: list[dict[str, str]] = []

        def progress(day: Day, sent: Sent) -> None:
            if day.trouble is not None:
                troubles.append({"date": day.date.isoformat(), "trouble": day.trouble})
            if not options["as_json"]:
                self.stdout.write(
                    f"{day.date}: {sent.traces:,} traces, {sent.spans:,} spans so far"
                    + (f"  ({day.trouble})" if day.trouble else "")
                )

        try:
            with Client(base, key) as client:
                sent = tell(
                    client,
                    count=max(1, min(options["days"], 90)),
                    per_day=max(1, round(options["traces_per_day"] / TRACES_PER_VISIT)),
                    seed=options["seed"],
                    now=timezone.now(),
                    progress=progress,
                )
        except NotSent as error:
            raise CommandError(f"{base} did not take it: {error}") from None
        if options["as_json"]:
            told = {**asdict(sent), "bad_days": troubles, "url": base}
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(
            f"Sent {sent.traces:,} traces with {sent.spans:,} spans and {sent.scores:,} scores."
            f" Look at {base}"
        )


def _host() -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.HOST, settings.HOST)  # noqa: S104


def _made(slug: str) -> str:
    try:
        project = Project.objects.filter(slug=slug).first()
    except Error as error:
        raise CommandError(
            f"No database ({error}). Start `make up` first, or give --key."
        ) from None
    if project is None:
        raise CommandError(f"There is no project {slug!r}.")
    _, secret = create_key(
        project=project,
        name="demo",
        scopes=["ingest"],
        expires_at=timezone.now() + timedelta(hours=1),
    )
    return secret
