"""Characters that are not seen are shown on every page, in whatever field a client sends them."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from html import escape, unescape
from html.parser import HTMLParser
from uuid import UUID

import pytest
from django.test import Client

from dashboards.unseen import holds, isolated, numbered, shown
from evals.datasets.services import datasets
from evals.review.services import filling, queues
from sightglass.accounts.access import Access
from sightglass.accounts.models import User
from tests import test_tenancy
from tests.test_tenancy import PAGES, body, values
from tests.traces import sending
from traces.models import Score
from traces.services.ingest import store_spans

__all__ = ["values"]

TURN = "\u202e"
HIDDEN = ("\u202e", "\u2066", "\u200b", "\u2060", "\ufeff", "\u180e", "\U000e0041")
SEEN_AS = '<bdi class="turns" data-turns="U+{:04X}">{}</bdi>'
READ = ("title", "aria-label", "alt", "placeholder", "label", "data-label")
TRACE, SPAN = bytes(range(101, 117)), bytes(range(101, 109))


class Reader(HTMLParser):
    """What people read of a page: `raw` holds what turns the reading of it."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.raw: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.raw += [f"{name}={said}" for name in READ if TURN in (said := given.get(name) or "")]
        is_ours = given.get("class") == "turns" and given.get("data-turns")
        sent = tag in ("script", "style", "textarea") or (tag == "option" and "value" not in given)
        if is_ours or sent:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if TURN in data and not self.open:
            self.raw.append(data)


def raw_in(page: str) -> list[str]:
    reader = Reader()
    reader.feed(page)
    return reader.raw


def hostile(name: str) -> str:
    return f"{name}{TURN}gnp.exe"


@pytest.fixture
def sent(access: Access, values: dict[str, str]) -> dict[str, str]:
    """A trace of which every field turns its direction, in lists, a queue and a dataset."""
    words = f'[{{"role": "user", "content": "{hostile("asked")}"}}]'
    call = sending.llm(
        TRACE, span_id=SPAN, name=hostile("name"), error=hostile("failed"),
        **{
            "user.id": hostile("user"), "session.id": hostile("session"),
            "deployment.environment.name": hostile("environment"),
            "service.version": hostile("release"),
            "gen_ai.provider.name": hostile("provider"),
            "gen_ai.request.model": hostile("model"), "gen_ai.response.model": hostile("model"),
            "langfuse.trace.tags": [hostile("tag")],
            "langfuse.trace.metadata.key": hostile("metadata"),
            f"own.{hostile('key')}": hostile("value"),
            "gen_ai.input.messages": words, "gen_ai.output.messages": words,
        },
    )  # fmt: skip
    store_spans(access, sending.decoded(call, service__name=hostile("service")))
    Score.objects.create(
        project=access.project, trace_id=UUID(bytes=TRACE), name=hostile("score"),
        category=hostile("value"), source="code", comment=hostile("comment"),
    )  # fmt: skip
    queue = queues.create(
        access, "hostile", queues.Draft("Hostile", [{"key": "a", "text": "A?", "kind": "text"}])
    )
    filling.add(access, queue, [(UUID(bytes=TRACE), None)])
    item = queue.items.get()
    datasets.create(access, "hostile-cases", datasets.Settings("Hostile", ""))
    own = {"trace_id": TRACE.hex(), "span_id": SPAN.hex(), "queue": queue.slug}
    return values | own | {f"{name}:pk": str(item.pk) for name in test_tenancy.OF_ITEM}


QUERY = {
    "id": hostile("user"),
    "of": SPAN.hex(),
    "span": SPAN.hex(),
    "range": "90d",
    "list": "spans",
    "columns": "time,text,name,model,provider,user,session,environment,release,tags",
    "item": f"{TRACE.hex()}:{SPAN.hex()}",
}


SAY_IT = {
    *("traces", "explorer_facets", "trace", "sessions", "session", "users", "user", "review_add"),
    *("dataset_add", "queue_items", "queue_item", "cost"),
}
"""Pages that are known to show the trace."""


def test_no_page_says_a_text_that_turns_what_is_read(
    sent: dict[str, str], owner: User, client: Client
) -> None:
    client.force_login(owner)
    raw: dict[str, list[str]] = {}
    said = set()
    for route in PAGES:
        query = QUERY | {"id": hostile("session" if "session" in route.pattern else "user")}
        for headers in ({}, {"HX-Request": "true"}):
            answer = client.get(route.address(sent), query, headers=headers)
            assert answer.status_code < 500, route.name
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                page = body(answer)
                raw |= {route.name: found} if (found := raw_in(page)) else {}
                said |= {route.name} if "data-turns=" in page else set()
    assert raw == {}
    assert said >= SAY_IT, SAY_IT - said


@pytest.mark.parametrize("one", HIDDEN)
def test_each_is_shown_where_an_element_can_be_and_where_none_can(one: str) -> None:
    number = f"[U+{ord(one):04X}]"
    element = SEEN_AS.format(ord(one), one)
    assert isolated(f"a{one}b") == shown(f"a{one}b") == f"a{element}b"
    assert shown(f'<p title="a{one}" data-x="{one}">{one}</p>') == (
        f'<p title="a{number}" data-x="{one}">{element}</p>'
    )
    for bare in ("title", "svg"):
        assert shown(f"<{bare}><g>{one}</g></{bare}>{one}") == (
            f"<{bare}><g>{number}</g></{bare}>{element}"
        )
    assert holds(f"–{one}".encode()) and numbered(one) == number


@pytest.mark.parametrize(
    "html",
    [
        f"<textarea>{TURN}</textarea>",
        f'<script type="application/json">"{TURN}"</script>',
        f"<option>{TURN}</option>",
        f'<input value="{TURN}"><a href="?q={TURN}">x</a>',
        "שלום\u200f! — “a\u200db” 👩\u200d💻…",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)
def test_what_is_sent_or_does_no_harm_stays(html: str) -> None:
    assert shown(html) == html


def test_a_choice_with_a_value_reads_plainly_and_sends_what_was_stored() -> None:
    assert shown(f'<option value="{TURN}">{TURN}') == f'<option value="{TURN}">[U+202E]'


def test_what_is_shown_already_is_not_shown_twice() -> None:
    page = f"<p>{isolated(TURN)}{TURN}</p>"
    assert shown(page) == shown(shown(page)) == f"<p>{isolated(TURN) * 2}</p>"


def test_nothing_else_of_any_page_is_changed() -> None:
    chance = random.Random(5)
    pieces = ["<p>", "</p>", "<svg>", "</svg>", "<b title='x'>", "<br/>", escape("<&'\">"), "é"]
    for _ in range(300):
        page = "".join(chance.choice([*pieces, *HIDDEN]) for _ in range(30))
        bare = re.sub(r"</?bdi[^>]*>", "", shown(page))
        for one in HIDDEN:
            bare = bare.replace(f"[U+{ord(one):04X}]", one)
        assert unescape(bare) == unescape(page)
    plain = "".join(chance.choice(pieces) for _ in range(500))
    assert shown(plain) == plain and not holds(plain.encode())
