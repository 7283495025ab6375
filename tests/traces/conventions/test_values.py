"""Previews: short, on one line, whatever the text's white space."""

import pytest

from traces.conventions.values import preview
from traces.spans import PREVIEW_LENGTH


@pytest.mark.parametrize(
    "text",
    [
        "word " * 400,
        "x" * 5_000,
        "a\n\n\n\tb   c" * 100,
        " " * 300 + "late",
        "early" + " " * 700 + "late",
        "one\0two " * 60,
        "x" * (PREVIEW_LENGTH - 1) + " " * 30 + "end",
        "short",
    ],
)
def test_a_preview_is_the_beginning_with_white_space_folded(text: str) -> None:
    whole = " ".join(text[: PREVIEW_LENGTH * 4].replace("\0", "\ufffd").split())
    assert preview(text) == whole[:PREVIEW_LENGTH]


def test_nothing_has_no_preview() -> None:
    assert preview(None) is None
    assert preview(" \n\t ") is None
