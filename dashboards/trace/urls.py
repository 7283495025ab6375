"""Routes of the page of a trace."""

from django.urls import URLPattern, URLResolver, path

from dashboards.trace import scoring, views

TRACE = "p/<slug:project>/traces/<str:trace_id>"
urlpatterns: list[URLPattern | URLResolver] = [
    path(TRACE, views.trace_page, name="trace"),
    path(f"{TRACE}/children", views.children, name="trace_children"),
    path(f"{TRACE}/conversation", views.conversation_page, name="trace_conversation"),
    path(f"{TRACE}/errors", views.errors_page, name="trace_errors"),
    path(f"{TRACE}/spans/<str:span_id>.json", views.span_json, name="trace_span_json"),
    path(f"{TRACE}/spans/<str:span_id>/scoring", scoring.scoring, name="trace_scoring"),
    path(
        f"{TRACE}/spans/<str:span_id>/scoring/<int:pk>/retry",
        scoring.retry,
        name="trace_scoring_retry",
    ),
]
