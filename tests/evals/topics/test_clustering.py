"""Topics of texts whose topics are known; the same ones known again in other samples."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score  # type: ignore[import-untyped]

from evals.topics import clustering
from evals.topics.clustering import COUNTS, EACH, FEWEST, OTHER, Clusters, Labels, cluster
from evals.topics.matching import Shared, heirs, match, numbered, origins, shared
from evals.vectors.embedding import embed
from tests.evals.topics.asking import PARTS, texts

NEW = [None] * 10_000
"""Calls that no run has looked at."""
EQUAL = dict.fromkeys(PARTS, 60)


def found(counts: dict[str, int], seed: int = 0) -> tuple[Clusters, list[str], list[str]]:
    said, topics = texts(counts, seed)
    return cluster(embed(said)), said, topics


def main_topic(clusters: Clusters, topics: list[str]) -> list[str]:
    """Of each cluster the topic that most of its texts have."""
    return [
        max(PARTS, key=lambda name: sum(
            topic == name for topic, label in zip(topics, clusters.labels, strict=True)
            if label == place
        ))
        for place in range(clusters.count)
    ]  # fmt: skip


def test_known_topics_are_found() -> None:
    """No cluster mixes topics, and few topics are split."""
    clusters, _, topics = found(EQUAL)
    assert clusters.count == len(PARTS)
    assert set(main_topic(clusters, topics)) == set(PARTS)
    names = list(PARTS)
    truth = [names.index(topic) for topic in topics]
    assert adjusted_rand_score(truth, clusters.labels) > 0.9
    kept = clusters.labels != OTHER
    mains = np.array([*main_topic(clusters, topics), ""])[clusters.labels]
    assert np.mean(mains[kept] == np.array(topics)[kept]) > 0.97
    assert kept.mean() > 0.9


def test_the_same_texts_give_the_same_topics() -> None:
    said, _ = texts(EQUAL)
    matrix = embed(said)
    one, two = cluster(matrix), cluster(matrix.copy())
    assert np.array_equal(one.labels, two.labels)
    assert np.array_equal(one.space.centres, two.space.centres)


def test_other_texts_of_the_topics_are_assigned_as_these() -> None:
    clusters, _, topics = found(EQUAL)
    mains = main_topic(clusters, topics)
    said, theirs = texts(EQUAL, seed=5)
    labels = clusters.space.assign(embed(said))
    right = [
        mains[label] == topic for label, topic in zip(labels, theirs, strict=True) if label >= 0
    ]
    assert len(right) > 0.85 * len(said) and np.mean(right) > 0.97


def test_what_is_far_from_all_belongs_to_none() -> None:
    clusters, _, _ = found(EQUAL)
    strange = [
        "",
        "   ",
        "Zebras graze beneath snowy volcanoes while astronomers chart distant quasars",
        "量子力学における観測問題について説明してください",
        "Der Präsident besuchte gestern das Museum für Naturkunde",
    ]
    labels = clusters.space.assign(embed(strange))
    assert labels[0] == labels[1] == OTHER
    assert (labels == OTHER).sum() >= 4
    assert clusters.space.assign(np.zeros((0, 256), np.float32)).tolist() == []


@pytest.mark.parametrize("seed", range(1, 6))
def test_ids_are_stable_over_other_samples(seed: int) -> None:
    """Every topic of the first sample is known again in another one, as the same."""
    before, _, topics_before = found(EQUAL)
    after, _, topics_after = found(dict(zip(PARTS, (80, 50, 60, 40, 70), strict=True)), seed)
    matched = by_middle(after, before)
    mains_before, mains_after = main_topic(before, topics_before), main_topic(after, topics_after)
    pairs = [(new, old) for new, old in enumerate(matched) if old is not None]
    assert all(mains_after[new] == mains_before[old] for new, old in pairs)
    assert {mains_before[old] for _, old in pairs} == set(PARTS)
    assert len({old for _, old in pairs}) == len(pairs)


def test_a_topic_that_comes_is_new_and_one_that_goes_is_no_others() -> None:
    before, _, topics_before = found(EQUAL | {"rechnung": 0})
    after, _, topics_after = found(EQUAL | {"refunds": 0})
    matched = by_middle(after, before)
    mains_before, mains_after = main_topic(before, topics_before), main_topic(after, topics_after)
    assert all(matched[at] is None for at, name in enumerate(mains_after) if name == "rechnung")
    taken = {mains_before[old] for old in matched if old is not None}
    assert taken == {"parcels", "recipes", "python"}


def test_numbers() -> None:
    assert numbered([1, None, 0, None], [4, 9], 10) == [9, 10, 4, 11]
    assert numbered([], [4], 5) == []
    clusters, _, _ = found(EQUAL)
    none = np.zeros((0, 256), np.float32)
    nothing = shared(clusters.labels, NEW[: len(clusters.labels)], [], clusters.count)
    assert match(clusters.space, clusters.centroids, none, nothing) == [None] * clusters.count
    assert match(clusters.space, none, clusters.centroids, nothing) == []


def by_middle(new: Clusters, old: Clusters) -> list[int | None]:
    """Where no call of the new topics had one of the old before."""
    calls = shared(new.labels, NEW[: len(new.labels)], range(old.count), new.count)
    return match(new.space, new.centroids, old.centroids, calls)


def of_moves(moves: dict[tuple[int, int], int], new: int, known: list[int]) -> Shared:
    """By (place of the new topic or OTHER, number of the old one) so many calls."""
    labels: Labels = np.repeat([at for at, _ in moves], list(moves.values())).astype(np.int64)
    before = [number for (_, number), n in moves.items() for _ in range(n)]
    return shared(labels, before, known, new)


@pytest.mark.parametrize(
    ("moves", "matched", "split", "merged"),
    [
        # As it was, though some have come and gone.
        ({(0, 7): 80, (OTHER, 7): 10, (0, 0): 15, (1, 8): 50}, [0, 1], [None, None], {}),
        # It splits: the larger part keeps the number.
        ({(0, 7): 40, (1, 7): 60, (2, 8): 50}, [None, 0, 1], [0, None, None], {}),
        # Two merge: the larger one's number stays.
        ({(0, 7): 40, (0, 8): 60}, [1], [None], {0: 0}),
        # It falls apart: no part is it any more.
        (
            {(0, 7): 25, (1, 7): 25, (2, 7): 25, (3, 7): 25, (4, 8): 9},
            [None, None, None, None, 1],
            [0, 0, 0, 0, None],
            {},
        ),
        # A number is not handed on: what is new comes from none, and few of the old are in it.
        ({(0, 7): 30, (0, 0): 90, (OTHER, 7): 20, (1, 8): 50}, [None, 1], [None, None], {0: 0}),
    ],
)
def test_topics_are_known_again_by_their_calls(
    moves: dict[tuple[int, int], int],
    matched: list[int | None],
    split: list[int | None],
    merged: dict[int, int],
) -> None:
    """Whatever their middles say: here all of them lie in one place."""
    clusters, _, _ = found(EQUAL)
    calls = of_moves(moves, len(matched), [7, 8])
    new, old = (np.repeat(clusters.centroids[:1], n, axis=0) for n in (len(matched), 2))
    assert match(clusters.space, new, old, calls) == matched
    assert origins(matched, calls) == split
    assert heirs(matched, calls) == merged


def test_likeness_decides_between_equal_parts() -> None:
    clusters, _, _ = found(EQUAL)
    calls = of_moves({(0, 7): 50, (1, 7): 50}, 2, [7])
    for order, kept in (([0, 1], [None, 0]), ([1, 0], [0, None])):
        new = clusters.centroids[order]
        assert match(clusters.space, new, clusters.centroids[[1]], calls) == kept


def test_few_and_equal_texts() -> None:
    with pytest.raises(ValueError, match="40 are needed"):
        cluster(embed(["hello"] * (FEWEST - 1)))
    with pytest.raises(ValueError, match="not blank"):
        cluster(embed([*["hello there"] * (FEWEST - 1), *[""] * 50]))
    one = cluster(embed(["Where is my parcel?"] * FEWEST))
    assert one.count == 1 and one.silhouette == 0.0
    two = cluster(embed(["Where is my parcel?"] * 30 + ["Bake a cake with flour"] * 30))
    assert two.count == 2 and len(set(two.labels[:30])) == 1 and two.labels[0] != two.labels[-1]


def test_the_number_of_topics_is_bounded() -> None:
    random = np.random.default_rng(0)
    noise = random.standard_normal((150, 256)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    clusters = cluster(noise)
    assert clusters.count <= max(2, 150 // EACH) and clusters.silhouette < 0.3
    assert max(COUNTS) <= 100, "a list of more would be no overview"


def test_as_many_topics_are_told_apart_as_there_are() -> None:
    """Sixty, of thirty calls each: no found one mixes two that were planted."""
    random = np.random.default_rng(8)
    planted = np.repeat(np.arange(60), 30)
    rows = 0.5 * random.standard_normal((len(planted), 64)).astype(np.float32)
    rows += random.standard_normal((60, 64)).astype(np.float32)[planted]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    clusters = cluster(rows)
    assert 60 <= clusters.count <= 88 and clusters.limit is None
    mixed = [
        place
        for place in range(clusters.count)
        if np.bincount(planted[clusters.labels == place]).max()
        < 0.9 * (clusters.labels == place).sum()
    ]
    assert len(mixed) <= 3


def test_it_says_where_it_had_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(EQUAL)[0].limit is None
    monkeypatch.setattr(clustering, "COUNTS", (2, 3, 4))
    stopped = found(EQUAL)[0]
    assert stopped.limit == 4 == stopped.count
    monkeypatch.setattr(clustering, "COUNTS", (2, 3, 4, 5))
    assert found(EQUAL)[0].limit == 5, "nobody knows whether six would be better"
