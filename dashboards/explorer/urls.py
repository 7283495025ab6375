"""Routes of these pages."""

from django.urls import URLPattern, URLResolver, path

from dashboards.explorer import views

EXPLORER = "p/<slug:project>/explorer"

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<slug:project>/traces", views.traces, name="traces"),
    path(f"{EXPLORER}/facets", views.facets, name="explorer_facets"),
    path(f"{EXPLORER}/histogram", views.histogram, name="explorer_histogram"),
    path(f"{EXPLORER}/completions", views.completions, name="explorer_completions"),
    path(f"{EXPLORER}/export.<str:form>", views.export, name="explorer_export"),
    path(f"{EXPLORER}/views", views.save_view, name="explorer_save_view"),
    path(f"{EXPLORER}/views/<int:pk>/delete", views.delete_view, name="explorer_delete_view"),
]
