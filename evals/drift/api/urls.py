"""Routes of the drift API."""

from django.urls import URLPattern, URLResolver, path

from evals.drift.api import views

DRIFT = "api/v1/drift"
MONITOR = f"{DRIFT}/monitors/<int:pk>"
urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{DRIFT}/monitors", views.MonitorList.as_view(), name="api_drift_monitors"),
    path(MONITOR, views.MonitorDetail.as_view(), name="api_drift_monitor"),
    path(f"{MONITOR}/windows", views.WindowList.as_view(), name="api_drift_windows"),
    path(f"{DRIFT}/windows/<int:pk>", views.WindowDetail.as_view(), name="api_drift_window"),
]
