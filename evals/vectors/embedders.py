"""Texts to vectors by a project's model."""

from __future__ import annotations

from collections.abc import Sequence

from evals.vectors import embedding
from evals.vectors.embedding import Matrix
from evals.vectors.models import Model


def embed_with(model: Model, texts: Sequence[str]) -> Matrix:
    """Unit vectors, shape (texts, model.dimensions); zeros where a text is blank."""
    return embedding.embed(texts)
