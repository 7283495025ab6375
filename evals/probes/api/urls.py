"""Routes of the probes API."""

from django.urls import URLPattern, URLResolver, path

from evals.probes.api import views

PROBES = "api/v1/probes"
ONE = f"{PROBES}/<int:pk>"
urlpatterns: list[URLPattern | URLResolver] = [
    path(PROBES, views.SetList.as_view(), name="api_probes"),
    path(ONE, views.SetDetail.as_view(), name="api_probe_set"),
    path(f"{ONE}/runs", views.RunList.as_view(), name="api_probe_runs"),
    path(f"{ONE}/runs/<int:run>", views.RunDetail.as_view(), name="api_probe_run"),
    path(f"{ONE}/runs/<int:run>/accept", views.RunAccept.as_view(), name="api_probe_run_accept"),
]
