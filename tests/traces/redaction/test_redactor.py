"""What rules remove from spans and logs, and that what is stored was already without it."""

import copy
import json
import time
from typing import Any

import orjson
import pytest

from sightglass.accounts.access import Access
from tests.traces.sending import decoded, llm, request
from traces.blocks import decompress
from traces.models import LogRecord, MetricPoint, RedactionRule, RejectedPayload, Span
from traces.otlp import Decoded, native, traces, wire
from traces.redaction import KINDS, PatternError, Redactor, Rule, compiled, differences
from traces.selectors.payloads import raw_spans
from traces.services import ingest, redaction
from traces.spans import (
    Flag,
    RawEvent,
    RawLink,
    RawLog,
    RawMetricPoint,
    RawSpan,
    Resource,
    Scope,
)


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
        ("iban", "pay BE68 5390 0754 7034 now"),
        ("ip_address", "from 192.168.17.4 now"),
        ("ip_address", "from 2001:db8::8a2e:370:7334 now"),
        ("us_ssn", "ssn 536-90-4399 now"),
        ("api_key", "key sk-proj-abcdefghijklmnop1234 now"),
        ("api_key", "key AKIAIOSFODNN7EXAMPLE now"),
        ("api_key", "Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123 now"),
        ("api_key", "postgres://app:hunter22@db/shop now"),
        ("api_key", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- now"),
        ("email", "an jürgen.müller@bücher.example now"),
        ("ip_address", "fe80::1 now"),
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
        ("ip_address", "std::add at 12:34:56 in Foo::Bad"),
        ("credit_card", "at 1700000000000000006"),
        ("phone", "scores 0.2125550123 0.3105550199 and 1 2 3 4 5 6 7 8 9"),
        ("us_ssn", "000-12-3456"),
    ],
)
def test_what_only_looks_like_it_stays(kind: str, text: str) -> None:
    assert text_of(kind, text) == text


@pytest.mark.parametrize(
    ("kind", "text", "left"),
    [
        ("credit_card", "order 12 4111 1111 1111 1111 9", "order 12 [gone] 9"),
        ("phone", "call 24 7 (212) 555-0123 2 pm", "call 24 7 [gone] 2 pm"),
        ("iban", "DE89 3704 0044 0532 0130 00 EUR 50", "[gone] EUR 50"),
        ("iban", "de89370400440532013000", "[gone]"),
        ("api_key", "postgres://app:hunter22@db", "postgres://app:[gone]@db"),
        ("us_ssn", "536 90 4399, 536-90-4398", "[gone], [gone]"),
    ],
)
def test_it_is_found_among_other_numbers(kind: str, text: str, left: str) -> None:
    assert text_of(kind, text) == left


ALL = Redactor([Rule("pii", kind, "[gone]") for kind in KINDS])


@pytest.mark.parametrize(
    "said",
    [
        "first line\nada@example.org",
        "first line\n4111 1111 1111 1111",
        "tab\tDE89 3704 0044 0532 0130 00",
        'quote "ada@example.org"',
        "ünïcödé ada@example.org",
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_in_attributes_stays_json(said: str, ascii_only: bool) -> None:
    """Escapes neither hide what is to be removed nor are they cut in two."""
    inner = json.dumps({"note": said}, ensure_ascii=ascii_only)
    outer = json.dumps([{"content": said, "arguments": inner}], ensure_ascii=ascii_only)
    [message] = json.loads(ALL.redact_text(outer))
    assert message["content"].endswith(("[gone]", '"[gone]"'))
    assert message["content"][0] == said[0]
    assert json.loads(message["arguments"])["note"] == message["content"]


def test_json_that_was_cut_is_searched_as_text() -> None:
    cut = '[{"content": "pay with\\n4111 1111 1111 1111 or wri'
    assert "4111" not in ALL.redact_text(cut)


def test_a_key_that_stands_twice_hides_nothing() -> None:
    assert "ada@" not in ALL.redact_text('{"a": "ada@example.org", "a": "b"}')


def test_own_patterns_see_escaped_letters_and_whole_documents() -> None:
    own = Redactor([Rule("pattern", "Müller"), Rule("pattern", r'"pin": *"\d+"')])
    assert own.redact_text('{"name": "M\\u00fcller"}') == '{"name": "[redacted]"}'
    assert "1234" not in own.redact_text('{"pin": "1234"}')
    digits = Redactor([Rule("pattern", r"\d{5}")])
    assert digits.redact_text('{"total": 12345, "zip": "12345"}') == (
        '{"total": 12345, "zip": "[redacted]"}'
    )
    anchored = Redactor([Rule("pattern", "^secret$")])
    assert anchored.redact_text('["secret", "no secret"]') == '["[redacted]", "no secret"]'


def test_documents_within_documents_end() -> None:
    text = "ada@example.org"
    for _ in range(12):
        text = json.dumps([text])
    assert "ada@" not in ALL.redact_text(text)
    assert "ada@" not in ALL.redact_text("[" * 5000 + '"ada@example.org"' + "]" * 5000)


def test_hostile_numbers_do_not_stall() -> None:
    started = time.monotonic()
    ALL.redact_text("1 2 " * 25_000)
    ALL.redact_text("+1 (212) " * 10_000)
    assert time.monotonic() - started < 5


def test_every_part_of_a_span_is_reached() -> None:
    mail = "ada@example.org"
    raw = RawSpan(
        bytes(16),
        bytes(8),
        None,
        mail,
        1,
        2,
        {"list": [mail, {"deep": mail}], mail: 1, "card": 4111111111111111, "flag": True},
        events=[RawEvent(mail, 1, {"exception.message": mail})],
        links=[RawLink(bytes(16), bytes(8), {"why": mail})],
        status_message=mail,
        trace_state=f"a={mail}",
        resource=Resource({"owner": mail}),
        scope=Scope(mail, "1", {"by": mail}),
    )
    raw.wire = wire.encode_span(raw)
    assert ALL.redact_span(raw)
    assert raw.flags & Flag.REDACTED
    assert "ada@" not in repr(raw).replace(repr(raw.wire), "")
    assert b"ada@" not in wire.encode_span(raw)
    assert raw.attributes["card"] == "[gone]"
    assert raw.attributes["flag"] is True


def test_spans_of_one_group_are_all_marked() -> None:
    resource, scope = Resource({"owner": "ada@example.org"}), Scope()
    spans = [RawSpan(bytes(16), bytes(8), None, "a", 1, 2) for _ in range(3)]
    for raw in spans:
        raw.resource, raw.scope = resource, scope
    assert [ALL.redact_span(raw) for raw in spans] == [True] * 3


def test_drop_rules_reach_every_list_of_attributes() -> None:
    drop = Redactor([Rule("drop", "secret.*")])
    hidden = {"secret.a": 1, "kept": 2}
    sent = {
        "name": "n",
        "start_time": "2026-11-01T00:00:00Z",
        "attributes": hidden,
        "resource": hidden,
        "scope": {"name": "s", "attributes": hidden},
        "metadata": hidden,
        "events": [{"name": "e", "attributes": hidden}],
    }
    [raw] = native.decode_json(orjson.dumps({"spans": [sent]})).items
    assert drop.redact_span(raw)
    assert b"secret" not in native.encode(raw.native or {})
    assert raw.resource.attributes == raw.scope.attributes == {"kept": 2}
    assert raw.events[0].attributes == {"kept": 2}


def test_native_spans_keep_their_ids_times_and_numbers() -> None:
    sent = {
        "name": "ada@example.org",
        "start_time": "2026-11-01T00:00:00Z",
        "usage": {"input_tokens": 123456789012, "note": "ada@example.org"},
        "input": {"mail": "ada@example.org", "count": 5},
        "tags": ["ada@example.org"],
    }
    rules = [Rule("pii", "email"), Rule("pattern", r"\d{9,}")]
    [raw] = native.decode_json(orjson.dumps({"spans": [sent]})).items
    trace_id, start = raw.trace_id, raw.start_ns
    assert Redactor(rules).redact_span(raw)
    assert raw.native is not None
    assert (raw.trace_id, raw.native["trace_id"], raw.start_ns) == (trace_id, trace_id.hex(), start)
    assert raw.native["usage"] == {"input_tokens": 123456789012, "note": "[redacted]"}
    assert raw.native["input"] == {"mail": "[redacted]", "count": 5}
    assert (raw.name, raw.native["tags"]) == ("[redacted]", ["[redacted]"])


def test_what_is_clean_is_left_as_it_was() -> None:
    attributes = {"a": '{"b":  [1.50, "x"]}', "n": 10**18, "z": None, "list": [True, 1.5]}
    raw = RawSpan(bytes(16), bytes(8), None, "n", 1, 2, dict(attributes), wire=b"as sent")
    assert not ALL.redact_span(raw)
    assert (raw.attributes, raw.wire) == (attributes, b"as sent")


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
def test_what_reading_leaves_out_is_not_stored_either(access: Access) -> None:
    RedactionRule.objects.create(project=access.project, type="pii", value="email", name="e")
    redaction.forget(access.project.pk)
    twice, unknown, linked = request(llm()), request(llm()), request(llm())
    spans = twice.resource_spans[0].scope_spans[0].spans
    wire.write_attributes({"a": "ada@example.org"}, spans[0].attributes)
    wire.write_attributes({"a": "b"}, spans[0].attributes)
    body = unknown.resource_spans[0].scope_spans[0].spans[0]
    body.MergeFromString(b"\xfa\x07\x0fada@example.org")  # field 127, of a later version
    linked.resource_spans[0].scope_spans[0].spans[0].links.add(
        trace_id=bytes(16), span_id=bytes(8), trace_state="a=ada@example.org"
    )
    for sent in (twice, unknown, linked):
        assert b"ada@" in sent.SerializeToString()
        ingest.store_spans(access, traces.decode_protobuf(sent.SerializeToString()))
    rows = list(Span.objects.all())
    assert len(rows) == 3
    assert all(b"ada@" not in raw.wire for raw in raw_spans(access.project.pk, rows))


@pytest.mark.django_db
def test_refused_bodies_are_not_kept_while_there_are_rules(access: Access) -> None:
    def refuse() -> RejectedPayload:
        RejectedPayload.objects.all().delete()
        ingest.note_refused(
            access,
            signal="traces",
            reason="x",
            detail="not ada@example.org",
            content_type="c",
            body=b"ada@example.org",
        )
        return RejectedPayload.objects.get()

    assert refuse().whole
    RedactionRule.objects.create(project=access.project, type="pii", value="email", name="e")
    redaction.forget(access.project.pk)
    kept = refuse()
    assert (kept.whole, kept.detail) == (False, "not [redacted]")
    assert kept.size == 15


@pytest.mark.django_db
def test_logs_and_points_are_stored_without_it(access: Access) -> None:
    RedactionRule.objects.create(project=access.project, type="pii", value="email", name="e")
    redaction.forget(access.project.pk)
    mail, now = "ada@example.org", time.time_ns()
    log = RawLog(b"a" * 16, b"b" * 8, now, "gen_ai.user.message", {"content": mail}, {"by": mail})
    ingest.store_logs(access, Decoded([log], received=1))
    stored = wire.decode_log(decompress(bytes(LogRecord.objects.get().data)))
    assert (stored.body, stored.attributes) == ({"content": "[redacted]"}, {"by": "[redacted]"})
    point = RawMetricPoint("gen_ai.x", "1", now, 1.0, {"user": mail}, Resource({"host": mail}))
    ingest.store_metrics(access, Decoded([point], received=1))
    assert MetricPoint.objects.get().attributes == {"user": "[redacted]", "host": "[redacted]"}


def test_differences_name_every_place() -> None:
    mail = "ada@example.org"
    raw = RawSpan(
        bytes(16),
        bytes(8),
        None,
        mail,
        1,
        2,
        {"a": mail, "gone": 1, "same": "x"},
        events=[RawEvent("e", 1, {"m": mail})],
        resource=Resource({"owner": mail}),
    )
    before = copy.deepcopy(raw)
    Redactor([Rule("pii", "email"), Rule("drop", "gone")]).redact_span(raw)
    found = {one.place: (one.before, one.after) for one in differences(before, raw)}
    assert found == {
        "name": (mail, "[redacted]"),
        "a": (mail, "[redacted]"),
        "gone": ("1", None),
        "event 1: m": (mail, "[redacted]"),
        "resource: owner": (mail, "[redacted]"),
    }


def test_differences_of_long_texts_show_where_they_begin() -> None:
    raw = RawSpan(bytes(16), bytes(8), None, "n", 1, 2, {"a": "x " * 500 + "ada@example.org !"})
    before = copy.deepcopy(raw)
    ALL.redact_span(raw)
    [one] = differences(before, raw)
    assert one.before.startswith("…x x")
    assert one.before.endswith(" ada@example.org !")
    assert (one.after or "").endswith(" [gone] !")
