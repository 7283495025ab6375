"""Routes of scores. Telemetry itself comes in before the router: see `traces.api.ingest.ROUTES`."""

from django.urls import URLPattern, URLResolver, path

from traces.api import scores

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/scores", scores.ScoreList.as_view(), name="api_scores"),
]
