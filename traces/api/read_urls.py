"""Routes of this part of the API."""

from django.urls import URLPattern, URLResolver, path
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularJSONAPIView

from traces.api import metrics, read

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/traces", read.TraceList.as_view(), name="api_traces"),
    path("api/v1/traces/<str:trace_id>", read.TraceDetail.as_view(), name="api_trace"),
    path("api/v1/spans", read.SpanList.as_view(), name="api_spans"),
    path("api/v1/spans/<str:trace_id>/<str:span_id>", read.SpanDetail.as_view(), name="api_span"),
    path("api/v1/sessions", read.SessionList.as_view(), name="api_sessions"),
    path("api/v1/users", read.UserList.as_view(), name="api_users"),
    path("api/v1/metrics", metrics.MetricView.as_view(), name="api_metrics"),
    path("api/schema/", SpectacularJSONAPIView.as_view(), name="api_schema"),
    path("api/docs/", TemplateView.as_view(template_name="api/docs.html"), name="api_docs"),
]
