"""What users of a made-up shop ask, by topic: sentences put together by a fixed chance."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from django.db import connection

from sightglass.accounts.access import Access
from tests.evals.judging import chat, send

HOUR = 3_600 * 10**9
DAY = 24 * HOUR
PARTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "refunds": (
        ("I want a refund", "Please refund my money", "Where is my refund", "Refund the payment"),
        ("because the money was charged twice", "since I paid too much money", "for this payment"),
        ("and refund it to my card.", "to my bank card please.", "with the money back on my card?"),
    ),
    "parcels": (
        ("When will my parcel arrive", "The courier lost the parcel", "Track my parcel"),
        ("that was shipped last week", "which the courier should deliver", "from the warehouse"),
        ("and is the delivery late?", "to my delivery address.", "before the delivery on Monday?"),
    ),
    "recipes": (
        ("Give me a recipe", "Suggest a recipe for dinner", "How do I bake a cake"),
        ("with tomatoes, garlic and pasta", "with flour, butter and sugar", "with rice and onions"),
        ("that I cook in the oven.", "to cook in a pan.", "for a vegetarian kitchen."),
    ),
    "python": (
        ("Write a Python function", "Fix the bug in my Python code", "Explain this Python class"),
        ("that sorts a list of integers", "that parses a JSON string", "which raises an exception"),
        ("and add a unit test.", "with type annotations.", "without importing a module."),
    ),
    "rechnung": (
        ("Wo finde ich die Rechnung", "Bitte schicken Sie mir die Rechnung", "Die Rechnung fehlt"),
        ("für meine letzte Bestellung", "mit der richtigen Mehrwertsteuer", "zu dieser Bestellung"),
        ("in meinem Kundenkonto?", "als Datei per E-Mail.", "noch in diesem Monat."),
    ),
}


def texts(counts: dict[str, int], seed: int = 0) -> tuple[list[str], list[str]]:
    """So many texts of each topic, mixed, and the topic of each."""
    random = Random(seed)
    made = [
        (" ".join(random.choice(part) for part in PARTS[topic]), topic)
        for topic, count in counts.items()
        for _ in range(count)
    ]
    random.shuffle(made)
    return [text for text, _ in made], [topic for _, topic in made]


def asked(access: Access, said: Sequence[str], start_ns: int, **more: Any) -> None:
    """Calls that ask these, a second apart, each a trace of its own with a fixed id. None waits."""
    spans = [
        chat(
            text,
            trace_id=(start_ns + at).to_bytes(16, "big"),
            span_id=(start_ns + at).to_bytes(8, "big"),
            start_ns=start_ns + at * 10**9,
            end_ns=start_ns + at * 10**9 + 10**9,
            **more,
        )
        for at, text in enumerate(said)
    ]
    for at in range(0, len(spans), 200):
        send(access, *spans[at : at + 200])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM traces_batch WHERE consumer = 'embed'")
