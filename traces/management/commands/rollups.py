"""`sightglass rollups`: whether the sums are what the spans say; with --repair, making them so."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sightglass.accounts.models import Project
from traces.services import repair


class Command(BaseCommand):
    help = "Compare stored sums with the raw spans, traces and scores; with --repair, mend them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", help="slug of a project; all if not given")
        parser.add_argument("--repair", action="store_true", help="make wrong sums anew")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        projects = Project.objects.order_by("slug")
        if options["project"]:
            projects = projects.filter(slug=options["project"])
            if not projects:
                raise CommandError(f"There is no project {options['project']!r}.")
        do = repair.repair if options["repair"] else _count
        found = {project.slug: do(project.pk) for project in projects}
        waiting = {project.slug: repair.waiting(project.pk) for project in projects}
        if options["as_json"]:
            self.stdout.write(
                json.dumps({"wrong": found, "waiting": waiting, "repaired": options["repair"]})
            )
        else:
            for slug, count in found.items():
                self.stdout.write(
                    f"{slug}: {_words(count, repaired=options['repair'])}" + _lag(waiting[slug])
                )
        if any(found.values()) and not options["repair"]:
            raise CommandError("Some sums are wrong; repeat with --repair.")


def _count(project_id: int) -> int:
    return sum(1 for _ in repair.wrong(project_id))


def _lag(waiting: int) -> str:
    if not waiting:
        return ""
    return f"; {waiting} stretches of five minutes are still to be added up"


def _words(count: int, *, repaired: bool) -> str:
    if not count:
        return "all sums are what the spans say"
    return f"sums of {count} stretches of five minutes {'were' if repaired else 'are'} wrong"
