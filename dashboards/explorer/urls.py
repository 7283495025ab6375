"""Routes of these pages."""

from django.urls import URLPattern, URLResolver, path

from dashboards.explorer import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<slug:project>/traces", views.traces, name="traces"),
]
