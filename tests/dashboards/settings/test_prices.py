"""The page of prices."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from dashboards.settings import prices as page_of_prices
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project, Role, User
from tests.conftest import member
from tests.traces.sending import decoded, llm
from traces.models import PriceOverride, Trace
from traces.selectors.prices import models_in_use
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
PAGE = "/p/shop/settings/prices"
PRICE = {"model": "gpt-4o*", "input": "5", "output": "20", "gpus": "1"}


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def hours(first: int, last: int) -> dict[str, str]:
    now = datetime.now(UTC)
    moments = (now + timedelta(hours=first), now + timedelta(hours=last))
    return dict(zip(("start", "end"), (f"{one:%Y-%m-%dT%H:%M}" for one in moments), strict=True))


def test_models_in_use_show_what_is_in_force(page: Client, access: Access) -> None:
    now = time.time_ns()
    store_spans(
        access,
        decoded(
            llm(start_ns=now - 3 * 10**9),
            llm(
                start_ns=now - 2 * 10**9,
                gen_ai__request__model="gemini-2.5-pro",
                gen_ai__response__model="gemini-2.5-pro",
                gen_ai__provider__name="gcp.gemini",
            ),
            llm(
                start_ns=now - 10**9,
                gen_ai__response__model="ours",
                gen_ai__request__model="ours",
            ),
        ),
    )
    PriceOverride.objects.create(project=access.project, model="gpt-4o*", input=5, output=20)
    found = models_in_use(access.project.pk)
    assert [(one.model, one.price.source) for one in found] == [
        ("ours", "none"),
        ("gemini-2.5-pro", "listed"),
        ("gpt-4o-2024-08-06", "own"),
    ]
    text = page.get(PAGE).content.decode()
    assert 'href="?model=ours&amp;provider=openai#add"' in text
    assert "more above 200.0k input tokens" in text
    assert ">$1.25<" in text
    assert ">$5<" in text


def test_a_price_is_added_and_removed(page: Client) -> None:
    assert page.post(PAGE, PRICE).status_code == 302
    text = page.get(PAGE).content.decode()
    assert ">$20<" in text
    assert page.post(f"{PAGE}/{PriceOverride.objects.get().pk}/delete").status_code == 302
    assert PriceOverride.objects.count() == 0
    added, removed = AuditEntry.objects.filter(action__startswith="price.").order_by("pk")
    assert (added.after or {})["input"] == "5"
    assert (removed.before or {})["input"] == "5.000000"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"input": "", "output": ""}, "Give prices per million tokens"),
        ({"gpu_hour": "1"}, "Give prices per million tokens"),
        ({"input": "-1"}, "not negative"),
        ({"model": "a*b"}, "last character"),
        ({"model": ""}, "required"),
        ({"gpus": "0"}, "one GPU at least"),
        ({"valid_from": "2026-02-01T00:00", "valid_to": "2026-01-01T00:00"}, "begin before"),
    ],
)
def test_prices_without_sense_are_refused(page: Client, wrong: dict[str, str], said: str) -> None:
    answer = page.post(PAGE, PRICE | wrong)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert PriceOverride.objects.count() == 0


def test_a_hostile_model_name_is_text(page: Client, access: Access) -> None:
    name = "<script>alert(1)</script>&x=1#"
    store_spans(access, decoded(llm(gen_ai__response__model=name, gen_ai__request__model=name)))
    text = page.get(PAGE).content.decode()
    assert "<script>alert(1)" not in text
    assert "%3Cscript%3Ealert%281%29%3C/script%3E%26x%3D1%23" in text
    form = page.get(PAGE, {"model": name}).content.decode()
    assert 'value="&lt;script&gt;alert(1)&lt;/script&gt;&amp;x=1#"' in form


def test_re_pricing_is_shown_before_it_is_done(page: Client, access: Access) -> None:
    store_spans(access, decoded(llm()))
    page.post(PAGE, PRICE)
    shown = page.post(f"{PAGE}/reprice", hours(-1, 1)).content.decode()
    assert "What re-pricing would change" in shown
    assert "Re-price 1 spans" in shown
    assert Trace.objects.get().cost_total == 3_500_000_000
    done = page.post(f"{PAGE}/reprice", hours(-1, 1) | {"apply": "1"}).content.decode()
    assert 'id="change-h">Re-priced<' in done
    assert Trace.objects.get().cost_total == 7_000_000_000


@pytest.mark.parametrize(
    ("asked", "said"),
    [(hours(1, -1), "at most 400 days"), ({"start": "x", "end": ""}, "valid date")],
)
def test_a_range_without_sense_is_refused(page: Client, asked: dict[str, Any], said: str) -> None:
    assert said in page.post(f"{PAGE}/reprice", asked).content.decode()


def test_a_range_too_large_for_a_page_is_refused(
    page: Client, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_spans(access, decoded(llm(), llm()))
    monkeypatch.setattr(page_of_prices, "MOST_IN_REQUEST", 1)
    text = page.post(f"{PAGE}/reprice", hours(-1, 1)).content.decode()
    assert "command sightglass reprice" in text


def test_who_may_only_read_sees_prices_and_changes_none(client: Client, project: Project) -> None:
    row = PriceOverride.objects.create(project=project, model="m", input=1)
    client.force_login(member(project, "viewer@example.org", Role.VIEWER))
    text = client.get(PAGE).content.decode()
    assert ">$1<" in text
    assert "Save price" not in text
    assert client.post(PAGE, PRICE).status_code == 403
    assert client.post(f"{PAGE}/{row.pk}/delete").status_code == 403
    assert client.post(f"{PAGE}/reprice", hours(-1, 1)).status_code == 403
    assert PriceOverride.objects.count() == 1


def test_another_project_s_prices_are_not_there(page: Client, other_project: Project) -> None:
    theirs = PriceOverride.objects.create(project=other_project, model="theirs", input=1)
    assert "theirs" not in page.get(PAGE).content.decode()
    assert page.post(f"{PAGE}/{theirs.pk}/delete").status_code == 404
    assert page.get("/p/rival/settings/prices").status_code == 404
    assert PriceOverride.objects.count() == 1
