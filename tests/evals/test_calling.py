"""Calls to providers: what they say on errors, and how many may wait."""

import asyncio
import time

import pytest

from evals.detectors.text import sentences
from evals.providers import waiting
from evals.providers.calling import without_key
from evals.providers.errors import ProviderError, Unavailable

KEY = "sk-live-0123456789abcdef"


@pytest.mark.parametrize(
    "said",
    [
        f"bad key {KEY}",
        f'{{"error": "Bearer {KEY} is not valid"}}',
        "the key starts with sk-live-0123",
        f"Authorization=Bearer+{KEY}",
    ],
)
def test_a_key_that_is_repeated_is_not_shown(said: str) -> None:
    shown = without_key(said, KEY)
    assert "0123" not in shown and "…" in shown


def test_other_words_stay() -> None:
    said = "The model gpt-4o does not exist (request 8271-ab)."
    assert without_key(said, KEY) == said
    assert without_key(said, "") == said


def test_what_no_database_holds_is_replaced() -> None:
    assert str(ProviderError("a\0b \ud800")) == "a\ufffdb ?"


async def nothing() -> int:
    return 7


def test_only_so_many_wait() -> None:
    assert waiting.waited(nothing()) == 7
    for _ in range(3):
        waiting.PLACES.acquire()
    try:
        with pytest.raises(Unavailable, match="too many"):
            waiting.waited(nothing())
    finally:
        for _ in range(3):
            waiting.PLACES.release()


def test_it_may_be_called_beside_a_running_loop() -> None:
    async def beside() -> int:
        return waiting.waited(nothing())

    assert asyncio.run(beside()) == 7


@pytest.mark.parametrize("text", ["." * 40_000, ".'" * 20_000, "!?" * 20_000 + "x", '…"' * 9_000])
def test_sentences_of_hostile_texts(text: str) -> None:
    began = time.process_time()
    sentences(text)
    assert time.process_time() - began < 2
