"""Users: their list, and what one asked, took and met."""

import time
from typing import Any

import pytest
from django.test import Client

from dashboards.explorer.ranges import iso
from dashboards.periods import DAY
from dashboards.templatetags.sightglass import moment_of
from sightglass.accounts.access import Access
from sightglass.accounts.models import User
from tests.traces.sending import SECOND, decoded, llm
from traces.services import rolling
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"
START = 1_790_000_000 * SECOND
LIST, VIEW = "/p/shop/users?range=all", "/p/shop/users/view?id="


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def body(page: Client, url: str) -> str:
    answer = page.get(url)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def store(access: Access, *users: str, **more: Any) -> None:
    """A trace for each of these users, a second apart."""
    spans = [
        llm(
            start_ns=START + at * SECOND,
            user__id=user,
            **({"session__id": f"of {user}", "input__value": f"asked {at}."} | more),
        )
        for at, user in enumerate(users)
    ]
    store_spans(access, decoded(*spans))


def test_a_list_tells_what_each_user_took(page: Client, access: Access) -> None:
    store(access, "alice", "alice", "bob")
    text = body(page, LIST)
    assert text.index("bob") < text.index("alice")
    assert "2.0k → 200" in text


def test_an_empty_list_says_how_to_fill_it(page: Client) -> None:
    assert "user.id" in body(page, LIST)


def test_a_list_is_filtered(page: Client, access: Access) -> None:
    store(access, "alice", "bob")
    text = body(page, f"{LIST}&q=user:bob")
    assert ">bob<" in text and ">alice<" not in text


def test_figures_are_those_of_the_overview_that_leads_here(page: Client, access: Access) -> None:
    """A range of days begins at a midnight there, so it does here; ends are whole five minutes."""
    first = time.time_ns() // DAY * DAY - 13 * DAY
    sent = [first - SECOND, first, first + SECOND, first + 12 * DAY + 90 * SECOND]
    spans = [llm(start_ns=ns, end_ns=ns + SECOND, user__id="alice") for ns in sent]
    store_spans(access, decoded(*spans))
    rolling.run(60)
    noted = {"from": iso(first + SECOND), "to": iso(first + 12 * DAY + 60 * SECOND)}
    for asked in ({"range": "14d"}, noted):
        overview = page.get("/p/shop/overview", asked)
        [there] = overview.context["users"]
        users = page.get(overview.context["all_users"])
        [row] = users.context["listing"].rows
        assert (row.sums["cost_total"], row.trace_count) == (there.cost, 3), asked
        assert there.traces == "3"
        day = moment_of(first)
        assert f"{day.day} {day:%b} – " in users.context["listing"].days
        assert f"{users.context['listing'].days}, UTC" in users.content.decode()
    assert page.get(LIST).context["listing"].days == ""


def test_a_user_has_totals_sessions_and_traces(page: Client, access: Access) -> None:
    store(access, "alice", "bob", "alice")
    text = body(page, f"{VIEW}alice")
    for part in ("2,000 → 200", "of alice", "asked 0.", "asked 2."):
        assert part in text
    assert "asked 1." not in text and "of bob" not in text


def test_many_traces_come_in_pages(page: Client, access: Access) -> None:
    store(access, *["alice"] * 30)
    answer = page.get(f"{VIEW}alice")
    first = answer.content.decode()
    assert "asked 29." in first and "asked 0." not in first
    assert "asked 0." in body(page, f"{VIEW}alice&cursor={answer.context['page'].next}")


def test_text_of_clients_is_text(page: Client, access: Access) -> None:
    store(access, HOSTILE, session__id=HOSTILE, input__value=HOSTILE, name=HOSTILE)
    for url in (LIST, f"{VIEW}%3Cscript%3Ealert(1)%3C/script%3E"):
        text = body(page, url)
        assert "<script>alert" not in text and "&lt;script&gt;alert" in text


def test_a_user_is_never_a_query(page: Client, access: Access) -> None:
    """What stands in the id is a value, whatever it looks like."""
    odd = 'x" OR status:ok *'
    store(access, odd, "alice")
    text = body(page, f"{VIEW}x%22%20OR%20status:ok%20*")
    assert "asked 0." in text and "asked 1." not in text


@pytest.mark.parametrize("url", [f"{VIEW}nobody", "/p/shop/users/view", VIEW, f"{VIEW}%00"])
def test_what_is_not_there_is_not_found(page: Client, access: Access, url: str) -> None:
    store(access, "alice")
    assert page.get(url).status_code == 404


def test_a_stranger_sees_nothing(client: Client, access: Access, stranger: User) -> None:
    store(access, "alice")
    client.force_login(stranger)
    for url in (LIST, f"{VIEW}alice"):
        assert client.get(url).status_code == 404
