"""Routes of the pages, by area."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("dashboards.settings.urls")),
    path("", include("dashboards.explorer.urls")),
    path("", include("dashboards.trace.urls")),
    path("", include("dashboards.people.urls")),
    path("", include("dashboards.ingest.urls")),
    path("", include("dashboards.onboarding.urls")),
]
