"""Routes of erasures."""

from django.urls import URLPattern, URLResolver, path

from evals.erasures import api

ERASURES = "api/v1/erasures"
urlpatterns: list[URLPattern | URLResolver] = [
    path(ERASURES, api.ErasureList.as_view(), name="api_erasures"),
    path(f"{ERASURES}/<int:pk>", api.ErasureDetail.as_view(), name="api_erasure"),
]
