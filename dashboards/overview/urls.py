"""Routes of the overviews."""

from django.urls import URLPattern, URLResolver, path

from dashboards.overview import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<slug:project>/overview", views.overview, name="overview"),
    path("overview", views.across, name="overview_all"),
]
