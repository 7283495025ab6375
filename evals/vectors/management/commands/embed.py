"""`sightglass embed`: vectors of stored calls, made again by the project's model."""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evals.vectors.models import Choice
from evals.vectors.selectors import models
from evals.vectors.services import filling
from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import Project, Role
from traces.otlp.native import nanoseconds
from traces.otlp.otlp_json import Fault

TOLD_EVERY = 2.0


class Command(BaseCommand):
    help = "Make the vectors of stored calls again, the newest first, and say how far that is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", default="default", help="slug of the project")
        parser.add_argument("--since", default="", help="RFC 3339: leave calls that began before")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project {options['project']!r}.")
        try:
            since = nanoseconds("since", options["since"]) if options["since"] else 0
        except Fault as fault:
            raise CommandError(f"--{fault}") from None
        access = Access(project, ROLE_PERMISSIONS[Role.OWNER])
        model = models.present(project.pk)
        choice = filling.begin(access, model, since)
        while choice.coming_id is not None:
            self._go_on(choice, quiet=options["as_json"])
        if options["as_json"]:
            told = {"project": project.slug, "model": str(model), "calls": choice.calls}
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(f"{choice.calls:,} calls have vectors of {model}.")

    def _go_on(self, choice: Choice, *, quiet: bool) -> None:
        """Some seconds of work. A worker may do part of it meanwhile."""
        filling.run(TOLD_EVERY)
        choice.refresh_from_db()
        if choice.problem:
            raise CommandError(f"Stopped after {choice.calls:,} calls: {choice.problem}")
        if choice.coming_id is not None:
            if not quiet:
                self.stderr.write(f"{choice.calls:,} of about {choice.of_calls:,} calls")
            time.sleep(0.05)
