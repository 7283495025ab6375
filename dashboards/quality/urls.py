"""Route of the Quality page."""

from django.urls import URLPattern, URLResolver, path

from dashboards.quality import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<slug:project>/quality", views.quality, name="quality"),
]
