"""Which calls must not count: one provider call is counted once, however many spans report it.

A span is left out when the convention says so (`duplicate`), when another has the same response id
in overlapping time (`same_response`), or when an ancestor or descendant reports the same call
(`nested`) or the calls below it (`rollup`). An estimate gives way to usage that was sent.
Linear in the spans; cycles and self-parents end the walk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from traces.spans import MODEL_CALLS, CallFacts

Key = tuple[bytes, bytes]


def resolve(calls: Sequence[CallFacts]) -> dict[Key, str]:
    """The calls that must not count, each with the reason."""
    by_key = {(call.trace_id, call.span_id): call for call in calls}
    out = {key: "duplicate" for key, call in by_key.items() if call.duplicate}
    _same_responses(by_key, out)
    if _any_nested(by_key):
        _ancestry(by_key, out)
    return out


def _any_nested(by_key: dict[Key, CallFacts]) -> bool:
    """Whether a span that reports stands above another: in most requests none does."""
    walked: set[Key] = set()
    for call in by_key.values():
        at = call if call.reports else None
        while at is not None and at.parent_id:
            above = (at.trace_id, at.parent_id)
            if above in walked:
                break
            walked.add(above)
            at = by_key.get(above)
            if at is not None and at.reports:
                return True
    return False


def _worth(call: CallFacts) -> tuple[bool, bool, bool, int]:
    return (call.has_usage, call.has_content, call.kind in MODEL_CALLS, call.total_tokens)


def _same_responses(by_key: dict[Key, CallFacts], out: dict[Key, str]) -> None:
    groups: dict[str, list[tuple[Key, CallFacts]]] = defaultdict(list)
    for key, call in by_key.items():
        if call.response_id and call.has_usage and key not in out:
            groups[call.response_id].append((key, call))
    for group in groups.values():
        if len(group) < 2:
            continue
        group.sort(key=lambda pair: pair[1].start_ns)
        kept, end = group[0], _end(group[0][1])
        for pair in group[1:]:
            if pair[1].start_ns > end:
                kept, end = pair, _end(pair[1])
                continue
            end = max(end, _end(pair[1]))
            loser = kept if _worth(pair[1]) > _worth(kept[1]) else pair
            kept = pair if loser is kept else kept
            out[loser[0]] = "same_response"


def _end(call: CallFacts) -> int:
    return call.end_ns if call.end_ns is not None else call.start_ns


def _ancestry(by_key: dict[Key, CallFacts], out: dict[Key, str]) -> None:
    """Bottom up: what a span's subtree reports decides whether the span itself counts."""
    below: dict[Key, list[Key]] = defaultdict(list)  # the nearest counted model calls underneath
    for key in _deepest_first(by_key):
        call = by_key[key]
        mine = below.pop(key, [])
        if call.reports and out.get(key) is None:
            mine = _choose(key, call, mine, by_key, out)
        parent = (call.trace_id, call.parent_id) if call.parent_id else None
        if mine and parent in by_key and parent != key:
            below[parent].extend(mine)


def _choose(
    key: Key, call: CallFacts, mine: list[Key], by_key: dict[Key, CallFacts], out: dict[Key, str]
) -> list[Key]:
    if not mine:
        return [key]
    if call.has_usage and not any(by_key[other].has_usage for other in mine):
        if call.kind in MODEL_CALLS:
            out.update(dict.fromkeys(mine, "nested"))
        return [key]
    if not call.has_usage and not all(by_key[other].has_content for other in mine):
        return mine  # the only one with the text, which scores and search need
    if call.kind not in MODEL_CALLS or len(mine) > 1:
        out[key] = "rollup"
        return mine
    other = mine[0]
    if _worth(by_key[other]) >= _worth(call):
        out[key] = "nested"
        return mine
    out[other] = "nested"
    return [key]


def _deepest_first(by_key: dict[Key, CallFacts]) -> list[Key]:
    children: dict[Key, int] = defaultdict(int)
    for key, call in by_key.items():
        if call.parent_id and (call.trace_id, call.parent_id) != key:
            children[(call.trace_id, call.parent_id)] += 1
    ready = [key for key in by_key if not children[key]]
    for key in ready:  # grows while it is walked
        call = by_key[key]
        parent = (call.trace_id, call.parent_id) if call.parent_id else None
        if parent in by_key and parent != key:
            children[parent] -= 1
            if not children[parent]:
                ready.append(parent)
    seen = set(ready)
    return ready + [key for key in by_key if key not in seen]  # what stands in a cycle comes last
