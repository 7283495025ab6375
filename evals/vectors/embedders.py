"""Texts to vectors by a project's model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evals.providers.errors import ProviderError
from evals.vectors import embedding, endpoint
from evals.vectors.embedding import Matrix
from evals.vectors.models import Model


def embed_with(model: Model, texts: Sequence[str]) -> Matrix:
    """Unit vectors, shape (texts, model.dimensions); zeros where a text is blank.

    Raises ProviderError where an endpoint gives none.
    """
    if model.is_embedded:
        return embedding.embed(texts)
    if not any(text.strip() for text in texts):
        return np.zeros((len(texts), model.dimensions), dtype=np.float32)
    found = endpoint.embed(model.connection, model.name, texts)
    if found.shape[1] != model.dimensions:
        raise ProviderError(
            f"{model.name} gave {found.shape[1]} numbers instead of {model.dimensions}"
        )
    return found
