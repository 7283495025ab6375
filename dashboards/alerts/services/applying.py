"""Rules as a file says: made, changed, and (if asked) removed, until there is no difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import Any, Literal

from django.db import transaction

from dashboards.alerts import documents, selectors, sheets
from dashboards.alerts.documents import Draft
from dashboards.alerts.reading import Document, DocumentError
from dashboards.alerts.services import rules
from sightglass.accounts.access import Access, Permission

Action = Literal["create", "change", "remove"]
SIGNS: dict[Action, str] = {"create": "+", "change": "~", "remove": "-"}


@dataclass(frozen=True, slots=True)
class Difference:
    """What happens to one rule; the documents before and after, None where there is none."""

    action: Action
    slug: str
    before: Document | None
    after: Document | None

    def lines(self) -> list[str]:
        """As a diff of YAML, with a line that says which rule."""
        old, new = (
            sheets.to_yaml(documents.compact(one)).splitlines() if one else []
            for one in (self.before, self.after)
        )
        changed = list(unified_diff(old, new, lineterm="", n=0))[2:]
        kept = [line for line in changed if not line.startswith("@@")]
        return [f"{SIGNS[self.action]} {self.slug}", *(f"    {line}" for line in kept)]


@dataclass(slots=True)
class Applied:
    """`unchanged`: rules that are as the file says. `left`: rules that it does not name."""

    differences: list[Difference] = field(default_factory=list)
    unchanged: int = 0
    left: list[str] = field(default_factory=list)


def export(access: Access) -> Document:
    """All rules of the project as a sheet."""
    found = selectors.list_rules(access).order_by("slug")
    return sheets.written([rules.written(rule) for rule in found])


def apply(
    access: Access, drafts: Sequence[Draft], *, prune: bool = False, dry_run: bool = False
) -> Applied:
    """Make the project's rules those of a sheet; `prune`: remove those that it does not name.

    All or nothing; `dry_run` only compares. Raises PermissionDenied, DocumentError.
    """
    access.require(Permission.WRITE)
    errors: dict[str, str] = {}
    for number, draft in enumerate(drafts):
        try:
            rules.check(access.project, draft, f"/rules/{number}")
        except DocumentError as error:
            errors |= error.errors
    if errors:
        raise DocumentError(errors)
    with transaction.atomic():
        done = _compared(access, drafts, prune=prune)
        if not dry_run:
            _make(access, drafts, done)
    return done


def _compared(access: Access, drafts: Sequence[Draft], *, prune: bool) -> Applied:
    known = {slug: rules.written(rule) for slug, rule in selectors.rules_by_slug(access).items()}
    done = Applied()
    for draft in drafts:
        after, before = documents.write(draft), known.get(draft.slug)
        if before == after:
            done.unchanged += 1
        elif before is None:
            done.differences.append(Difference("create", draft.slug, None, after))
        else:
            done.differences.append(Difference("change", draft.slug, before, after))
    others = sorted(known.keys() - {draft.slug for draft in drafts})
    if prune:
        done.differences += [Difference("remove", slug, known[slug], None) for slug in others]
    else:
        done.left = others
    return done


def _make(access: Access, drafts: Sequence[Draft], done: Applied) -> None:
    by_slug = {draft.slug: draft for draft in drafts}
    found = selectors.rules_by_slug(access)
    # Removed first: there may be no room for the others before.
    for one in sorted(done.differences, key=lambda one: one.action != "remove"):
        if one.action == "remove":
            rules.archive(access, found[one.slug])
        elif one.action == "change":
            rules.change_to(access, found[one.slug], by_slug[one.slug])
        else:
            rules.create_from(access, by_slug[one.slug])


def as_dict(done: Applied, *, dry_run: bool) -> dict[str, Any]:
    """What was (or would be) done, for programs."""
    return {
        "applied": not dry_run,
        "changes": [
            {"action": one.action, "slug": one.slug, "before": one.before, "after": one.after}
            for one in done.differences
        ],
        "unchanged": done.unchanged,
        "kept": done.left,
    }
