"""Routes of the drift pages."""

from django.urls import URLPattern, URLResolver, path

from dashboards.drift import views

DRIFT = "p/<slug:project>/drift"
urlpatterns: list[URLPattern | URLResolver] = [
    path(DRIFT, views.drift, name="drift"),
    path(f"{DRIFT}/new", views.new, name="drift_new"),
    path(f"{DRIFT}/<int:pk>", views.monitor, name="drift_monitor"),
    path(f"{DRIFT}/<int:pk>/edit", views.edit, name="drift_edit"),
    path(f"{DRIFT}/<int:pk>/change", views.change, name="drift_change"),
    path(f"{DRIFT}/windows/<int:pk>", views.window, name="drift_window"),
]
