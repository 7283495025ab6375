"""Every route, by who serves it."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
    path("", include("sightglass.operations.urls")),
    path("", include("traces.api.urls")),
    path("", include("dashboards.urls")),
]
