"""Vectors and spaces as bytes of a row."""

from __future__ import annotations

from io import BytesIO

import numpy as np

from evals.topics.clustering import Matrix, Space

PARTS = ("mean", "components", "centres", "reach")


def pack(space: Space) -> bytes:
    held = BytesIO()
    np.savez_compressed(held, **{name: getattr(space, name) for name in PARTS})
    return held.getvalue()


def unpack(data: bytes) -> Space:
    with np.load(BytesIO(data), allow_pickle=False) as held:
        return Space(**{name: held[name] for name in PARTS})


def packed_vector(vector: Matrix) -> bytes:
    return np.ascontiguousarray(vector, dtype=np.float32).tobytes()


def vector_of(data: bytes) -> Matrix:
    return np.frombuffer(data, dtype=np.float32)
