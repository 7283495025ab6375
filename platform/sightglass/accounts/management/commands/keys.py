"""`sightglass keys`: list, make, rotate and revoke API keys of a project."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from sightglass.accounts import keys
from sightglass.accounts.access import ROLE_PERMISSIONS, SCOPE_PERMISSIONS, Access
from sightglass.accounts.models import ApiKey, Project, Role

DAYS = "end after so many days"


class Command(BaseCommand):
    help = "List, make, rotate and revoke API keys. A key's secret is printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        common = CommandParser(add_help=False)
        common.add_argument("--project", default="default", help="slug of the project")
        common.add_argument("--json", action="store_true", dest="as_json", help="print JSON")
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        actions.add_parser("list", parents=[common], help="all keys of the project, newest first")
        create = actions.add_parser("create", parents=[common], help="make a key")
        create.add_argument("name", help="what it is for")
        create.add_argument(
            "--scope",
            action="append",
            choices=list(SCOPE_PERMISSIONS),
            help="what it may do; repeat for several (default: ingest)",
        )
        create.add_argument("--days", type=int, help=DAYS)
        create.add_argument(
            "--origin",
            action="append",
            help="with --scope feedback: a web page (https://…); repeat for several",
        )
        create.add_argument(
            "--score",
            action="append",
            help=f"with --scope feedback: what it may give ({', '.join(keys.FEEDBACK_SCORES)})",
        )
        rotate = actions.add_parser(
            "rotate", parents=[common], help="make a key in another's place"
        )
        rotate.add_argument("key", help="its id, or the characters that it begins with")
        rotate.add_argument(
            "--overlap-hours", type=float, default=24.0, help="the old key goes on so long (24)"
        )
        revoke = actions.add_parser("revoke", parents=[common], help="end a key now")
        revoke.add_argument("key", help="its id, or the characters that it begins with")

    def handle(self, *args: Any, **options: Any) -> None:
        project = Project.objects.filter(slug=options["project"], deleted_at=None).first()
        if project is None:
            raise CommandError(f"There is no project {options['project']!r}.")
        access = Access(project, ROLE_PERMISSIONS[Role.OWNER])
        action: Callable[[Access, dict[str, Any]], Any] = ACTIONS[options["action"]]
        try:
            answer = action(access, options)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        if options["as_json"]:
            self.stdout.write(json.dumps(answer, indent=2))
            return
        for each in answer if isinstance(answer, list) else [answer]:
            self.stdout.write(line(each))


def listed(access: Access, options: dict[str, Any]) -> list[dict[str, Any]]:
    return [described(key) for key in access.project.api_keys.order_by("-created_at", "pk")]


def created(access: Access, options: dict[str, Any]) -> dict[str, Any]:
    days = options["days"]
    key, secret = keys.issue(
        access,
        name=options["name"],
        scopes=sorted(set(options["scope"] or ["ingest"])),
        expires_at=None if days is None else timezone.now() + timedelta(days=days),
        public=keys.Public(tuple(options["origin"] or ()), tuple(options["score"] or ())),
    )
    return described(key) | {"key": secret}


def rotated(access: Access, options: dict[str, Any]) -> dict[str, Any]:
    if options["overlap_hours"] < 0:
        raise CommandError("--overlap-hours: not less than 0, please")
    old = found(access, options["key"])
    key, secret = keys.rotate(access, old, overlap=timedelta(hours=options["overlap_hours"]))
    return described(key) | {"key": secret, "replaces": str(old.pk)}


def revoked(access: Access, options: dict[str, Any]) -> dict[str, Any]:
    key = found(access, options["key"])
    keys.revoke(access, key)
    key.refresh_from_db()
    return described(key)


ACTIONS: dict[str, Callable[[Access, dict[str, Any]], Any]] = {
    "list": listed,
    "create": created,
    "rotate": rotated,
    "revoke": revoked,
}


def found(access: Access, name: str) -> ApiKey:
    """The key of that id, or the one that has not ended and begins so. Raises CommandError."""
    try:
        matches = list(access.project.api_keys.filter(pk=UUID(name)))
    except ValueError:
        begins = access.project.api_keys.filter(prefix__startswith=name[: keys.PREFIX])
        matches = [key for key in begins if key.state in (ApiKey.WORKS, ApiKey.ENDING)]
    if len(matches) != 1:
        word = "no key" if not matches else "more than one key"
        raise CommandError(f"There is {word} {name!r} in the project; `keys list` shows their ids.")
    return matches[0]


def described(key: ApiKey) -> dict[str, Any]:
    return {
        "id": str(key.pk),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "origins": key.origins,
        "score_names": key.score_names,
        "state": key.state,
        "created_at": moment(key.created_at),
        "expires_at": moment(key.expires_at),
        "revoked_at": moment(key.revoked_at),
        "last_used_at": moment(key.last_used_at),
    }


def moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def line(key: dict[str, Any]) -> str:
    used = key["last_used_at"] or "never"
    scopes = ",".join(key["scopes"])
    text = (
        f"{key['id']}  {key['prefix']}…  {key['state']:8}  {scopes:28}  {used:20.20}  {key['name']}"
    )
    return f"{text}\n{key['key']}  (shown only now)" if "key" in key else text
