"""Routes of the evaluation API."""

from django.urls import URLPattern, URLResolver, path

from evals.api import connections, evaluators

V1 = "api/v1"
urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{V1}/evaluators", evaluators.EvaluatorList.as_view(), name="api_evaluators"),
    path(f"{V1}/evaluators/try", evaluators.Trial.as_view(), name="api_evaluators_try"),
    path(f"{V1}/evaluators/<int:pk>", evaluators.EvaluatorDetail.as_view(), name="api_evaluator"),
    path(
        f"{V1}/evaluators/<int:pk>/versions",
        evaluators.VersionList.as_view(),
        name="api_evaluator_versions",
    ),
    path(f"{V1}/evaluators/<int:pk>/jobs", evaluators.JobList.as_view(), name="api_evaluator_jobs"),
    path(f"{V1}/evaluators/<int:pk>/retry", evaluators.Retry.as_view(), name="api_evaluator_retry"),
    path(
        f"{V1}/evaluators/<int:pk>/backfills",
        evaluators.BackfillList.as_view(),
        name="api_evaluator_backfills",
    ),
    path(f"{V1}/backfills/<int:pk>", evaluators.BackfillDetail.as_view(), name="api_backfill"),
    path(
        f"{V1}/backfills/<int:pk>/stop", evaluators.BackfillStop.as_view(), name="api_backfill_stop"
    ),
    path(
        f"{V1}/spans/<str:trace_id>/<str:span_id>/evaluations",
        evaluators.Reasons.as_view(),
        name="api_span_evaluations",
    ),
    path(f"{V1}/connections", connections.ConnectionList.as_view(), name="api_connections"),
    path(
        f"{V1}/connections/<int:pk>", connections.ConnectionDetail.as_view(), name="api_connection"
    ),
    path(
        f"{V1}/connections/<int:pk>/test",
        connections.ConnectionTest.as_view(),
        name="api_connection_test",
    ),
]
