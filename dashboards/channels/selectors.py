"""Channels and what was sent to them, as read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from dashboards.channels.models import Channel, Delivery
from sightglass.accounts.access import Access
from sightglass.email import NO_SERVER, goes_to_log
from traces.selectors.paging import Cursor, Page, decode, encode

ORDER = "deliveries"
DEAD_AFTER = 10
"""Failures in a row."""


@dataclass(frozen=True, slots=True)
class Health:
    """`word`: off, log, new, works, failing or dead; `detail` says since when or until when."""

    word: str
    detail: str = ""

    @property
    def tone(self) -> str:
        return {"works": "is-good", "log": "is-warn", "failing": "is-warn", "dead": "is-bad"}.get(
            self.word, ""
        )


def channels(access: Access) -> QuerySet[Channel]:
    return Channel.objects.filter(project=access.project)


def get_channel(access: Access, pk: int) -> Channel:
    """Raises Http404 for one that is not there or another project's."""
    found = channels(access).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such channel.")
    return found


def get_delivery(channel: Channel, pk: int) -> Delivery:
    """Raises Http404."""
    found = Delivery.objects.filter(channel=channel, pk=pk).select_related("channel").first()
    if found is None:
        raise Http404("There is no such delivery.")
    return found


def deliveries(channel: Channel, *, limit: int, cursor: str | None) -> Page[Delivery]:
    """What was and will be sent, newest first. Raises CursorError."""
    rows = Delivery.objects.filter(channel=channel).order_by("-pk")
    if cursor is not None:
        rows = rows.filter(pk__lt=decode(cursor, ORDER, (int,)).key[0])
    found = list(rows[: limit + 1])
    more = len(found) > limit
    next_ = encode(ORDER, Cursor((found[limit - 1].pk,))) if more else None
    return Page(found[:limit], next=next_)


def failing(access: Access) -> list[Channel]:
    """Those that are on and have not worked lately: whoever relies on them is not told."""
    return list(channels(access).filter(enabled=True, failures__gte=DEAD_AFTER))


def reaches_nobody(kind: str) -> bool:
    """An e-mail channel without a mail server: what goes to it is written to the log."""
    return kind == Channel.Kind.EMAIL and goes_to_log()


def told(rows: Iterable[Channel], words: str = "Told {}.") -> str:
    """Who is told through these, by name, in `words`; those that reach nobody are set apart."""
    found = sorted(rows, key=lambda row: row.name)
    logged = [row.name for row in found if reaches_nobody(row.kind)]
    names = [row.name for row in found if not reaches_nobody(row.kind)]
    said = [words.format(", ".join(names))] if names else []
    if logged:
        who = "" if names else "Nobody is told. "
        said.append(f"{who}{NO_SERVER[:-1]}: {', '.join(logged)}.")
    return " ".join(said)


def health(row: Channel) -> Health:
    if not row.enabled:
        return Health("off", "nothing is sent to it")
    if reaches_nobody(row.kind):
        return Health("log", NO_SERVER)
    if row.failures:
        return Health("dead" if row.failures >= DEAD_AFTER else "failing", _failures(row))
    if row.last_ok_at is None:
        return Health("new", "nothing was sent to it yet")
    return Health("works", f"sent at {row.last_ok_at:%Y-%m-%d %H:%M} UTC")


def _failures(row: Channel) -> str:
    many = "1 failure" if row.failures == 1 else f"{row.failures:,} failures in a row"
    if row.rests_until is not None and row.rests_until > timezone.now():
        return f"{many}; tried again at {row.rests_until:%H:%M:%S} UTC"
    return many
