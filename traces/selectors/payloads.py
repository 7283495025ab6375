"""Reading stored originals: from columns of spans to the spans as they were sent."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from traces import blocks
from traces.ids import span_to_column
from traces.models import LogRecord, Payload, Span
from traces.otlp import wire
from traces.services.partitions import week_of
from traces.spans import RawLog, RawSpan

MAX_LOGS = 10_000


def raw_spans(project_id: int, spans: Sequence[Span]) -> list[RawSpan]:
    """The originals of these rows, in their order. Each block is read and inflated once.

    Raises KeyError if a payload is gone, which only a half-restored backup can cause.
    """
    wanted: dict[tuple[int, int], list[int]] = defaultdict(list)
    for span in spans:
        wanted[week_of(span.start_ns), span.block_id].append(span.block_pos)
    rows = Payload.objects.filter(
        project_id=project_id,
        week__in={week for week, _ in wanted},
        id__in={block for _, block in wanted},
    ).values_list("week", "id", "data")
    found: dict[tuple[int, int, int], RawSpan] = {}
    for week, block, data in rows:
        positions = wanted.get((week, block), [])
        for position, raw in blocks.read(bytes(data), positions).items():
            found[week, block, position] = raw
    return [found[week_of(span.start_ns), span.block_id, span.block_pos] for span in spans]


def logs_of(
    project_id: int, trace_id: UUID, span_ids: Sequence[int] | None = None
) -> dict[int, list[RawLog]]:
    """GenAI log records of a trace by span id (column form), in time order."""
    rows = LogRecord.objects.filter(project_id=project_id, trace_id=trace_id)
    if span_ids is not None:
        rows = rows.filter(span_id__in=span_ids)
    logs: dict[int, list[RawLog]] = defaultdict(list)
    for data in rows.order_by("start_ns").values_list("data", flat=True)[:MAX_LOGS]:
        log = wire.decode_log(blocks.decompress(bytes(data)))
        logs[span_to_column(log.span_id)].append(log)
    return dict(logs)
