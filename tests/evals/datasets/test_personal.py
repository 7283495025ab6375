"""Personal data in items: found where it is, taken out, or left alone."""

from __future__ import annotations

from typing import Any

import pytest

from evals.datasets.content import Draft, check
from evals.datasets.personal import MOST, found_in, redacted
from traces.redaction import KINDS

SECRET = "pepper"
REAL = {
    "email": "jo@example.org",
    "phone": "+49 30 901820",
    "credit_card": "4111 1111 1111 1111",
    "iban": "DE89 3704 0044 0532 0130 00",
    "ip_address": "192.168.7.11",
    "us_ssn": "123-45-6789",
    "api_key": "sk-abcdefghijklmnopqrstuvwx",
}


def test_every_kind_of_redaction_is_looked_for() -> None:
    assert REAL.keys() == KINDS.keys()
    for kind, text in REAL.items():
        found = found_in(Draft(f"It is {text} as I said"))
        assert [(one.kind, one.field) for one in found][:1] == [(kind, "input")], kind
        assert found[0].quote in text and found[0].label == KINDS[kind].label


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (Draft([{"role": "user", "content": "I am jo@example.org"}]), "input"),
        (Draft([{"role": "user", "content": [{"text": "jo@example.org"}]}]), "input"),
        (Draft({"mail": "jo@example.org"}), "input"),
        (Draft("x", "ask jo@example.org"), "expected"),
        (Draft("x", {"to": ["jo@example.org"]}), "expected"),
        (Draft("x", context=["a", "jo@example.org"]), "context"),
        (Draft("x", metadata={"who": "jo@example.org"}), "metadata"),
        (Draft("x", metadata={"jo@example.org": 1}), "metadata"),
        (Draft("x", metadata={"card": 4111111111111111}), "metadata"),
        (Draft("x", key="jo@example.org"), "id"),
    ],
)
def test_wherever_it_is_it_is_found_and_taken_out(draft: Draft, field: str) -> None:
    assert [one.field for one in found_in(draft)] == [field]
    clean = redacted(draft, SECRET)
    assert found_in(clean) == [] and check(clean) == []
    assert "jo@" not in repr(clean) and "4111" not in repr(clean)


def test_the_rest_stays_as_it_was() -> None:
    messages: list[Any] = [
        {"role": "user", "content": "Mail jo@example.org, please. It's 5 o'clock."},
        {"role": "assistant", "content": None, "tool_calls": [{"id": 12, "arguments": {"n": 1.5}}]},
    ]
    draft = Draft(messages, "ok", ["doc"], {"n": 123456789, "b": True}, "test", "id-1", "jo@x.org")
    clean = redacted(draft, SECRET)
    assert clean.input[0]["content"] == "Mail [email], please. It's 5 o'clock."
    assert clean.input[1] == messages[1]
    assert (clean.expected, clean.context, clean.metadata) == ("ok", ["doc"], draft.metadata)
    assert (clean.split, clean.key, clean.user_id) == ("test", "id-1", "jo@x.org")
    assert messages[0]["content"].startswith("Mail jo@")  # what was given is not changed


def test_an_id_that_tells_becomes_one_that_does_not() -> None:
    """The same for the same id, so that adding again is adding nothing; nobody can guess it."""
    one, again = (redacted(Draft("x", key="jo@example.org"), SECRET).key for _ in range(2))
    assert one == again and one is not None and one.startswith("redacted-")
    assert redacted(Draft("x", key="jo@example.org"), "other").key != one
    assert redacted(Draft("x", key="al@example.org"), SECRET).key != one


def test_each_piece_is_told_once_and_not_all_of_thousands() -> None:
    assert len(found_in(Draft("jo@example.org " * 20, "jo@example.org"))) == 2
    many = " ".join(f"jo{n}@example.org" for n in range(500))
    assert len(found_in(Draft(many))) == MOST


@pytest.mark.parametrize(
    "text",
    [
        "Order 1731999999999 of 2026-11-28, 4.5 % off, version 1.2.3",
        "a::b is a name, and user@host is none",
        "Call me on Monday at ten",
        '{"n": [1, 2, 3]}',
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert found_in(Draft(text)) == []
    assert redacted(Draft(text), SECRET) == Draft(text)


def test_the_applications_own_office_stays_and_nobody_elses() -> None:
    rules = "Money: Billing@shop.example. The boss is jo@shop.example."
    asked = "I am ann@example.org, my firm is info@firm.example"
    said = "Write to billing@shop.example."
    talk = [{"role": "system", "content": rules}, {"role": "user", "content": asked}]
    draft = Draft(talk, said, [said])
    assert {one.quote for one in found_in(draft)} == {
        "jo@shop.example", "ann@example.org", "info@firm.example",
    }  # fmt: skip
    clean = redacted(draft, SECRET)
    assert clean.expected == said and clean.context == [said]
    assert clean.input == [
        {"role": "system", "content": "Money: Billing@shop.example. The boss is [email]."},
        {"role": "user", "content": "I am [email], my firm is [email]"},
    ]
    alone = Draft("Write to billing@shop.example", said)
    assert len(found_in(alone)) == 2, "who gives it is not known"
    assert redacted(alone, SECRET).expected == "Write to [email]."
    named = [{"role": "user", "content": said}]
    assert len(found_in(Draft(named))) == 1, "a user's words are no instructions"
