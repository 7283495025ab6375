"""A notice as an e-mail: plain text, one for all that waits for a person at the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage

from dashboards.queues import links
from dashboards.queues.models import Notice
from evals.review.selectors import hearing
from sightglass.accounts.access import access_of_user
from sightglass.accounts.models import User
from sightglass.addresses import absolute

LONGEST = 1_000
"""Characters of what was written."""
WITHHELD = "You see what was written once you have labelled the item."


@dataclass(frozen=True, slots=True)
class Told:
    """One mention or flag."""

    who: str
    queue: str
    project: str
    text: str
    url: str
    asks_lead: bool
    withheld: bool = False

    @classmethod
    def of(cls, notice: Notice) -> Told:
        """Its item with queue and project, and the author, must be loaded."""
        about = notice.comment or notice.flag
        assert about is not None  # noqa: S101 - a constraint of the table
        queue = about.item.queue
        if notice.comment:
            hearing.keep_back(access_of_user(notice.user, queue.project.slug), [notice.comment])
        return cls(
            who=str(about.author) if about.author else "Somebody",
            queue=queue.name,
            project=queue.project.name,
            text=notice.comment.text if notice.comment else notice.flag.reason,  # type: ignore[union-attr]
            url=absolute(links.item(about.item)),
            asks_lead=notice.flag is not None,
            withheld=bool(notice.comment and notice.comment.withheld),
        )

    @property
    def headline(self) -> str:
        if self.asks_lead:
            return f"{self.who} asks about an item of {self.queue}"
        return f"{self.who} mentions you in {self.queue}"

    @property
    def plain(self) -> str:
        if self.withheld:
            return f"{self.headline}.\n\n{WITHHELD}\n\n{self.url}\n"
        text = self.text.strip()
        text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
        quoted = "\n".join(f"> {line}" for line in text.splitlines())
        return f"{self.headline}:\n\n{quoted}\n\n{self.url}\n"


def message_of(user: User, message_id: UUID, told: Sequence[Told]) -> EmailMessage:
    """Every attempt has the same Message-ID: mail servers and programs drop what they have had."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    headers = {"Message-ID": f"<{message_id.hex}@{domain}>", "Auto-Submitted": "auto-generated"}
    first = told[0]
    more = f", and {len(told) - 1} more" if len(told) > 1 else ""
    subject = " ".join(f"{first.headline}{more} ({first.project})".split())
    why = (
        "You get this because you lead the queue"
        if all(one.asks_lead for one in told)
        else "You get this because somebody wrote your address"
    )
    body = "\n\n".join(one.plain for one in told)
    text = f"{body}\n-- \n{why} in the project {first.project}.\n"
    return EmailMessage(subject, text, None, [user.email], headers=headers)
