"""Routes of sessions."""

from django.urls import URLPattern, URLResolver, path

from dashboards.sessions import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<slug:project>/sessions", views.sessions, name="sessions"),
    path("p/<slug:project>/sessions/view", views.session, name="session"),
]
