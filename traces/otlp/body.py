"""Request bodies: their size and compression, with every limit kept while reading, not after."""

from __future__ import annotations

import zlib

from traces.otlp import BodyError

GZIP = 31  # zlib's window bits for a gzip header and trailer
STEP = 2**20


def inflate(data: bytes, encoding: str, *, limit: int) -> bytes:
    """The body without its `Content-Encoding`.

    Raises BodyError: 415 for an encoding other than gzip and identity, 413 as soon as more than
    `limit` bytes
    come out, 400 for broken gzip.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return data
    if encoding not in ("gzip", "x-gzip"):
        raise BodyError(415, "encoding", f"Content-Encoding {encoding[:40]!r}: send gzip or none.")
    return _gunzip(data, limit)


def _gunzip(data: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while data:
        inflater = zlib.decompressobj(GZIP)
        while not inflater.eof:
            try:
                part = inflater.decompress(data, STEP)
            except zlib.error as error:
                raise BodyError(400, "malformed", f"Broken gzip: {error}") from None
            data = inflater.unconsumed_tail
            size += len(part)
            if size > limit:
                raise BodyError(413, "too_large", f"More than {limit} bytes when inflated.")
            parts.append(part)
            if not part and not data and not inflater.eof:
                raise BodyError(400, "malformed", "The gzip data ends too early.")
        data = inflater.unused_data
    return b"".join(parts)
