"""Search by words, by meaning and by both, and calls that are like one that is at hand."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from evals.vectors.embedding import UNRELATED
from evals.vectors.fields import Field
from evals.vectors.selectors import models, searching
from evals.vectors.selectors.searching import By, Found, NoVector, search, similar
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.evals.vectors.speaking import NOW, SAID, WHOLE, call, say
from tests.traces.sending import SECOND
from traces.models import Span
from traces.selectors import paging
from traces.selectors.paging import TimeRange, TooSlow
from traces.selectors.search import parse

REFUND = "I would like to be refunded"


def inputs(found: Found) -> list[str]:
    return [one.span.input_preview or "" for one in found.hits]


def asked(access: Access, text: str, by: By, q: str = "", most: int = 50) -> Found:
    return search(access.project.pk, text, by, query=parse(q), range=WHOLE, most=most)


@pytest.mark.django_db
class TestSearch:
    def test_meaning_finds_what_has_no_word_in_common(self, access: Access) -> None:
        say(access, SAID)
        found = asked(access, REFUND, By.MEANING)
        assert set(inputs(found)[:2]) == {"I want my money back", "How can I get a refund?"}
        assert [one.rank for one in found.hits] == [1, 2, 3, 4, 5]
        near = [one.similarity or 0 for one in found.hits]
        assert near == sorted(near, reverse=True) and 0 < near[0] <= 1
        assert not any(one.by_words for one in found.hits)

    def test_an_answer_leads_to_its_call(self, access: Access) -> None:
        say(access, SAID)
        best = asked(access, "follow the link in an e-mail", By.MEANING).hits[0]
        assert best.field is Field.OUTPUT and best.span.input_preview == SAID[4][0]

    def test_words_are_all_there_and_the_newest_come_first(self, access: Access) -> None:
        say(access, SAID)
        found = asked(access, "a tent", By.WORDS)
        assert inputs(found) == ["Do you have a tent for winter?", SAID[2][0]]
        assert all(one.by_words and one.similarity is None for one in found.hits)
        assert inputs(asked(access, "tent storm", By.WORDS)) == [SAID[2][0]]
        assert inputs(asked(access, "tent password", By.WORDS)) == []
        assert inputs(asked(access, "how do you", By.WORDS)) == [], "in every text"

    def test_both_puts_first_what_both_lists_have(self, access: Access) -> None:
        say(access, SAID)
        found = asked(access, "refund", By.BOTH)
        assert len(found.hits) == len(SAID), "meaning adds what words do not find"
        first, second = found.hits[:2]
        assert {first.span.input_preview, second.span.input_preview} == {SAID[0][0], SAID[1][0]}
        assert first.by_words and second.by_words and first.similarity and second.similarity
        assert not any(one.by_words for one in found.hits[2:])

    def test_both_finds_by_words_what_has_no_vector_yet(self, access: Access) -> None:
        say(access, SAID)
        say(access, [("Is the Zephyr-9 in stock?", "Yes.")], NOW, embedded=False)
        by_meaning = inputs(asked(access, "Zephyr-9", By.MEANING))
        assert "Is the Zephyr-9 in stock?" not in by_meaning
        found = asked(access, "Zephyr-9", By.BOTH)
        hit = next(one for one in found.hits if one.by_words)
        assert hit.span.input_preview == "Is the Zephyr-9 in stock?" and hit.similarity is None

    def test_every_filter_applies_to_each_way(self, access: Access) -> None:
        say(access, SAID, user__id="ann")
        say(access, SAID, NOW - 60 * SECOND, user__id="bob", gen_ai__request__model="gpt-4o")
        for by in By:
            found = asked(access, "refund", by, "user:bob")
            assert found.hits and {one.span.user_id for one in found.hits} == {"bob"}
            assert asked(access, "refund", by, "user:nobody").hits == []
            assert asked(access, "refund", by, "kind:tool").hits == []
            late = TimeRange(NOW - 600 * SECOND, NOW)
            some = search(access.project.pk, "refund", by, range=late)
            assert {one.span.user_id for one in some.hits} == {"bob"}
        found = asked(access, REFUND, By.MEANING, 'user:bob "parcel"')
        assert inputs(found) == ["How can I get a refund?"], "words of q are a filter, too"

    def test_of_what_is_said_often_one_is_listed(self, access: Access) -> None:
        say(access, [("Where is my order?", "On its way.")] * 7 + SAID)
        found = asked(access, "where is the order", By.MEANING)
        assert inputs(found).count("Where is my order?") == 1
        best = found.hits[0]
        assert best.span.input_preview == "Where is my order?" and best.repeats == 6
        assert best.span.start_ns == NOW - 3600 * SECOND + 6 * SECOND, "the newest of them"
        assert {one.repeats for one in found.hits[1:]} == {0}
        ranks = [one.rank for one in found.hits]
        assert ranks == list(range(1, len(ranks) + 1))

    def test_the_number_is_bounded(self, access: Access) -> None:
        say(access, SAID)
        assert len(asked(access, "refund", By.BOTH, most=2).hits) == 2
        assert len(asked(access, "refund", By.BOTH, most=-1).hits) == 1
        assert searching._candidates(10**6) == searching.CANDIDATES

    def test_it_is_the_same_each_time(self, access: Access) -> None:
        say(access, [(f"Order {n} is late", "Sorry.") for n in range(20)], span_name="x")
        for by in By:
            first = [one.span.trace_id for one in asked(access, "order late", by).hits]
            assert first == [one.span.trace_id for one in asked(access, "order late", by).hits]

    def test_nothing_of_another_project(self, access: Access, other_project: Project) -> None:
        other = Access(other_project, access.permissions, user=access.user)
        say(other, SAID)
        for by in By:
            assert asked(access, "refund", by).hits == [] and asked(other, "refund", by).hits

    @pytest.mark.parametrize("text", ["", "  ", "\x00", "🧵", "' OR 1=1 --", "a" * 10_000, "()&|!"])
    def test_any_text_is_only_a_text(self, access: Access, text: str) -> None:
        say(access, SAID)
        for by in By:
            asked(access, text, by)

    def test_what_is_no_nearer_than_any_two_texts_is_marked_and_little(
        self, access: Access
    ) -> None:
        say(access, [*SAID, *((f"Lamp {n} flickers at night", "Yes.") for n in range(30))])
        for by in (By.MEANING, By.BOTH):
            nothing = asked(access, "xkcd blorp fnarg", by).hits
            assert len(nothing) == searching.MOST_WEAK and all(one.weak for one in nothing)
            some = asked(access, "I want a refund of my money", by).hits
            weak = [one.weak for one in some]
            assert not weak[0] and weak == sorted(weak) and sum(weak) <= searching.MOST_WEAK
            assert all((one.similarity or 1) > UNRELATED for one in some if not one.weak)
        by_words = asked(access, "storm", By.BOTH).hits[0]
        assert by_words.by_words and not by_words.weak, "the word is there, whatever it means"

    def test_both_ranks_what_words_find_by_what_else_is_said(self, access: Access) -> None:
        """The newest do not drown what is about it."""
        say(access, [("Can I get a refund?", "Yes.")])
        long = "The courier told me a story of lamps and ladders. " * 3
        said = [(f"{long} {chr(97 + n) * 5} refund", "Well.") for n in range(12)]
        say(access, said, NOW - 60 * SECOND)
        assert inputs(asked(access, "refund", By.BOTH))[0] == "Can I get a refund?"
        newest = inputs(asked(access, "refund", By.WORDS))[0]
        assert newest.startswith("The courier"), "alone they stand by time"

    def test_words_in_prompts_and_documents_come_behind_what_is_near(self, access: Access) -> None:
        """Every call of an application may hold them there, the newest of them about anything."""
        say(access, SAID)
        around = f"<documents>\n{'You may get a refund. ' * 20}\n</documents>\n\n{{}}"
        said = [(around.format(f"Where is lamp {n}?"), f"In hall {n}.") for n in range(8)]
        say(access, said, NOW - 60 * SECOND)
        found = asked(access, "refund", By.BOTH).hits
        assert {one.asked for one in found[:2]} == {SAID[0][0], SAID[1][0]}
        assert [one.within for one in found[2:10]] == [True] * 8
        assert all(one.by_words and not one.weak for one in found[2:10])
        assert not any(one.within for one in (*found[:2], *found[10:]))
        assert [one.weak for one in found[10:]] == [True] * 3
        alone = asked(access, "refund", By.WORDS).hits
        assert len(alone) == 10 and not any(one.within for one in alone), "words find all of them"

    def test_the_words_of_the_text_that_holds_all_are_counted(self, access: Access) -> None:
        shared = ("Is the tent a good one?", "It is for a storm.")
        say(access, [shared, ("Will this nice green tent of ours hold in a storm?", "It does.")])
        both = asked(access, "tent storm", By.BOTH).hits
        keys = [((one.span.trace_id, one.span.span_id), one.span.start_ns) for one in both]
        found = searching._in_own(
            access.project.pk, "tent storm", [searching._Candidate(*key) for key in keys]
        )
        assert sorted(found.values()) == [9, 11], "the words of both texts, and those of one"

    def test_what_is_near_counts_by_its_words_however_old(
        self, access: Access, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        say(access, SAID)
        say(access, [(f"Lamp {n}? Refund", "Yes.") for n in range(3)], NOW - 60 * SECOND)
        monkeypatch.setattr(searching, "CANDIDATES", 2)
        monkeypatch.setattr(searching, "LEAST_CANDIDATES", 10)
        found = asked(access, "refund", By.BOTH).hits
        assert {one.asked for one in found if one.by_words} >= {SAID[0][0], SAID[1][0]}

    def test_what_was_deleted_is_not_found(self, access: Access) -> None:
        [gone, *_] = say(access, SAID)
        Span.objects.filter(trace_id=gone).delete()
        for by in By:
            assert gone not in {one.span.trace_id for one in asked(access, "refund", by).hits}

    def test_a_long_search_is_stopped(
        self, access: Access, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        say(access, SAID)
        sleepy = searching.BY_WORDS.replace("WHERE x", "WHERE pg_sleep(1) IS NOT NULL AND x", 1)
        monkeypatch.setattr(searching, "BY_WORDS", sleepy)
        monkeypatch.setattr(paging.time_limit.__wrapped__, "__defaults__", (50,))  # type: ignore[attr-defined]
        with pytest.raises(TooSlow):
            asked(access, "refund", By.WORDS)

    def test_queries(self, access: Access) -> None:
        say(access, SAID * 3)
        models.present(access.project.pk)

        def tables(by: By, q: str = "") -> list[str]:
            with CaptureQueriesContext(connection) as seen:
                asked(access, "refund", by, q)
            texts = [one["sql"] for one in seen.captured_queries]
            of = {"vectors_vector v": "near", "traces_text x": "words", '"traces_span"': "rows"}
            of |= {"own.asked": "own"}
            found = [
                next((name for part, name in of.items() if part in each), "") for each in texts
            ]
            return [name for name in found if name]

        assert tables(By.WORDS) == ["words", "rows"]
        assert tables(By.MEANING) == ["near", "near", "rows"]
        assert tables(By.BOTH) == ["near", "near", "words", "own", "rows"]

    def test_a_row_says_what_was_asked_and_the_same_is_one(self, access: Access) -> None:
        """However different the documents around it are."""
        around = "<documents>\n{}\n</documents>\n\nWhere is my parcel?"
        say(
            access, [(around.format(f"{n} lamps are sold a day. " * 20), f"A{n}") for n in range(3)]
        )
        found = asked(access, "where is my parcel", By.MEANING)
        assert [(one.asked, one.repeats) for one in found.hits if not one.weak] == [
            ("Where is my parcel?", 2)
        ]


@pytest.mark.django_db
class TestSimilar:
    def test_the_nearest_without_itself(self, access: Access) -> None:
        ids = say(access, SAID)
        found = similar(call(access, ids[0]), Field.INPUT, range=WHOLE)
        assert inputs(found)[0] == "How can I get a refund?" and len(found.hits) == 4
        assert found.same == 0 and all(one.field is Field.INPUT for one in found.hits)
        by_answer = similar(call(access, ids[2]), Field.OUTPUT, range=WHOLE)
        assert by_answer.hits[0].span.output_preview == "The Birch is made for snow."

    def test_what_repeats_it_is_left_out_and_counted(self, access: Access) -> None:
        ids = say(access, [SAID[0]] * 13 + [SAID[1]] * 3 + SAID[2:])
        found = similar(call(access, ids[0]), Field.INPUT, range=WHOLE)
        assert found.same == 12 and SAID[0][0] not in inputs(found)
        assert inputs(found)[0] == SAID[1][0] and found.hits[0].repeats == 2

    def test_what_is_said_over_and_over_hides_nothing(
        self, access: Access, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(searching, "LEAST_CANDIDATES", 8)
        monkeypatch.setattr(searching, "AHEAD", 1)
        ids = say(access, [SAID[0]] * 30 + SAID[1:], user__id="ann")
        for query in ("", "user:ann"):
            asked_for = {"query": parse(query), "range": WHOLE} if query else {"range": WHOLE}
            found = similar(call(access, ids[0]), Field.INPUT, most=8, **asked_for)
            assert inputs(found)[0] == SAID[1][0] and len(found.hits) == len(SAID) - 1
            by = search(access.project.pk, SAID[0][0], By.MEANING, most=8, **asked_for)
            assert inputs(by)[:2] == [SAID[0][0], SAID[1][0]] and len(by.hits) == len(SAID)

    def test_filters(self, access: Access) -> None:
        ids = say(access, SAID, user__id="ann")
        say(access, SAID[:2], user__id="bob")
        found = similar(
            call(access, ids[0]), Field.INPUT, query=parse("user:bob"), range=WHOLE, most=5
        )
        assert inputs(found) == [SAID[1][0]] and found.same == 1
        nothing = TimeRange(0, 5)
        assert similar(call(access, ids[0]), Field.INPUT, range=nothing) == Found()

    def test_a_call_without_a_vector(self, access: Access) -> None:
        [one] = say(access, SAID[:1], embedded=False)
        with pytest.raises(NoVector):
            similar(call(access, one), Field.INPUT)


RANKS = st.lists(st.integers(1, 30), unique=True, max_size=20)


@given(RANKS, RANKS)
def test_fusion_is_of_places_alone(one: list[int], other: list[int]) -> None:
    lists = [[searching._Candidate((UUID(int=n), 1), n) for n in each] for each in (one, other)]
    found = [(each.key[0].int, each.score) for each in searching.fused(lists)]
    assert {number for number, _ in found} == {*one, *other} and len(found) == len({*one, *other})
    for number, score in found:
        wanted = sum(1 / (61 + each.index(number)) for each in (one, other) if number in each)
        assert score == pytest.approx(wanted)
    assert [score for _, score in found] == sorted((s for _, s in found), reverse=True)
    turned = [(each.key[0].int, each.score) for each in searching.fused(lists[::-1])]
    assert turned == found, "which list is first decides nothing"
