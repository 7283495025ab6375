"""Routes of vectors."""

from django.urls import URLPattern, URLResolver, path

from evals.vectors.api import models

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/vectors", models.VectorDetail.as_view(), name="api_vectors"),
]
