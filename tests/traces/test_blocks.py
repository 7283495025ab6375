"""Payload blocks: what shares one, what is read back, and what is left once something is gone."""

import os
import random

from tests.traces.sending import decoded, llm
from traces import blocks
from traces.otlp import native
from traces.spans import RawSpan

STORED_BEFORE = bytes.fromhex(
    "28b52ffd208fcd0200540400260000000a180a160a0c736572766963652e6e616d6512060a0473686f70120a0a08"
    "0a036c6962120131012d10071208012a0663616c6c20313900002a36fe9c971702320700a008c880cbeeaad602d9"
    "c035aeb35419"
)
"""A block of two spans of one trace, as they were written when each trace had its own."""


def traces(count: int, *, size: int = 100, each: int = 3) -> list[list[RawSpan]]:
    made = []
    for _ in range(count):
        trace_id = os.urandom(16)
        said = random.randbytes(size // 2).hex()
        spans = (llm(trace_id, name=f"{i}", input__value=said) for i in range(each))
        made.append(decoded(*spans, service__name="shop").items)
    return made


def packed(
    together: list[list[RawSpan]],
) -> tuple[list[tuple[int, int, bytes]], list[tuple[int, int]]]:
    packer, places = blocks.Packer(), []
    for spans in together:
        packer.begin(spans)
        places += [packer.add(1, raw) for raw in spans]
    return packer.finish(), places


def test_traces_of_a_request_share_a_block_and_each_span_is_read_back() -> None:
    together = traces(5)
    [(week, id_, data)], places = packed(together)
    assert week == 1
    assert {block for block, _ in places} == {id_}
    assert blocks.traces_in(data) == {spans[0].trace_id for spans in together}
    sent = [raw for spans in together for raw in spans]
    for raw, (_, position) in zip(sent, places, strict=True):
        assert blocks.read(data, [position]) == {position: raw}


def test_a_trace_that_would_make_a_block_too_large_begins_another() -> None:
    together = traces(8, size=20_000, each=3)
    done, places = packed(together)
    assert len(done) > 1
    for spans, at in zip(together, range(0, len(places), 3), strict=True):
        assert len({block for block, _ in places[at : at + 3]}) == 1
        assert sum(len(raw.wire) for raw in spans) < blocks.SHARED_BYTES
    assert all(len(blocks.decompress(data)) < blocks.SHARED_BYTES + 2**12 for _, _, data in done)


def test_a_large_trace_takes_several_blocks() -> None:
    done, _ = packed(traces(1, size=400_000, each=6))
    assert len(done) > 1
    assert sum(len(blocks.read(data)) for _, _, data in done) == 6


def test_weeks_do_not_share() -> None:
    [first], [second] = traces(2, each=1)
    packer = blocks.Packer()
    assert packer.add(1, first)[0] != packer.add(2, second)[0]
    assert sorted(week for week, _, _ in packer.finish()) == [1, 2]


def test_what_was_taken_out_is_gone_and_the_others_keep_their_place() -> None:
    secret = decoded(llm(input__value="a secret of somebody"), llm(name="kept")).items
    [(_, _, data)], places = packed([[secret[0]], [secret[1]]])
    left = blocks.without(data, {secret[0].trace_id})
    assert b"secret" not in blocks.decompress(left)
    assert blocks.read(left) == {places[1][1]: secret[1]}
    assert blocks.traces_in(left) == {secret[1].trace_id}
    assert blocks.read(blocks.without(left, {secret[1].trace_id})) == {}


def test_native_spans_can_be_taken_out_too() -> None:
    at = '"start_time": "2026-11-20T00:00:00Z"'
    body = f'{{"spans": [{{"name": "a", {at}}}, {{"name": "b", {at}}}]}}'
    spans = native.decode_json(body.encode()).items
    [(_, _, data)], places = packed([[raw] for raw in spans])
    left = blocks.without(data, {spans[0].trace_id})
    assert [raw.name for raw in blocks.read(left).values()] == ["b"]
    assert list(blocks.read(left)) == [places[1][1]]


def test_blocks_that_were_stored_before_are_read() -> None:
    found = blocks.read(STORED_BEFORE)
    assert [raw.name for raw in found.values()] == ["call 1", "call 2"]
    assert found[1].resource.attributes == {"service.name": "shop"}
    assert list(blocks.read(STORED_BEFORE, [1])) == [1]
    assert blocks.traces_in(STORED_BEFORE) == {bytes([7]) * 16}
