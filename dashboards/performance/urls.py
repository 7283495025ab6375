"""Route of the page."""

from django.urls import URLPattern, URLResolver, path

from dashboards.performance import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<slug:project>/performance", views.performance, name="performance"),
]
