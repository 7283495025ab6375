"""`sightglass reprice`:

what today's prices would make of a time range, and with --apply making it so.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import Project, Role
from traces.otlp.native import nanoseconds
from traces.otlp.otlp_json import Fault
from traces.selectors.shapes import money
from traces.services.reprice import Change, reprice


class Command(BaseCommand):
    help = "Show what today's prices make of the spans of a time range; with --apply, store it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", default="default", help="slug of the project")
        parser.add_argument("--start", required=True, help="RFC 3339, included")
        parser.add_argument("--end", required=True, help="RFC 3339, not included")
        parser.add_argument("--apply", action="store_true", help="store the new costs")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project {options['project']!r}.")
        try:
            start, end = (nanoseconds(name, options[name]) for name in ("start", "end"))
        except Fault as fault:
            raise CommandError(f"--{fault}") from None
        if start >= end:
            raise CommandError("--end must be after --start.")
        access = Access(project, ROLE_PERMISSIONS[Role.OWNER])
        change = reprice(access, start, end, apply=options["apply"])
        if options["as_json"]:
            self.stdout.write(json.dumps(as_json(change)))
            return
        for line in as_json(change)["models"]:
            self.stdout.write(
                f"{line['model']}: {line['changed']} of {line['spans']} spans,"
                f" ${line['before']} → ${line['after']}"
            )
        word = "Applied." if change.applied else "Nothing was changed; repeat with --apply."
        self.stdout.write(f"Total: ${money(change.before)} → ${money(change.after)}. {word}")


def as_json(change: Change) -> dict[str, Any]:
    """The difference with money as decimal text."""
    return {
        "applied": change.applied,
        "spans_changed": change.changed,
        "before": money(change.before),
        "after": money(change.after),
        "models": [
            {
                "model": one.model,
                "spans": one.spans,
                "changed": one.changed,
                "newly_priced": one.newly_priced,
                "newly_unknown": one.newly_unknown,
                "before": money(one.before),
                "after": money(one.after),
            }
            for one in sorted(change.models.values(), key=lambda one: -one.after)
        ],
    }
