"""Routes of scheduled reports."""

from django.urls import URLPattern, URLResolver, path

from dashboards.digest import views

REPORTS = "p/<slug:project>/dashboards/reports"
urlpatterns: list[URLPattern | URLResolver] = [
    path(REPORTS, views.reports, name="reports"),
    path(f"{REPORTS}/new", views.new, name="report_new"),
    path(f"{REPORTS}/<int:pk>", views.edit, name="report"),
    path(f"{REPORTS}/<int:pk>/delete", views.delete, name="report_delete"),
    path(f"{REPORTS}/<int:pk>/send", views.send_now, name="report_send"),
    path("unsubscribe/<str:token>", views.unsubscribe, name="digest_unsubscribe"),
]
