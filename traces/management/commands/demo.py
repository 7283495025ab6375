"""`sightglass demo`: fills a running installation with three weeks of believable traffic."""

from __future__ import annotations

import json
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


class Command(BaseCommand):
    help = "Send three weeks of a support bot's and an agent's traffic, with some bad days in it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", help="address of the installation (default: the local one)")
        parser.add_argument("--key", help="API key (default: one made for an hour)")
        parser.add_argument("--project", default="default", help="slug, when a key is made")
        parser.add_argument("--days", type=int, default=21)
        parser.add_argument("--traces-per-day", type=int, default=110, help="conversations a day")
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        base = options["url"] or f"http://{_host()}:{settings.PORT}"
        key = options["key"] or settings.FIRST_API_KEY or _made(options["project"])

        def progress(day: Day, sent: Sent) -> None:
            if not options["as_json"]:
                self.stdout.write(
                    f"{day.date}: {sent.traces:,} traces, {sent.spans:,} spans so far"
                )

        try:
            with Client(base, key) as client:
                sent = tell(
                    client,
                    count=max(1, min(options["days"], 60)),
                    per_day=max(1, options["traces_per_day"]),
                    seed=options["seed"],
                    progress=progress,
                )
        except NotSent as error:
            raise CommandError(f"{base} did not take it: {error}. Is `make up` running?") from None
        if options["as_json"]:
            told = {"traces": sent.traces, "spans": sent.spans, "scores": sent.scores, "url": base}
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(
                f"Sent {sent.traces:,} traces with {sent.spans:,} spans and {sent.scores:,} scores."
                f" Look at {base}/p/{options['project']}/traces"
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
