"""Short ways to pages of queues."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client

from sightglass.accounts.access import Access

HOSTILE = "<script>alert(1)</script>"
REVIEW = "/p/shop/review"


def as_(access: Access) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    assert access.user is not None
    client.force_login(access.user)
    return client


def text(client: Client, path: str = "", status: int = 200, **more: Any) -> str:
    """The page below the project's queues."""
    answer = client.get(f"{REVIEW}{path}", **more)
    assert answer.status_code == status, path
    if isinstance(answer, StreamingHttpResponse):
        return answer.getvalue().decode()
    return answer.content.decode()


def post(client: Client, path: str, given: dict[str, Any], **more: Any) -> HttpResponse:
    answer = client.post(f"{REVIEW}{path}", given, **more)
    assert isinstance(answer, HttpResponse)
    return answer


FORM: dict[str, Any] = {
    "name": "Answers", "slug": "", "guidelines": "", "labels_wanted": "1", "blind": "1",
    "order": "oldest", "order_score": "", "seed": "1", "goal_hours": "", "lease_minutes": "15",
    "gold_percent": "10", "do": "save",
}  # fmt: skip
"""The form of a queue as a browser sends it, without questions."""


def asking(*questions: dict[str, Any]) -> dict[str, Any]:
    """Rows of the rubric as a browser sends them."""
    sent: dict[str, Any] = {"rows": str(len(questions))}
    for n, question in enumerate(questions):
        usual = {"kind": "boolean", "required": "1", "low": "1", "high": "5", "field": "output"}
        for name, value in (usual | question).items():
            if value is not None:
                sent[f"q{n}-{name}"] = value
    return sent
