"""Vectors of recorded calls: those that are stored, the rest made now. And their topics."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from evals.replays.services.recorded import Key, Recorded
from evals.topics.selectors import topics_of
from evals.vectors.embedders import embed_with
from evals.vectors.fields import Field
from evals.vectors.selectors import models, samples

AT_ONCE = 2_000
EMBEDDED_AT_ONCE = 256
NO_TOPIC = "(no topic)"


def vectors(
    project_id: int,
    field: Field,
    calls: Sequence[Recorded],
    texts: Sequence[str],
    alive: Callable[[], None],
) -> NDArray[np.float32]:
    """By the project's present model, shape (calls, dimensions): unit rows, zeros for no text.

    `alive` is called now and then. Raises ProviderError where a provider's model gives none.
    """
    model = models.present(project_id)
    found = np.zeros((len(calls), model.dimensions), np.float32)
    place = {one.key: at for at, one in enumerate(calls)}
    missing = np.ones(len(calls), bool)
    for begin in range(0, len(calls), AT_ONCE):
        keys = [one.key for one in calls[begin : begin + AT_ONCE]]
        stored = samples.of_spans(project_id, field, keys)
        at = [place[key] for key in zip(stored.trace_ids, stored.span_ids, strict=True)]
        found[at] = stored.matrix
        missing[at] = False
        alive()
    rest = np.flatnonzero(missing)
    for begin in range(0, len(rest), EMBEDDED_AT_ONCE):
        part = rest[begin : begin + EMBEDDED_AT_ONCE]
        found[part] = embed_with(model, [texts[at] for at in part.tolist()])
        alive()
    return found


def topics(project_id: int, calls: Sequence[Recorded]) -> list[str] | None:
    """Of each call "topic" and its number; None where the project has no topics.

    By number, since a topic's title is made of what people say and may change.
    """
    known: dict[Key, int] = {}
    for begin in range(0, len(calls), AT_ONCE):
        known |= topics_of(project_id, [one.key for one in calls[begin : begin + AT_ONCE]])
    if not any(known.values()):
        return None
    return [f"topic {number}" if (number := known.get(one.key)) else NO_TOPIC for one in calls]
