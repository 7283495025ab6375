"""The embedded default: a text becomes the mean of its tokens' vectors.

The table of 32,000 tokens × 256 is WordLlama's (MIT; D. L. Miller, "WordLlama: Recycled Token
Embeddings from Large Language Models", 2024) and comes within its wheel, so that nothing is
downloaded. Only its two files are read: the package's own loader looks for them on the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

Matrix = NDArray[np.float32]

NAME = "wordllama"
VERSION = "l2-supercat-256"
DIMENSIONS = 256
UNRELATED = 0.35
"""Similarity up to which two texts are as near as any two: mean + 3 standard deviations of pairs of
sentences that have nothing to do with each other (0.07 + 3 · 0.09, sentences of our documentation).
What nothing is meant by, or what nobody asked about, comes this near to something."""
LONGEST = 4_000
"""Characters that are read of a text."""
MOST_TOKENS = 512
_AT_ONCE = 256


def embed(texts: Sequence[str]) -> Matrix:
    """Unit vectors, shape (texts, 256); zeros where a text is blank."""
    found = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for first in range(0, len(texts), _AT_ONCE):
        found[first : first + _AT_ONCE] = _means(texts[first : first + _AT_ONCE])
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    np.divide(found, lengths, out=found, where=lengths > 0)
    return found


def _means(texts: Sequence[str]) -> Matrix:
    tokenizer, table = _model()
    # A lone surrogate is a text in Python and in JSON, and nothing that a tokenizer takes.
    storable = [text[:LONGEST].encode("utf-8", "replace").decode().strip() for text in texts]
    # One by one: a batch would start threads, which a worker that forks later does not survive.
    tokens = [tokenizer.encode(text, add_special_tokens=False).ids for text in storable]
    found = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    filled = [place for place, ids in enumerate(tokens) if ids]
    if not filled:
        return found
    counts = np.array([len(tokens[place]) for place in filled])
    flat = table[np.concatenate([np.asarray(tokens[place]) for place in filled])]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    found[filled] = np.add.reduceat(flat, starts, axis=0) / counts[:, None]
    return found


@cache
def _model() -> tuple[Tokenizer, Matrix]:
    root = files("wordllama")
    with as_file(root / "tokenizers" / "l2_supercat_tokenizer_config.json") as path:
        tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_TOKENS)
    with as_file(root / "weights" / "l2_supercat_256.safetensors") as path:
        table = load_file(str(path))["embedding.weight"].astype(np.float32)
    return tokenizer, table
