"""`sightglass alerts`: rules as a file that lives in a team's repository."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboards.alerts import examples, sheets
from dashboards.alerts.reading import DocumentError
from dashboards.alerts.services import applying
from dashboards.alerts.services.applying import Applied, as_dict
from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import Project, Role


class Command(BaseCommand):
    help = "Alert rules as YAML: export them, apply a file, print the examples."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        export = actions.add_parser("export", help="print the project's rules")
        apply = actions.add_parser("apply", help="make the project's rules those of a file")
        shown = actions.add_parser("examples", help="print the rules that come along")
        apply.add_argument("file", help="YAML or JSON; - reads standard input")
        apply.add_argument("--dry-run", action="store_true", help="only show what would change")
        apply.add_argument(
            "--prune", action="store_true", help="remove rules that the file does not name"
        )
        for action in (export, apply):
            action.add_argument("--project", default="default", help="slug of the project")
        for action in (export, apply, shown):
            action.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "examples":
            found = sheets.written([examples.document(name) for name in examples.names()])
            self._print(found, as_json=options["as_json"])
            return
        access = _access(options["project"])
        if options["action"] == "export":
            self._print(applying.export(access), as_json=options["as_json"])
            return
        try:
            drafts = sheets.read(sheets.load(_content(options["file"])))
            done = applying.apply(
                access, drafts, prune=options["prune"], dry_run=options["dry_run"]
            )
        except DocumentError as error:
            raise CommandError("\n".join(_said(error))) from None
        self._tell(done, dry_run=options["dry_run"], as_json=options["as_json"])

    def _print(self, sheet: dict[str, Any], *, as_json: bool) -> None:
        self.stdout.write(sheets.to_json(sheet) if as_json else sheets.to_yaml(sheet).rstrip())

    def _tell(self, done: Applied, *, dry_run: bool, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(as_dict(done, dry_run=dry_run), ensure_ascii=False))
            return
        for one in done.differences:
            self.stdout.write("\n".join(one.lines()))
        counts = (
            f"{len(done.differences)} to change" if dry_run else f"{len(done.differences)} changed"
        )
        self.stdout.write(f"{counts}, {done.unchanged} as they are.")
        if done.left:
            self.stdout.write(f"Not in the file, kept: {', '.join(done.left)} (--prune removes).")


def _access(slug: str) -> Access:
    project = Project.objects.filter(slug=slug, deleted_at=None).first()
    if project is None:
        raise CommandError(f"There is no project {slug!r}.")
    return Access(project, ROLE_PERMISSIONS[Role.OWNER])


def _content(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(sheets.MOST_BYTES + 1)
    try:
        with Path(name).open("rb") as file:
            return file.read(sheets.MOST_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from None


def _said(error: DocumentError) -> list[str]:
    return [f"{at or '/'}: {detail}" for at, detail in error.errors.items()]
