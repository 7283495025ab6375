"""What levels of zstd make of the payload blocks of a request: bytes and time of a span.

PYTHONPATH=platform:. python -m benchmarks.compression --spans 50

Requests of so many spans of the demo's traffic or a few more, each packed as one block. No database
is needed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

import django
import zstandard

sys.path.insert(0, "platform")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sightglass.settings")
django.setup()

from traces.blocks import LEVEL, BlockBuilder  # noqa: E402
from traces.demo.send import request_of, woven  # noqa: E402
from traces.demo.story import days, visits  # noqa: E402
from traces.otlp.traces import decode_protobuf  # noqa: E402

LEVELS = (1, 3, 4, 6, 9)
ROUNDS = 5
UNTIL = datetime(2100, 1, 1, tzinfo=UTC)


def requests(spans: int, number: int) -> Iterator[tuple[int, bytes]]:
    """Spans of a request, whole traces of it, and their block before it is compressed."""
    told = (
        one
        for day in days(60, date(2026, 11, 1))
        for visit in visits(day, 200, 7, UNTIL)
        for one in woven(visit)
    )
    for _ in range(number):
        builder = BlockBuilder({})
        while builder.count < spans:
            for raw in decode_protobuf(request_of([next(told)]).SerializeToString()).items:
                builder.add(raw)
        yield builder.count, b"".join(builder.parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spans", type=int, default=50, help="of a request, at least")
    parser.add_argument("--requests", type=int, default=400)
    given = parser.parse_args()
    counts, blocks = zip(*requests(given.spans, given.requests), strict=True)
    spans = sum(counts)
    print(f"not compressed: {sum(map(len, blocks)) / spans:,.0f} bytes a span")
    for level in LEVELS:
        compressor = zstandard.ZstdCompressor(level=level, write_checksum=False)
        seconds = []
        for _ in range(ROUNDS):
            began = time.process_time()
            size = sum(len(compressor.compress(block)) for block in blocks)
            seconds.append(time.process_time() - began)
        used = " (used)" if level == LEVEL else ""
        best = 1e6 * min(seconds) / spans
        print(f"level {level}{used}: {size / spans:,.0f} bytes and {best:.1f} µs a span")


if __name__ == "__main__":
    main()
