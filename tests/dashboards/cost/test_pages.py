"""The cost pages over two months of traffic: figures, links, files, and the manager's question."""

from __future__ import annotations

import csv
import io
import re
import time
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards.cost import reading
from dashboards.cost import spending as spending_page
from sightglass.accounts.access import Access
from sightglass.accounts.models import User
from tests.dashboards.cost.traffic import (
    DAY,
    begun,
    call,
    iso,
    month,
    run_away,
    settle,
    two_months,
)
from tests.traces.sending import SECOND, decoded, llm
from traces.models import Span, Trace
from traces.rollups.explain import CAUSES, Cause
from traces.selectors import cubes
from traces.selectors.paging import TooSlow
from traces.services import indexing
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db

COST = "/p/shop/cost"
HOUR = DAY // 24
PAGES = (COST, f"{COST}/change", f"{COST}/efficiency", f"{COST}/what-if")


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def traffic(access: Access) -> Access:
    two_months(access)
    return access


def when(ago: int = 1) -> dict[str, str]:
    """A month as the range of a page."""
    found = month(ago).range
    return {"from": iso(found.start_ns or 0), "to": iso(found.end_ns or 0)}


def shown(page: Client, url: str, **query: str) -> str:
    """The text of a page, white space folded."""
    response = page.get(url, when() | query)
    assert response.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def rows(page: Client, url: str, card: str, **query: str) -> list[dict[str, str]]:
    response = page.get(url, when() | query | {"csv": card})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def cost_of(**filters: object) -> Decimal:
    """US dollars of the spans of a user, straight from their rows."""
    traces = Trace.objects.filter(**filters).values("trace_id")
    spans = Span.objects.filter(trace_id__in=traces, cost_total__isnull=False)
    return Decimal(sum(cost or 0 for cost in spans.values_list("cost_total", flat=True))) / 10**12


def of_month(ago: int, **more: object) -> dict[str, object]:
    found = month(ago).range
    return {"start_ns__gte": found.start_ns, "start_ns__lt": found.end_ns, **more}


# ── The question ─────────────────────────────────────────────────────────────────────────────────


def test_what_did_this_customer_cost_and_why_more_than_the_month_before(
    page: Client, traffic: Access
) -> None:
    """A whole month is compared with the one before by itself."""
    text = shown(page, f"{COST}/change", q="user:acct_1")
    late, early = month(1).label, month(2).label
    assert f"{late} cost " in text and f"more than {early}" in text
    assert "The main reason: input per call" in text
    assert "1.0k → 2.3k tokens per call" in text or "tokens per call" in text
    parts = rows(page, f"{COST}/change", "change", q="user:acct_1")
    assert [parts[0]["part"], parts[-1]["part"]] == [early, late]
    amounts = [Decimal(row["amount (US$)"]) for row in parts]
    assert amounts[0] == cost_of(**of_month(2, user_id="acct_1"))
    assert amounts[-1] == cost_of(**of_month(1, user_id="acct_1"))
    assert amounts[0] + sum(amounts[1:-1]) == amounts[-1], "to the last digit"
    causes = {row["part"] for row in parts[1:-1]}
    assert {"Input per call", "Retries and loops"} <= causes


def test_a_move_to_a_small_model_is_mix(page: Client, traffic: Access) -> None:
    text = shown(page, f"{COST}/change", q="user:acct_2")
    assert "less than" in text and "The main reason: mix of models" in text


def test_slices_sum_to_the_difference_and_lead_to_their_traces(
    page: Client, traffic: Access
) -> None:
    found = rows(page, f"{COST}/change", "slices")
    for row in found:
        causes = [Decimal(row[f"{cause.value}_usd"]) for cause in CAUSES]
        assert sum(causes) == Decimal(row["difference_usd"])
    whole = sum(Decimal(row["difference_usd"]) for row in found)
    assert whole == cost_of(**of_month(1)) - cost_of(**of_month(2))
    models = {row["model"] for row in found}
    assert models == {"gpt-4o", "gpt-4o-mini", "our-llama"}
    response = page.get(f"{COST}/change", when())
    urls = [row.traces for row in response.context["rows"]]
    asked = parse_qs(urlsplit(urls[0]).query)
    assert "model:gpt-4o" in asked["q"][0] and "prompt:answer" in asked["q"][0]
    assert page.get(urls[0]).status_code == 200


def test_one_slice_is_looked_into(page: Client, traffic: Access) -> None:
    text = shown(page, f"{COST}/change", model="gpt-4o", part="answer")
    assert "Inside gpt-4o · answer" in text
    for fact in ("Calls", "Input per call", "Price of a million input tokens", "Cost per call"):
        assert fact in text
    assert "$2.50 $2.50" in text, "the price stayed"
    parts = rows(page, f"{COST}/change", "slice", model="gpt-4o", part="answer")
    amounts = [Decimal(row["amount (US$)"]) for row in parts]
    assert amounts[0] + sum(amounts[1:-1]) == amounts[-1]
    unknown = shown(page, f"{COST}/change", model="gpt-4o", part="nothing")
    assert "Inside" not in unknown


def test_any_two_periods(page: Client, traffic: Access) -> None:
    start = month(2).range.start_ns or 0
    base = {"base_from": iso(start), "base_to": iso(start + 5 * DAY)}
    response = page.get(f"{COST}/change", when(2) | base)
    periods = response.context["periods"]
    assert periods.before.end_ns - periods.before.start_ns == 5 * DAY
    assert periods.now == month(2).range
    assert "has 5 days" in periods.uneven
    change = response.context["explained"].change
    assert (change.before.calls, change.after.calls, change.difference) == (20, 20, 0)


def test_a_period_that_cannot_be_read_is_said(page: Client, traffic: Access) -> None:
    text = shown(page, f"{COST}/change", base_from="soon")
    assert "'soon' is no time" in text
    assert "The main reason" in text, "the month before is compared all the same"


def test_slices_by_any_feature_add_up(page: Client, traffic: Access) -> None:
    whole = cost_of(**of_month(1)) - cost_of(**of_month(2))
    for by in (*reading.FEATURES, "nonsense"):
        change = page.get(f"{COST}/change", when() | {"by": by}).context["explained"].change
        assert Decimal(change.difference) / 10**12 == whole, by
    response = page.get(f"{COST}/change", when() | {"by": "user_id"})
    assert {row.name for row in response.context["rows"]} == {"acct_1", "acct_2", "acct_3"}
    assert response.context["explained"].change.causes["models"] == 0


def test_what_is_too_much_to_tell_apart_is_one_slice_and_said_so(
    page: Client, traffic: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = cubes.of_spans

    def slow(*arguments: Any, **more: Any) -> object:
        if more.get("by"):
            raise TooSlow
        return real(*arguments, **more)

    monkeypatch.setattr(cubes, "of_spans", slow)
    text = shown(page, f"{COST}/change")
    assert "could not be told apart in time" in text
    assert "The main reason" in text


# ── Spending ─────────────────────────────────────────────────────────────────────────────────────


def test_what_was_spent_on_each_model(page: Client, traffic: Access) -> None:
    response = page.get(COST, when())
    lines = {line.name: line for line in response.context["lines"]}
    assert lines.keys() == {"gpt-4o", "gpt-4o-mini", "our-llama"}
    known = sum(line.cost for line in lines.values() if line.cost is not None)
    assert Decimal(known) / 10**12 == cost_of(**of_month(1))
    assert lines["our-llama"].cost is None and lines["our-llama"].unpriced == "3"
    text = shown(page, COST)
    assert "3 calls (10.3%) have no known cost, and nothing of it is in these figures." in text
    tiles = {tile.label: tile for tile in response.context["tiles"]}
    assert tiles["Spent"].note == "29 calls"
    assert tiles["Per trace"].note == "24 traces"
    assert tiles["Repeated calls"].note == "5 retries and loops"


def test_calls_without_a_price_are_named_and_lead_to_where_one_is_set(
    page: Client, traffic: Access
) -> None:
    start = month(1).range.start_ns or 0
    counted: Any = {"gen_ai__usage__input_tokens": None, "gen_ai__usage__output_tokens": None}
    store_spans(traffic, decoded(call(start + 4 * DAY, "No tokens", **counted)))
    for url in (COST, f"{COST}/change", f"{COST}/what-if"):
        own, silent = page.get(url, when()).context["unpriced"]
        assert (own.name, own.calls) == ("our-llama (own)", "3 chat calls")
        assert (silent.name, silent.calls) == ("gpt-4o (openai)", "1 chat call")
        assert "no price is known" in own.reason and "said no tokens" in silent.reason
        form = page.get(own.price_url)
        assert form.context["form"].initial == {"model": "our-llama", "provider": "own"}
        assert page.get(own.url).status_code == 200
        text = shown(page, url)
        assert "our-llama (own) : 3 chat calls; no price is known. Set a price" in text
        assert "Re-price a time" in text
    assert page.get(COST, when() | {"q": "user:acct_2"}).context["unpriced"] == []


def test_what_no_price_list_has_is_said_quietly(page: Client, access: Access) -> None:
    start = month(1).range.start_ns or 0
    ours = [call(start + n * SECOND, f"O {n}", model="our-llama") for n in range(30)]
    listed = [call(start + n * SECOND, f"L {n}") for n in range(120)]
    store_spans(access, decoded(*ours, *listed))
    for url in (COST, f"{COST}/change", f"{COST}/what-if"):
        html = page.get(url, when()).content.decode()
        assert '<details class="sm t2 cost-apart" id="apart">' in html
        assert '<div class="note" id="apart">' not in html
        text = shown(page, url)
        assert (
            "30 calls (20.0%) have no known cost, and nothing of it is in these figures."
            " All of them are of our-llama (own), which no price list has."
        ) in text
        assert "no price is known. Set a price" in text
    newer = [call(start + n * SECOND, f"N {n}", model="gpt-99",
                  gen_ai__provider__name="openai") for n in range(2)]  # fmt: skip
    store_spans(access, decoded(*newer))
    html = page.get(COST, when()).content.decode()
    assert '<div class="note" id="apart">' in html, "a model that the list should know"
    assert "30 of them are of our-llama (own), which no price list has." in html


def test_nothing_is_new_where_all_is(page: Client, access: Access) -> None:
    start = month(1).range.start_ns or 0
    store_spans(access, decoded(call(start + SECOND, "First")))
    response = page.get(COST, when())
    assert response.context["tiles"][0].change is None
    assert [line.change.text for line in response.context["lines"]] == [""]
    assert "nothing before to compare with" in shown(page, COST)


def test_every_dimension_and_its_file(page: Client, traffic: Access) -> None:
    whole = cost_of(**of_month(1))
    for by in spending_page.DIMENSIONS:
        lines = page.get(COST, when() | {"by": by}).context["lines"]
        assert Decimal(sum(line.cost or 0 for line in lines)) / 10**12 == whole, by
        found = rows(page, COST, "cost", by=by)
        assert len(found) >= 28
        values = [value for row in found for name, value in row.items() if "time" not in name]
        assert sum(Decimal(value or 0) for value in values) == whole, by


def test_a_change_leads_to_what_explains_it(page: Client, traffic: Access) -> None:
    [line] = [one for one in page.get(COST, when() | {"by": "user_id"}).context["lines"]
              if one.name == "acct_1"]  # fmt: skip
    assert page.get(line.change_url).context["explained"].sentences[1].startswith("The main reason")
    assert parse_qs(urlsplit(line.change_url).query)["q"] == ["user:acct_1"]


def test_tags_overlap_and_the_total_does_not(page: Client, access: Access) -> None:
    start = month(1).range.start_ns or 0
    tagged: Any = {"langfuse__trace__tags": ["a", "b"]}
    store_spans(access, decoded(call(start + SECOND, "Hello", **tagged)))
    response = page.get(COST, when() | {"by": "tag"})
    lines = response.context["lines"]
    assert {line.name for line in lines} == {"a", "b"}
    assert response.context["tiles"][0].value == page.get(COST, when()).context["tiles"][0].value
    assert "counted in each of them" in response.content.decode()


# ── Efficiency ───────────────────────────────────────────────────────────────────────────────────


def test_loops_and_missed_beginnings_have_a_price(page: Client, traffic: Access) -> None:
    response = page.get(f"{COST}/efficiency", when())
    parts = {part.card.id: part for part in response.context["parts"]}
    [again] = parts["repeats"].rows
    assert (again.name, again.calls) == ("gpt-4o · answer", "5")
    each = cost_of(**of_month(1, name="chat", call_count=6)) / 6
    assert again.money == f"{each * 5 * 100:.2f}¢"
    [loop] = response.context["loops"]
    assert (loop.calls, loop.what) == ("5", "a loop: one prompt asked again 5 times")
    assert page.get(loop.url).status_code == 200
    text = shown(page, f"{COST}/efficiency")
    assert "Repeating the same calls within a trace cost" in text


def test_long_prompts_with_short_answers(page: Client, access: Access) -> None:
    start = month(1).range.start_ns or 0
    calls = [call(start + at * SECOND, f"Title of {at}", prompt="title", tokens=(8_000, 12))
             for at in range(25)]  # fmt: skip
    store_spans(access, decoded(*calls))
    indexing.run(30)
    response = page.get(f"{COST}/efficiency", when())
    parts = {part.card.id: part for part in response.context["parts"]}
    [long] = parts["long"].rows
    assert (long.name, long.money) == ("gpt-4o · title", "50.0¢")  # 200,000 tokens at $2.50
    [missed] = parts["prefixes"].rows
    assert (missed.calls, missed.money) == ("24", "24.0¢")  # 192,000 at half of that
    assert len(rows(page, f"{COST}/efficiency", "long")) == 1


DATED = "gpt-5.4-mini-2036-10-28"
"""What a provider answers who was asked for gpt-5.4-mini; no list has this name."""


def send_dated(access: Access) -> None:
    start = month(1).range.start_ns or 0
    calls = [call(start + at * SECOND, f"Of {at}", gen_ai__provider__name="openai",
                  gen_ai__request__model="gpt-5.4-mini", gen_ai__response__model=DATED,
                  tokens=(2_000, 200)) for at in range(10)]  # fmt: skip
    store_spans(access, decoded(*calls))
    indexing.run(30)


def test_every_page_finds_the_price_that_calls_had(page: Client, access: Access) -> None:
    send_dated(access)
    spent = cost_of(**of_month(1))
    assert spent > 0
    response = page.get(f"{COST}/what-if", when() | {"on": DATED})
    assert response.context["unknown"] == ""
    assert Decimal(response.context["moved"].after) / 10**12 == spent
    response = page.get(f"{COST}/efficiency", when())
    parts = {part.card.id: part for part in response.context["parts"]}
    [missed] = parts["prefixes"].rows
    assert missed.name == f"{DATED} · answer" and missed.money != "–"
    text = shown(page, f"{COST}/efficiency")
    assert f"could save up to {missed.money}. " in text
    assert "have no known" not in text


def test_a_saving_says_of_which_calls_no_price_is_known(page: Client, access: Access) -> None:
    send_dated(access)
    start = (month(1).range.start_ns or 0) + HOUR
    own = [call(start + at * SECOND, f"Own {at}", model="our-llama", tokens=(2_000, 200))
           for at in range(4)]  # fmt: skip
    store_spans(access, decoded(*own))
    indexing.run(30)
    text = shown(page, f"{COST}/efficiency")
    assert (
        ". 3 more such calls have no known price of cached input, and nothing of them is in that."
        in text
    )
    assert "our-llama (own) : 4 chat calls; no price is known." in text
    text = shown(page, f"{COST}/efficiency", q="model:our-llama")
    said = "3 calls have repeated beginnings that no cache read; what one could save is not known."
    assert said in text


def test_repeats_of_failed_calls_have_no_known_cost_on_any_page(
    page: Client, access: Access
) -> None:
    start = month(1).range.start_ns or 0
    trace = bytes(range(16))
    failed = [call(start + at * SECOND, "Again", trace=trace, error="timeout", tokens=(None, None))
              for at in range(3)]  # fmt: skip
    priced = [call(start + DAY + at * SECOND, f"Of {at}") for at in range(5)]
    store_spans(access, decoded(*failed, *priced))
    indexing.run(30)
    [tile] = [one for one in page.get(COST, when()).context["tiles"]
              if one.label == "Repeated calls"]  # fmt: skip
    assert (tile.value, tile.note) == ("–", "2 retries and loops, whose cost is not known")
    response = page.get(f"{COST}/efficiency", when())
    parts = {part.card.id: part for part in response.context["parts"]}
    assert [(row.calls, row.money) for row in parts["repeats"].rows] == [("2", "–")]
    text = shown(page, f"{COST}/efficiency")
    assert "2 calls repeat what their trace had asked before; their cost is not known." in text


# ── Traces that ran away ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
def astray(access: Access) -> bytes:
    return run_away(access, (month(1).range.start_ns or 0) + 20 * DAY)


def test_a_trace_that_ran_away_leads_the_page_of_efficiency(page: Client, astray: bytes) -> None:
    response = page.get(f"{COST}/efficiency", when())
    [row] = response.context["runaways"]
    assert (row.name, row.calls, row.usual, row.grown) == ("research", "15", "2", "1.0k → 15.0k")
    assert row.url == f"/p/shop/traces/{astray.hex()}"
    assert row.ended == "no answer", "what was asked is known, and nothing came of it"
    assert page.get(row.url).status_code == 200
    cost = cost_of(**of_month(1, trace_id=UUID(bytes=astray)))
    assert row.cost == f"{cost * 100:.1f}¢"
    text = shown(page, f"{COST}/efficiency")
    assert f"1 trace of research ran away and cost {row.cost}" in text
    assert "15 calls, where 2 are usual." in text
    none = shown(page, f"{COST}/efficiency", q="user:acct_1")
    assert "ran away and" not in none and "No trace made many more calls" in none


def test_whose_a_runaway_trace_was_and_how_it_ended(page: Client, access: Access) -> None:
    start = (month(1).range.start_ns or 0) + 20 * DAY
    said: Any = {
        "langfuse__trace__metadata__team": "<b>buying</b>",
        "langfuse__trace__tags": ["research", "agent"],
        "error": "recursion_limit",
    }
    run_away(access, start, **said)
    for url in (f"{COST}/efficiency", f"{COST}/change"):
        response = page.get(url, when())
        [row] = response.context["runaways"]
        assert (row.user, row.ended) == ("acct_2", "error")
        assert row.facts == ["team: <b>buying</b>", "research", "agent"]
        assert "<b>buying" not in response.content.decode()
        assert "research error team: <b>buying</b> · research · agent" in shown(page, url)
        assert page.get(row.user_url).content.decode().count("data-row=") == 1


def test_money_of_runaway_traces_is_not_told_twice(page: Client, access: Access) -> None:
    start = (month(1).range.start_ns or 0) + 20 * DAY
    run_away(access, start, calls=25, gen_ai__usage__cache_read__input_tokens=900)
    text = shown(page, f"{COST}/efficiency")
    assert re.search(r"cost [^ ]+ of input, all of it in traces that ran away\.", text)
    assert "read from cache; all of it in traces that ran away" in text
    assert "or a cache for the part that repeats make them cheaper" in text, "little is cached"
    several = [call(start + DAY + n * SECOND, f"t{n}", prompt="step", model="claude-sonnet-4-5",
                    name="other", tokens=(8_000, 12)) for n in range(25)]  # fmt: skip
    store_spans(access, decoded(*several))
    indexing.run(30)
    text = shown(page, f"{COST}/efficiency")
    told = re.search(r"cost ([^ ]+) of input, ([^ ]+) of it in traces that ran away\.", text)
    assert told and told[2] != "all" and told[1] != told[2]


def test_what_runaway_traces_cost_is_said_beside_other_prices(page: Client, astray: bytes) -> None:
    plain = shown(page, f"{COST}/what-if")
    gone = cost_of(**of_month(1, trace_id=UUID(bytes=astray)))
    whole = cost_of(**of_month(1))
    said = f"1 trace that ran away cost {gone * 100:.1f}¢ of what it was"
    assert f"{said}, and is in every figure here." in plain
    text = shown(page, f"{COST}/what-if", on="gpt-4o-mini")
    response = page.get(f"{COST}/what-if", when() | {"on": "gpt-4o-mini"})
    rest = next(row for row in response.context["rows"] if row.name.startswith("gpt-4o ("))
    assert f"{said}: the rest would have cost {rest.after} instead of {rest.before}," in text
    assert rest.before == f"{(whole - gone) * 100:.1f}¢"
    [lost] = [row for row in response.context["rows"] if row.name.startswith("claude-sonnet")]
    [target] = [one for one in response.context["targets"] if one.name == "gpt-4o-mini"]
    assert lost.away == "Less only because of runaway traces", "no other call is of that model"
    assert target.away.endswith("of the difference rests on runaway traces") and target.away in text
    assert not rest.away
    assert f'href="{response.context["runaways_url"]}"' in unescape(response.content.decode())
    assert "ran away" not in shown(page, f"{COST}/what-if", q="user:acct_1")


def test_a_cache_is_no_advice_for_what_a_cache_read(page: Client, access: Access) -> None:
    start = month(1).range.start_ns or 0
    calls = [call(start + at * SECOND, f"Title of {at}", prompt="title", tokens=(8_000, 12),
                  gen_ai__usage__cache_read__input_tokens=7_200) for at in range(25)]  # fmt: skip
    store_spans(access, decoded(*calls))
    text = shown(page, f"{COST}/efficiency")
    assert "90.0% of it was read from a cache, so there is little left to cache" in text
    assert "a cache for the part that repeats" not in text and "ran away and" not in text


def test_what_caches_saved_in_runaway_traces_is_said_at_the_tile(
    page: Client, access: Access
) -> None:
    at = (month(1).range.start_ns or 0) + 20 * DAY
    run_away(access, at, gen_ai__usage__cache_read__input_tokens=900)
    cached = [call(at - DAY + n * SECOND, f"Of {n}", gen_ai__usage__cache_read__input_tokens=750)
              for n in range(20)]  # fmt: skip
    store_spans(access, decoded(*cached))

    def tile(**query: str) -> spending_page.Tile:
        tiles: list[spending_page.Tile] = page.get(COST, when() | query).context["tiles"]
        return next(one for one in tiles if one.label == "Read from cache")

    # 15 calls at $2.70 less for a million tokens, and 20 at $1.25 less
    share = 15 * 900 * 2.7 / (15 * 900 * 2.7 + 20 * 750 * 1.25)
    assert tile().note == f"of input; saved 5.52¢, {share:.1%} of which rests on runaway traces"
    assert tile().url.endswith("#runaways")
    assert "runaway" not in tile(q="user:acct_1").note


def test_a_trace_that_ran_away_is_the_main_reason_to_the_last_digit(
    page: Client, astray: bytes
) -> None:
    start = (month(1).range.start_ns or 0) + 20 * DAY
    day = {"from": iso(start), "to": iso(start + DAY)}
    text = shown(page, f"{COST}/change", **day)
    assert "The main reason: runaway traces (+" in text
    assert "claude-sonnet-4-5 · step: 0 → 15 calls in them" in text
    assert re.search(r"1 trace of research ran away on \d+ \w{3} and cost ", text)
    assert re.search(r" On \d+ \w{3} none did\.", text)
    for by in reading.FEATURES:
        response = page.get(f"{COST}/change", day | {"by": by})
        change = response.context["explained"].change
        gone = Decimal(change.causes[Cause.RUNAWAYS]) / 10**12
        assert gone == cost_of(**of_month(1, trace_id=UUID(bytes=astray))), by
        assert sum(change.causes.values()) == change.difference, by
        [row] = response.context["runaways"]
        assert row.period == response.context["periods"].now_name
    parts = rows(page, f"{COST}/change", "change", **day)
    amounts = [Decimal(row["amount (US$)"]) for row in parts]
    assert amounts[0] + sum(amounts[1:-1]) == amounts[-1]


def test_runaway_traces_that_cannot_be_found_in_time_are_no_cause_and_said_so(
    page: Client, astray: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object, **__: object) -> None:
        raise TooSlow

    monkeypatch.setattr(reading, "runaways", slow)
    for url in (f"{COST}/change", f"{COST}/efficiency"):
        text = shown(page, url)
        assert "took too long" in text and "ran away and" not in text
    change = page.get(f"{COST}/change", when()).context["explained"].change
    assert change.causes[Cause.RUNAWAYS] == 0
    assert sum(change.causes.values()) == change.difference != 0


# ── What if ──────────────────────────────────────────────────────────────────────────────────────


def test_the_same_traffic_on_another_model(page: Client, traffic: Access) -> None:
    response = page.get(f"{COST}/what-if", when() | {"on": "gpt-4o-mini"})
    moved = response.context["moved"]
    assert Decimal(moved.before) / 10**12 == cost_of(**of_month(1))
    tokens = Span.objects.filter(**of_month(1)).exclude(model="our-llama")
    asked = sum(n or 0 for n in tokens.values_list("input_tokens", flat=True))
    answered = sum(n or 0 for n in tokens.values_list("output_tokens", flat=True))
    assert moved.after == asked * 150_000 + answered * 600_000  # $0.15 and $0.60 a million
    text = shown(page, f"{COST}/what-if", on="gpt-4o-mini")
    assert "On gpt-4o-mini the same traffic would have cost" in text and "less." in text
    assert "Left out, because nobody knows what it cost: our-llama (own)." in text
    assert "tokeniser" in text, "what is taken for granted is said"


def test_a_model_without_a_price_is_said_to_have_none(page: Client, traffic: Access) -> None:
    response = page.get(f"{COST}/what-if", when() | {"on": "<b>nobody's</b>"})
    assert "No price per token is known for “&lt;b&gt;nobody&#x27;s&lt;/b&gt;”" in (
        response.content.decode()
    )


def test_what_an_exact_cache_would_have_saved(page: Client, traffic: Access) -> None:
    response = page.get(f"{COST}/what-if", when())
    kept = response.context["kept"]
    html = response.content.decode()
    assert "Every call of a chat model is counted" in html
    assert f'href="{COST}/cache?' in html
    assert [row.calls for row in kept] == ["5", "5", "5", "5"], "the loop"
    found = rows(page, f"{COST}/what-if", "repeats")
    assert [row["part"] for row in found] == ["5 minutes", "1 hour", "1 day", "7 days"]
    assert len({row["amount (US$)"] for row in found}) == 1


# ── What is compared ─────────────────────────────────────────────────────────────────────────────


def test_hours_are_said_and_links_lead_to_the_same_sum(page: Client, access: Access) -> None:
    """A period that ends at 17:00 is called so, and what it cost is what Spending says of it."""
    first = (month(1).range.start_ns or 0) + 5 * DAY
    begun(access, first - 10 * DAY + 12 * HOUR, 25)  # a call at noon
    ends = {"from": iso(first + 7 * DAY + 10 * HOUR), "to": iso(first + 14 * DAY + 17 * HOUR)}
    base = {"base_from": iso(first), "base_to": iso(first + 7 * DAY + 10 * HOUR)}
    response = page.get(f"{COST}/change", ends | base)
    periods = response.context["periods"]
    assert re.fullmatch(r"\d+ \w{3} – \d+ \w{3} 10:00", periods.before_name)
    assert re.fullmatch(r"\d+ \w{3} 10:00 – \d+ \w{3} 17:00", periods.now_name)
    change = response.context["explained"].change
    assert (change.before.calls, change.after.calls) == (7, 8)
    for url, sums in ((response.context["spent_before"], change.before),
                      (response.context["spent_now"], change.after)):  # fmt: skip
        lines = page.get(url).context["lines"]
        assert sum(line.cost for line in lines) == sums.cost
    text = shown(page, f"{COST}/change", **(ends | base))
    assert f"more than {periods.before_name} (" in text


def test_the_same_hours_of_a_day_that_is_not_over_are_compared_and_said(
    page: Client, access: Access
) -> None:
    begun(access, time.time_ns() - 20 * DAY, 20)
    response = page.get(f"{COST}/change", {"range": "7d"})
    periods = response.context["periods"]
    at = periods.before_name.rsplit(" ", 1)[-1]
    if re.fullmatch(r"\d\d:\d\d", at):  # else it is midnight
        assert periods.now_name.endswith(at)
        assert f"The last day of both ends at {at} UTC" in response.content.decode()
    said = page.get(COST, {"range": "7d"}).context["sentences"][0]
    assert periods.before_name in said


def test_traffic_that_began_in_the_time_before_has_not_grown(page: Client, access: Access) -> None:
    start = month(1).range.start_ns or 0
    ends = {"from": iso(start + 10 * DAY), "to": iso(start + 20 * DAY)}
    begun(access, start + 7 * DAY + 12 * HOUR, 12)
    response = page.get(COST, ends)
    [said] = response.context["sentences"]
    assert re.search(r"Traffic began on 8 \w{3}, within the time before \(.+: .+¢\)", said)
    assert "do not compare" in said and "more than" not in said
    assert [tile.change for tile in response.context["tiles"]] == [None] * 6, "nor one per trace"
    assert [line.change.text for line in response.context["lines"]] == [""]
    change = page.get(f"{COST}/change", ends)
    told = change.context["explained"].sentences
    assert "Traffic began on 8 " in told[1]
    assert told[2].startswith("What differs between what there is: ")
    assert "main reason" not in " ".join(told)
    later = {"from": iso(start + 14 * DAY), "to": iso(start + 19 * DAY)}
    [whole] = page.get(COST, later).context["sentences"]
    assert "as in the one before" in whole, "both periods are full"


def test_a_time_before_with_traffic_on_few_days_is_said_to_have_that(
    page: Client, access: Access
) -> None:
    start = month(1).range.start_ns or 0
    begun(access, start + 2 * DAY, 1)
    begun(access, start + 8 * DAY, 2)
    begun(access, start + 10 * DAY, 8)
    ends = {"from": iso(start + 10 * DAY), "to": iso(start + 18 * DAY)}
    [said] = page.get(COST, ends).context["sentences"]
    assert "has traffic on only 3 days: the two do not compare." in said
    begun(access, start - 3 * DAY, 10)
    [said] = page.get(COST, ends).context["sentences"]
    assert "do not compare" not in said


def test_nothing_is_compared_while_much_is_still_being_added_up(
    page: Client, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cubes, "MOST_RAW", 12)
    start = month(1).range.start_ns or 0
    at = start + 14 * DAY
    ends = {"from": iso(at), "to": iso(at + 4 * DAY)}
    run_away(access, at + DAY, gen_ai__usage__cache_read__input_tokens=900)
    settle()
    spans = [call(at + hour * HOUR, f"Of {hour}") for hour in range(-48, 48)]
    store_spans(access, decoded(*spans))
    indexing.run(60)
    for url in (COST, f"{COST}/change", f"{COST}/efficiency"):
        said = shown(page, url, **ends)
        assert "What has come in is still being added up; then this says" in said, url
        assert "ran away and" not in said and "rests on runaway traces" not in said, url
        assert "do not compare" not in said and "than in" not in said, url
    spent = page.get(COST, ends).context
    assert not any(one.change for one in spent["tiles"])
    assert not any(line.change.text or line.change.tone for line in spent["lines"])
    assert page.get(f"{COST}/change", ends).context.get("card") is None
    settle()
    assert any(one.change for one in page.get(COST, ends).context["tiles"])
    told = shown(page, f"{COST}/change", **ends)
    assert "ran away" in told and "still being added up" not in told


def test_a_first_day_without_traffic_of_many_is_not_worth_a_word(
    page: Client, access: Access
) -> None:
    start = month(1).range.start_ns or 0
    begun(access, start + DAY, 29)
    ends = {"from": iso(start + 14 * DAY), "to": iso(start + 28 * DAY)}
    [said] = page.get(COST, ends).context["sentences"]
    assert "do not compare" not in said and "than in the one before" in said


def test_days_without_traffic_in_both_periods_are_usual(page: Client, access: Access) -> None:
    """Work days: neither period began, and neither has fewer."""
    start = month(1).range.start_ns or 0
    for week in range(3):
        begun(access, start + week * 7 * DAY + 2 * DAY, 4)
    ends = {"from": iso(start + 14 * DAY), "to": iso(start + 21 * DAY)}
    [said] = page.get(COST, ends).context["sentences"]
    assert "as in the one before" in said


# ── Any page ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("url", PAGES)
def test_nothing_there_teaches(page: Client, access: Access, url: str) -> None:
    text = shown(page, url)
    assert "Cost" in text and "None" not in text
    assert any(word in text for word in ("Nothing", "No calls"))


UNREADABLE = (
    *({"q": "cost:>"}, {"from": "never"}, {"q": "nosuch:1"}, {"by": "'; DROP TABLE"}),
    *({"on": "\x00"}, {"q": "user:" + "x" * 3000}, {"model": "~", "part": "~"}),
    {"base_from": "2099-01-01"},
)


@pytest.mark.parametrize("url", PAGES)
def test_what_cannot_be_read_breaks_no_page(page: Client, traffic: Access, url: str) -> None:
    for query in UNREADABLE:
        assert page.get(url, when() | query).status_code == 200, query
    html = page.get(url, when() | {"q": 'model:"our-llama"'}).content.decode()
    assert "<i>own</i>" not in html and "<b>and</b>" not in html
    assert page.get(url, when() | {"csv": "nonsense"}).status_code == 404


@pytest.mark.parametrize("url", PAGES)
def test_too_slow_is_said(
    page: Client, traffic: Access, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object, **__: object) -> None:
        raise TooSlow

    monkeypatch.setattr(cubes, "of_spans", slow)
    assert "took too long" in shown(page, url)


@pytest.mark.parametrize(
    ("url", "most"),
    [(COST, 49), (f"{COST}/change", 37), (f"{COST}/efficiency", 24), (f"{COST}/what-if", 20)],
)
def test_the_number_of_queries_does_not_grow_with_the_traffic(
    page: Client, access: Access, url: str, most: int
) -> None:
    start = month(1).range.start_ns or 0
    counts = []
    for size in (20, 40):
        calls = [
            call(start + at * 10 * SECOND, f"Q {at}", model=f"model-{at}", prompt=f"p{at}",
                 user=f"u{at}")
            for at in range(size)
        ]  # fmt: skip
        store_spans(access, decoded(*calls, llm()))
        indexing.run(30)
        settle()
        page.get(url, when())
        with CaptureQueriesContext(connection) as queries:
            page.get(url, when())
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[1] <= most


def test_the_tabs_keep_time_and_filter(page: Client, traffic: Access) -> None:
    response = page.get(COST, when() | {"q": "user:acct_1", "by": "user_id"})
    for label, url, _ in response.context["tabs"]:
        asked = parse_qs(urlsplit(url).query)
        assert asked["q"] == ["user:acct_1"] and "from" in asked and "by" not in asked, label
