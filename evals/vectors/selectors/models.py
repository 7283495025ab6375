"""Which models are at work in a project."""

from __future__ import annotations

from django.db.models import Q

from evals.vectors.embedding import DIMENSIONS, NAME, VERSION
from evals.vectors.fields import TEXTS
from evals.vectors.models import Choice, Model


def present(project_id: int) -> Model:
    """What answers searches: the project's choice, else the embedded default."""
    chosen = Choice.objects.filter(project_id=project_id).select_related("model").first()
    return chosen.model if chosen else embedded()


def at_work(project_id: int) -> list[Model]:
    """What is to have vectors of what arrives: the present model, and one that is being filled."""
    chosen = Choice.objects.filter(project_id=project_id).select_related("model", "coming").first()
    if chosen is None:
        return [embedded()]
    return [model for model in (chosen.model, chosen.coming) if model is not None]


def elsewhere() -> list[int]:
    """Projects that have vectors from a provider, at work or coming."""
    provided = Q(model__project__isnull=False) | Q(coming__project__isnull=False)
    return list(Choice.objects.filter(provided).values_list("project_id", flat=True))


def version_of(known: str) -> str:
    """Of a model's vectors: what makes them, and of which texts."""
    return f"{known}, texts {TEXTS}"


def embedded() -> Model:
    """The default; its row is made when it is first asked for."""
    found, _ = Model.objects.get_or_create(
        project=None,
        connection=None,
        name=NAME,
        version=version_of(VERSION),
        defaults={"dimensions": DIMENSIONS},
    )
    return found
