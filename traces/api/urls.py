"""Routes of the HTTP API."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("traces.api.ingest_urls")),
    path("", include("traces.api.read_urls")),
    path("", include("traces.api.pricing_urls")),
]
