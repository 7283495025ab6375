"""Routes of users."""

from django.urls import URLPattern, URLResolver, path

from dashboards.users import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<slug:project>/users", views.users, name="users"),
    path("p/<slug:project>/users/view", views.user, name="user"),
]
