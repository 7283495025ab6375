"""Tables of what happened.

Spans, payloads, logs and search text are partitioned by week and written with COPY.
"""

from traces.models.ledger import Batch, LedgerHour, Receipt, RejectedPayload, UnmappedKey
from traces.models.metrics import MetricPoint
from traces.models.pricing import PriceOverride
from traces.models.redaction import RedactionRule
from traces.models.scores import FeedbackQuota, Score
from traces.models.spans import LogRecord, Payload, Span, SpanText, Trace

__all__ = [
    "Batch",
    "FeedbackQuota",
    "LedgerHour",
    "LogRecord",
    "MetricPoint",
    "Payload",
    "PriceOverride",
    "Receipt",
    "RedactionRule",
    "RejectedPayload",
    "Score",
    "Span",
    "SpanText",
    "Trace",
    "UnmappedKey",
]
