"""What a reviewer does, in one place: for pages and API alike.

`claim_next` → (`save_draft`)* → `submit`, and `undo`, `skip`, `flag`, `comment` beside it.
"""

from evals.review.services.asides import (
    comment,
    flag,
    remove_comment,
    resolve_flags,
    skip,
    unskip,
)
from evals.review.services.claiming import claim, claim_next, release, renew
from evals.review.services.labelling import save_draft, submit, undo, undo_last

__all__ = [
    "claim",
    "claim_next",
    "comment",
    "flag",
    "release",
    "remove_comment",
    "renew",
    "resolve_flags",
    "save_draft",
    "skip",
    "submit",
    "undo",
    "undo_last",
    "unskip",
]
