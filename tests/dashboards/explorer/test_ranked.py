"""Lists by likeness: search by meaning, calls like one, and what is done with them."""

from __future__ import annotations

import json
import os
import re
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards.explorer import ranking
from evals.datasets.models import Item
from evals.providers.errors import Unavailable
from evals.review.models import Item as ReviewItem
from evals.review.services import queues
from evals.vectors.selectors import searching
from evals.vectors.services import storing
from sightglass.accounts.access import Access
from sightglass.accounts.models import Membership, Project, Role, User
from tests.evals.judging import chat
from tests.evals.truth.labelled import SPAN
from tests.evals.vectors.speaking import NOW, SAID, say
from tests.traces.sending import SECOND, decoded, span
from traces.ids import span_hex
from traces.models import Span, Trace
from traces.query import parse
from traces.services import indexing
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
URL = "/p/shop/traces?range=all"
BY = f"{URL}&by=meaning&q="
REFUND = quote("I would like to be refunded")
THINGS = ("red shoes", "blue shoes", "boots", "laptop", "concert tickets", "old green sofa")
HOSTILE = "<script>alert(1)</script>"
WHY = {"key": "why", "text": "Why?", "kind": "text"}


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def body(page: Client, url: str, **headers: Any) -> str:
    answer = page.get(url, headers=headers)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def titles(text: str) -> list[str]:
    return re.findall(r'<a class="main-a[^>]*>([^<]*)</a>', text)


def shown_more(text: str) -> list[str]:
    """Longer lists that are offered."""
    return re.findall(r">Show (\d+)<", text)


def like(trace_id: UUID) -> str:
    return f"{URL}&similar={trace_id.hex}:{SPAN.hex()}"


def test_meaning_lists_calls_the_nearest_first(page: Client, access: Access) -> None:
    say(access, SAID)
    text = body(page, BY + REFUND)
    assert set(titles(text)[:2]) == {SAID[0][0], SAID[1][0]} and len(titles(text)) == 5
    assert "the nearest in meaning first" in text and "<h1>Traces</h1>" in text
    assert 'aria-pressed="true" title="What means the like' in text
    assert "explorer/histogram" not in text, "the chart is of traces by time"
    assert body(page, f"{URL}&q={REFUND}").count("main-a") == 0, "no word in common"


def test_filters_of_the_same_field_narrow_it(page: Client, access: Access) -> None:
    say(access, SAID, user__id="ann")
    say(access, SAID[2:], user__id="bob")
    text = body(page, f"{BY}{REFUND}+user:bob")
    assert len(titles(text)) == 3
    assert 'aria-label="Remove filter user:bob"' in text
    assert 'aria-label="Remove filter refunded"' not in text, "words are no filter here"
    assert "The filters or the time range leave none" in body(page, f"{BY}{REFUND}+user:x")


def test_both_says_what_led_there(page: Client, access: Access) -> None:
    say(access, SAID)
    say(access, [("Where is the Zephyr-9?", "Here.")], embedded=False)
    text = body(page, f"{URL}&by=both&q=Zephyr-9")
    assert '<span class="tag" title="Found by its words">words</span>' in text
    assert "1 stored request still waits for vectors" in text
    assert "the best by words and meaning first" in text


def test_both_says_where_words_are_only_farther_in(page: Client, access: Access) -> None:
    around = f"<documents>\n{'You get a refund. ' * 20}\n</documents>\n\nWhere is lamp {{}}?"
    say(access, [(around.format(n), f"In hall {n}.") for n in range(3)])
    say(access, SAID)
    text = body(page, f"{URL}&by=both&q=refund")
    assert set(titles(text)[:2]) == {SAID[0][0], SAID[1][0]} and titles(text)[2].startswith(
        "Where is lamp"
    )
    assert text.count("words within</span>") == 3
    assert text.index("words stand farther in") < text.index("words within")
    assert text.count('class="near-line"') == 2, "and where it begins to be weak"


def test_what_is_sent_says_how_many_are_similar(page: Client, access: Access) -> None:
    """What only words led to has no similarity."""
    say(access, SAID)
    say(access, [("Is there a refund for lamps?", "Yes.")], embedded=False)
    text = body(page, f"{URL}&by=both&q=refund")
    assert re.search(
        r"All 3 to review<span[^>]*>, 2 of them with similarity 0[.]\d\d to 0[.]", text
    )
    text = body(page, f"{URL}&by=meaning&q=refund")
    assert re.search(r"All 2 to review<span[^>]*>, similarity 0[.]\d\d to 0[.]\d\d<", text)


@pytest.mark.parametrize("way", ["meaning", "both"])
@pytest.mark.parametrize(("view", "given"), [("Traces", ""), ("Spans", "&list=spans")])
def test_the_view_outlives_a_search_by_meaning(
    page: Client, access: Access, way: str, view: str, given: str
) -> None:
    say(access, SAID)
    text = body(page, f"{URL}&by={way}&q=refund{given}")
    assert f"<h1>{view}</h1>" in text and f"<title>refund – {view}" in text
    kept = '<input type="hidden" name="list" value="spans">' in text
    assert kept == bool(given), "what the buttons Words, Meaning and Both send along"
    links = {
        name: unescape(url)
        for url, name in re.findall(r'<a class="btn" href="([^"]*)"[^>]*>(Traces|Spans)</a>', text)
    }
    assert re.findall(r'aria-current="true">(Traces|Spans)<', text) == [view]
    for name, url in links.items():
        assert (
            "q=refund" in url and f"by={way}" in url and ("list=spans" in url) == (name == "Spans")
        )
        shown = body(page, "/p/shop/traces" + url)
        assert f"<h1>{name}</h1>" in shown and titles(shown) == titles(text)


def test_without_words_the_list_is_as_it_was(page: Client, access: Access) -> None:
    say(access, SAID)
    assert "Write what you look for in your own words" in body(page, f"{URL}&by=meaning")
    text = body(page, f"{BY}user:a+OR+refund")
    assert "outside of OR and NOT" in text


def test_a_sentence_that_is_no_query_can_be_quoted(page: Client, access: Access) -> None:
    say(access, SAID)
    text = body(page, BY + quote('Note: the "late" parcel'))
    found = re.search(r'Did you mean <a href="([^"]*)"', text)
    assert found
    answer = body(page, "/p/shop/traces" + found[1].replace("&amp;", "&"))
    assert len(titles(answer)) == 5


def test_calls_like_one(page: Client, access: Access) -> None:
    ids = say(access, [SAID[0]] * 3 + SAID[1:] * 2)
    text = body(page, like(ids[0]))
    assert titles(text)[0] == SAID[1][0] and "2 more say exactly the same and are left out" in text
    assert text.count('×2<span class="vh"> the same') == 4 and "Like this input" in text
    by_answer = body(page, f"{like(ids[4])}&field=output")
    assert "Like this output" in by_answer and titles(by_answer)[0] == SAID[3][0]
    narrowed = body(page, f"{like(ids[0])}&q=tent")
    assert len(titles(narrowed)) == 2, "words are filters of such a list"


def test_rows_and_the_trace_lead_to_what_is_like_them(page: Client, access: Access) -> None:
    ids = say(access, SAID)
    key = f"{ids[0].hex}:{SPAN.hex()}"
    spans = body(page, f"{URL}&list=spans&q=money+model:gpt-4o*")
    found = re.search(r'class="near-a" href="([^"]*)"', spans)
    assert found and found[1].endswith(f"similar={key}") and "money" not in found[1]
    assert "model%3Agpt-4o" in found[1] and len(titles(body(page, "/p/shop/traces" + found[1]
        .replace("&amp;", "&")))) == 4  # fmt: skip
    assert "near-a" not in body(page, URL), "traces have no vector"
    trace = body(page, f"/p/shop/traces/{ids[0].hex}?span={SPAN.hex()}")
    assert f"similar={key}" in trace and "Find similar" in trace


def test_empty_states_say_why(
    page: Client, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    [one] = say(access, SAID[:1], embedded=False)
    assert "1 stored request waits for vectors" in body(page, BY + "refund")
    assert "This input has no vector yet" in body(page, like(one))
    assert "not stored here any more" in body(page, like(UUID(int=7)))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM traces_batch WHERE consumer = 'embed'")
    text = body(page, BY + "refund")
    assert "can be searched by words only" in text and "Search by words" in text
    assert "This input has no vector</h3>" in body(page, like(one))

    def silent(*_: Any) -> None:
        raise Unavailable(f"no answer {HOSTILE}")

    monkeypatch.setattr(searching, "embed_with", silent)
    text = body(page, BY + "refund")
    assert "no answer &lt;script&gt;" in text and HOSTILE not in text


def test_an_empty_list_says_first_what_waits_for_vectors(page: Client, access: Access) -> None:
    """Filters and range are not to blame for what cannot be found yet."""
    say(access, SAID, NOW - 20 * 86_400 * SECOND)
    say(access, SAID[:2], embedded=False)
    week = "/p/shop/traces?by=meaning&q=refund"
    text = body(page, week)
    assert "Nothing is found yet" in text and "No calls match" not in text
    assert "2 stored requests still wait" in text or "1 stored request still waits" in text
    assert text.index("for vectors") < text.index("the time range leave none")
    assert "Look again" in text and "Search by words" in text and "All time" in text
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM traces_batch WHERE consumer = 'embed'")
    text = body(page, week)
    assert "No calls match" in text and "for vectors" not in text


def test_all_of_the_list_goes_to_a_dataset_or_queue(page: Client, access: Access) -> None:
    queues.create(access, "late", queues.Draft("Late", [WHY]))
    say(access, SAID * 2, user__id="ann")
    say(access, [("Bob asks", "No.")], user__id="bob")
    text = body(page, f"{BY}{REFUND}+user:ann")
    [to_dataset] = set(re.findall(r'href="(/p/shop/datasets/add\?[^"]*)"', text))
    [to_review] = set(re.findall(r'href="(/p/shop/review/add\?[^"]*)"', text))
    assert "All 2" in text, "without what is no nearer than any two texts"
    for address in (to_dataset, to_review):
        shown = body(page, address.replace("&amp;", "&"))
        assert "Bob asks" not in shown and SAID[0][0] in shown
        for name, value in (("by", "meaning"), ("all", "1")):
            assert f'name="{name}" value="{value}"' in shown, "the form asks for the same again"


def test_what_is_sent_says_where_it_came_from_once_of_each_trace(
    page: Client, access: Access
) -> None:
    """A step that asks the same in other words is of the same trace."""
    queues.create(access, "late", queues.Draft("Late", [WHY]))
    trace, one, other = os.urandom(16), os.urandom(8), os.urandom(8)
    store_spans(access, decoded(
        chat(SAID[0][0], "Yes.", trace_id=trace, span_id=one, start_ns=NOW - 60 * SECOND),
        chat("My money back, I want it", "A", trace_id=trace, span_id=other,
             start_ns=NOW - 50 * SECOND),
    ))  # fmt: skip
    say(access, SAID[1:])
    text = body(page, BY + quote(SAID[0][0]))
    assert SAID[0][0] in titles(text) and "My money back, I want it" not in titles(text)
    assert f'href="/p/shop/traces/{trace.hex()}">+1 more call in this trace</a>' in text
    assert text.count("more call") == 1 and "2 traces, each once" in text
    assert "All 2 to review" in text and "2 listed, and 3 below the line" in text
    [every] = re.findall(r'href="([^"]*)">Show all calls<', text)
    text = body(page, "/p/shop/traces" + unescape(every))
    assert "My money back, I want it" in titles(text) and "more call" not in text
    assert "3 calls of 2 traces" in text and "All 2 to review" in text, "one call of each is sent"
    assert "One call of each trace" in text
    [to_review] = set(re.findall(r'href="(/p/shop/review/add\?[^"]*)"', text))
    shown = body(page, to_review.replace("&amp;", "&"))
    given = {"all": "1", "by": "meaning", "range": "all", "q": SAID[0][0]}
    assert "2 that match" in shown, "and the other one about a refund"
    page.post("/p/shop/review/add", given | {"queue": "late"})
    items = ReviewItem.objects.order_by("-found_by")
    assert {item.trace_id.bytes for item in items} >= {trace} and len(items) == 2
    wanted = f"search by meaning for “{SAID[0][0]}”, similarity"
    assert items[0].found_by == f"{wanted} 1.00" and items[1].found_by.startswith(f"{wanted} 0.")
    assert items[0].found_by in body(page, "/p/shop/review/late/items")
    page.post("/p/shop/datasets/add", given | {"name": "Refunds", "add": "1"})
    told = [item.metadata["found_by"] for item in Item.objects.all()]
    assert sorted(told) == sorted(item.found_by for item in items)
    assert {item.expected for item in Item.objects.all()} == {None}


def condensed(access: Access, question: str, anew: str, **more: Any) -> tuple[str, str, str]:
    """A trace in which a call words the question anew before another answers; ids of trace, of that
    call and of the one that answers."""
    trace, root, one, other = os.urandom(16), os.urandom(8), os.urandom(8), os.urandom(8)
    answer = "It is on its way to you."
    told = {"trace_id": trace, "parent": root}
    store_spans(access, decoded(
        span(trace_id=trace, span_id=root, name="support", start_ns=NOW - 90 * SECOND,
             openinference__span__kind="AGENT", input__value=question, output__value=answer),
        chat(f"Say on its own: {question}", anew, span_id=one, start_ns=NOW - 80 * SECOND,
             name="condense", **told),
        chat(question, answer, span_id=other, start_ns=NOW - 70 * SECOND, name="answer",
             **told | more),
    ))  # fmt: skip
    indexing.run(30)
    storing.run(30)
    return trace.hex(), one.hex(), other.hex()


def test_of_a_trace_the_call_that_answered_is_listed(page: Client, access: Access) -> None:
    """Whichever step is near: nobody saw how the question was worded anew."""
    queues.create(access, "late", queues.Draft("Late", [WHY]))
    said = "I would like to be refunded for the tent"
    trace, step, answer = condensed(access, "And how long does it take?", said)
    say(access, SAID)
    text = body(page, BY + quote(said))
    assert titles(text)[0] == "And how long does it take?" and said not in titles(text)
    assert f'value="{trace}:{answer}"' in text and "It is on its way to you." in text
    assert re.search(rf'traces/{trace}[?]span={step}"[^>]*>condense</a>', text)
    assert f"“{said}”" in text and "in a step" in text and text.count("near in") == 1
    every = body(page, f"{BY}{quote(said)}&calls=all")
    assert "near in" not in every and "Say on its own: And how long does it take?" in every
    given = {"all": "1", "by": "meaning", "range": "all", "q": said, "queue": "late"}
    page.post("/p/shop/review/add", given)
    item = ReviewItem.objects.get(trace_id=UUID(trace))
    assert span_hex(item.span_id or 0) == answer
    assert item.found_by.endswith("similarity 1.00 of another call of its trace")
    exported = page.get(f"/p/shop/explorer/export.jsonl?range=all&by=meaning&q={quote(said)}")
    [line, *_] = b"".join(exported.streaming_content).splitlines()  # type: ignore[attr-defined]
    row = json.loads(line)
    assert (row["span_id"], row["near_span_id"], row["name"]) == (answer, step, "answer")
    similar = body(page, f"{URL}&similar={trace}:{step}&field=output")
    assert "near in" not in similar, "what is like one call is calls"


def test_a_call_that_no_filter_wants_answers_for_no_trace(page: Client, access: Access) -> None:
    said = "I would like to be refunded for the tent"
    condensed(access, "And how long does it take?", said, llm__model_name="o3")
    text = body(page, f"{BY}{quote(said)}+-model:o3")
    assert titles(text) == ["Say on its own: And how long does it take?"]
    assert "near in" not in text
    assert "near in" in body(page, BY + quote(said))


def test_what_is_less_similar_than_asked_is_left_out_and_not_sent(
    page: Client, access: Access
) -> None:
    queues.create(access, "late", queues.Draft("Late", [WHY]))
    ids = say(access, SAID)
    text = body(page, like(ids[0]))
    known = [float(one) for one in re.findall(r">(0[.][0-9]{2})<", text)]
    assert "less similar than" not in text and len(known) > 1, "the list says how similar each is"
    assert re.search(
        rf"<span>(All [0-9]+|It) to review<span[^>]*>, similarity {max(known):.2f}", text
    )
    least = f"{max(known) - 0.01:.2f}"
    text = body(page, f"{like(ids[0])}&least={least}")
    assert len(titles(text)) == 1 and f"less similar than {least} " in text
    [to_review] = set(re.findall(r'href="(/p/shop/review/add\?[^"]*)"', text))
    sent = body(page, unescape(to_review))
    assert "1 that match" in sent
    assert f'name="least" value="{least}"' in sent, "the form asks for the same again"
    none = body(page, f"{like(ids[0])}&least=1")
    assert "Nothing is that similar" in none and "However similar" in none
    assert titles(body(page, f"{like(ids[0])}&least=much")) == titles(body(page, like(ids[0])))


def test_items_that_are_like_a_call_say_which_and_come_the_most_similar_first(
    page: Client, access: Access
) -> None:
    queues.create(access, "late", queues.Draft("Late", [WHY]))
    near = [f"Can I have a refund for the {thing} I bought?" for thing in THINGS]
    [first, *_] = say(access, [(text, "Yes.") for text in near])
    source = f"{first.hex}:{SPAN.hex()}"
    given = {"all": "1", "range": "all", "similar": source, "queue": "late"}
    page.post("/p/shop/review/add", given)
    items = list(ReviewItem.objects.order_by("pk"))
    similar = [float(item.found_by.rpartition(" ")[2]) for item in items]
    assert len(items) > 4 and similar == sorted(similar, reverse=True)
    assert similar[0] > similar[-1]
    text = body(page, "/p/shop/review/late/items")
    link = f'<a href="/p/shop/traces/{first.hex}?span={SPAN.hex()}" dir="auto">“{near[0]}”</a>'
    assert f"like the input {link}, similarity {similar[0]:.2f}" in text
    assert source not in text, "ids are nothing to read"


def test_ticked_calls_say_which_search_they_came_from(page: Client, access: Access) -> None:
    queues.create(access, "late", queues.Draft("Late", [WHY]))
    [first, *_] = say(access, SAID)
    text = body(page, BY + quote('"refund" now'))
    [found_by] = re.findall(r'name="found_by" value="([^"]*)"', text)
    assert unescape(found_by) == "search by meaning for “refund now”"
    given = {"item": f"{first.hex}:{SPAN.hex()}", "found_by": HOSTILE}
    assert HOSTILE not in body(page, f"/p/shop/review/add?{urlencode(given)}")
    page.post("/p/shop/review/add", given | {"queue": "late"})
    assert ReviewItem.objects.get().found_by == HOSTILE
    assert HOSTILE not in body(page, "/p/shop/review/late/items")
    assert "found_by" not in body(page, f"{URL}&list=spans"), "lists by time say nothing"


def test_a_list_is_as_long_as_its_address_says(
    page: Client, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(access, [(f"Question {n}?", "Yes.") for n in range(7)])
    monkeypatch.setattr(ranking, "NUMBERS", (3, 5, 100))
    monkeypatch.setattr(
        ranking.Ranking.__init__, "__defaults__", (searching.By.WORDS, "", "input", 3, False, "")
    )
    text = body(page, BY + "question")
    assert len(titles(text)) == 3 and ">Show 5</a>" in text and "most=5" in text
    longer = body(page, f"{BY}question&most=100")
    assert len(titles(longer)) == 7 and not shown_more(longer)
    exact = body(page, f"{BY}question&most=5&q=question")
    assert len(titles(exact)) == 5 and ">Show 100</a>" in exact
    Trace.objects.filter(trace_id__in=Trace.objects.values("trace_id")[:2]).delete()
    Span.objects.exclude(trace_id__in=Trace.objects.values("trace_id")).delete()
    exact = body(page, f"{BY}question&most=5")
    assert len(titles(exact)) == 5 and not shown_more(exact), "there are no more"
    assert len(titles(body(page, f"{BY}question&most=1000000"))) == 3


def test_beside_a_ranked_list_nothing_is_counted(page: Client, access: Access) -> None:
    """Counts would be of all traffic, not of the list."""
    say(access, SAID * 3, user__id="ann")
    facets = "/p/shop/explorer/facets?range=all"
    ranked = body(page, f"{facets}&by=meaning&q={REFUND}", **{"HX-Request": "true"})
    assert "ann" in ranked and 'class="num t3"' not in ranked and "nothing is counted" in ranked
    listed = body(page, facets, **{"HX-Request": "true"})
    assert '<span class="num t3">15</span>' in listed and "nothing is counted" not in listed


def test_what_is_like_a_call_is_of_other_traces(page: Client, access: Access) -> None:
    trace, one = os.urandom(16), os.urandom(8)
    store_spans(access, decoded(
        chat(SAID[0][0], "Yes.", trace_id=trace, span_id=one, start_ns=NOW - 60 * SECOND),
        chat("My money back, I want it", "A", trace_id=trace, start_ns=NOW - 50 * SECOND),
    ))  # fmt: skip
    say(access, SAID[1:])
    address = f"{URL}&similar={trace.hex()}:{one.hex()}"
    assert "My money back, I want it" not in titles(body(page, address))
    assert titles(body(page, f"{address}&calls=all"))[0] == "My money back, I want it"


def test_export_is_of_the_list(page: Client, access: Access) -> None:
    say(access, SAID)
    answer = page.get(f"/p/shop/explorer/export.jsonl?range=all&by=meaning&q={REFUND}")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 5 and (SAID[0][0] in lines[0] or SAID[1][0] in lines[0])
    likeness = [json.loads(line)["similarity"] for line in lines]
    assert likeness == sorted(likeness, reverse=True) and 0.2 < likeness[0] <= 1
    answer = page.get(f"/p/shop/explorer/export.csv?range=all&by=meaning&q={REFUND}")
    head, first, *_ = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert head.startswith('"similarity",') and first.startswith(f'"{likeness[0]}"')


def test_what_people_typed_is_text(page: Client, access: Access) -> None:
    say(access, [(HOSTILE, HOSTILE), (f"{HOSTILE} again", HOSTILE)])
    [one, _] = Span.objects.values_list("trace_id", flat=True).order_by("start_ns")
    for url in (f"{BY}{quote(HOSTILE)}", like(one), f"{URL}&similar={quote(HOSTILE)}"):
        assert "<script>alert" not in body(page, url)


def test_nothing_of_another_project(page: Client, access: Access, other_project: Project) -> None:
    [other, *_] = say(Access(other_project, access.permissions, user=access.user), SAID)
    say(access, [("Mine alone", "Yes.")])
    assert titles(body(page, BY + REFUND)) == ["Mine alone"]
    text = body(page, like(other))
    assert "not stored here any more" in text and SAID[0][0] not in text


@pytest.mark.parametrize("odd", ["similar=x", "similar=:", "by=magic", "field=mind", "most=-1"])
def test_what_is_odd_falls_back(page: Client, access: Access, odd: str) -> None:
    say(access, SAID)
    assert len(titles(body(page, f"{URL}&list=spans&{odd}"))) == 5


def test_traces_without_a_project_lead_to_the_only_one(
    page: Client, other_project: Project, owner: User
) -> None:
    answer = page.get("/traces?q=refund&by=meaning")
    assert answer["Location"] == "/p/shop/traces?q=refund&by=meaning"
    assert page.get("/traces")["Location"] == "/p/shop/traces"
    Membership.objects.create(project=other_project, user=owner, role=Role.VIEWER)
    assert page.get("/traces?q=refund")["Location"] == "/", "which one is to be chosen"
    assert "login" in Client().get("/traces")["Location"]


def test_a_query_is_split_into_words_and_filters() -> None:
    for q, words, rest in (
        ("how do I get a refund model:x", "how do I get a refund", "model:x"),
        ('"my order" -paris user:a status:ok', "my order", "-paris user:a status:ok"),
        ("refund", "refund", ""),
        ("model:x", "", "model:x"),
        ("", "", ""),
        ("a OR b", "", "a OR b"),
    ):
        said, left = ranking.split(parse(q))
        assert (said, left.root) == (words, parse(rest).root)


@pytest.mark.parametrize(
    "text",
    [
        "🦄🦄",
        "?!",
        "🎉 money back",
        "my parcel is late. " * 120,
        " ".join(f"w{n}" for n in range(40)),
    ],
)
def test_what_the_api_takes_the_page_takes(page: Client, access: Access, text: str) -> None:
    """No words, many words and long texts; filters beside them still hold."""
    say(access, SAID, user__id="ann")
    shown = body(page, f"{BY}{quote(text.strip())}")
    assert "Nothing was searched" not in shown and titles(shown)
    narrowed = body(page, f"{BY}{quote(text.strip())}+user:bob")
    assert "Nothing was searched" not in narrowed and not titles(narrowed)
    for wrong in ("a OR 🦄", "(🦄", "my problem: 🦄"):
        assert "Nothing was searched" in body(page, BY + quote(wrong)), "is a query"


def test_queries_of_the_page_do_not_grow(page: Client, access: Access) -> None:
    def statements(url: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            body(page, url)
        return sum(
            not one["sql"].startswith(("SAVEPOINT", "RELEASE")) for one in seen.captured_queries
        )

    [first, *_] = say(access, SAID[:2])
    few = [statements(BY + REFUND), statements(like(first))]
    say(access, [(f"More {n}", f"Yes {n}") for n in range(30)])
    assert [statements(BY + REFUND), statements(like(first))] == few
    assert few[0] <= 22 and few[1] <= 20, few
