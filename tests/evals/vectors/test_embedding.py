"""The embedded vectors: what is alike in meaning is near, whatever the text."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.vectors.embedding import DIMENSIONS, UNRELATED, embed


def near(one: str, *others: str) -> list[float]:
    found = embed([one, *others])
    return [float(value) for value in found[1:] @ found[0]]


@pytest.mark.parametrize(
    ("asked", "alike", "other"),
    [
        ("I want my money back", "How can I get a refund", "When will my order arrive"),
        ("I cannot log in", "How do I reset my password", "What is the weather in Porto?"),
        ("The package is late", "My delivery has not arrived", "Write a poem about spring"),
        ("Can you cancel my subscription?", "Please end my plan", "What colour is the lamp?"),
    ],
)
def test_meaning_is_near_without_a_word_in_common(asked: str, alike: str, other: str) -> None:
    first, second = near(asked, alike, other)
    assert first > second + 0.1


def test_two_texts_of_any_kind_are_not_nearer_than_is_said() -> None:
    """Mean and three standard deviations of sentences that stand far from each other."""
    pages = [page.read_text() for page in sorted(Path("docs").glob("*.md"))]
    said = [
        one.strip()
        for page in pages
        for one in re.split(r"\n\n|(?<=[.?!])\s", page)
        if 20 < len(one) < 400 and "|" not in one and "```" not in one
    ]
    vectors, rng = embed(said), np.random.default_rng(0)
    drawn = rng.integers(0, len(said), (2, 20_000))
    pairs = np.sum(vectors[drawn[0]] * vectors[drawn[1]], axis=1)
    pairs = pairs[pairs < 0.999]
    assert abs(pairs.mean() + 3 * pairs.std() - UNRELATED) < 0.05


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=())), max_size=6))
def test_any_text_has_a_unit_vector_or_none(texts: list[str]) -> None:
    found = embed(texts)
    assert found.shape == (len(texts), DIMENSIONS) and found.dtype == np.float32
    lengths = np.linalg.norm(found, axis=1)
    assert np.all((np.abs(lengths - 1) < 1e-4) | (lengths == 0))
    for text, length in zip(texts, lengths, strict=True):
        assert length > 0 or not text.strip() or not text.isprintable()


def test_a_text_has_the_same_vector_alone_and_among_others() -> None:
    texts = [f"Order {n} of {'x ' * n}" for n in range(300)]
    together = embed(texts)
    alone = np.concatenate([embed([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    text = "Where is my parcel? " * 200
    long = embed([text[:4_000], text[:4_000] + "Unlike. " * 100_000])
    np.testing.assert_array_equal(long[0], long[1])


def test_nothing_is_downloaded_or_asked_of_the_network() -> None:
    code = (
        "import socket\n"
        "def no(*a, **k): raise AssertionError('network')\n"
        "socket.socket.connect = no; socket.getaddrinfo = no\n"
        "from evals.vectors.embedding import embed\n"
        "assert embed(['Hello there']).any()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"HOME": "/nowhere"})
