"""How an attempt to deliver went."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

GONE = frozenset({HTTPStatus.GONE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Outcome:
    """`error` is ours and for people: never what the other side wrote. `status` is its HTTP status.

    `logged`: no mail server is set up, so it was written to the log and reached nobody.
    `final`: trying again cannot help. `wait`: seconds that the service wants to be left alone.
    """

    ok: bool
    error: str = ""
    status: int | None = None
    final: bool = False
    wait: float | None = None
    logged: bool = False


def delivered(status: int | None = None) -> Outcome:
    return Outcome(True, status=status)


def failed(error: str, *, final: bool = False) -> Outcome:
    return Outcome(False, error[:LONGEST], final=final)


def of_status(status: int, wait: float | None) -> Outcome:
    """What an HTTP status means. Redirects are not followed, so they will not get better."""
    if 200 <= status < 300:
        return delivered(status)
    try:
        phrase = f" {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = ""
    if 300 <= status < 400:
        said = f"HTTP {status}{phrase}: redirects are not followed; enter the final address."
        return Outcome(False, said, status, final=True)
    return Outcome(False, f"HTTP {status}{phrase}", status, status in GONE, wait)
