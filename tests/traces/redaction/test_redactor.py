"""What rules remove from spans and logs, and that what is stored was already without it."""

import time
from typing import Any

import pytest

from sightglass.accounts.access import Access
from tests.traces.sending import decoded, llm
from traces.models import RedactionRule, RejectedPayload, Span
from traces.redaction import PatternError, Redactor, Rule, compiled
from traces.selectors.payloads import raw_spans
from traces.services import ingest, redaction
from traces.spans import Flag


def text_of(kind: str, text: str) -> str:
    return Redactor([Rule("pii", kind, "[gone]")]).redact_text(text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "write to ada.lovelace+x@mail.example.org now"),
        ("phone", "call +49 30 901820 now"),
        ("phone", "call (212) 555-0123 now"),
        ("credit_card", "card 4111 1111 1111 1111 now"),
        ("iban", "pay DE89 3704 0044 0532 0130 00 now"),
        ("ip_address", "from 192.168.17.4 now"),
        ("ip_address", "from 2001:db8::8a2e:370:7334 now"),
        ("us_ssn", "ssn 536-90-4399 now"),
        ("api_key", "key sk-proj-abcdefghijklmnop1234 now"),
        ("api_key", "key AKIAIOSFODNN7EXAMPLE now"),
    ],
)
def test_personal_data_is_found(kind: str, text: str) -> None:
    redacted = text_of(kind, text)
    assert "[gone]" in redacted
    assert redacted.endswith(" now")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "a@b and @home"),
        ("phone", "order 123456789"),
        ("credit_card", "4111 1111 1111 1112"),
        ("iban", "DE00 3704 0044 0532 0130 00"),
        ("ip_address", "version 999.1.2.3"),
        ("us_ssn", "000-12-3456"),
    ],
)
def test_what_only_looks_like_it_stays(kind: str, text: str) -> None:
    assert text_of(kind, text) == text


def test_an_own_pattern_cannot_stall_and_its_replacement_is_plain() -> None:
    evil = Redactor([Rule("pattern", r"(a+)+$", r"\1")])
    started = time.monotonic()
    evil.redact_text("a" * 100_000 + "b")
    assert time.monotonic() - started < 1
    assert Redactor([Rule("pattern", "cat", r"\1")]).redact_text("a cat") == r"a \1"


@pytest.mark.parametrize("pattern", ["(a", "(?=a)b", r"(a)\1", "a*"])
def test_patterns_that_cannot_be_used_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compiled(pattern)


@pytest.mark.django_db
def test_nothing_unredacted_is_stored(access: Access) -> None:
    for rule in (("pii", "email"), ("drop", "secret.*"), ("pattern", "hunter2")):
        RedactionRule.objects.create(
            project=access.project, type=rule[0], value=rule[1], name=rule[1]
        )
    redaction.forget(access.project.pk)
    odd: dict[str, Any] = {
        "user.id": "ada@example.org",
        "secret.token": "x",
        "nested": ["my mail is ada@example.org", 5],
        "input.value": '{"mail": "ada@example.org", "password": "hunter2"}',
    }
    ingest.store_spans(access, decoded(llm(name="ask ada@example.org", error="hunter2", **odd)))
    row = Span.objects.get()
    [raw] = raw_spans(access.project.pk, [row])
    assert row.flags & Flag.REDACTED
    assert row.name == "ask [redacted]"
    assert row.user_id == "[redacted]"
    assert "secret.token" not in raw.attributes
    assert raw.attributes["nested"] == ["my mail is [redacted]", 5]
    assert raw.attributes["input.value"] == '{"mail": "[redacted]", "password": "[redacted]"}'
    assert b"ada@" not in raw.wire
    assert b"hunter2" not in raw.wire


@pytest.mark.django_db
def test_refused_bodies_are_not_kept_while_there_are_rules(access: Access) -> None:
    def refuse() -> RejectedPayload:
        RejectedPayload.objects.all().delete()
        ingest.note_refused(
            access,
            signal="traces",
            reason="x",
            detail="d",
            content_type="c",
            body=b"ada@example.org",
        )
        return RejectedPayload.objects.get()

    assert refuse().whole
    RedactionRule.objects.create(project=access.project, type="pii", value="email", name="e")
    kept = refuse()
    assert not kept.whole
    assert kept.size == 15
