"""Datasets on pages: what they show, what their forms do, and what they cost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from dashboards.datasets import adding as ways
from evals.datasets.content import Draft
from evals.datasets.models import Dataset, Import, Item, LogEntry
from evals.datasets.services import adding, datasets, editing, erasing, importing, tagging
from evals.datasets.services.adding import Choices, Personal
from evals.review.services import filling, working
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project, Role, User
from tests.conftest import member
from tests.evals.datasets import making
from tests.evals.datasets.making import QUESTIONS, draft
from tests.evals.review import desk
from traces.ids import span_hex

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\"'{{ 7*7 }}"
LIST_QUERIES, ITEMS_QUERIES, ITEM_QUERIES, DIFF_QUERIES = 10, 24, 14, 27


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def dataset(access: Access) -> Dataset:
    """Three items in version 1."""
    return making.filled(access, slug="cases")


def url(name: str, *more: Any) -> str:
    return reverse(name, args=["shop", *more])


def text(client: Client, address: str, query: Any = None, **more: Any) -> str:
    answer = client.get(address, query, **more)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def said(client: Client, address: str, body: Any, **more: Any) -> str:
    """Where a form leads, with all that is told there."""
    answer = client.post(address, body, follow=True, **more)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


# ── Lists and settings ───────────────────────────────────────────────────────────────────────────


def test_the_list_teaches_and_then_shows(
    page: Client, access: Access, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    empty = text(page, url("datasets"))
    assert "No datasets yet" in empty and url("dataset_new") in empty and url("traces") in empty
    for n in range(5):
        found = making.filled(access, 2, f"d-{n}", description=HOSTILE)
        tagging.put(access, found, "golden", 1)
    text(page, url("datasets"))
    with django_assert_num_queries(LIST_QUERIES):
        shown = text(page, url("datasets"))
    assert shown.count(escape(HOSTILE)[:30]) >= 5 and HOSTILE not in shown
    assert 'href="/p/shop/datasets/d-3?version=golden"' in shown
    assert "None is archived" in text(page, url("datasets"), {"archived": "1"})
    assert 'aria-current="page"' in shown and "Datasets" in shown


def test_a_dataset_is_made_with_a_name_of_its_own(page: Client, dataset: Dataset) -> None:
    shown = said(page, url("dataset_new"), {"name": "Hard cases & more", "description": "x"})
    assert "Nothing in it yet" in shown and "Its first items make version 1" in shown
    assert Dataset.objects.get(name="Hard cases & more").slug == "hard-cases-more"
    said(page, url("dataset_new"), {"name": "Cases"})
    said(page, url("dataset_new"), {"name": "new"})
    said(page, url("dataset_new"), {"name": "日本"})
    slugs = set(Dataset.objects.values_list("slug", flat=True))
    assert slugs == {"cases", "hard-cases-more", "cases-2", "new-2", "dataset"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x", "slug": "No Slug"}, "Lower-case letters, digits and -"),
        ({"name": "x", "slug": "cases"}, "There is a dataset of this name."),
        ({"name": "x", "input": "{no json"}, "Is not JSON"),
        ({"name": "x", "input": '{"type": "nonsense"}'}, "Is no JSON schema"),
        ({"name": "x", "metadata": "5"}, "Must be a JSON schema"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    page: Client, dataset: Dataset, body: dict[str, str], says: str
) -> None:
    assert says in said(page, url("dataset_new"), body)
    assert Dataset.objects.count() == 1


def test_settings_change_archive_and_take_back(page: Client, dataset: Dataset) -> None:
    address = url("dataset_settings", "cases")
    schema = {"input": {"type": "string"}}
    said(
        page, address, {"name": "Better", "description": "y", "input": json.dumps(schema["input"])}
    )
    found = making.fresh(dataset)
    assert (found.name, found.schema, found.version) == ("Better", schema, 1)
    assert "&quot;string&quot;" in text(page, address)
    said(page, address, {"archive": "1"})
    shown = text(page, url("dataset", "cases"))
    assert "it takes no more items" in shown and "Add items" not in shown
    assert QUESTIONS[0] in shown
    assert (
        "Archived" in said(page, address, {"name": "X"}) or making.fresh(dataset).name == "Better"
    )
    assert "takes items again" in said(page, address, {"restore": "1"})


def test_who_only_reads_sees_and_changes_nothing(
    client: Client, project: Project, dataset: Dataset
) -> None:
    client.force_login(member(project, "vic@example.org", Role.VIEWER))
    shown = text(client, url("dataset", "cases"))
    assert QUESTIONS[0] in shown and "Export" in shown
    for word in ("Add items", "Take out", "Move to split", "/cases/settings"):
        assert word not in shown, word
    assert "Edit" not in text(client, url("dataset_item", "cases", 1))
    assert "Tag</summary>" not in text(client, url("dataset_versions", "cases"))
    assert "New dataset" not in text(client, url("datasets"))
    for name, more in (
        ("dataset_new", ()), ("dataset_add", ()), ("dataset_settings", ("cases",)),
        ("dataset_upload", ("cases",)), ("dataset_item_edit", ("cases", 1)),
        ("dataset_change", ("cases",)), ("dataset_tag", ("cases",)), ("datasets_erase", ()),
    ):  # fmt: skip
        assert client.post(url(name, *more), {}).status_code == 403, name


# ── One dataset ──────────────────────────────────────────────────────────────────────────────────


def test_items_are_listed_filtered_and_paged(
    page: Client, access: Access, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    found = making.dataset(access, "cases")
    making.add(
        access, found,
        *(draft(f"Question {n} of its own, {n * 7919}", f"Answer {n}", split=("", "test")[n % 2])
          for n in range(60)),
    )  # fmt: skip
    address = url("dataset", "cases")
    text(page, address)
    with django_assert_num_queries(ITEMS_QUERIES):
        shown = text(page, address)
    assert "Question 49 of" in shown and "Question 50 of" not in shown
    assert "no split" in shown and "?split=-" in shown
    cursor = shown.split("cursor=")[1].split('"')[0]
    rest = text(page, address, {"cursor": cursor})
    assert "Question 50 of" in rest and "Question 49 of" not in rest and "First" in rest
    tests = text(page, address, {"split": "test"})
    assert "Question 1 of" in tests and "Question 2 of" not in tests
    assert "Question 1 of" not in text(page, address, {"split": "-"})
    assert "Question 7 of" in text(page, address, {"q": "answer 7"})
    assert "No item matches" in text(page, address, {"q": "nothing like it"})
    for odd in ({"cursor": "x"}, {"split": "\0"}, {"q": "\0"}, {"split": "x" * 99}):
        assert page.get(address, odd).status_code == 200
    assert page.get(address, {"version": "9"}).status_code == 404


def test_an_earlier_version_is_shown_as_it_was(
    page: Client, access: Access, dataset: Dataset
) -> None:
    editing.edit(access, dataset, 1, {"input": "Something else altogether."})
    tagging.put(access, dataset, "golden", 1)
    shown = text(page, url("dataset", "cases"), {"version": "golden"})
    assert "You see version 1 as it was" in shown and QUESTIONS[0] in shown
    assert "Something else altogether." not in shown
    assert "Take out" not in shown  # only the newest can be changed
    assert 'href="/p/shop/datasets/cases/items/1?version=1"' in shown
    item = text(page, url("dataset_item", "cases", 1), {"version": "1"})
    assert "As it was from version 1 to 1" in item and ">Edit <kbd>" not in item


def test_ticked_items_are_moved_and_taken_out(page: Client, dataset: Dataset) -> None:
    address = url("dataset_change", "cases")
    shown = said(page, address, {"number": ["1", "3"], "split": "dev", "move": "1"})
    assert "Now in dev. This is version 2." in shown
    assert "they are so already" in said(
        page, address, {"number": ["1"], "split": "dev", "move": "1"}
    )
    assert "Tick some items first." in said(page, address, {"split": "dev", "move": "1"})
    assert "Letters, digits" in said(page, address, {"number": "1", "split": "no way", "move": "1"})
    shown = said(page, address, {"number": ["2", "x", "99"], "remove": "1"})
    assert "Taken out; earlier versions keep them. This is version 3." in shown
    assert making.texts(dataset) == [QUESTIONS[0], QUESTIONS[2]]


def test_exports_are_offered_and_come(page: Client, dataset: Dataset) -> None:
    shown = text(page, url("dataset_versions", "cases"))
    for form in ("jsonl", "csv", "parquet", "openai-chat", "openai-evals", "ragas"):
        assert f'name="form" value="{form}"' in shown
        answer = page.get(url("dataset_export", "cases"), {"form": form, "version": "1"})
        pieces: Any = answer.streaming_content  # type: ignore[attr-defined]
        assert b"".join(pieces)
    assert page.get(url("dataset_export", "cases"), {"form": "nonsense"}).status_code == 200
    assert 'name="version" value="1"' in shown and 'id="ex-split"' not in shown
    page.post(url("dataset_change", "cases"), {"number": "1", "split": "dev", "move": "1"})
    shown = text(page, url("dataset_versions", "cases"))
    assert (
        '<option value="dev">dev (1)</option>' in shown and '<option value="-">(none) (2)' in shown
    )


# ── One item ─────────────────────────────────────────────────────────────────────────────────────

TALK = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": [{"type": "text", "text": "Hi there"}]},
]


def test_an_item_shows_all_that_it_says_escaped(
    page: Client, access: Access, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    found = making.dataset(access, "cases")
    given = Draft(HOSTILE, {HOSTILE: 1}, [HOSTILE], {HOSTILE: HOSTILE}, "test", "id-1", HOSTILE)
    making.add(access, found, given, Draft(TALK, "x"))
    editing.edit(access, found, 1, {"expected": HOSTILE + " more"})
    address = url("dataset_item", "cases", 1)
    text(page, address)
    with django_assert_num_queries(ITEM_QUERIES):
        shown = text(page, address)
    assert (
        "<script>alert" not in shown and "alert(1)" in shown and "49" not in shown.split("<main")[1]
    )
    assert "id-1" in shown and "2 states" in shown
    assert "Hi there" in text(page, url("dataset_item", "cases", 2))
    assert page.get(url("dataset_item", "cases", 9)).status_code == 404
    assert page.get(address, {"version": "7"}).status_code == 404


def form_of(item: Item, **changes: Any) -> dict[str, Any]:
    """What a browser would send of the form, line ends and all."""

    def crlf(value: Any) -> str:
        return str(value).replace("\n", "\r\n")

    plain = isinstance(item.input, str)
    return {
        "input": crlf(item.input if plain else json.dumps(item.input, indent=2)),
        "input_kind": "text" if plain else "json",
        "expected": crlf(item.expected or ""),
        "expected_kind": "text",
        "context": [crlf(one) for one in item.context] + [""],
        "metadata": crlf(json.dumps(item.metadata, indent=2)) if item.metadata else "",
        "split": item.split,
        "seen": item.added_in,
    } | changes


def test_saving_what_was_not_changed_makes_no_version(page: Client, access: Access) -> None:
    found = making.dataset(access, "cases")
    making.add(
        access,
        found,
        Draft("Two\nlines\n\nand more", "a\nb", ["x\ny"], {"k": [1]}),
        Draft(TALK, None),
    )
    for number in (1, 2):
        address = url("dataset_item_edit", "cases", number)
        text(page, address)
        shown = said(page, address, form_of(making.item(found, number)))
        assert "Nothing was changed." in shown
    assert making.fresh(found).version == 1


def test_an_edit_is_saved_as_the_next_version(page: Client, dataset: Dataset) -> None:
    row = making.item(dataset)
    body = form_of(
        row, expected='{"a": 1}', expected_kind="json", context=["one", " ", "two"],
        metadata='{"lang": "de"}', split="test", note="Because",
    )  # fmt: skip
    shown = said(page, url("dataset_item_edit", "cases", 1), body)
    assert "Saved as version 2" in shown
    now = making.item(dataset)
    assert (now.expected, now.context, now.metadata, now.split) == (
        {"a": 1}, ["one", "two"], {"lang": "de"}, "test"
    )  # fmt: skip
    assert "Because" in text(page, url("dataset_versions", "cases"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"input": "  "}, "Must not be empty."),
        ({"input": "[1", "input_kind": "json"}, "Is not JSON"),
        ({"input": "[1]", "input_kind": "json"}, "Must be a message"),
        ({"metadata": "[]"}, "Must be an object"),
        ({"split": "no way"}, "Letters, digits"),
        ({"context": ["x"] * 51}, "at most 50 texts"),
        ({"input": "[" * 100_000, "input_kind": "json"}, "Is not JSON"),
    ],
)
def test_a_form_that_is_wrong_comes_back_with_what_was_typed(
    page: Client, dataset: Dataset, changes: dict[str, Any], says: str
) -> None:
    body = form_of(making.item(dataset), expected="Typed with care", **changes)
    shown = said(page, url("dataset_item_edit", "cases", 1), body)
    assert says in shown and "Typed with care" in shown and "Not saved." in shown
    assert making.fresh(dataset).version == 1


def test_somebody_elses_edit_is_seen_before_it_is_overwritten(
    page: Client, access: Access, dataset: Dataset
) -> None:
    body = form_of(making.item(dataset), expected="Mine")
    editing.edit(access, dataset, 1, {"expected": "Theirs"})
    shown = said(page, url("dataset_item_edit", "cases", 1), body)
    assert "Somebody has changed this item" in shown and "Theirs" in shown and "Mine" in shown
    assert making.item(dataset).expected == "Theirs"
    seen = shown.split('name="seen" value="')[1].split('"')[0]
    said(page, url("dataset_item_edit", "cases", 1), body | {"seen": seen})
    assert making.item(dataset).expected == "Mine"


def test_personal_data_in_an_edit_is_asked_about(page: Client, dataset: Dataset) -> None:
    address = url("dataset_item_edit", "cases", 1)
    body = form_of(making.item(dataset), expected="Mail jo@example.org")
    shown = said(page, address, body)
    assert "There is personal data in it: email" in shown and making.fresh(dataset).version == 1
    said(page, address, body | {"personal": "redact"})
    assert making.item(dataset).expected == "Mail [email]"


def test_an_item_by_hand_is_held_against_what_is_there(page: Client, dataset: Dataset) -> None:
    address = url("dataset_item_new", "cases")
    text(page, address)
    body = {"input": QUESTIONS[0] + " Please help!", "input_kind": "text", "expected": "x",
            "expected_kind": "text"}  # fmt: skip
    shown = said(page, address, body)
    assert (
        "Something like it is there already" in shown and url("dataset_item", "cases", 1) in shown
    )
    assert making.fresh(dataset).version == 1
    assert "Added as item 4." in said(page, address, body | {"anyway": "1"})
    shown = said(page, address, {"input": "Entirely new, of nobody known.", "more": "1"})
    assert "Added as item 5." in shown and "Add, and type another" in shown


def test_an_item_is_taken_out_or_erased(page: Client, dataset: Dataset) -> None:
    shown = said(page, url("dataset_item_drop", "cases", 1), {"remove": "1"})
    assert "is not in version 2. Earlier versions keep it." in shown
    assert "It was taken out in version 2." in text(page, url("dataset_item", "cases", 1))
    assert "Say why" in said(page, url("dataset_item_drop", "cases", 1), {"erase": "1"})
    said(page, url("dataset_item_drop", "cases", 1), {"erase": "1", "reason": "x"})
    shown = text(page, url("dataset_item", "cases", 1), {"version": "1"})
    assert "was erased on" in shown and QUESTIONS[0] not in shown
    assert "Erased on" in text(page, url("dataset", "cases"), {"version": "1"})
    assert page.get(url("dataset_item_edit", "cases", 1)).status_code == 404


# ── Versions ─────────────────────────────────────────────────────────────────────────────────────


def test_versions_are_tagged_and_told(page: Client, access: Access, dataset: Dataset) -> None:
    editing.move(access, dataset, [1], "test")
    address = url("dataset_tag", "cases")
    assert "golden is version 1 now." in said(page, address, {"name": "golden", "version": "1"})
    shown = said(page, address, {"name": "golden", "version": "2"})
    assert "golden is version 2 now." in shown and "before that 1" in shown
    assert "split test" in shown
    assert "There is no such version." in said(page, address, {"name": "golden", "version": "x"})
    assert "Lower-case letters" in said(page, address, {"name": "No", "version": "1"})
    assert "No version is golden any more." in said(
        page, address, {"name": "golden", "remove": "1"}
    )
    for entry in LogEntry.objects.filter(dataset=dataset):
        assert entry.author_label == "owner@example.org"


def test_two_versions_are_compared_word_by_word(
    page: Client,
    access: Access,
    dataset: Dataset,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    editing.edit(access, dataset, 1, {"input": QUESTIONS[0].replace("Monday", "Tuesday")})
    editing.remove(access, dataset, [2])
    making.add(access, dataset, HOSTILE)
    address = url("dataset_diff", "cases")
    text(page, address, {"from": "1", "to": "4"})
    with django_assert_num_queries(DIFF_QUERIES):
        shown = text(page, address, {"from": "1", "to": "4"})
    assert "<del>Monday</del><ins>Tuesday</ins>" in shown
    assert "1 added" in shown and "1 edited" in shown and "1 taken out" in shown
    assert "<script>alert" not in shown
    assert f"<ins>{escape(HOSTILE)}</ins>" in text(page, address)  # the last step
    assert "The same items in both" in text(page, address, {"from": "3", "to": "3"})
    assert page.get(address, {"from": "99"}).status_code == 404
    first = text(page, address, {"from": "0", "to": "1"})
    assert "3 added" in first and first.count("added</span>") == 4
    alone = text(page, address, {"to": "1"})
    assert alone.split("<main")[1].split("</main>")[0].count("added</span>") == 4
    assert "3 added" in alone, "the first version, compared with nothing"
    assert "?from=0&amp;to=1" in text(page, url("dataset_versions", "cases"))
    tagging.put(access, dataset, "golden", 2)
    assert text(page, address).count(">Version 2 (golden)</option>") == 2
    assert page.get(url("dataset_diff", making.dataset(access, "empty").slug)).status_code == 302


# ── Ways in ──────────────────────────────────────────────────────────────────────────────────────


def test_nothing_chosen_says_where_to_go(page: Client, access: Access) -> None:
    desk.queue(access, "tone")
    shown = text(page, url("dataset_add"))
    assert "Nothing is ticked" in shown and "?queue=tone" in shown
    assert "Nothing is settled" in text(page, url("dataset_add"), {"queue": "tone"})
    assert page.get(url("dataset_add"), {"queue": "nope"}).status_code == 404
    assert page.get(url("dataset_add"), {"queue": "a\0"}).status_code == 404


def test_traces_are_shown_as_items_and_added(
    page: Client, access: Access, dataset: Dataset
) -> None:
    [trace, other] = desk.send(access, 2)
    address = url("dataset_add")
    chosen = {"item": [trace.hex, f"{other.hex}:{span_hex(desk.SPAN_ID)}", "nonsense"]}
    unread = text(page, address, chosen)
    assert "2 without an expected output" in unread, "what nobody has read is expected of nothing"
    shown = text(page, address, chosen | {"expected": "unreviewed"})
    assert "Add 2 to a dataset" in shown and "Where is it?" in shown and "On its way." in shown
    assert "what was answered" in shown and "the same words" in shown  # they ask the same
    part = text(page, address, chosen | {"dataset": "cases"}, headers={"HX-Request": "true"})
    assert part.startswith('<div id="looks"') and "<html" not in part
    body = {"items": f"{trace.hex},{other.hex}", "dataset": "cases", "add": "1", "split": "dev",
            "alike": "keep", "note": "From a list"}  # fmt: skip
    assert "2 added to Cases, version 2." in said(page, address, body)
    assert {row.split for row in Item.objects.filter(added_in=2)} == {"dev"}
    again = said(page, address, body | {"alike": "skip-exact"})
    assert "0 added to Cases. 2 left out as duplicates" in again


def test_a_new_dataset_is_made_on_the_way(page: Client, access: Access) -> None:
    [trace] = desk.send(access)
    body = {"items": trace.hex, "add": "1"}
    assert "Choose a dataset, or name a new one." in said(page, url("dataset_add"), body)
    shown = said(page, url("dataset_add"), body | {"name": "Fresh", "expected": "people"})
    assert "1 added to Fresh, version 1." in shown
    item = Item.objects.get()
    assert item.expected is None and item.metadata["response"] == "On its way."
    assert "Letters, digits" in said(
        page, url("dataset_add"), body | {"dataset": "fresh", "split": "ü"}
    )
    assert page.post(url("dataset_add"), body | {"dataset": "nope"}).status_code == 404


def test_what_is_refused_says_so_and_adds_nothing(page: Client, access: Access) -> None:
    [trace] = desk.send(access)
    making.dataset(access, "strict", schema={"input": {"type": "object"}})
    body = {"items": trace.hex, "add": "1", "dataset": "strict"}
    shown = said(page, url("dataset_add"), body)
    assert "Nothing was added." in shown and "cannot be added" in shown
    found = making.dataset(access, "ended")
    datasets.archive(access, found)
    assert "The dataset is archived." in said(page, url("dataset_add"), body | {"dataset": "ended"})
    gone = {"items": "0" * 31 + "1", "add": "1", "name": "x"}
    assert "None of them holds an input" in said(page, url("dataset_add"), gone)
    assert not Item.objects.exists()


def test_all_that_match_are_taken(page: Client, access: Access, dataset: Dataset) -> None:
    desk.send(access, 3)
    shown = text(page, url("dataset_add"), {"all": "1", "range": "24h"})
    assert "Add 3 to a dataset" in shown and 'name="all" value="1"' in shown
    body = {"all": "1", "range": "24h", "dataset": "cases", "add": "1", "alike": "keep"}
    assert "3 added to Cases" in said(page, url("dataset_add"), body)


def test_more_than_one_reading_bears_are_read_in_parts(
    page: Client, access: Access, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evals.datasets.services.gathering.MOST", 2)
    traces = desk.send(access, 5)
    body = {"items": ",".join(one.hex for one in traces), "dataset": "cases", "add": "1",
            "alike": "keep"}  # fmt: skip
    assert "5 added to Cases" in said(page, url("dataset_add"), body)


def test_settled_items_come_with_their_corrections(
    page: Client, access: Access, dataset: Dataset
) -> None:
    better = {"key": "better", "text": "Better?", "kind": "correction", "required": False}
    queue = desk.queue(access, "tone", questions=[desk.HELPFUL, better])
    [item] = desk.fill(access, queue)
    working.submit(access, item, {"helpful": False, "better": "On Monday."})
    shown = text(page, url("dataset_from_queue", "cases"))
    assert "1 settled" in shown and "?queue=tone&amp;dataset=cases" in shown
    shown = text(page, url("dataset_add"), {"queue": "tone", "dataset": "cases"})
    assert "corrected by a person" in shown and "On Monday." in shown and "It answered" in shown
    body = {"queue": "tone", "dataset": "cases", "add": "1"}
    assert "1 added to Cases" in said(page, url("dataset_add"), body)
    row = making.item(dataset, 4)
    assert (row.expected, row.source, row.review_item) == ("On Monday.", "queue", item.pk)
    assert "corrected" in text(page, url("dataset", "cases"))


def test_personal_data_and_twins_are_shown_beside_the_item(
    page: Client, access: Access, dataset: Dataset
) -> None:
    looks = adding.look(dataset, [draft(QUESTIONS[0]), draft("I am jo@example.org")])
    rows = [ways._row(one) for one in looks]
    assert rows[1]["found"] == [("E-mail addresses", ["jo@example.org"])]
    assert rows[0]["look"].near[0].percent == 100


# ── Files ────────────────────────────────────────────────────────────────────────────────────────


def upload(page: Client, data: bytes, name: str = "a.csv") -> str:
    return said(page, url("dataset_upload", "cases"), {"file": SimpleUploadedFile(name, data)})


def test_a_file_is_mapped_and_added(page: Client, access: Access, dataset: Dataset) -> None:
    assert "Choose a file first." in said(page, url("dataset_upload", "cases"), {})
    assert "Two columns are named a" in upload(page, b"a,a\n1,2\n")
    shown = upload(page, f"frage,a\n{HOSTILE},x\njo@example.org asks,y\n".encode(), HOSTILE)
    assert "Say which column is the input." in shown and "<script>alert" not in shown
    row = Import.objects.get()
    address = url("dataset_import", "cases", row.pk)
    part = page.post(
        address, {"column-0": "input", "column-1": "expected"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert part.startswith('<div id="preview"') and "E-mail addresses" in part
    assert "<script>alert" not in part
    body = {"column-0": "input", "column-1": "expected", "personal": "drop", "begin": "1"}
    shown = said(page, address, body)
    assert "1 added, 1 left out for personal data: version 2." in shown
    assert making.fresh(dataset).items_count == 4
    assert "1 added" in text(page, address)  # looked at again later


def test_errors_of_a_file_name_their_lines(page: Client, dataset: Dataset) -> None:
    upload(page, b"input,split\nfine,test\n ,test\nother,no way\n")
    row = Import.objects.get()
    body = {"column-0": "input", "column-1": "split", "begin": "1"}
    shown = said(page, url("dataset_import", "cases", row.pk), body)
    assert "Nothing was added." in shown
    assert "<b>Line 3</b> input: Must not be empty." in shown and "<b>Line 4</b> split:" in shown
    assert making.fresh(dataset).version == 1
    assert "Add without the 2 rows that are wrong" in shown
    assert "is uploaded and not added yet" in text(page, url("dataset", "cases"))
    assert "is forgotten" in said(page, url("dataset_import", "cases", row.pk), {"discard": "1"})
    assert not Import.objects.exists()
    upload(page, b"input,split\nfine,test\n ,test\nother,no way\n")
    row = Import.objects.get()
    done = said(page, url("dataset_import", "cases", row.pk), body | {"begin": "leave"})
    assert "1 added, 2 left out because they were wrong: version 2." in done
    log = text(page, url("dataset_versions", "cases"))
    assert "2 rows left out because they were wrong" in log


def test_a_large_file_shows_how_far_it_is(page: Client, access: Access, dataset: Dataset) -> None:
    rows = "".join(f"Question {n} about {n * 7919}\n" for n in range(300))
    upload(page, ("input\n" + rows).encode())
    row = Import.objects.get()
    address = url("dataset_import", "cases", row.pk)
    assert "Waiting for a worker" in said(page, address, {"column-0": "input", "begin": "1"})
    Import.objects.update(state="running", done=250)
    part = page.get(address, headers={"HX-Request": "true"})
    assert part.status_code == 200 and "250 of 300 rows read" in part.content.decode()
    Import.objects.update(state="waiting")
    importing.work_off()
    done = page.get(address, headers={"HX-Request": "true"})
    assert done.status_code == 286 and "300 added: version 2." in done.content.decode()


def test_an_upload_that_is_gone_says_so(page: Client, access: Access, dataset: Dataset) -> None:
    upload(page, b"input\nx\n")
    erasing.erase(access, erasing.Wanted(text="whatever it was"), "x")
    shown = text(page, url("dataset_import", "cases", Import.objects.get().pk))
    assert "The upload is not there any more" in shown


# ── Erasing ──────────────────────────────────────────────────────────────────────────────────────


def test_a_persons_data_is_found_and_then_erased(
    page: Client, access: Access, dataset: Dataset
) -> None:
    mail = draft("jo@example.org asks", user_id="user-7")
    making.add(access, dataset, mail, choices=Choices(Personal.KEEP))
    address = url("datasets_erase")
    text(page, address)
    assert "Nothing of that in any dataset" in said(page, address, {"by": "user_id", "value": "x"})
    body = {"by": "user_id", "value": "user-7", "find": "1"}
    shown = said(page, address, body)
    assert "1 item, 1 in the newest version" in shown
    assert 'href="/p/shop/datasets/cases/items/4">Item 4</a> jo@example.org asks' in shown
    assert 'href="/p/shop/settings/erase?user=user-7"' in shown
    refused = said(page, address, body | {"erase": "1"})
    assert "1 to 500 characters." in refused and making.fresh(dataset).version == 2
    shown = said(page, address, body | {"erase": "1", "reason": "Ticket 12"})
    assert "1 item erased in 1 dataset, in every version." in shown
    assert "4 to 500 characters" in said(page, address, {"by": "text", "value": "ab"})
    assert "nothing to erase" in said(
        page, address, {"by": "text", "value": "jo@example.org", "erase": "1", "reason": "x"}
    )


def test_what_reviewers_called_wrong_is_not_expected(
    page: Client, access: Access, dataset: Dataset
) -> None:
    queue = desk.queue(access, "right", questions=[desk.HELPFUL])
    for trace, helpful in zip(desk.send(access, 3), (True, False, False), strict=True):
        [item] = desk.items(queue, filling.add(access, queue, [(trace, None)]).items)
        working.submit(access, item, {"helpful": helpful})
    address, chosen = url("dataset_add"), {"queue": "right", "dataset": "cases", "alike": "keep"}
    shown = text(page, address, chosen)
    assert 'value="people" checked' in shown and "3 without an expected output" in shown
    assert 'value="unreviewed"' not in shown  # of what is reviewed it says nothing
    assert shown.count("helpful: no</span>") == 2 and shown.count("helpful: yes</span>") == 1
    assert '<option value="helpful:yes" selected>helpful: yes</option>' in shown
    right = chosen | {"expected": "right", "right_if": "helpful:yes"}
    assert "2 without an expected output" in text(page, address, right)
    done = said(page, address, right | {"add": "1"})
    assert "3 added to Cases, version 2. 2 gathered without an expected output." in done
    rows = Item.objects.filter(added_in=2).order_by("number")
    assert [row.expected for row in rows] == ["On its way.", None, None]
    opposite = text(page, address, chosen | {"expected": "right", "right_if": "helpful:no"})
    assert "1 without an expected output" in opposite
    # Traces that nobody has judged are taken with what was answered, these are not.
    every = {"all": "1", "range": "24h", "dataset": "cases"}
    assert "3 without an expected output" in text(page, address, every)


def test_without_a_yes_or_no_nothing_can_be_right(
    page: Client, access: Access, dataset: Dataset
) -> None:
    better = {"key": "better", "text": "Better?", "kind": "correction"}
    queue = desk.queue(access, "tone", questions=[better])
    [item] = desk.fill(access, queue)
    working.submit(access, item, {"better": "On Monday."})
    shown = text(page, url("dataset_add"), {"queue": "tone", "expected": "right"})
    assert "right_if" not in shown and 'value="people" checked' in shown
