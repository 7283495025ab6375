"""Routes of the first steps."""

from django.urls import URLPattern, URLResolver, path

from dashboards.onboarding import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<slug:project>/start", views.start, name="onboarding"),
    path("p/<slug:project>/start/waiting", views.waiting, name="onboarding_waiting"),
]
