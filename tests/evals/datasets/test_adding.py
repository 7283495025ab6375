"""Adding: all or nothing, once, and only what somebody wanted."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from evals.datasets.content import Draft
from evals.datasets.models import Band, Dataset, Item, LogEntry, Version
from evals.datasets.selectors import near
from evals.datasets.services import adding, datasets, editing, writing
from evals.datasets.services.adding import Alike, Choices, Known, Personal
from evals.review.errors import Invalid
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry
from tests.evals.datasets import making
from tests.evals.datasets.making import QUESTIONS, draft

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\u202e'; DROP TABLE datasets_item; --"


def test_one_call_is_one_version(access: Access) -> None:
    found = making.dataset(access)
    result = making.add(access, found, *QUESTIONS[:2], note=" The first two ")
    assert result.version is not None
    version = Version.objects.get(dataset=found)
    assert (version.number, version.added, version.items_count) == (1, 2, 2)
    assert (version.note, version.author_label) == ("The first two", "owner@example.org")
    assert (result.numbers, result.told()["added"]) == ([1, 2], 2)
    assert making.add(access, found, QUESTIONS[2]).numbers == [3]
    assert making.texts(found) == list(QUESTIONS[:3])
    assert making.texts(found, 1) == list(QUESTIONS[:2])
    after = making.fresh(found)
    assert (after.version, after.items_count, after.last_number) == (2, 3, 3)


def test_all_of_an_item_is_kept(access: Access) -> None:
    found = making.dataset(access)
    talk = [{"role": "user", "content": HOSTILE}, {"role": "tool", "content": None}]
    given = Draft(
        talk, {"a": [1, None]}, ["", HOSTILE], {"k": HOSTILE, "n": 2**70}, "dev", "id 1", "u"
    )
    making.add(access, found, given)
    row = making.item(found)
    assert (row.input, row.expected, row.context, row.metadata) == (
        talk, {"a": [1, None]}, ["", HOSTILE], {"k": HOSTILE, "n": 2**70}
    )  # fmt: skip
    assert (row.split, row.key, row.user_id, row.source) == ("dev", "id 1", "u", "hand")
    assert row.input_preview == HOSTILE and row.expected_preview == '{"a": [1, null]}'
    assert writing.draft_of(row).content() == given.content()


def test_an_id_again_adds_nothing(access: Access) -> None:
    found = making.dataset(access)
    items = [draft(text, key=str(n), metadata={"n": n}) for n, text in enumerate(QUESTIONS)]
    first = making.add(access, found, *items)
    again = making.add(access, found, *items[:3])
    assert again.version is None and again.numbers == first.numbers[:3]
    assert (again.unchanged, again.added) == (3, 0)
    more = making.add(access, found, items[0], draft("A new one, of which nobody knew."))
    assert more.numbers == [1, 7] and more.version is not None and more.version.added == 1
    assert making.fresh(found).items_count == 7


def test_an_id_with_another_content_is_not_guessed_about(access: Access) -> None:
    found = making.dataset(access)
    making.add(access, found, draft(key="a"), draft(QUESTIONS[1], key="b"))
    changed = draft(QUESTIONS[2], key="a")
    with making.conflict("other-content") as caught:
        making.add(access, found, changed, draft("New, and not added either.", key="c"))
    assert caught[0].current == {"items": [{"item": 0, "id": "a", "number": 1}]}
    assert making.fresh(found).version == 1
    skipped = making.add(access, found, changed, choices=Choices(known=Known.SKIP))
    assert skipped.version is None and skipped.skipped == 1
    done = making.add(access, found, changed, choices=Choices(known=Known.REPLACE))
    assert done.version is not None and (done.replaced, done.version.edited) == (1, 1)
    assert making.texts(found) == [QUESTIONS[2], QUESTIONS[1]]
    assert making.texts(found, 1) == [QUESTIONS[0], QUESTIONS[1]]
    assert making.item(found).key == "a"


def test_an_id_that_was_taken_out_is_free_again(access: Access, dataset: Dataset) -> None:
    making.add(access, dataset, draft("Once more, with feeling.", key="a"))
    editing.remove(access, dataset, [4])
    assert making.add(access, dataset, draft("Something else instead.", key="a")).numbers == [5]


def test_one_that_is_wrong_keeps_all_out(access: Access) -> None:
    found = making.dataset(access)
    with making.refused("/items/1/input", "/items/3/split"):
        making.add(
            access, found, draft(), draft(" "), draft(QUESTIONS[1]), draft("x", split="no way")
        )
    with making.refused("/items/2/id"):
        making.add(access, found, draft(key="a"), draft(), draft("x", key="a"))
    with making.refused("/items"):
        making.add(access, found)
    with making.refused("/items"):
        adding.add(access, found, [draft()] * (adding.MOST_AT_ONCE + 1))
    with making.refused("/note"):
        making.add(access, found, draft(), note="x" * 501)
    assert making.fresh(found).version == 0
    assert not Item.objects.exists() and not Version.objects.exists()


def test_not_more_is_told_than_anybody_reads(access: Access) -> None:
    found = making.dataset(access)
    with pytest.raises(Invalid) as caught:
        making.add(access, found, *(draft(" ") for _ in range(500)))
    assert len(caught.value.errors) == adding.MOST_TOLD


SCHEMA = {
    "input": {"type": "object", "required": ["question"]},
    "expected": {"type": "string", "maxLength": 20},
    "metadata": {"properties": {"lang": {"enum": ["de", "en"]}}},
}


def test_the_schema_holds_for_every_item(access: Access) -> None:
    found = making.dataset(access, schema=SCHEMA)
    good = Draft({"question": "Hm?"}, "Yes.", metadata={"lang": "de"})
    making.add(access, found, good, Draft({"question": "x"}, None))
    with making.refused("/items/1/input", "/items/1/expected", "/items/1/metadata/lang"):
        bad = Draft({"q": 1}, "x" * 21, metadata={"lang": "fr"})
        making.add(access, found, good, bad)
    assert making.fresh(found).items_count == 2


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"output": {}}, "/schema/output"),
        ({"input": 5}, "/schema/input"),
        ({"input": {"type": "nonsense"}}, "/schema/input"),
        ({"metadata": {"patternProperties": {"(a+)+$": {}}}}, "/schema/metadata"),
        ({"expected": {"description": "x" * 70_000}}, "/schema/expected"),
        ([], "/schema"),
    ],
)
def test_a_schema_without_sense_is_refused(access: Access, schema: Any, pointer: str) -> None:
    with making.refused(pointer):
        making.dataset(access, schema=schema)


def test_a_schema_that_refers_to_nothing_refuses_items_and_does_not_fail(access: Access) -> None:
    found = making.dataset(access, schema={"input": {"$ref": "#/nowhere"}})
    with making.refused("/items/0/input"):
        making.add(access, found, draft())


def test_a_change_of_schema_in_between_is_a_conflict(access: Access) -> None:
    found = making.dataset(access)
    seen = making.fresh(found)
    datasets.update(access, found, datasets.Settings("X", schema={"input": {"type": "object"}}))
    with making.conflict("schema"):
        adding.add(access, seen, [draft()])


MAIL = "I am jo@example.org, where is my order?"


def test_personal_data_is_refused_unless_somebody_says_otherwise(access: Access) -> None:
    found = making.dataset(access)
    given = [draft(QUESTIONS[1]), draft(MAIL, "Hello jo@example.org")]
    with making.conflict("personal-data") as caught:
        making.add(access, found, *given)
    assert caught[0].current == {
        "found": [
            {"item": 1, "field": "input", "kind": "email"},
            {"item": 1, "field": "expected", "kind": "email"},
        ]
    }
    dropped = making.add(access, found, *given, choices=Choices(Personal.DROP))
    assert (dropped.numbers, dropped.dropped) == ([1, None], 1)
    redacted = making.add(access, found, given[1], choices=Choices(Personal.REDACT))
    assert redacted.redacted == 1
    row = making.item(found, 2)
    assert row.input == "I am [email], where is my order?" and row.expected == "Hello [email]"
    assert "jo@" not in row.input_preview + row.expected_preview
    making.add(access, found, given[1], choices=Choices(Personal.KEEP))
    assert making.item(found, 3).input == MAIL


def test_what_is_redacted_must_follow_the_schema_still(access: Access) -> None:
    found = making.dataset(access, schema={"metadata": {"properties": {"n": {"type": "integer"}}}})
    card = draft("x", metadata={"n": 4111111111111111})
    with making.refused("/items/0/metadata/n"):
        making.add(access, found, card, choices=Choices(Personal.REDACT))


def test_nothing_left_is_no_version(access: Access) -> None:
    found = making.dataset(access)
    assert making.add(access, found, MAIL, choices=Choices(Personal.DROP)).version is None
    assert making.fresh(found).version == 0


def test_near_duplicates_are_shown_before_and_treated_as_wanted(access: Access) -> None:
    found = making.filled(access, 6)
    close, same = QUESTIONS[0] + " Please help!", QUESTIONS[1].upper()
    other = "Is there a warranty on the pans?"
    given = [draft(text) for text in (close, same, other, other)]
    looks = adding.look(found, given)
    assert [[one.number for one in each.near] for each in looks] == [[1], [2], [], [None]]
    assert [each.exact for each in looks] == [False, True, False, True]
    assert looks[0].near[0].preview == QUESTIONS[0] and looks[3].near[0].place == 2
    assert 0.7 <= looks[0].near[0].similarity < 1.0
    with making.conflict("near-duplicates") as caught:
        making.add(access, found, *given, choices=Choices(alike=Alike.REFUSE))
    assert caught[0].current == {"items": [0, 1, 3]}
    exact = making.add(access, found, *given, choices=Choices(alike=Alike.SKIP_EXACT))
    assert exact.numbers == [7, None, 8, None] and exact.skipped == 2
    assert making.add(access, found, *given, choices=Choices(alike=Alike.SKIP)).version is None
    assert making.add(access, found, *given).added == 4


def test_near_duplicates_are_of_live_items_of_the_same_dataset(access: Access) -> None:
    found, other = making.filled(access, 2), making.filled(access, 2, "others")
    editing.remove(access, found, [1])
    looks = adding.look(found, [draft(QUESTIONS[0]), draft(QUESTIONS[1])])
    assert [len(each.near) for each in looks] == [0, 1]
    editing.edit(access, found, 2, {"input": "Something that is not like it at all."})
    assert adding.look(found, [draft(QUESTIONS[1])])[0].near == []
    assert adding.look(other, [draft(QUESTIONS[1])])[0].near != []
    assert adding.look(None, [draft(QUESTIONS[1])])[0].near == []


def test_instructions_that_all_share_make_nothing_alike(access: Access) -> None:
    found = making.dataset(access)
    rules = {"role": "system", "content": "You answer for the shop, briefly and kindly. " * 50}
    making.add(access, found, draft([rules, {"role": "user", "content": QUESTIONS[0]}]))
    looks = adding.look(
        found,
        [draft([rules, {"role": "user", "content": text}]) for text in QUESTIONS[:2]],
    )
    assert [len(each.near) for each in looks] == [1, 0]


def test_an_item_is_not_like_itself(access: Access) -> None:
    found = making.dataset(access)
    making.add(access, found, draft(key="a"))
    looks = adding.look(found, [draft(key="a"), draft(expected="Other", key="a"), draft(key="b")])
    assert [(each.known, len(each.near)) for each in looks][:2] == [("same", 0), ("other", 1)]
    assert looks[2].known == "" and looks[2].near[0].number == 1


def test_looking_takes_a_few_queries_however_many(
    access: Access, dataset: Dataset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    many = [draft(f"{QUESTIONS[n % 6]} Number {n}", key=str(n)) for n in range(200)]
    with django_assert_num_queries(3):
        adding.look(dataset, many)


def test_a_text_that_everybody_has_is_looked_for_in_bounds(access: Access) -> None:
    found = making.dataset(access)
    making.add(access, found, *[draft(QUESTIONS[0])] * 200)
    [beside] = near.find(found, [writing.Ready.of(draft()).print])
    assert len(beside) == near.MOST and all(one.exact for one in beside)
    assert max(one.number or 0 for one in beside) > 190  # the newest were looked at


def test_what_is_done_is_written_down_without_what_was_said(access: Access) -> None:
    found = making.dataset(access)
    making.add(access, found, "A secret question of one person.", note="first")
    actions = list(LogEntry.objects.filter(dataset=found).values_list("action", "version"))
    assert actions == [("added", 1), ("created", None)]
    entry = AuditEntry.objects.filter(action="dataset.items_added").get()
    assert (entry.target, entry.after) == ("answers", {"version": 1, "added": 1})
    assert "secret question" not in str(list(AuditEntry.objects.values()))
    assert "secret question" not in str(list(LogEntry.objects.values()))


def test_who_may_only_read_adds_nothing(access: Access, viewer: Access, dataset: Dataset) -> None:
    for act in (
        lambda: adding.add(viewer, dataset, [draft()]),
        lambda: datasets.create(viewer, "x", datasets.Settings("X")),
        lambda: datasets.update(viewer, dataset, datasets.Settings("X")),
        lambda: datasets.archive(viewer, dataset),
        lambda: editing.edit(viewer, dataset, 1, {"input": "x"}),
        lambda: editing.move(viewer, dataset, [1], "test"),
        lambda: editing.remove(viewer, dataset, [1]),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert making.fresh(dataset).version == 1


def test_a_full_dataset_takes_nothing_more(
    access: Access, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MOST_ITEMS", 4)
    making.add(access, dataset, QUESTIONS[3])
    with making.conflict("full"):
        making.add(access, dataset, QUESTIONS[4])
    editing.edit(access, dataset, 1, {"expected": "Changing what is there is possible."})
    editing.remove(access, dataset, [1])
    making.add(access, dataset, QUESTIONS[4])


def test_only_live_items_have_bands(access: Access, dataset: Dataset) -> None:
    editing.remove(access, dataset, [1])
    editing.edit(access, dataset, 2, {"split": "test"})
    live = set(Item.objects.filter(removed_in=None).values_list("pk", flat=True))
    assert set(Band.objects.values_list("item_id", flat=True)) == live
    assert Band.objects.count() == 12 * len(live)


@pytest.mark.django_db(transaction=True)
def test_adders_at_once_lose_and_double_nothing(access: Access) -> None:
    """Eight at once: versions without a gap, numbers once each, the shared id once."""
    found = making.dataset(access)
    barrier, failed = threading.Barrier(8), []

    def work(n: int) -> None:
        try:
            barrier.wait(20)
            for round_ in range(3):
                own = draft(f"{QUESTIONS[n % 6]} by {n} in {round_}", key=f"{n}-{round_}")
                shared = draft("The one that all of them know.", key="shared")
                making.add(access, found, own, shared)
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    after = making.fresh(found)
    assert (after.version, after.items_count, after.last_number) == (24, 25, 25)
    versions = list(Version.objects.filter(dataset=found).order_by("number"))
    assert [one.number for one in versions] == list(range(1, 25))
    numbers = list(Item.objects.filter(dataset=found).order_by("number").values_list("number"))
    assert numbers == [(n,) for n in range(1, 26)]
    assert Item.objects.filter(dataset=found, key="shared").count() == 1
    for one in versions:
        assert len(making.texts(found, one.number)) == one.items_count
