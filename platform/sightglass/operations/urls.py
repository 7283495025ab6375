"""Routes for those who run the installation: health, readiness, metrics."""

from django.urls import URLPattern, URLResolver, path

from sightglass.operations import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics_text, name="metrics"),
]
