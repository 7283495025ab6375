"""The items of a queue, and what waits for a lead among them."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dashboards.queues import previews
from evals.review.models import Item, Queue
from evals.review.selectors import deciding, labels
from evals.review.services import adjudicating, filling, working
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project
from tests.dashboards.queues.pages import HOSTILE, REVIEW, as_, post, text
from tests.evals.review import desk
from traces.selectors.paging import TooSlow

pytestmark = pytest.mark.django_db
ITEMS_QUERIES = 16
DISPUTES_QUERIES = 17


def listed(html: str) -> list[int]:
    return [int(pk) for pk in re.findall(r'<tr data-row="(\d+)"', html)]


def test_an_empty_queue_says_how_it_is_filled(access: Access, queue: Queue, ann: Access) -> None:
    assert "/p/shop/review/answers/rules" in text(as_(access), "/answers/items")
    html = text(as_(ann), "/answers/items")
    assert "As soon as something comes in it can be labelled." in html
    assert "/p/shop/traces" not in html


def test_items_are_looked_through(
    access: Access, queue: Queue, ann: Access, bob: Access, lea: Access
) -> None:
    agreed, disputed, flagged, gold, late = desk.fill(access, queue, 5)
    for person, item, said in (
        (ann, agreed, desk.GOOD), (bob, agreed, desk.GOOD),
        (ann, disputed, desk.GOOD), (bob, disputed, desk.BAD),
    ):  # fmt: skip
        working.submit(person, item, said)
    working.flag(ann, flagged, "What?")
    adjudicating.make_gold(lea, gold, desk.GOOD)
    Item.objects.filter(pk=late.pk).update(due_at=timezone.now() - timedelta(hours=2))
    [sampled] = desk.send(access)
    filling.put(queue, [filling.Chosen((sampled, None), 0.0625)], "rule")
    client = as_(lea)
    html = text(client, "/answers/items")
    assert len(listed(html)) == 6
    for words in ("Settled", "Labels differ", "Flagged", "Gold", "late since", "p 0.0625", "2<"):
        assert words in html, words
    assert "Where is it?" in html and "On its way." in html
    for query, expected in (
        ("state=settled", [agreed.pk]),
        ("state=disputed", [disputed.pk]),
        ("flagged=1", [flagged.pk]),
        ("gold=1", [gold.pk]),
        ("overdue=1", [late.pk]),
        ("origin=rule", [Item.objects.get(trace_id=sampled).pk]),
        ("state=nonsense&flagged=2&origin=x", listed(html)),
    ):
        assert listed(text(client, f"/answers/items?{query}")) == expected, query
    assert "No item is like that" in text(client, "/answers/items?state=done")
    assert f"{REVIEW}/answers/items/{agreed.pk}" in html


def test_reviewers_are_not_told_what_only_leads_know(
    access: Access, queue: Queue, ann: Access, bob: Access, lea: Access
) -> None:
    gold, plain = desk.fill(access, queue, 2)
    adjudicating.make_gold(lea, gold, desk.GOOD)
    adjudicating.withdraw(lea, plain)
    working.submit(bob, gold, desk.GOOD)
    html = text(as_(ann), "/answers/items")
    assert listed(html) == [gold.pk]
    for words in ("Gold", "Labels</th>", "Came in", "Take out", "data-pick>", "By hand"):
        assert words not in html, words
    assert listed(text(as_(ann), "/answers/items?gold=1")) == [gold.pk], "gold stays unmarked"
    assert listed(text(as_(ann), "/answers/items?origin=rule")) == [gold.pk]


def test_ones_own_work_is_marked(access: Access, queue: Queue, ann: Access) -> None:
    labelled, held, drafted, skipped = desk.fill(access, queue, 4)
    working.submit(ann, labelled, desk.GOOD)
    working.claim(ann, held)
    working.save_draft(ann, drafted, {"tone": 2})
    working.skip(ann, skipped, "Not mine")
    html = text(as_(ann), "/answers/items")
    for words in ("labelled by you", "held by you", "your draft", "skipped by you"):
        assert html.count(words) == 1, words


def test_ones_own_work_is_found_again(
    access: Access, queue: Queue, ann: Access, bob: Access, lea: Access
) -> None:
    labelled, undone, skipped, both, gold, _ = desk.fill(access, queue, 6)
    adjudicating.make_gold(lea, gold, desk.GOOD)
    for item in (labelled, undone, gold):
        working.submit(ann, item, desk.GOOD)
    working.undo(ann, undone)
    working.skip(ann, skipped, "Not mine")
    working.save_draft(ann, both, {"tone": 2})
    working.skip(ann, both, "Later")
    for item in (skipped, both):
        working.submit(bob, item, desk.BAD)
    for person, mine, expected in (
        (ann, "labelled", [labelled, gold]),
        (ann, "skipped", [skipped, both]),
        (ann, "draft", [undone, both]),
        (bob, "labelled", [skipped, both]),
        (bob, "skipped", []),
        (lea, "labelled", []),
    ):
        html = text(as_(person), f"/answers/items?mine={mine}")
        assert listed(html) == sorted(item.pk for item in expected), (person.user, mine)
        assert f'<option value="{mine}" selected>' in html
        assert "rude" not in html and "bob@example.org" not in html
    assert len(listed(text(as_(ann), "/answers/items?mine=theirs"))) == 6
    narrowed = text(as_(ann), "/answers/items?mine=labelled&state=open")
    assert listed(narrowed) == sorted((labelled.pk, gold.pk)), "gold is not told from the rest"
    working.claim(ann, undone)
    assert "held by you, with a draft" in text(as_(ann), "/answers/items?mine=draft")


def test_what_one_has_done_is_kept_from_page_to_page(
    access: Access, queue: Queue, ann: Access
) -> None:
    for item in desk.fill(access, queue, 52):
        working.skip(ann, item, "Not mine")
    desk.fill(access, queue, 1)
    first = text(as_(ann), "/answers/items?mine=skipped")
    [link] = re.findall(r'href="(\?[^"]*cursor=[^"]*)"', first)
    assert len(listed(text(as_(ann), f"/answers/items{link.replace('&amp;', '&')}"))) == 2


def test_leads_take_the_labels_as_a_file(
    access: Access, queue: Queue, ann: Access, lea: Access
) -> None:
    one, other = desk.fill(access, queue, 2)
    working.submit(ann, one, desk.BAD)
    working.submit(ann, other, desk.BAD)
    working.undo(ann, other)
    for person in (access, lea):
        html = text(as_(person), "/answers/items")
        assert f"{REVIEW}/answers/labels.csv" in html and f"{REVIEW}/answers/labels.jsonl" in html
    [row] = csv.DictReader(io.StringIO(text(as_(lea), "/answers/labels.csv")))
    assert row["reviewer"] == "ann@example.org" and row["item"] == str(one.pk)
    assert row["answers.tone"] == str(desk.BAD["tone"])
    [line] = text(as_(lea), "/answers/labels.jsonl").splitlines()
    assert json.loads(line)["answers"] == desk.BAD
    assert "labels.csv" not in text(as_(ann), "/answers/items")
    assert as_(ann).get(f"{REVIEW}/answers/labels.csv").status_code == 403
    assert as_(lea).get(f"{REVIEW}/answers/labels.exe").status_code == 404


def test_a_file_of_labels_that_takes_too_long_is_said(
    access: Access, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object, **__: object) -> None:
        raise TooSlow

    monkeypatch.setattr(labels, "list_labels", slow)
    answer = as_(access).get(f"{REVIEW}/answers/labels.csv", follow=True)
    assert "took too long" in answer.content.decode()


def test_pages_follow_each_other(access: Access, queue: Queue) -> None:
    made = [item.pk for item in desk.fill(access, queue, 53)]
    first = text(as_(access), "/answers/items?state=open")
    assert listed(first) == sorted(made)[:50]
    [link] = re.findall(r'href="(\?[^"]*cursor=[^"]*)"', first)
    second = text(as_(access), f"/answers/items{link.replace('&amp;', '&')}")
    assert listed(second) == sorted(made)[50:] and "state=open" in link
    assert "This page of the list is gone" in text(as_(access), "/answers/items?cursor=x")


def test_a_lead_takes_out_and_puts_back(access: Access, queue: Queue, lea: Access) -> None:
    first, second, third = desk.fill(access, queue, 3)
    given = {"do": "withdraw", "item": [first.pk, second.pk, "x", 10**18]}
    answer = post(as_(lea), "/answers/items", given, follow=True)
    assert "2 items taken out." in answer.content.decode()
    assert desk.fresh(first).state == desk.fresh(second).state == "withdrawn"
    assert desk.fresh(third).state == "open"
    post(as_(lea), "/answers/items", {"do": "put_back", "item": [first.pk]})
    assert desk.fresh(first).state == "open"
    assert AuditEntry.objects.filter(action="review.item_withdrawn").count() == 2
    for nothing in ({"do": "withdraw"}, {"do": "burn", "item": [third.pk]}):
        answer = post(as_(lea), "/answers/items", nothing, follow=True)
        assert "Nothing was ticked." in answer.content.decode()
    assert desk.fresh(third).state == "open"


def test_only_leads_take_out_and_only_of_their_queue(
    access: Access, queue: Queue, ann: Access, lea: Access
) -> None:
    [item] = desk.fill(access, queue)
    other = desk.queue(access, "other", reviewers={"ann@example.org": "lead"})
    given = {"do": "withdraw", "item": [item.pk]}
    assert post(as_(ann), "/answers/items", given).status_code == 403
    post(as_(ann), "/other/items", given)
    assert desk.fresh(item).state == "open"
    assert other.items.count() == 0


def test_texts_of_items_are_text(access: Access, queue: Queue, ann: Access, bob: Access) -> None:
    more = {"gen_ai.output.messages": desk.said("assistant", HOSTILE.replace('"', ""))}
    disputed, flagged = desk.fill(access, queue, 2, **more)
    note = {"note": HOSTILE}
    working.submit(ann, disputed, desk.GOOD | note)
    working.submit(bob, disputed, desk.BAD | note)
    working.flag(bob, flagged, HOSTILE)
    for path in ("/answers/items", "/answers/disputes"):
        html = text(as_(access), path)
        assert HOSTILE not in html and "&lt;script&gt;" in html


def test_items_are_read_in_a_fixed_number_of_queries(
    access: Access, queue: Queue, ann: Access, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = as_(access)
    for number in (1, 7):
        for item in desk.fill(access, queue, number):
            working.submit(ann, item, desk.GOOD)
        text(client, "/answers/items")
        with django_assert_num_queries(ITEMS_QUERIES):
            text(client, "/answers/items")


def test_a_list_that_takes_too_long_is_said(
    access: Access, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object, **__: object) -> None:
        raise TooSlow

    monkeypatch.setattr("dashboards.queues.items.selected.list_items", slow)
    monkeypatch.setattr("dashboards.queues.disputes.deciding.disputes", slow)
    for path in ("/answers/items", "/answers/disputes"):
        assert "This took too long and was stopped" in text(as_(access), path)


# ---- what a lead decides


def test_answers_stand_side_by_side(
    access: Access, queue: Queue, ann: Access, bob: Access, lea: Access
) -> None:
    disputed, alike, flagged = desk.fill(access, queue, 3)
    working.submit(ann, disputed, desk.GOOD | {"note": "Fine"}, seconds=12)
    working.submit(bob, disputed, desk.BAD)
    working.submit(ann, alike, desk.GOOD)
    working.submit(bob, alike, desk.GOOD)
    working.flag(bob, flagged, "Which policy holds?")
    html = text(as_(lea), "/answers/disputes")
    assert f"{REVIEW}/answers/items/{disputed.pk}" in html
    assert f"{REVIEW}/answers/items/{alike.pk}" not in html
    assert f"{REVIEW}/answers/items/{flagged.pk}" in html and "Which policy holds?" in html
    assert "2 labels; they differ in “Was it helpful?”, “How was the tone?”" in html
    folded = html.split('<details class="qd-labels">')[1].split("</details>")[0]
    table = folded.split("qd-t")[1].split("</table>")[0]
    assert "ann@example.org" not in html.replace(folded, ""), "what each said is folded"
    heads = re.findall(r'<th scope="col">(?:<span[^>]*>)?([^<]*)', table)
    assert [head.strip() for head in heads] == ["Question", "ann@example.org", "bob@example.org"]
    cells = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td.*?</td>", table, re.S)]
    assert cells == ["yes", "no", "4", "2", "–", "rude", "Fine", "–"]
    assert table.count("is-differ") == 2, "one was asked why, and a note is nothing to agree on"
    assert "12 s" in table


@pytest.mark.parametrize("flagged", [False, True])
def test_texts_to_decide_on_are_cut_at_a_word(
    access: Access, queue: Queue, ann: Access, bob: Access, lea: Access, flagged: bool
) -> None:
    asked, answered = (
        "Where is my walnut parcel number 7? ",
        "Our walnut lamp was dispatched at ten, ",
    )
    said: dict[str, Any] = {
        "gen_ai.input.messages": desk.said("user", asked * 9),
        "gen_ai.output.messages": desk.said("assistant", answered * 9),
    }
    (item,) = desk.fill(access, queue, **said)
    if flagged:
        working.flag(bob, item, "Which?")
    else:
        working.submit(ann, item, desk.GOOD)
        working.submit(bob, item, desk.BAD)
    html = text(as_(lea), "/answers/disputes")
    assert f"{asked * 2}Where is my walnut…<" in html
    assert flagged or f"{answered * 2}Our walnut lamp…<" in html


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("", ""),
        ("Short, and whole", "Short, and whole"),
        ("ab " * 31 + "cde", "ab " * 30 + "ab…"),
        ("ab, " * 24, "ab, " * 23 + "ab…"),
        ("問" * 96, "問" * 96 + "…"),
        ("See https://example.org/" + "x" * 72, "See https://example.org/" + "x" * 72 + "…"),
    ],
)
def test_a_preview_ends_with_a_whole_word(stored: str, shown: str) -> None:
    assert previews.shortened(stored) == shown


def test_what_is_decided_or_answered_is_gone(
    access: Access, queue: Queue, ann: Access, bob: Access, lea: Access
) -> None:
    disputed, flagged, withdrawn = desk.fill(access, queue, 3)
    working.submit(ann, disputed, desk.GOOD)
    working.submit(bob, disputed, desk.BAD)
    working.flag(ann, flagged, "?")
    working.flag(ann, withdrawn, "?")
    adjudicating.settle(lea, disputed, desk.GOOD)
    working.resolve_flags(lea, flagged)
    adjudicating.withdraw(lea, withdrawn)
    assert "Nothing is to be decided" in text(as_(lea), "/answers/disputes")


def test_disputes_are_for_leads(queue: Queue, ann: Access, lea: Access, viewer: Access) -> None:
    text(as_(ann), "/answers/disputes", status=403)
    text(as_(viewer), "/answers/disputes", status=403)
    text(as_(lea), "/answers/disputes")
    assert "To decide" not in text(as_(ann), "/answers/items")


def test_disputes_come_in_pages_of_a_fixed_number_of_queries(
    access: Access,
    queue: Queue,
    ann: Access,
    bob: Access,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    items = desk.fill(access, queue, deciding.AT_ONCE + 2)
    for item in items:
        working.submit(ann, item, desk.GOOD)
        working.submit(bob, item, desk.BAD)
    client = as_(access)
    text(client, "/answers/disputes")
    with django_assert_num_queries(DISPUTES_QUERIES):
        first = text(client, "/answers/disputes")
    assert first.count('<section class="card qd"') == deciding.AT_ONCE
    [link] = re.findall(r'href="(\?cursor=[^"]*)"', first)
    assert text(client, f"/answers/disputes{link}").count('<section class="card qd"') == 2
    assert "This page of the list is gone" in text(client, "/answers/disputes?cursor=x")


def test_marked_passages_and_several_choices_can_be_read(
    access: Access, project: Project, ann: Access, bob: Access
) -> None:
    questions = [
        {"key": "many", "text": "Which?", "kind": "choices", "options": ["a", "b"]},
        {"key": "where", "text": "Where?", "kind": "span", "options": ["wrong"]},
    ]
    found = desk.queue(access, "spans", questions=questions, labels_wanted=2)
    [item] = desk.fill(access, found)
    mark = {"start": 1, "end": 3, "label": "wrong"}
    working.submit(ann, item, {"many": ["a", "b"], "where": [mark]})
    working.submit(bob, item, {"many": ["b"], "where": [mark]})
    html = text(as_(access), "/spans/disputes")
    assert "<b>a, b</b>" in html and "<b>b</b>" in html and "1–3 wrong" in html


def test_who_leads_without_reading_the_project_is_told_no_text_of_another_call(
    access: Access, queue: Queue, lea: Access
) -> None:
    """`lea` leads as a reviewer of the project: what an item is like need not be in the queue."""
    [source], [item] = desk.send(access), desk.fill(access, queue)
    like = f"like the output of {source.hex}:{desk.SPAN.hex()}, similarity 0.87"
    Item.objects.filter(pk=item.pk).update(found_by=like)
    html = text(as_(access), "/answers/items")
    link = (
        f'<a href="/p/shop/traces/{source.hex}?span={desk.SPAN.hex()}" dir="auto">“On its way.”</a>'
    )
    assert f"like the output {link}, similarity 0.87" in html
    assert source.hex not in (told := text(as_(lea), "/answers/items"))
    assert "like the output of another call, similarity 0.87" in told
    Item.objects.filter(pk=item.pk).update(found_by=like.replace(source.hex, "0f" * 16))
    html = text(as_(access), "/answers/items")
    assert "like the output of a call that is not stored any more, similarity 0.87" in html


def test_items_keep_the_order_in_which_they_were_given(access: Access, queue: Queue) -> None:
    traces = sorted(desk.send(access, 5), reverse=True)  # not that in which rows are locked
    added = filling.add(access, queue, [(one, None) for one in traces])
    assert [Item.objects.get(pk=pk).trace_id for pk in added.items] == traces
    assert added.items == sorted(added.items) == listed(text(as_(access), "/answers/items"))
