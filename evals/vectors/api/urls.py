"""Routes of vectors."""

from django.urls import URLPattern, URLResolver, path

from evals.vectors.api import models, search

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/vectors", models.VectorDetail.as_view(), name="api_vectors"),
    path("api/v1/search", search.Search.as_view(), name="api_search"),
    path(
        "api/v1/spans/<str:trace_id>/<str:span_id>/similar",
        search.Similar.as_view(),
        name="api_similar",
    ),
]
