"""Routes of probes."""

from django.urls import URLPattern, URLResolver, path

from dashboards.probes import pages, telling

PROBES = "p/<slug:project>/evaluators/probes"
urlpatterns: list[URLPattern | URLResolver] = [
    path(PROBES, pages.probes, name="probes"),
    path(f"{PROBES}/new", pages.probes_new, name="probes_new"),
    path(f"{PROBES}/<int:pk>", pages.probe_set, name="probe_set"),
    path(f"{PROBES}/<int:pk>/alert", telling.probe_alert, name="probe_alert"),
    path(f"{PROBES}/<int:pk>/change", pages.probe_change, name="probe_change"),
]
