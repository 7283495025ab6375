"""What a reviewer does besides labelling: pass an item over, ask a lead, write to the others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from evals.review.errors import Conflict, invalid
from evals.review.models import Claim, Comment, Flag, Item, Skip, State
from evals.review.services import claiming, standing
from sightglass.accounts import audit
from sightglass.accounts.access import ROLE_PERMISSIONS, Access, Permission
from sightglass.accounts.models import Membership, User

LONGEST_REASON = 500
LONGEST_COMMENT = 10_000
MOST_COMMENTS = 500
MOST_MENTIONS = 20
MENTION = re.compile(r"(?<![\w.@])@([\w.+%-]{1,64}@[\w.-]{1,190}\w)")


def skip(access: Access, item: Item, reason: str) -> Skip:
    """Leave the item to others; the draft stays. Raises PermissionDenied, Invalid, Conflict."""
    user = standing.labeller(access, item.queue)
    reason = _reason(reason, LONGEST_REASON)
    with transaction.atomic():
        locked = claiming.lock(item)
        claiming.check_open(locked, user)
        made, _ = Skip.objects.update_or_create(
            item=locked, reviewer=user, defaults={"reason": reason, "created_at": timezone.now()}
        )
        Claim.objects.filter(item=locked, reviewer=user).delete()
    return made


def unskip(access: Access, item: Item) -> None:
    """Take the item up again."""
    user = standing.labeller(access, item.queue)
    Skip.objects.filter(item=item, reviewer=user).delete()


def flag(access: Access, item: Item, reason: str) -> Flag:
    """Ask a lead: the item is handed out no more until they answer. The draft stays.

    Raises PermissionDenied, Invalid, Conflict.
    """
    user = standing.labeller(access, item.queue)
    reason = _reason(reason, 2_000)
    with transaction.atomic():
        locked = claiming.lock(item)
        if locked.state == State.WITHDRAWN:
            raise Conflict("withdrawn", "The item was taken out of the queue.")
        made = Flag.objects.create(item=locked, author=user, reason=reason)
        _set_flagged(locked, True)
        Claim.objects.filter(item=locked, reviewer=user).delete()
        audit.record("review.flagged", _name(item), access=access, after={"reason": reason})
    return made


def resolve_flags(access: Access, item: Item) -> int:
    """A lead has answered: the item is handed out again. Returns how many flags there were."""
    standing.lead(access, item.queue)
    with transaction.atomic():
        locked = claiming.lock(item)
        resolved = locked.flags.filter(resolved_at=None).update(
            resolved_at=timezone.now(), resolved_by=access.user
        )
        _set_flagged(locked, False)
        if resolved:
            audit.record("review.flag_resolved", _name(item), access=access)
    return resolved


def _set_flagged(item: Item, flagged: bool) -> None:
    item.flagged = flagged
    item.version += 1
    item.save(update_fields=["flagged", "version"])


def comment(access: Access, item: Item, text: str, mentions: Sequence[str] = ()) -> Comment:
    """Say something about the item, to all who see it.

    People are mentioned by their address: in `mentions`, or as @address in the text. Raises
    PermissionDenied, Invalid (nobody of that address can see the queue).
    """
    user = _speaker(access, item)
    text = text.strip()
    if not 0 < len(text) <= LONGEST_COMMENT:
        raise invalid("/text", f"Must have 1 to {LONGEST_COMMENT} characters.")
    if item.comments.count() >= MOST_COMMENTS:
        raise invalid("/text", f"An item has at most {MOST_COMMENTS} comments.")
    asked = [address.lower() for address in mentions]
    if len(asked) > MOST_MENTIONS:
        raise invalid("/mentions", f"At most {MOST_MENTIONS} people.")
    written = [address.lower() for address in MENTION.findall(text)][:MOST_MENTIONS]
    known = _mentionable(item, [*asked, *written])
    for n, address in enumerate(asked):
        if address not in known:
            raise invalid(f"/mentions/{n}", "Is nobody who works on this queue.")
    ids = sorted({known[address] for address in [*asked, *written] if address in known})
    return Comment.objects.create(item=item, author=user, text=text, mentions=ids)


def _speaker(access: Access, item: Item) -> User:
    """Whoever labels in the queue or leads it."""
    if access.user is not None and standing.may_lead(access, item.queue):
        return access.user
    return standing.labeller(access, item.queue)


def _mentionable(item: Item, addresses: Sequence[str]) -> dict[str, int]:
    """By address: members who may see the queue."""
    if not addresses:
        return {}
    named = standing.roles(item.queue)
    is_open = standing.REVIEWER not in named.values()
    members = Membership.objects.filter(
        project_id=item.queue.project_id, user__email__in=set(addresses)
    ).select_related("user")
    found = {}
    for member in members:
        granted = ROLE_PERMISSIONS[member.role]
        works = Permission.REVIEW in granted and (is_open or member.user_id in named)
        if works or Permission.WRITE in granted:
            found[member.user.email] = member.user_id
    return found


def remove_comment(access: Access, item: Item, pk: int) -> bool:
    """Take back one's own comment; a lead may any. Returns whether there was one."""
    rows = item.comments.filter(pk=pk)
    if not standing.may_lead(access, item.queue):
        rows = rows.filter(author=_speaker(access, item))
    return bool(rows.delete()[0])


def _reason(text: str, longest: int) -> str:
    text = " ".join(text.split())
    if not 0 < len(text) <= longest:
        raise invalid("/reason", f"Must have 1 to {longest} characters.")
    return text


def _name(item: Item) -> str:
    return f"{item.queue.slug} #{item.pk}"
